/** What `ferry help` and `ferry COMMAND --help` say, drawn from the command table. */
import type { Argument, Command, Option } from './command.ts';
import type { CommandGroup } from './commands/table.ts';
import { EXIT_CODES } from './exit-codes.ts';
import { GLOBAL_OPTIONS } from './global-options.ts';
import type { Style } from './output/terminal-io.ts';
import { wrapText } from './output/layout.ts';
import { textWidth } from './output/text.ts';

/** Longer lines are hard to read, however wide the window is. */
const WIDEST = 96;
/** Where less than this is left beside a term its description stands beneath it. */
const BESIDE = 24;
const BENEATH = 8;
/** Columns of the word `Usage` and what separates it. */
const USAGE = 7;

export function programHelp(
  groups: readonly CommandGroup[],
  topics: Iterable<string>,
  style: Style,
  columns: number,
): string {
  const commands = groups.flatMap(({ title, commands: verbs }) => [
    style.bold(title),
    ...verbs.flatMap((verb) => entry(usageOf(verb), verb.summary, 22, columns)),
    '',
  ]);
  return [
    ...paragraph(
      'Ferry moves object stores and file trees, resumes anywhere, and proves that nothing was lost.',
      columns,
    ),
    '',
    `${style.bold('Usage')}  ferry COMMAND [NAME] [OPTIONS]`,
    '',
    style.bold('First time'),
    ...firstTime(columns),
    '',
    ...commands,
    style.bold('Options of every command'),
    ...optionLines(GLOBAL_OPTIONS, columns),
    '',
    style.bold('Topics'),
    ...entry('ferry help TOPIC', `One of ${[...topics].join(', ')}, or the code of an error.`, 22, columns),
    '',
  ].join('\n');
}

export function commandHelp(command: Command, style: Style, columns: number): string {
  const options =
    command.options.length > 0 ? [style.bold('Options'), ...optionLines(command.options, columns), ''] : [];
  const words = argumentsOf(command).flatMap(({ name, description }) => entry(name, description, 26, columns));
  const argument = words.length > 0 ? [style.bold(command.subject ? 'Arguments' : 'Argument'), ...words, ''] : [];
  return [
    ...paragraph(command.summary, columns),
    '',
    ...wrapText(`ferry ${usageOf(command)}${command.options.length > 0 ? ' [OPTIONS]' : ''}`, columns - USAGE).map(
      (line, i) => (i === 0 ? `${style.bold('Usage')}  ${line}` : ' '.repeat(USAGE) + line),
    ),
    '',
    ...(command.about ?? []).flatMap((text) => [...paragraph(text, columns), '']),
    ...argument,
    ...options,
    style.bold('Options of every command'),
    ...optionLines(GLOBAL_OPTIONS, columns),
    '',
    style.bold('Examples'),
    ...command.examples.flatMap(({ line, does }) => entry(line, does, 44, columns)),
    '',
    style.bold('Exit codes'),
    ...exitsOf(command).flatMap(({ code, meaning }) => entry(String(code), meaning, 5, columns)),
    '',
  ].join('\n');
}

/** Every verb can also fail (1) and be misused (2). */
export function exitsOf(command: Command): readonly { readonly code: number; readonly meaning: string }[] {
  const names = new Set([...command.exits, 'failed', 'usage'] as const);
  return [...names].map((name) => EXIT_CODES[name]).sort((a, b) => a.code - b.code);
}

export function usageOf(command: Command): string {
  return [command.name, ...argumentsOf(command).map(({ name, required }) => (required ? name : `[${name}]`))].join(' ');
}

export function argumentsOf({ argument, subject }: Command): readonly Argument[] {
  return [argument, subject].filter((word) => word !== undefined);
}

/** `-t, --task FILE`. */
export function flagsOf({ short, long, value }: Option): string {
  return `${short ? `-${short}, ` : ''}--${long}${value ? ` ${value}` : ''}`;
}

function optionLines(options: readonly Option[], columns: number): string[] {
  return options.flatMap((option) =>
    entry(`${option.short ? '' : '    '}${flagsOf(option)}`, option.description, 26, columns),
  );
}

/** A term and its description in a column of its own; below it where the term is too long or the window too narrow. */
export function entry(term: string, description: string, column: number, columns: number): string[] {
  const width = Math.min(WIDEST, columns);
  const beside = width - column - 2 >= BESIDE;
  const indent = ' '.repeat(beside ? column + 2 : BENEATH);
  const lines = wrapText(description, width - indent.length).map((line) => indent + line);
  if (!beside || textWidth(term) >= column) return [`  ${term}`, ...lines];
  return [`  ${term.padEnd(column)}${lines[0]!.slice(indent.length)}`, ...lines.slice(1)];
}

export function paragraph(text: string, columns: number, indent = ''): string[] {
  return wrapText(text, Math.min(WIDEST, columns) - indent.length).map((line) => indent + line);
}

function firstTime(columns: number): string[] {
  return [
    '  1. Write down photos.yaml:',
    '',
    '     type: copy',
    '     source:',
    '       type: s3',
    '       options:',
    '         bucket_name: photos',
    '         endpoint: https://old.example',
    '     destination:',
    '       type: file',
    '       path: /srv/photos',
    '',
    ...entry('2. ferry check -t photos.yaml', 'do both ends work?', 36, columns),
    ...entry('   ferry plan -t photos.yaml', 'what would happen?', 36, columns),
    ...entry('   ferry run photos -t photos.yaml', 'move; Ctrl-C stops, the same command goes on', 36, columns),
    ...entry('   ferry verify photos', 'prove it', 36, columns),
  ];
}
