/** Every verb, in the order help shows them. */
import type { Command } from '../command.ts';
import { checkCommand } from './check.ts';
import { cleanCommand } from './clean.ts';
import { completionCommand } from './completion.ts';
import { deleteCommand } from './delete.ts';
import { failuresCommand } from './failures.ts';
import { helpCommand } from './help.ts';
import { migrateCommand } from './migrate.ts';
import { mirrorCommand } from './mirror.ts';
import { planCommand } from './plan.ts';
import { runCommand } from './run.ts';
import { serveCommand } from './serve.ts';
import { statusCommand } from './status.ts';
import { tokenCommand } from './token.ts';
import { verifyCommand } from './verify.ts';
import { versionCommand } from './version.ts';

export interface CommandGroup {
  readonly title: string;
  readonly commands: readonly Command[];
}

/** Built anew for every call: help and completion describe the table they are in. */
export function commandGroups(): readonly CommandGroup[] {
  return [
    { title: 'Before', commands: [checkCommand, planCommand] },
    { title: 'Moving', commands: [runCommand, statusCommand, failuresCommand] },
    { title: 'Proof', commands: [verifyCommand] },
    { title: 'Serving', commands: [serveCommand, mirrorCommand, migrateCommand, tokenCommand] },
    { title: 'Tidying up', commands: [deleteCommand, cleanCommand] },
    { title: 'More', commands: [versionCommand, completionCommand(commandGroups), helpCommand(commandGroups)] },
  ];
}
