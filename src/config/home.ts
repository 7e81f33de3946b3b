/** `$FERRY_HOME` and the settings in it. */
import { readFileSync, rmSync } from 'node:fs';
import { writeFile, stat } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import { makeDirectory } from '../host/make-directory.ts';
import { FerryError } from '../model/errors.ts';
import { Secret } from '../model/secret.ts';
import { MiB } from '../model/units.ts';
import { checked, isRecord } from './check.ts';
import { problemsError, type Problem } from './problems.ts';
import { splitNoProxy, type ProxySettings } from './proxy.ts';
import { readText, type Environment, type FileKind } from './task-file.ts';
import { size } from './values.ts';
import { YamlFile } from './yaml-file.ts';

export interface Config {
  /** Directory of everything Ferry keeps; 0700 where Ferry made it. */
  readonly home: string;
  /** The configuration file that was read. */
  readonly file: string;
  /** Objects in flight of a task that does not say; undefined finds the best by itself. */
  readonly concurrency: number | undefined;
  readonly logLevel: LogLevel;
  readonly logFile: string;
  /** The log file starts anew at this size, bytes. */
  readonly logMaxSize: number;
  /** Old log files kept. */
  readonly logKeep: number;
  /** Where the number of the running process is written; undefined for nowhere. */
  readonly pidFile: string | undefined;
  readonly databaseFile: string;
  readonly proxy: ProxySettings;
}

export type LogLevel = (typeof LOG_LEVELS)[number];
/** qscamel's, most talkative first. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'fatal', 'panic'] as const;

const FILE = z.strictObject({
  concurrency: z.int().min(0).max(10_000).default(0).describe('Objects in flight at once; 0 finds the best by itself.'),
  log_level: z
    .enum(LOG_LEVELS)
    .default('info')
    .describe('Least important messages that are logged: debug, info, warn, error, fatal, panic.'),
  log_file: z
    .string()
    .min(1)
    .default('ferry.log')
    .describe('Log file, JSON lines. A relative path starts at this directory.'),
  log_max_size: size()
    .default(50 * MiB)
    .describe('The log file starts anew at this size.'),
  log_keep: z.int().min(0).max(1000).default(5).describe('Old log files kept.'),
  pid_file: z
    .string()
    .min(1)
    .optional()
    .describe('File the process number is written to while Ferry runs. None where absent.'),
  database_file: z
    .string()
    .min(1)
    .default('ferry.db')
    .describe('Database of tasks and their progress, on a local disk; in a directory that is there, `ferry.db` in it.'),
  gateway: z.record(z.string(), z.unknown()).optional().describe('The S3 server of `ferry serve`; its keys are below.'),
  control: z
    .record(z.string(), z.unknown())
    .optional()
    .describe('The API and the console of `ferry serve`; its keys are below.'),
  proxy: z
    .string()
    .optional()
    .describe('http://user:password@host:port of a proxy for all requests. HTTP_PROXY and HTTPS_PROXY where absent.'),
  no_proxy: z
    .string()
    .optional()
    .describe('Hosts reached without the proxy, by commas; .example.com for all below. NO_PROXY where absent.'),
});

type Setting = keyof z.output<typeof FILE>;

export interface ConfigOptions {
  readonly env: Environment;
  /** The user's home directory. */
  readonly userHome: string;
  /** `--config`: another file than `$FERRY_HOME/ferry.yaml`; it must exist. */
  readonly file?: string | undefined;
  /** Settings given on the command line, by their names in the file; they win over everything. */
  readonly flags?: { readonly [S in Exclude<Setting, 'gateway' | 'control'>]?: string | number | undefined };
}

/**
 * Reads the settings; makes `$FERRY_HOME` and a commented file of defaults on first use. A flag wins over `FERRY_<NAME>`
 * in the environment, that over the file, that over the default. Relative paths start at `$FERRY_HOME`, `~/` at the
 * user's home. Rejects with `configuration`, listing every problem or telling that the directory cannot be made, or `disk-full`.
 */
export async function loadConfig(options: ConfigOptions): Promise<Config> {
  const { env, userHome, flags = {} } = options;
  const home = path.resolve(expand(env['FERRY_HOME'] || '~/.ferry', userHome));
  makeHome(home);
  const name = options.file ?? path.join(home, 'ferry.yaml');
  if (options.file === undefined) await writeDefaults(name);

  const file = new YamlFile(await readText(name, CONFIGURATION), {
    env,
    readFile: (each) => readFileSync(each, 'utf8'),
  });
  const problems: Problem[] = file.problems;
  const written = file.data ?? {};
  const settings: unknown = isRecord(written) ? { ...written, ...fromEnvironment(env), ...defined(flags) } : written;
  const checkedSettings = problems.length === 0 ? checked(file, FILE, settings, []) : undefined;
  if (!checkedSettings)
    throw problemsError(
      path.basename(name),
      problems.map((each) => withOrigin(each, env, flags)),
    );

  const at = (each: string): string => path.resolve(home, expand(each, userHome));
  const { concurrency, log_level, log_file, log_max_size, log_keep, pid_file, database_file } = checkedSettings;
  return {
    home,
    file: name,
    concurrency: concurrency === 0 ? undefined : concurrency,
    logLevel: log_level,
    logFile: at(log_file),
    logMaxSize: log_max_size,
    logKeep: log_keep,
    pidFile: pid_file === undefined ? undefined : at(pid_file),
    databaseFile: await inDirectory(at(database_file), 'ferry.db'),
    proxy: proxySettings(checkedSettings, env),
  };
}

/** The database of qscamel is a directory: a configuration of its users names one. */
async function inDirectory(place: string, name: string): Promise<string> {
  const found = await stat(place).catch(() => undefined);
  return found?.isDirectory() === true ? path.join(place, name) : place;
}

const CONFIGURATION: FileKind = {
  what: 'the configuration file',
  remedy: 'Correct its path or its permissions, or name another with `--config`.',
};

/** Key, default ('' where there is none) and meaning of every setting, for the reference. */
export function describeSettings(): readonly { key: string; default: string; description: string }[] {
  return Object.entries(FILE.shape).map(([key, schema]) => {
    const empty = schema.safeParse(undefined);
    return {
      key,
      default: empty.success && !isRecord(empty.data) ? String(empty.data ?? '') : '',
      description: schema.description ?? '',
    };
  });
}

function proxySettings(settings: z.output<typeof FILE>, env: Environment): ProxySettings {
  // Lower case wins, as in curl, which takes HTTP_PROXY in lower case only (a CGI script's `Proxy:` header sets the other).
  const general = settings.proxy || undefined;
  return {
    http: secret(general ?? env['http_proxy'] ?? (env['REQUEST_METHOD'] === undefined ? env['HTTP_PROXY'] : undefined)),
    https: secret(general ?? env['https_proxy'] ?? env['HTTPS_PROXY']),
    except: splitNoProxy(settings.no_proxy ?? env['no_proxy'] ?? env['NO_PROXY'] ?? ''),
  };
}

function secret(url: string | undefined): Secret | undefined {
  return url ? new Secret(url) : undefined;
}

/** `FERRY_LOG_LEVEL` → `log_level`, with numbers as numbers. */
function fromEnvironment(env: Environment): Record<string, unknown> {
  return defined(
    Object.fromEntries(
      Object.keys(FILE.shape).map((key) => {
        const value = env[`FERRY_${key.toUpperCase()}`];
        return [key, value !== undefined && /^\d+$/.test(value) ? Number(value) : value || undefined];
      }),
    ),
  );
}

/** A wrong value that does not stand in the file is named by where it does. */
function withOrigin(problem: Problem, env: Environment, flags: Readonly<Record<string, unknown>>): Problem {
  const key = String(problem.path[0]);
  const variable = `FERRY_${key.toUpperCase()}`;
  const origin = flags[key] !== undefined ? `--${key.replaceAll('_', '-')}` : env[variable] ? variable : undefined;
  return origin === undefined ? problem : { path: problem.path, message: `${problem.message} (set by ${origin})` };
}

function defined(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

function expand(name: string, userHome: string): string {
  return name === '~' || name.startsWith('~/') ? path.join(userHome, name.slice(1)) : name;
}

function makeHome(home: string): void {
  try {
    makeDirectory(home, 0o700);
  } catch (thrown) {
    throw cannotWrite(`the directory ${home}, where Ferry keeps its state,`, thrown);
  }
}

async function writeDefaults(file: string): Promise<void> {
  const lines = describeSettings().map(({ key, default: value, description }) => {
    return `\n# ${description}\n# ${key}: ${value}\n`.replace(/ +\n/g, '\n');
  });
  const text = `# Settings of Ferry. What is commented out has the value shown. FERRY_<NAME> in the environment wins over this file.\n${lines.join('')}`;
  try {
    await writeFile(file, text, { flag: 'wx', mode: 0o600 });
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST') return;
    // Cut off it would stay so.
    rmSync(file, { force: true });
    throw cannotWrite(file, cause);
  }
}

function cannotWrite(what: string, thrown: unknown): FerryError {
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : String(thrown);
  return new FerryError(code === 'ENOSPC' ? 'disk-full' : 'configuration', {
    message: `${what} cannot be made (${REASONS[code] ?? code})`,
    remedy: `${code === 'ENOSPC' ? 'Make room there, or set' : 'Set'} FERRY_HOME to a directory on a local disk that can be written.`,
  });
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'what is above it takes no directory',
  ENOTDIR: 'a file stands in its way',
  EEXIST: 'a file stands in its place',
  EACCES: 'no permission',
  EPERM: 'no permission',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space left',
};
