import type { Messages } from '../messages.ts';

export const stores = {} as const satisfies Messages;
