/** From the text of a task file to the `TaskSpec` the engine works by. */
import { readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { FerryError, toFerryError } from '../model/errors.ts';
import type { Secret } from '../model/secret.ts';
import type { Compare, EndpointSpec, TaskSpec } from '../model/task.ts';
import { GiB, MiB } from '../model/units.ts';
import { redact } from '../observe/redact.ts';
import type { StoreRegistry } from '../store/registry.ts';
import { checked, isRecord } from './check.ts';
import { decodedSource } from './decoding.ts';
import { concealed, readEndpoint, type ReadEndpoint } from './endpoint.ts';
import type { References } from './interpolate.ts';
import { keptText, Lender, type SecretPlace } from './kept-text.ts';
import { putStores, type NamedStore } from './named-store.ts';
import { problemsError, type Path } from './problems.ts';
import { TASK_FILE, type TaskFile } from './task-schema.ts';
import { MAX_FILE_BYTES, YamlFile } from './yaml-file.ts';

export interface LoadedTask {
  readonly spec: TaskSpec;
  /** What the state keeps: the file with references not resolved, secrets and comments left out (`kept-text.ts`). */
  readonly text: string;
  /** Every secret of the endpoints' options, for `Log.conceal`. */
  readonly secrets: readonly Secret[];
}

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads and checks a task file. `storesOf` finds the registered stores its text names. Rejects with `configuration`,
 * whose message has a line for every problem.
 */
export async function loadTaskFile(
  file: string,
  registry: StoreRegistry,
  env: Environment,
  storesOf?: (text: string) => Promise<ParseOptions['stores']>,
): Promise<LoadedTask> {
  const text = await readText(file, TASK);
  return parseTaskFile(text, {
    file: path.basename(file),
    origin: path.resolve(file),
    registry,
    env,
    stores: await storesOf?.(text),
  });
}

export interface ParseOptions {
  /** What messages call the file. */
  readonly file: string;
  /** Absolute path of the file the text is of; absent for a text that the state kept. */
  readonly origin?: string | undefined;
  readonly registry: StoreRegistry;
  readonly env: Environment;
  /** For `${file:PATH}`; from disk where absent. */
  readonly readFile?: References['readFile'];
  /** The registered stores it names, by name. */
  readonly stores?: ReadonlyMap<string, NamedStore> | undefined;
  /** Secrets of a text that is of no file. */
  readonly sealing?: Sealing | undefined;
}

/** How secrets are kept that stand in no file. */
export interface Sealing {
  /** Absent where the text is the one that was kept. */
  readonly seal?: ((path: Path, secret: string) => string) | undefined;
  /** Throws where it does not open. */
  readonly unseal: (path: Path, sealed: string) => string;
}

/** The same for a text at hand, such as the one the state keeps of a task. */
export function parseTaskFile(text: string, options: ParseOptions): LoadedTask {
  const { registry, env, origin, stores, sealing, readFile = (name) => readFileSync(name, 'utf8') } = options;
  const lender = origin === undefined ? new Lender({ env, readFile }) : undefined;
  const unseal = origin === undefined ? sealing?.unseal : undefined;
  const file = new YamlFile(text, { env, readFile, lend: lender?.lend, unseal });
  lender?.check(file);
  const before = file.problems.length;
  putStores(file, stores ?? new Map());
  if (file.problems.length > before) throw problemsError(options.file, file.problems);
  if (file.data === undefined) throw problemsError(options.file, file.problems);
  const task = checked(file, TASK_FILE, file.data, []);
  const source = readEndpoint(file, ['source'], ['source'], registry);
  const destination = readEndpoint(file, ['destination'], ['destination'], registry);
  const decoded = source && destination && decodedSource(file, source, destination);
  if (task) reportContradictions(file, task);
  if (file.problems.length > 0 || !task || !decoded) throw problemsError(options.file, file.problems);

  const secrets: Secret[] = [];
  const endpoint = (side: 'source' | 'destination', found: ReadEndpoint): EndpointSpec => ({
    type: task[side].type,
    path: task[side].path,
    options: concealed(found, secrets),
  });
  const from = endpoint('source', { ...source, options: decoded });
  const spec = toSpec(task, from, endpoint('destination', destination));
  const seal = origin === undefined ? sealing?.seal : undefined;
  const reference =
    origin !== undefined
      ? () => `task-file:${encodeURI(origin)}`
      : seal && (({ path: at }: SecretPlace) => `sealed:${seal(at, valueAt(file, at))}`);
  const kept = reference && keptText(text, secretPlaces(file, { source, destination }), reference);
  return { spec, text: kept ?? text, secrets };
}

function valueAt(file: YamlFile, at: Path): string {
  const value = at.reduce<unknown>(
    (around, step) => (isRecord(around) || Array.isArray(around) ? Reflect.get(around, step) : undefined),
    file.data,
  );
  return typeof value === 'string' ? value : (file.source(at) ?? '');
}

/** Where secrets are written out: options the driver calls so, and whatever else looks like one. */
function secretPlaces(
  file: YamlFile,
  sides: Readonly<Record<'source' | 'destination', ReadEndpoint>>,
): readonly SecretPlace[] {
  return Object.entries(sides).flatMap(([side, { driver }]) =>
    file.scalarsBelow([side, 'options']).filter(({ path: at, source }) => {
      const name = String(at.findLast((step) => typeof step === 'string'));
      const secret =
        driver.secrets.includes(String(at[2])) || !isDeepStrictEqual(redact({ [name]: source }), { [name]: source });
      return secret && !REFERENCE.test(source);
    }),
  );
}

/** Nothing but references, in which there is nothing secret. */
const REFERENCE = /^(\$\{(env|file):[^}]*\})+$/;

/** What a file is for, and what to do where it cannot be read. */
export interface FileKind {
  readonly what: string;
  readonly remedy: string;
}

const TASK: FileKind = {
  what: 'the task file',
  remedy: 'Check the path after `-t`; `ferry help task-file` shows how to write one.',
};

/** The text of a file of at most `MAX_FILE_BYTES`, in UTF-8. Rejects with `configuration`. */
export async function readText(file: string, kind: FileKind): Promise<string> {
  const bytes = await readAtMost(file, MAX_FILE_BYTES + 1, kind);
  const { what, remedy } = kind;
  if (bytes.length > MAX_FILE_BYTES) {
    throw new FerryError('configuration', {
      message: `${what} ${file} is larger than ${MAX_FILE_BYTES / MiB} MiB`,
      remedy,
    });
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    const again = 'Save it as UTF-8.';
    throw new FerryError('configuration', { message: `${what} ${file} is not UTF-8 text`, remedy: again });
  }
}

async function readAtMost(file: string, limit: number, { what, remedy }: FileKind): Promise<Buffer> {
  try {
    await using handle = await open(file, 'r');
    const buffer = Buffer.alloc(limit);
    let length = 0;
    for (;;) {
      const { bytesRead } = await handle.read(buffer, length, limit - length, null);
      if (bytesRead === 0) return buffer.subarray(0, length);
      length += bytesRead;
    }
  } catch (cause) {
    throw new FerryError('configuration', { message: `${what} ${path.resolve(file)} ${whyUnread(cause)}`, remedy });
  }
}

function whyUnread(thrown: unknown): string {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  if (code === 'ENOENT') return 'does not exist';
  if (code === 'EISDIR') return 'is a directory';
  if (code === 'EACCES' || code === 'EPERM') return 'may not be read by this user';
  return `cannot be read (${toFerryError(thrown).message})`;
}

function reportContradictions(file: YamlFile, task: TaskFile): void {
  const { filters } = task;
  const complain = (at: readonly string[], message: string): void => void file.problems.push(file.problem(at, message));
  if (task.compare !== undefined && task.ignore_existing !== undefined) {
    complain(['ignore_existing'], 'give either `compare` or `ignore_existing`, not both');
  }
  if (task.ignore_before !== undefined && filters?.modified_after !== undefined) {
    complain(['ignore_before'], 'give either `ignore_before` or `filters.modified_after`, not both');
  }
  if (task.delete_extraneous && filters?.keys_file !== undefined) {
    complain(
      ['delete_extraneous'],
      'cannot go with `filters.keys_file`: a list of keys says nothing about what else the destination may hold. Leave one of them out',
    );
  }
  if ((task.multipart_boundary_size ?? 0) > MAX_BOUNDARY) {
    complain(
      ['multipart_boundary_size'],
      `must be at most ${MAX_BOUNDARY} (5 GiB): stores take no larger object in one piece`,
    );
  }
  if (task.type === 'delete' && task.delete_extraneous) {
    complain(['delete_extraneous'], 'has no meaning where the task itself deletes');
  }
  if (filters?.min_size !== undefined && filters.max_size !== undefined && filters.min_size > filters.max_size) {
    complain(['filters', 'min_size'], 'is greater than `max_size`: nothing would be left');
  }
  const after = task.ignore_before ?? filters?.modified_after;
  if (after !== undefined && filters?.modified_before !== undefined && after >= filters.modified_before) {
    complain(['filters', 'modified_before'], 'is not after the time to begin with: nothing would be left');
  }
}

/** qscamel's documented range. */
const MAX_BOUNDARY = 5 * GiB;
const QSCAMEL_BOUNDARY = 2 * GiB;
const QSCAMEL_RATE = 1000;
/** Above it an object resumes part by part and uses several connections; below, one request is cheaper than three. */
const DEFAULT_THRESHOLD = 64 * MiB;
const DEFAULT_PART = 16 * MiB;
const DEFAULT_PARALLEL_PARTS = 8;

const COMPARE_BY: Readonly<Record<'' | 'last_modified' | 'md5sum', Compare>> = {
  '': 'always',
  last_modified: 'time',
  md5sum: 'checksum',
};

function toSpec(task: TaskFile, source: EndpointSpec, destination: EndpointSpec): TaskSpec {
  return {
    type: task.type,
    source,
    destination,
    filters: {
      prefix: task.filters?.prefix,
      include: task.filters?.include ?? [],
      exclude: task.filters?.exclude ?? [],
      minSize: task.filters?.min_size,
      maxSize: task.filters?.max_size,
      modifiedAfter: task.ignore_before ?? task.filters?.modified_after,
      modifiedBefore: task.filters?.modified_before,
      keysFile: task.filters?.keys_file,
    },
    compare: task.compare ?? (task.ignore_existing === undefined ? 'auto' : COMPARE_BY[task.ignore_existing]),
    deleteExtraneous: task.delete_extraneous,
    deleteGuard: task.delete_guard === true || task.delete_guard === 'on',
    createOnly: task.create_only,
    limits: {
      concurrency: task.concurrency === 'auto' ? undefined : task.concurrency,
      objectsPerSecond: task.rate_limit === 0 ? QSCAMEL_RATE : task.rate_limit,
      bandwidth: task.bandwidth ?? [],
    },
    multipart: {
      threshold:
        task.multipart_boundary_size === 0 ? QSCAMEL_BOUNDARY : (task.multipart_boundary_size ?? DEFAULT_THRESHOLD),
      partSize: task.part_size || DEFAULT_PART,
      keepEtag: task.keep_etag,
      parallelParts: Math.min(task.parallel_parts ?? task.workers ?? DEFAULT_PARALLEL_PARTS, task.workers ?? Infinity),
    },
    fidelity: {
      metadata: task.metadata,
      setMetadata: task.set_metadata,
      tags: task.tags,
      setTags: task.set_tags,
      modified: task.preserve_time,
      acl: task.acl,
      storageClass: typeof task.storage_class === 'string' ? { '*': task.storage_class } : task.storage_class,
      onLoss: task.on_loss,
    },
    checkMd5: task.check_md5,
    attempts: task.attempts,
    report: { path: task.report?.path, evidence: task.report?.evidence ?? 'differences' },
  };
}
