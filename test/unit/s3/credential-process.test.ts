// credential_process: how its command line is taken apart, what is believed of its output, and what is never told.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { CredentialChain, credentialSources } from '../../../src/stores/s3/credentials/chain.ts';
import { splitCommandLine } from '../../../src/stores/s3/credentials/command-line.ts';
import type { Surroundings } from '../../../src/stores/s3/credentials/credentials.ts';
import { runProgram } from '../../../src/stores/s3/credentials/process.ts';
import { rejects } from '../../conformance/suite/bench.ts';

const folder = mkdtempSync(join(tmpdir(), 'ferry process '));
after(() => rmSync(folder, { recursive: true }));

function chain(command: string, now: () => number = Date.now): CredentialChain {
  const around: Surroundings = {
    env: { HOME: '/home', PATH: process.env['PATH'], FERRY_TEST: 'handed on' },
    http: { request: () => assert.fail('nothing should be asked'), [Symbol.asyncDispose]: () => Promise.resolve() },
    now,
    readFile: (path) =>
      Promise.resolve(path.endsWith('config') ? `[profile p]\ncredential_process = ${command}\n` : undefined),
    runProgram,
  };
  return new CredentialChain(credentialSources({ profile: 'p' }, around), now);
}

/** A program of these lines; gives how to write its path. */
function script(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, `#!${process.execPath}\n${text}`, { mode: 0o700 });
  return `"${file}"`;
}

const PRINT =
  'const print = (more) => console.log(JSON.stringify({ Version: 1, AccessKeyId: "K", SecretAccessKey: "s", ...more }));\n';

test('a command line is split at blanks, but not in quotes; nothing else has a meaning', () => {
  for (const [line, words] of [
    ['/opt/bin/keys --username helen', ['/opt/bin/keys', '--username', 'helen']],
    ['"/Users/Dave/path to/keys.sh" plain "with blanks"', ['/Users/Dave/path to/keys.sh', 'plain', 'with blanks']],
    ['  a \t b  ', ['a', 'b']],
    ['a "" \'\'', ['a', '', '']],
    [`a --name="b c" 'd "e" \\' f\\ g`, ['a', '--name=b c', 'd "e" \\', 'f g']],
    ['a "b \\" \\\\ \\c"', ['a', 'b " \\ \\c']],
    ['a $HOME ~ *.txt | b > c; d', ['a', '$HOME', '~', '*.txt', '|', 'b', '>', 'c;', 'd']],
    ['', []],
    ['a "b', undefined],
    ["a 'b", undefined],
    ['a \\', undefined],
  ] as const) {
    assert.deepEqual(splitCommandLine(line), words, line);
  }
});

test('what the program prints are the credentials; it is run again before they expire', async () => {
  let now = Date.parse('2026-01-01T00:00:00Z');
  const file = join(folder, 'count');
  writeFileSync(file, '');
  const count = `require('node:fs').appendFileSync(${JSON.stringify(file)}, 'x'); const n = require('node:fs').statSync(${JSON.stringify(file)}).size;\n`;
  const command = script(
    'good one.cjs',
    `${count}${PRINT}print({ AccessKeyId: 'K' + n + process.argv[2] + process.env.FERRY_TEST, SessionToken: 't', Expiration: n === 1 ? '2026-01-01T01:00:00Z' : '2026-01-01T01:02:00+00:00' });`,
  );
  const keys = chain(`${command} "with blank"`, () => now);
  assert.deepEqual(await keys.load(), {
    accessKeyId: 'K1with blankhanded on',
    secretAccessKey: 's',
    sessionToken: 't',
    expires: Date.parse('2026-01-01T01:00:00Z'),
  });
  assert.ok(keys.fresh);
  now += 56 * 60_000;
  assert.equal(keys.fresh, undefined);
  const second = await keys.load();
  assert.match(second.accessKeyId, /^K2/);
  assert.equal(keys.fresh, second, 'such that live for minutes are not asked for with each request');
});

test('keys without an end are asked for once', async () => {
  const keys = chain(script('forever.cjs', `${PRINT}print({});`));
  assert.equal((await keys.load()).expires, undefined);
  assert.ok(keys.fresh);
});

test('what goes wrong is told without what the program was given or printed', async () => {
  const secret = 'hunter2-hunter2';
  const says = (text: string): string => `console.log(${JSON.stringify(text)});`;
  for (const [name, text, message] of [
    ['fails', `console.error('${secret}'); process.exit(3);`, /ended with code 3/],
    ['nojson', says(`{"AccessKeyId": ${secret}`), /not JSON/],
    ['version', says(JSON.stringify({ Version: 2, AccessKeyId: secret })), /Version/],
    ['half', says(JSON.stringify({ Version: 1, AccessKeyId: secret })), /not credentials/],
    ['long', `process.stdout.write('${secret}'.repeat(1e5));`, /more than 64 KiB/],
    ['killed', "process.kill(process.pid, 'SIGKILL');", /was killed \(SIGKILL\)/],
  ] as const) {
    const error = await rejects(chain(`${script(`${name}.cjs`, text)} --password ${secret}`).load(), 'no-credentials');
    assert.match(error.message, message);
    assert.match(error.message, new RegExp(`"p" \\(${name}.cjs\\)`));
    assert.ok(!everything(error).includes(secret), everything(error));
  }
  const absent = await rejects(chain('/nowhere/keys').load(), 'no-credentials');
  assert.match(absent.message, /cannot be started \(ENOENT\)/);
  await rejects(chain('"/nowhere/keys').load(), 'configuration');
});

test('a program that does not end is killed, and so is one nobody waits for any more', async () => {
  const waits = join(folder, 'waits.cjs');
  writeFileSync(waits, "console.log(process.pid); require('node:http').createServer().listen(0, '127.0.0.1');");
  const limits = { env: process.env, time: 700, maxOutput: 100 };
  const late = await runProgram(process.execPath, [waits], limits, undefined);
  assert.deepEqual(late, { output: '', problem: 'did not end within 0.7 seconds' });
  const stop = new AbortController();
  const running = runProgram(process.execPath, [waits], { ...limits, time: 60_000 }, stop.signal);
  stop.abort();
  assert.equal((await running).problem, 'was interrupted');
});

function everything(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return `${error.message} ${JSON.stringify(error)} ${String(error.stack)} ${everything(error.cause)}`;
}
