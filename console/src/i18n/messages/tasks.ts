import type { Messages } from '../messages.ts';

export const tasks = {} as const satisfies Messages;
