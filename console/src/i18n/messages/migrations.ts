import type { Messages } from '../messages.ts';

export const migrations = {} as const satisfies Messages;
