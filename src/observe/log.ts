/**
 * The log: JSON lines in a file that starts anew when it is full. Nothing secret gets in (`redact`), a log that cannot
 * be written stops no run, and a disk that cannot keep up costs lines, not memory.
 */
import { once } from 'node:events';
import path from 'node:path';
import { pino, type Logger } from 'pino';
import { createStream, type RotatingFileStream } from 'rotating-file-stream';
import { FerryError, toFerryError } from '../model/errors.ts';
import type { Secret } from '../model/secret.ts';
import { redact, redactText } from './redact.ts';

export interface Log {
  /** Whether lines of this level are written: saves putting together one that is not. */
  wants(level: 'debug' | 'info'): boolean;
  debug(message: string, fields?: Fields): void;
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
  /** The process is about to end because of this. */
  fatal(message: string, fields?: Fields): void;
  /** A log that adds `fields` to every line. */
  child(fields: Fields): Log;
}

/** Anything; errors with their causes under any name, `error` by custom. */
export type Fields = Readonly<Record<string, unknown>>;

export interface LogFile extends Log, AsyncDisposable {
  /** From now on these are hidden in every line, wherever they occur. Texts under 4 characters are not. */
  conceal(secrets: Iterable<Secret>): void;
  /** Resolves when everything is in the file. */
  [Symbol.asyncDispose](): Promise<void>;
}

export interface LogOptions {
  /** Least important level that is written. `panic` writes nothing but is taken, as qscamel has it. */
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'panic';
  readonly file: string;
  /** Bytes after which the file is renamed to `FILE.1`, `FILE.1` to `FILE.2`… */
  readonly maxSize: number;
  /** Old files kept. */
  readonly keep: number;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  /** Told once when the file can be written no more. */
  readonly onFailure?: (error: FerryError) => void;
}

/**
 * Opens the log file, readable by its owner only, and its directory where absent. Rejects with `permission` or
 * `disk-full`.
 *
 * Several processes may write to one file: lines are appended whole, and old files are renamed but not compressed,
 * because a process that has one open goes on writing to it and what it wrote during the compression would be lost.
 */
export async function createLogger(options: LogOptions): Promise<LogFile> {
  const stream = createStream((index) => name(path.basename(options.file), index), {
    path: path.dirname(options.file),
    size: `${Math.max(options.maxSize, 1)}B`,
    rotate: Math.max(options.keep, 1),
    mode: 0o600,
  });
  try {
    await once(stream, 'open');
  } catch (error) {
    throw unwritable(options.file, error);
  }
  const sink = new Sink(stream, options);
  const now = options.now ?? Date.now;
  const logger = pino(
    {
      level: options.level,
      customLevels: { panic: 70 },
      base: { pid: process.pid },
      messageKey: 'message',
      timestamp: () => `,"time":"${new Date(now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    sink,
  );
  return new PinoLogFile(logger, sink, []);
}

class PinoLog implements Log {
  readonly #logger: Logger<'panic'>;
  /** Shared with every child. */
  readonly #known: readonly string[];

  constructor(logger: Logger<'panic'>, known: readonly string[]) {
    this.#logger = logger;
    this.#known = known;
  }

  wants(level: 'debug' | 'info'): boolean {
    return this.#logger.isLevelEnabled(level);
  }

  debug(message: string, fields?: Fields): void {
    this.#write('debug', message, fields);
  }

  info(message: string, fields?: Fields): void {
    this.#write('info', message, fields);
  }

  warn(message: string, fields?: Fields): void {
    this.#write('warn', message, fields);
  }

  error(message: string, fields?: Fields): void {
    this.#write('error', message, fields);
  }

  fatal(message: string, fields?: Fields): void {
    this.#write('fatal', message, fields);
  }

  child(fields: Fields): Log {
    return new PinoLog(this.#logger.child(plain(fields, this.#known)), this.#known);
  }

  #write(level: 'debug' | 'info' | 'warn' | 'error' | 'fatal', message: string, fields: Fields = {}): void {
    if (!this.#logger.isLevelEnabled(level)) return;
    this.#logger[level](plain(fields, this.#known), redactText(message, this.#known));
  }
}

class PinoLogFile extends PinoLog implements LogFile {
  readonly #sink: Sink;
  readonly #hidden: string[];

  constructor(logger: Logger<'panic'>, sink: Sink, hidden: string[]) {
    super(logger, hidden);
    this.#sink = sink;
    this.#hidden = hidden;
  }

  conceal(secrets: Iterable<Secret>): void {
    for (const secret of secrets) {
      const text = secret.reveal();
      if (text.length < 4) continue;
      // As it is, and as it looks in a URL.
      for (const form of new Set([text, encodeURIComponent(text)]))
        if (!this.#hidden.includes(form)) this.#hidden.push(form);
    }
    // A secret may contain another.
    this.#hidden.sort((a, b) => b.length - a.length);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#sink.end();
  }
}

function plain(fields: Fields, known: readonly string[]): Record<string, unknown> {
  const result = redact(fields, known);
  return typeof result === 'object' && result !== null ? { ...result } : {};
}

/** Lines waiting for the disk, bytes; more are dropped. */
const MAX_WAITING = 16 * 1024 * 1024;

/** Between pino and the file: never throws, never waits. */
class Sink {
  readonly #stream: RotatingFileStream;
  #closed = false;
  #failed = false;
  #dropped = 0;

  constructor(stream: RotatingFileStream, options: LogOptions) {
    this.#stream = stream;
    stream.on('error', (error) => {
      if (this.#failed) return;
      this.#failed = true;
      options.onFailure?.(unwritable(options.file, error));
    });
  }

  write(line: string): void {
    if (this.#closed || this.#failed) return;
    if (this.#stream.writableLength > MAX_WAITING) {
      this.#dropped++;
      return;
    }
    if (this.#dropped > 0) {
      this.#stream.write(
        `${JSON.stringify({ level: 'warn', message: `${this.#dropped} lines were dropped: the disk is slow` })}\n`,
      );
      this.#dropped = 0;
    }
    this.#stream.write(line);
  }

  async end(): Promise<void> {
    if (this.#closed || this.#failed) return;
    this.#closed = true;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#stream
      .once('close', resolve)
      .once('finish', resolve)
      .once('error', () => resolve());
    this.#stream.end();
    await promise;
  }
}

function name(file: string, index: number | Date | null): string {
  return typeof index === 'number' ? `${file}.${index}` : file;
}

function unwritable(file: string, cause: unknown): FerryError {
  const full = cause instanceof Error && 'code' in cause && (cause.code === 'ENOSPC' || cause.code === 'EDQUOT');
  return new FerryError(full ? 'disk-full' : 'permission', {
    message: `the log file ${file} cannot be written (${toFerryError(cause).message})`,
    cause,
    remedy: full ? undefined : 'Set `log_file`, or FERRY_HOME for all Ferry writes, to a place this user may write to.',
  });
}
