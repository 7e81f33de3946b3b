/** The reference pages and the JSON schema, drawn from the declarations the program itself runs by. */
import { z } from 'zod';
import { allStores } from '../../src/all-stores.ts';
import type { Command, Option } from '../../src/cli/command.ts';
import { commandGroups } from '../../src/cli/commands/table.ts';
import { EXIT_CODES } from '../../src/cli/exit-codes.ts';
import { GLOBAL_OPTIONS } from '../../src/cli/global-options.ts';
import { argumentsOf, exitsOf, flagsOf, usageOf } from '../../src/cli/help.ts';
import { JSON_VERSION } from '../../src/cli/output/json.ts';
import { COUNTERS, JSON_TYPES } from '../../src/cli/output/json-types.ts';
import { describeSettings } from '../../src/config/home.ts';
import { INPUT } from '../../src/config/check.ts';
import { CONTROL } from '../../src/config/control-schema.ts';
import { GATEWAY } from '../../src/config/gateway-schema.ts';
import { taskFileJsonSchema } from '../../src/config/json-schema.ts';
import { TASK_FILE } from '../../src/config/task-schema.ts';
import { ERROR_CATALOGUE } from '../../src/model/errors.ts';
import type { StoreDriver } from '../../src/store/registry.ts';
import { PRESETS } from '../../src/stores/s3/providers/all.ts';
import type { Preset } from '../../src/stores/s3/providers/preset.ts';

type JsonSchema = z.core.JSONSchema.BaseSchema;

const NOTE = '<!-- Made by `npm run docs` from the declarations in src/; do not edit. -->\n\n';

/** Text of every generated file by its path. */
export function referenceFiles(): ReadonlyMap<string, string> {
  return new Map([
    ['docs/reference/cli.md', NOTE + cliPage()],
    ['docs/reference/task-file.md', NOTE + taskFilePage()],
    ['docs/reference/stores.md', NOTE + storesPage()],
    ['docs/reference/configuration.md', NOTE + configurationPage()],
    ['docs/reference/json-lines.md', NOTE + jsonPage()],
    ['docs/errors.md', NOTE + errorsPage()],
    ['schema/task.schema.json', `${JSON.stringify(taskFileJsonSchema(allStores()), null, 2)}\n`],
  ]);
}

function cliPage(): string {
  const groups = commandGroups();
  const exits = Object.values(EXIT_CODES).map(({ code, meaning }) => [String(code), meaning]);
  return (
    [
      '# Command line',
      'Data goes to standard output, messages go to standard error. On a terminal `run` and `verify` draw a live block; elsewhere they print a line every ten seconds.',
      '## Options of every command',
      optionTable(GLOBAL_OPTIONS),
      '## Exit codes',
      table(['Code', 'Meaning'], exits),
      ...groups.flatMap(({ title, commands }) => [`## ${title}`, ...commands.map(commandSection)]),
    ].join('\n\n') + '\n'
  );
}

function commandSection(command: Command): string {
  const { name, summary, about = [], options, examples } = command;
  const words = argumentsOf(command);
  const codes = exitsOf(command).map(({ code }) => `${code}`);
  return [
    `### ferry ${name}`,
    summary,
    `    ferry ${usageOf(command)}${options.length > 0 ? ' [OPTIONS]' : ''}`,
    ...about,
    ...(words.length > 0
      ? [
          table(
            ['Argument', 'Meaning'],
            words.map((each) => [`\`${each.name}\``, each.description]),
          ),
        ]
      : []),
    ...(options.length > 0 ? [optionTable(options)] : []),
    examples.map(({ line, does }) => `- \`${line}\`: ${does}`).join('\n'),
    `Exit codes: ${codes.join(', ')}.`,
  ].join('\n\n');
}

function optionTable(options: readonly Option[]): string {
  return table(['Option', 'Meaning'], options.map((option) => [`\`${flagsOf(option)}\``, option.description])); // prettier-ignore
}

function taskFilePage(): string {
  const schema = z.toJSONSchema(TASK_FILE, { target: 'draft-7', io: 'input', unrepresentable: 'any' });
  return (
    [
      '# Task file',
      'YAML of at most 1 MiB. Secrets come from `${env:NAME}` and `${file:PATH}`; one that is not set is an error. A secret written into the file stays there: Ferry keeps the text without it (and without comments), and `ferry run NAME` reads it from the same file again. A key that is not known is an error and names the nearest one that is. Sizes are bytes or texts such as `64MiB`. Task files of qscamel work as they are where Ferry has the store.',
      'Editors complete and check it where its first line names the JSON schema, `schema/task.schema.json` in the package; `ferry help task-file` prints that line.',
      ...schemaTables(schema, 'Keys', ''),
      '`options` of an endpoint depend on its `type`: see [stores](stores.md).',
    ].join('\n\n') + '\n'
  );
}

/** What stands in a key that holds an object, a list of them or a map to them, and what to call it. */
function inside(key: string, value: JsonSchema): readonly [string, JsonSchema] {
  if (typeof value.items === 'object' && !Array.isArray(value.items)) return [`${key}[]`, value.items];
  if (typeof value.additionalProperties === 'object') return [`${key}.NAME`, value.additionalProperties];
  return [key, value];
}

/** A table for the keys of an object schema, and one for each object inside. */
function schemaTables(schema: JsonSchema, title: string, prefix: string): string[] {
  const required = new Set(schema.required);
  const entries = Object.entries(schema.properties ?? {}).flatMap(([key, value]) =>
    typeof value === 'object' ? [[key, value] as const] : [],
  );
  const rows = entries.map(([key, value]) => [
    `\`${prefix}${key}\``,
    typeText(value),
    value.default === undefined || isEmpty(value.default)
      ? required.has(key)
        ? 'required'
        : ''
      : literal(value.default),
    value.description ?? '',
  ]);
  const inner = entries.flatMap(([key, value]) => {
    const [name, schemaInside] = inside(key, value);
    return schemaInside.properties ? [[name, schemaInside] as const] : [];
  });
  // Both ends of a task have the same keys; one table is enough.
  const shown = inner.filter(([key]) => key !== 'destination');
  return [
    `## ${title}`,
    table(['Key', 'Takes', 'Default', 'Meaning'], rows),
    ...shown.flatMap(([key, value]) => {
      const both = key === 'source' ? 'source` and `destination' : key;
      return schemaTables(value, `\`${both}\``, key === 'source' ? '' : `${key}.`);
    }),
  ];
}

function storesPage(): string {
  const drivers = allStores().drivers;
  const general = optionRows(drivers.find(({ type }) => type === 's3'));
  const presets = new Map(PRESETS.map((preset) => [preset.name, preset]));
  const sections = drivers.map((driver) => {
    const preset = driver.type === 's3' ? undefined : presets.get(driver.type);
    return preset ? presetSection(driver, preset, general) : storeSection(driver);
  });
  return [
    '# Stores',
    'What `type` of `source` and `destination` can be, and the `options` of each.',
    ...sections.flat(),
  ].join('\n\n') + '\n'; // prettier-ignore
}

function storeSection(driver: StoreDriver): string[] {
  const { type, aliases, summary, roles } = driver;
  const use = roles.source && roles.destination ? 'Source and destination.' : roles.source ? 'Source only.' : 'Destination only.'; // prettier-ignore
  const also = aliases.length > 0 ? ` Also called ${aliases.map((name) => `\`${name}\``).join(', ')}.` : '';
  const rows = optionRows(driver);
  return [`## ${type}`, `${summary} ${use}${also}`, rows.length > 0 ? table(OPTION_HEAD, rows) : 'It has no options.'];
}

/** A service with a preset: what differs from `s3`, and what is known of it. */
function presetSection(driver: StoreDriver, preset: Preset, general: readonly string[][]): string[] {
  const known = new Set(general.map((row) => row.join('\n')));
  const names = new Set(optionRows(driver).map(([name]) => name));
  const own = optionRows(driver).filter((row) => !known.has(row.join('\n')));
  const missing = general.flatMap(([name]) => (name !== undefined && !names.has(name) ? [name] : []));
  const facts = preset.facts.map(({ about, reason, source }) => [`\`${about}\``, reason, source]);
  return [
    `## ${driver.type}`,
    driver.summary,
    `The options of [s3](#s3)${missing.length > 0 ? ` but ${missing.join(', ')}` : ''}${own.length > 0 ? ', and:' : '.'}`,
    ...(own.length > 0 ? [table(OPTION_HEAD, own)] : []),
    ...(facts.length > 0
      ? ['What Ferry takes for granted here, and why:', table(['About', 'Reason', 'Source'], facts)]
      : []),
  ];
}

const OPTION_HEAD = ['Option', 'Takes', 'Default', 'Meaning'];

function optionRows(driver: StoreDriver | undefined): string[][] {
  if (!driver) return [];
  const schema = z.toJSONSchema(driver.options, { target: 'draft-7', io: 'input', unrepresentable: 'any' });
  const required = new Set(schema.required);
  return Object.entries(schema.properties ?? {}).flatMap(([key, value]) => {
    if (typeof value !== 'object') return [];
    const standard = value.default === undefined ? (required.has(key) ? 'required' : '') : literal(value.default);
    const secret = driver.secrets.includes(key) ? ' A secret: never shown or logged.' : '';
    const inner = Object.entries(value.properties ?? {}).map(([name, one]) => `\`${name}\`: ${typeof one === 'object' ? (one.description ?? '') : ''}`); // prettier-ignore
    return [[`\`${key}\``, typeText(value), standard, [value.description ?? '', ...inner].join(' ') + secret]];
  });
}

function configurationPage(): string {
  return (
    [
      '# Configuration',
      'Ferry keeps everything in one directory: `$FERRY_HOME`, or `~/.ferry` where that is not set. `ferry.yaml` in it holds the settings; Ferry writes one with the defaults on first use. A flag wins over `FERRY_<NAME>` in the environment, that over the file, that over the default.',
      table(['Key', 'Default', 'Meaning'], describeSettings().map((each) => [`\`${each.key}\``, each.default === '' ? '' : `\`${each.default}\``, each.description])), // prettier-ignore
      ...schemaTables(z.toJSONSchema(CONTROL, INPUT), 'The `control` section', 'control.'),
      ...schemaTables(z.toJSONSchema(GATEWAY, INPUT), 'The `gateway` section', 'gateway.'),
      'A store is given as in task files: see [stores](stores.md). Secrets come from `${env:NAME}` and `${file:PATH}`.',
      '## What else is in the directory',
      table(
        ['Path', 'What it is'],
        [
          ['`ferry.db`', 'Tasks and their progress (SQLite). Must be on a local disk.'],
          ['`ferry.db.locks/`', 'Which task runs where.'],
          ['`ferry.log`', 'Log, JSON lines; `ferry.log.1` and so on are older.'],
          ['`reports/NAME/run/`', 'Report of the last run.'],
          ['`reports/NAME/verify-TIME/`', 'Reports of verifications; Ferry never removes them.'],
        ],
      ),
    ].join('\n\n') + '\n'
  );
}

function jsonPage(): string {
  return (
    [
      '# JSON lines',
      `With \`--json\` every line of standard output is one JSON object with \`type\` and \`version\` (now ${JSON_VERSION}). New types and fields may come at any time; the version grows when one changes its meaning or goes. Events of a run also have \`time\`. Times are ISO 8601 in UTC, durations milliseconds, sizes bytes, speeds per second. Fields that do not apply are absent.`,
      table(['`type`', 'Of', 'Fields'], Object.entries(JSON_TYPES).map(([type, { of, fields }]) => [`\`${type}\``, of, fields])), // prettier-ignore
      '`counters` of `progress`, `summary` and `task` are of the current or last pass:',
      table(['Counter', 'Counts'], Object.entries(COUNTERS)),
      'The end of a run in one line:',
      '    ferry run photos --json | jq -c \'select(.type == "summary") | {outcome, counters}\'',
    ].join('\n\n') + '\n'
  );
}

function errorsPage(): string {
  const sections = Object.entries(ERROR_CATALOGUE).map(([name, { summary, cause, remedy, retryable }]) =>
    [
      `## ${name}`,
      summary,
      `- **Cause.** ${cause}\n- **Remedy.** ${remedy}\n- **Again?** ${retryable === 'later' ? 'Ferry tries again by itself before it reports this.' : 'Trying again does not help by itself.'}`,
    ].join('\n\n'),
  );
  return (
    ['# Errors', 'Every error has one of these codes. `ferry help CODE` shows the same.', ...sections].join('\n\n') +
    '\n'
  );
}

function typeText(schema: JsonSchema): string {
  if (schema.const !== undefined) return literal(schema.const);
  if (schema.enum) return schema.enum.map((value) => (value === '' ? 'empty' : literal(value))).join(', ');
  const choices = [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])];
  if (choices.length > 0) {
    const texts = choices.flatMap((choice) => (typeof choice === 'object' ? [typeText(choice)] : []));
    return [...new Set(texts)].filter((text) => text !== '').join(' or ');
  }
  if (schema.type === 'array') return 'list';
  if (schema.type === 'object') return schema.properties ? 'keys below' : 'map';
  const names: Readonly<Record<string, string>> = { string: 'text', integer: 'whole number', number: 'number', boolean: '`true`, `false`' }; // prettier-ignore
  return typeof schema.type === 'string' ? (names[schema.type] ?? schema.type) : '';
}

function isEmpty(value: unknown): boolean {
  return value === '' || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);
}

function literal(value: unknown): string {
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', String.raw`\|`)).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
