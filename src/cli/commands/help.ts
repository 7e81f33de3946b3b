/** `ferry help`: commands and topics. */
import { FerryError } from '../../model/errors.ts';
import type { Command } from '../command.ts';
import { commandHelp, programHelp } from '../help.ts';
import { TOPICS, topicHelp } from '../help-topics.ts';
import { nearest } from '../../config/nearest.ts';
import type { CommandGroup } from './table.ts';

export function helpCommand(groups: () => readonly CommandGroup[]): Command {
  return {
    name: 'help',
    argument: {
      name: 'TOPIC',
      required: false,
      description: `A command, an error code, or one of ${Object.keys(TOPICS).join(', ')}.`,
      completes: Object.keys(TOPICS),
    },
    summary: 'Explain a command, a topic or an error code.',
    options: [],
    examples: [
      { line: 'ferry help run', does: 'a command' },
      { line: 'ferry help task-file', does: 'a topic' },
      { line: 'ferry help access-denied', does: 'an error' },
    ],
    exits: ['ok'],
    run: ({ io, style, columns, stores }, { argument }) => {
      const commands = groups().flatMap((group) => group.commands);
      io.stdout.write(page(argument, commands));
      return Promise.resolve('ok');

      function page(topic: string | undefined, verbs: readonly Command[]): string {
        if (topic === undefined) return programHelp(groups(), Object.keys(TOPICS), style.out, columns.out);
        const verb = verbs.find(({ name }) => name === topic);
        const text = verb
          ? commandHelp(verb, style.out, columns.out)
          : topicHelp(topic, stores, style.out, columns.out);
        if (text !== undefined) return text;
        const near = nearest(topic, [...verbs.map(({ name }) => name), ...Object.keys(TOPICS)]);
        throw new FerryError('configuration', {
          message: `there is no help on "${topic}"`,
          remedy: near ? `Did you mean \`ferry help ${near}\`?` : '`ferry help` lists commands and topics.',
        });
      }
    },
  };
}
