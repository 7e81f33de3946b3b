/** Short pages behind `ferry help TOPIC`. */
import { fileURLToPath } from 'node:url';
import { ERROR_CATALOGUE, type ErrorCode } from '../model/errors.ts';
import type { StoreDriver } from '../store/registry.ts';
import { EXIT_CODES } from './exit-codes.ts';
import { entry, wrap } from './help.ts';
import { JSON_TYPES } from './output/json-types.ts';
import type { Style } from './output/terminal-io.ts';

/** What help tells of a store type. */
export type StoreSummary = Pick<StoreDriver, 'type' | 'aliases' | 'summary' | 'roles'>;

interface Topic {
  readonly title: string;
  readonly lines: (stores: readonly StoreSummary[]) => readonly string[];
}

export const TOPICS: Readonly<Record<string, Topic>> = {
  'task-file': { title: 'The task file', lines: () => TASK_FILE },
  stores: { title: 'Stores', lines: (stores) => [...stores.flatMap(storeLines), '', ...STORES_MORE] },
  resume: { title: 'Stopping and going on', lines: () => RESUME },
  reports: { title: 'Reports and evidence', lines: () => REPORTS },
  environment: {
    title: 'Environment variables',
    lines: () => ENVIRONMENT.flatMap(([name, does]) => entry(name, does, 24)),
  },
  'exit-codes': {
    title: 'Exit codes',
    lines: () => Object.values(EXIT_CODES).flatMap(({ code, meaning }) => entry(String(code), meaning, 5)),
  },
  json: { title: 'JSON lines', lines: () => JSON_LINES },
  errors: {
    title: 'Errors',
    lines: () => [
      ...Object.entries(ERROR_CATALOGUE).flatMap(([code, { summary }]) => entry(code, summary, 24)),
      '',
      '  `ferry help CODE` tells cause and remedy.',
    ],
  },
};

/** The page for a topic or an error code; undefined where there is none. */
export function topicHelp(name: string, stores: readonly StoreSummary[], style: Style): string | undefined {
  const topic = Object.entries(TOPICS).find(([known]) => known === name)?.[1];
  if (topic) return [style.bold(topic.title), '', ...topic.lines(stores), ''].join('\n');
  return isErrorCode(name) ? errorHelp(name, style) : undefined;
}

function errorHelp(code: ErrorCode, style: Style): string {
  const { summary, cause, remedy, retryable } = ERROR_CATALOGUE[code];
  const again =
    retryable === 'later'
      ? 'Ferry tries again by itself before it reports this.'
      : 'Trying again does not help by itself.';
  return [
    `${style.bold(summary)} [${code}]`,
    '',
    ...entry('cause', cause, 8),
    ...entry('remedy', remedy, 8),
    ...entry('again', again, 8),
    '',
  ].join('\n');
}

function storeLines({ type, aliases, summary, roles }: StoreSummary): string[] {
  const only = roles.source && roles.destination ? '' : roles.source ? ' Source only.' : ' Destination only.';
  const also = aliases.length > 0 ? ` Also called ${aliases.join(', ')}.` : '';
  return entry(type, summary + also + only, 14);
}

function isErrorCode(name: string): name is ErrorCode {
  return Object.hasOwn(ERROR_CATALOGUE, name);
}

/** Two folders up both of `src/cli` and of `dist/bin`. */
const SCHEMA = fileURLToPath(new URL('../../schema/task.schema.json', import.meta.url));

const TASK_FILE = [
  `  # yaml-language-server: $schema=${SCHEMA}`,
  '  type: copy                      # or fetch, or delete',
  '  source:',
  '    type: s3                      # s3, file, filelist, http, or a provider such as aliyun, cos, qiniu',
  '    path: /2024                   # a prefix; where absent, everything',
  '    options:',
  '      bucket_name: photos',
  '      endpoint: https://old.example',
  '      access_key_id: ${env:OLD_KEY}',
  '      secret_access_key: ${file:/run/secrets/old}',
  '  destination:',
  '    type: file',
  '    path: /srv/photos',
  '',
  ...wrap(
    'A key that is not known is an error and names the nearest one that is. Task files of qscamel work as they are where Ferry has the store. Everything that can be set is in docs/reference/task-file.md.',
    96,
    '  ',
  ),
];

const STORES_MORE = ['  The options of each are in docs/reference/stores.md.'];

const RESUME = [
  ...wrap(
    'Ferry writes down once a second how far each range of keys is, and every part of a large object as it is stored. Whatever stops it, the same command goes on from there: only what was under way is done again.',
    96,
    '  ',
  ),
  '',
  ...entry(
    'Ctrl-C, SIGTERM',
    'Saves and exits with 130, within 30 seconds. A second one stops at once; nothing is lost by it.',
    24,
  ),
  ...entry('crash, power, kill -9', 'Nothing to repair. Run the same command.', 24),
  ...entry('ferry status NAME', 'How far it is, where it runs, what is unfinished.', 24),
  ...entry('ferry failures NAME', 'What failed in the end and why; with --retry another try.', 24),
];

const REPORTS = [
  ...wrap(
    '`ferry verify` writes report.json, report.html and evidence.jsonl. The evidence has one line for each difference, with `--evidence all` for each object; every line carries the SHA-256 of the one before and of itself, and the report names the last.',
    96,
    '  ',
  ),
  '',
  ...wrap(
    'Whoever gets the report checks it with `ferry verify --check-report report.json`. A chain shows that files were changed after they were written; it does not stop somebody from writing a whole new one. So keep the last hash elsewhere: in a ticket, in a mail.',
    96,
    '  ',
  ),
];

const ENVIRONMENT: readonly (readonly [string, string])[] = [
  ['FERRY_HOME', 'Configuration, state, logs and reports; ~/.ferry where unset.'],
  ['NO_COLOR', 'Any value: no colours.'],
  ['HTTPS_PROXY, HTTP_PROXY', 'Proxies, unless the configuration names one; NO_PROXY lists hosts that need none.'],
  ['AWS_*', 'Credentials, profile and region for s3 stores that name none.'],
  ['NODE_EXTRA_CA_CERTS', 'Further certificate authorities, PEM.'],
];

const JSON_LINES = [
  ...wrap(
    'With --json every line of standard output is one object with `type` and `version` (now 1). New types and fields may come at any time; the version grows when one changes its meaning. Times are ISO 8601 in UTC, durations milliseconds, sizes bytes, speeds per second.',
    96,
    '  ',
  ),
  '',
  ...Object.entries(JSON_TYPES).flatMap(([type, { of, fields }]) => entry(type, `${of}: ${fields}.`, 14)),
];
