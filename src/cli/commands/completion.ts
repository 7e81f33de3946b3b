/** `ferry completion`: a script that teaches the shell the commands, their options and the names of tasks. */
import { FerryError } from '../../model/errors.ts';
import type { Command } from '../command.ts';
import { SHELLS, completionScript } from '../completion.ts';
import type { CommandGroup } from './table.ts';

export function completionCommand(groups: () => readonly CommandGroup[]): Command {
  return {
    name: 'completion',
    argument: { name: 'SHELL', required: true, description: `One of ${SHELLS.join(', ')}.`, completes: SHELLS },
    summary: 'Print a script that completes commands, options and task names in bash, zsh or fish.',
    options: [],
    examples: [
      { line: 'source <(ferry completion bash)', does: 'in ~/.bashrc' },
      { line: 'source <(ferry completion zsh)', does: 'in ~/.zshrc, after compinit' },
      { line: 'ferry completion fish | source', does: 'in config.fish' },
    ],
    exits: ['ok'],
    run: ({ io }, { argument }) => {
      const shell = SHELLS.find((known) => known === argument);
      if (!shell) {
        throw new FerryError('configuration', {
          message: `no completion for "${argument}"`,
          remedy: `Use one of ${SHELLS.join(', ')}.`,
        });
      }
      io.stdout.write(
        completionScript(
          shell,
          groups().flatMap((group) => group.commands),
        ),
      );
      return Promise.resolve('ok');
    },
  };
}
