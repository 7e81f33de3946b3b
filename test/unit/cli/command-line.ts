/** The command line in this process: from words to exit code, with stores, state and engine as they are. */
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { Readable, Writable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { openServices } from '../../../src/cli/open-services.ts';
import { runProgram } from '../../../src/cli/program.ts';
import type { StoreRegistry } from '../../../src/store/registry.ts';

export interface Result {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface Surroundings {
  readonly stores: StoreRegistry;
  readonly env: Readonly<Record<string, string>>;
  /** Nothing, and no terminal, where absent. */
  readonly stdin?: Readable & { isTTY?: boolean };
}

export async function typed(words: readonly string[], around: Surroundings): Promise<Result> {
  const { stores, env, stdin = Readable.from([]) } = around;
  const [out, err] = [collect(), collect()];
  const code = await runProgram(words, {
    io: { stdout: out.stream, stderr: err.stream, stdin, env },
    signals: new EventEmitter(),
    now: Date.now,
    stores,
    exit: () => assert.fail('nothing ends the process'),
    openServices: (globals) =>
      openServices({ registry: stores, env, globals, now: Date.now, random: Math.random, warn: assert.fail }),
  });
  return { code, out: out.text(), err: err.text() };
}

function collect(): { stream: Writable; text: () => string } {
  let text = '';
  const write = (chunk: unknown, _: unknown, done: () => void): void => {
    text += String(chunk);
    done();
  };
  return { stream: new Writable({ write, decodeStrings: false }), text: () => stripVTControlCharacters(text) };
}
