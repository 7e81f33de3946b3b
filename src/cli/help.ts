/** What `ferry help` and `ferry COMMAND --help` say, drawn from the command table. */
import type { Command, Option } from './command.ts';
import type { CommandGroup } from './commands/table.ts';
import { EXIT_CODES } from './exit-codes.ts';
import { GLOBAL_OPTIONS } from './global-options.ts';
import type { Style } from './output/terminal-io.ts';
import { textWidth } from './output/text.ts';

const WIDTH = 96;

export function programHelp(groups: readonly CommandGroup[], topics: Iterable<string>, style: Style): string {
  const commands = groups.flatMap(({ title, commands: verbs }) => [
    style.bold(title),
    ...verbs.flatMap((verb) => entry(usageOf(verb), verb.summary, 22)),
    '',
  ]);
  return [
    'Ferry moves object stores and file trees, resumes anywhere, and proves that nothing was lost.',
    '',
    `${style.bold('Usage')}  ferry COMMAND [NAME] [OPTIONS]`,
    '',
    style.bold('First time'),
    ...FIRST_TIME,
    '',
    ...commands,
    style.bold('Options of every command'),
    ...optionLines(GLOBAL_OPTIONS),
    '',
    style.bold('Topics'),
    ...entry('ferry help TOPIC', `One of ${[...topics].join(', ')}, or the code of an error.`, 22),
    '',
  ].join('\n');
}

export function commandHelp(command: Command, style: Style): string {
  const options = command.options.length > 0 ? [style.bold('Options'), ...optionLines(command.options), ''] : [];
  const argument = command.argument
    ? [style.bold('Argument'), ...entry(command.argument.name, command.argument.description, 26), '']
    : [];
  return [
    ...wrap(command.summary, WIDTH, ''),
    '',
    `${style.bold('Usage')}  ferry ${usageOf(command)}${command.options.length > 0 ? ' [OPTIONS]' : ''}`,
    '',
    ...(command.about ?? []).flatMap((text) => [...wrap(text, WIDTH, ''), '']),
    ...argument,
    ...options,
    style.bold('Options of every command'),
    ...optionLines(GLOBAL_OPTIONS),
    '',
    style.bold('Examples'),
    ...command.examples.flatMap(({ line, does }) => entry(line, does, 44)),
    '',
    style.bold('Exit codes'),
    ...exitsOf(command).flatMap(({ code, meaning }) => entry(String(code), meaning, 5)),
    '',
  ].join('\n');
}

/** Every verb can also fail (1) and be misused (2). */
export function exitsOf(command: Command): readonly { readonly code: number; readonly meaning: string }[] {
  const names = new Set([...command.exits, 'failed', 'usage'] as const);
  return [...names].map((name) => EXIT_CODES[name]).sort((a, b) => a.code - b.code);
}

export function usageOf({ name, argument }: Command): string {
  if (!argument) return name;
  return `${name} ${argument.required ? argument.name : `[${argument.name}]`}`;
}

/** `-t, --task FILE`. */
export function flagsOf({ short, long, value }: Option): string {
  return `${short ? `-${short}, ` : ''}--${long}${value ? ` ${value}` : ''}`;
}

function optionLines(options: readonly Option[]): string[] {
  return options.flatMap((option) => entry(`${option.short ? '' : '    '}${flagsOf(option)}`, option.description, 26));
}

/** A term and its description in a column of its own; below it where the term is too long. */
export function entry(term: string, description: string, column: number): string[] {
  const indent = ' '.repeat(column + 2);
  const lines = wrap(description, WIDTH, indent);
  if (textWidth(term) >= column) return [`  ${term}`, ...lines];
  return [`  ${term.padEnd(column)}${lines[0]!.slice(indent.length)}`, ...lines.slice(1)];
}

export function wrap(text: string, width: number, indent: string): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && indent.length + line.length + 1 + word.length > width) {
      lines.push(indent + line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, indent + line];
}

const FIRST_TIME = [
  '  1. Write down what to move, in photos.yaml:',
  '',
  '       type: copy',
  '       source:      { type: s3, path: /, options: { bucket_name: photos, endpoint: https://old.example } }',
  '       destination: { type: file, path: /srv/photos }',
  '',
  '  2. ferry check -t photos.yaml          do both ends work?',
  '     ferry plan -t photos.yaml           what would happen?',
  '     ferry run photos -t photos.yaml     move; Ctrl-C stops, the same command goes on',
  '     ferry verify photos                 prove it',
];
