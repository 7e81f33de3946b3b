/** Short pages behind `ferry help TOPIC`. */
import { fileURLToPath } from 'node:url';
import { ERROR_CATALOGUE, type ErrorCode } from '../model/errors.ts';
import type { StoreDriver } from '../store/registry.ts';
import { EXIT_CODES } from './exit-codes.ts';
import { entry, paragraph } from './help.ts';
import { hanging } from './output/layout.ts';
import { JSON_TYPES } from './output/json-types.ts';
import type { Style } from './output/terminal-io.ts';

/** What help tells of a store type. */
export type StoreSummary = Pick<StoreDriver, 'type' | 'aliases' | 'summary' | 'roles'>;

interface Topic {
  readonly title: string;
  readonly lines: (columns: number, stores: readonly StoreSummary[]) => readonly string[];
}

export const TOPICS: Readonly<Record<string, Topic>> = {
  'task-file': { title: 'The task file', lines: taskFile },
  stores: { title: 'Stores', lines: storesLines },
  resume: { title: 'Stopping and going on', lines: resume },
  reports: { title: 'Reports and evidence', lines: reports },
  environment: {
    title: 'Environment variables',
    lines: (columns) => ENVIRONMENT.flatMap(([name, does]) => entry(name, does, 24, columns)),
  },
  'exit-codes': {
    title: 'Exit codes',
    lines: (columns) =>
      Object.values(EXIT_CODES).flatMap(({ code, meaning }) => entry(String(code), meaning, 5, columns)),
  },
  json: { title: 'JSON lines', lines: jsonLines },
  errors: {
    title: 'Errors',
    lines: (columns) => [
      ...Object.entries(ERROR_CATALOGUE).flatMap(([code, { summary }]) => entry(code, summary, 24, columns)),
      '',
      ...paragraph('`ferry help CODE` tells cause and remedy.', columns, '  '),
    ],
  },
};

/** The page for a topic or an error code; undefined where there is none. */
export function topicHelp(
  name: string,
  stores: readonly StoreSummary[],
  style: Style,
  columns: number,
): string | undefined {
  const topic = Object.entries(TOPICS).find(([known]) => known === name)?.[1];
  if (topic) return [style.bold(topic.title), '', ...topic.lines(columns, stores), ''].join('\n');
  return isErrorCode(name) ? errorHelp(name, style, columns) : undefined;
}

function errorHelp(code: ErrorCode, style: Style, columns: number): string {
  const { summary, cause, remedy, retryable } = ERROR_CATALOGUE[code];
  const again =
    retryable === 'later'
      ? 'Ferry tries again by itself before it reports this.'
      : 'Trying again does not help by itself.';
  return [
    ...hanging('', `${summary} [${code}]`, columns, style.bold),
    '',
    ...entry('cause', cause, 8, columns),
    ...entry('remedy', remedy, 8, columns),
    ...entry('again', again, 8, columns),
    '',
  ].join('\n');
}

function storeLines({ type, aliases, summary, roles }: StoreSummary, columns: number): string[] {
  const only = roles.source && roles.destination ? '' : roles.source ? ' Source only.' : ' Destination only.';
  const also = aliases.length > 0 ? ` Also called ${aliases.join(', ')}.` : '';
  return entry(type, summary + also + only, 14, columns);
}

function isErrorCode(name: string): name is ErrorCode {
  return Object.hasOwn(ERROR_CATALOGUE, name);
}

/** Two folders up both of `src/cli` and of `dist/bin`. */
const SCHEMA = fileURLToPath(new URL('../../schema/task.schema.json', import.meta.url));

function taskFile(columns: number): readonly string[] {
  return [
    `  # yaml-language-server: $schema=${SCHEMA}`,
    '  type: copy            # or fetch, or delete',
    '  source:',
    '    type: s3            # or file, http, aliyun, cos…; see `ferry help stores`',
    '    path: /2024         # a prefix; where absent, everything',
    '    options:',
    '      bucket_name: photos',
    '      endpoint: https://old.example',
    '      access_key_id: ${env:OLD_KEY}',
    '      secret_access_key: ${file:/run/secrets/old}',
    '  destination:',
    '    type: file',
    '    path: /srv/photos',
    '',
    ...paragraph(
      'A key that is not known is an error and names the nearest one that is. Task files of qscamel work as they are where Ferry has the store. Everything that can be set is in docs/reference/task-file.md.',
      columns,
      '  ',
    ),
  ];
}

function storesLines(columns: number, stores: readonly StoreSummary[]): readonly string[] {
  return [
    ...stores.flatMap((store) => storeLines(store, columns)),
    '',
    ...paragraph('The options of each are in docs/reference/stores.md.', columns, '  '),
  ];
}

function resume(columns: number): readonly string[] {
  return [
    ...paragraph(
      'Ferry writes down once a second how far each range of keys is, and every part of a large object as it is stored. Whatever stops it, the same command goes on from there: only what was under way is done again.',
      columns,
      '  ',
    ),
    '',
    ...entry(
      'Ctrl-C, SIGTERM',
      'Saves and exits with 130, within 30 seconds. A second one stops at once; nothing is lost by it.',
      24,
      columns,
    ),
    ...entry('crash, power, kill -9', 'Nothing to repair. Run the same command.', 24, columns),
    ...entry('ferry status NAME', 'How far it is, where it runs, what is unfinished.', 24, columns),
    ...entry('ferry failures NAME', 'What failed in the end and why; with --retry another try.', 24, columns),
  ];
}

function reports(columns: number): readonly string[] {
  return [
    ...paragraph(
      '`ferry verify` writes report.json, report.html and evidence.jsonl. The evidence has one line for each difference, with `--evidence all` for each object; every line carries the SHA-256 of the one before and of itself, and the report names the last.',
      columns,
      '  ',
    ),
    '',
    ...paragraph(
      'Whoever gets the report checks it with `ferry verify --check-report report.json`. A chain shows that files were changed after they were written; it does not stop somebody from writing a whole new one. So keep the last hash elsewhere: in a ticket, in a mail.',
      columns,
      '  ',
    ),
  ];
}

const ENVIRONMENT: readonly (readonly [string, string])[] = [
  ['FERRY_HOME', 'Configuration, state, logs and reports; ~/.ferry where unset.'],
  [
    'FERRY_SERVER',
    'The server that is to do it, as `--server`: run, check, plan, verify, status, failures, delete, migrate, mirror.',
  ],
  ['FERRY_TOKEN', 'The token for that server.'],
  ['FERRY_SECRET_KEY', 'Key of sealed secrets, 32 bytes as base64 or hexadecimal, in place of $FERRY_HOME/secret.key.'],
  ['NO_COLOR', 'Any value: no colours.'],
  ['HTTPS_PROXY, HTTP_PROXY', 'Proxies, unless the configuration names one; NO_PROXY lists hosts that need none.'],
  ['AWS_*', 'Credentials, profile and region for s3 stores that name none.'],
  ['NODE_EXTRA_CA_CERTS', 'Further certificate authorities, PEM.'],
];

function jsonLines(columns: number): readonly string[] {
  return [
    ...paragraph(
      'With --json every line of standard output is one object with `type` and `version` (now 1). New types and fields may come at any time; the version grows when one changes its meaning. Times are ISO 8601 in UTC, durations milliseconds, sizes bytes, speeds per second.',
      columns,
      '  ',
    ),
    '',
    ...Object.entries(JSON_TYPES).flatMap(([type, { of, fields }]) => entry(type, `${of}: ${fields}.`, 14, columns)),
  ];
}
