// The commands of the guide to the API, typed as they stand, against a server started as it says.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { Ferry } from './ferry.ts';

const ROOT = resolve(import.meta.dirname, '../..');

test('the commands of the guide to the API do what it says', { timeout: 60_000 }, async () => {
  using ferry = new Ferry();
  const [api, s3] = [await freePort(), await freePort()];
  const srv = join(ferry.dir, 'srv');
  const here = (text: string): string =>
    text
      .replaceAll('127.0.0.1:7800', `127.0.0.1:${api}`)
      .replaceAll('127.0.0.1:9000', `127.0.0.1:${s3}`)
      .replaceAll('/srv', srv);
  const blocks = blocksOf(readFileSync(join(ROOT, 'docs/how-to/api.md'), 'utf8'));
  const config = blocks.find(({ language }) => language === 'yaml')!;
  writeFileSync(join(ferry.dir, 'ferry.yaml'), here(config.body));
  const running = ferry.start('serve', '-c', 'ferry.yaml', '--json');
  await running.printed(/"type":"console"/);
  using shell = new Shell(ferry);
  let said = '';
  let ran = 0;
  for (const { language, attribute, value, body } of blocks) {
    if (language === 'json' && attribute === undefined) assertShows(body, said);
    if (language !== 'sh' || attribute === undefined) continue;
    const { code, output } = await shell.run(here(body));
    assert.equal(code, attribute === 'fails' ? Number(value) : 0, `${body}\n${output}`);
    said = output;
    ran++;
  }
  assert.ok(ran > 10);
  running.child.kill('SIGTERM');
  assert.equal((await running.exit).code, 0);
});

/** One shell for all blocks, as a person has it. */
class Shell implements Disposable {
  readonly #child;
  #output = '';
  #wake: () => void = () => undefined;

  constructor(ferry: Ferry) {
    const bin = join(ferry.dir, '.bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'ferry'), `#!/bin/sh\nexec ${ferry.command().argv.join(' ')} "$@"\n`);
    chmodSync(join(bin, 'ferry'), 0o755);
    const env = { ...process.env, PATH: `${bin}:${process.env['PATH']}`, FERRY_HOME: ferry.home };
    this.#child = spawn('bash', ['-s'], { cwd: ferry.dir, env, stdio: ['pipe', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
        this.#wake();
      });
  }

  /** The last command's code, and what all printed. */
  async run(commands: string): Promise<{ readonly code: number; readonly output: string }> {
    this.#output = '';
    this.#child.stdin.write(`${commands}
code=$?; echo; echo "done: $code"
`);
    for (;;) {
      const match = /\ndone: (\d+)\n/.exec(this.#output);
      if (match !== null) return { code: Number(match[1]), output: this.#output.slice(0, match.index) };
      await new Promise<void>((wake) => (this.#wake = wake));
    }
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL');
  }
}

/** What the guide shows is in the last JSON that was printed: the same names, and the same values but for those that differ each time. */
function assertShows(shown: string, said: string): void {
  const last = said
    .trim()
    .split('\n')
    .findLast((line) => line.startsWith('{'));
  assert.ok(last !== undefined, said);
  assertHolds(JSON.parse(last), JSON.parse(shown), 'answer', last);
}

const CHANGING = new Set(['requestId', 'accessKeyId', 'secretAccessKey', 'state']);

function assertHolds(is: unknown, wanted: unknown, at: string, all: string): void {
  if (Array.isArray(wanted)) {
    assert.ok(Array.isArray(is), `${at}: ${all}`);
    for (const [i, each] of wanted.entries()) assertHolds(is[i], each, `${at}/${i}`, all);
  } else if (typeof wanted === 'object' && wanted !== null) {
    for (const [name, value] of Object.entries(wanted)) {
      const found: unknown = Object(is)[name];
      assert.ok(found !== undefined, `${at}/${name} is not in ${all}`);
      if (!CHANGING.has(name)) assertHolds(found, value, `${at}/${name}`, all);
    }
  } else assert.equal(is, wanted, `${at}: ${all}`);
}

function blocksOf(text: string) {
  return [...text.matchAll(/^```(\w+)(?: (\w+)(?:=(\S+))?)?\n([^]*?)^```$/gm)].map(
    ([, language, attribute, value, body]) => ({ language: language!, attribute, value, body: body! }),
  );
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- of a TCP server.
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}
