import type { Messages } from '../messages.ts';

export const wizard = {} as const satisfies Messages;
