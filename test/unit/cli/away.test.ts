// Stores that are not there, or are others than meant: told soon, with what is wrong and an exit code to go by.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { StoreRegistry } from '../../../src/store/registry.ts';
import { fileDriver } from '../../../src/stores/file/driver.ts';
import { s3Drivers } from '../../../src/stores/s3/driver.ts';
import { ScriptedServer, errorBody } from '../s3/scripted-server.ts';
import { typed, type Result } from './command-line.ts';

let folder = '';
before(async () => void (folder = await mkdtemp(join(tmpdir(), 'ferry-away-'))));
after(async () => await rm(folder, { recursive: true }));

const stores = new StoreRegistry([fileDriver(), ...s3Drivers()]);

function ferry(...words: string[]): Promise<Result> {
  return typed(words, { stores, env: { FERRY_HOME: join(folder, 'home') } });
}

test('check and plan try a store that cuts every connection a few times, say so, and exit 75', async () => {
  const counts = { connections: 0 };
  const cutting = createServer((socket) => {
    counts.connections++;
    socket.on('error', () => undefined).destroy();
  });
  cutting.listen(0, '127.0.0.1');
  await once(cutting, 'listening');
  try {
    const task = await taskTo(portOf(cutting));
    for (const verb of ['check', 'plan']) {
      counts.connections = 0;
      const { code, out, err } = await ferry(verb, '-t', task);
      assert.equal(code, 75, verb);
      assert.match(out + err, /127\.0\.0\.1/, verb);
      assert.ok(counts.connections <= 4, `${verb}: ${counts.connections} connections`);
    }
  } finally {
    cutting.close();
  }
});

test('check exits 1 where something is wrong that time does not heal, whatever else failed', async () => {
  await using server = await ScriptedServer.start(({ method }) =>
    method === 'GET' ? { body: EMPTY_LISTING } : { status: 403, body: errorBody('AccessDenied') },
  );
  const refused = await ferry('check', '-t', await taskTo(server.port));
  assert.equal(refused.code, 1);
  assert.match(refused.out, /FAIL write/);
  const closed = await closedPort();
  const both = await ferry('check', '-t', await taskFile(s3At(closed), s3At(server.port)));
  assert.equal(both.code, 1, both.out);
});

test('a bucket that is not there is named, not the scratch key that could not be written', async () => {
  await using server = await ScriptedServer.start(({ method }) =>
    method === 'GET' ? { body: EMPTY_LISTING } : { status: 404, body: errorBody('NoSuchBucket') },
  );
  const task = await taskTo(server.port);
  const check = await ferry('check', '-t', task);
  assert.equal(check.code, 1);
  assert.match(check.out, /FAIL write +no bucket "photos"/);
  const run = await ferry('run', 'nowhere', '-t', task);
  assert.equal(run.code, 1);
  assert.match(run.err, /no bucket "photos"/);
  for (const text of [check.out, run.err]) assert.doesNotMatch(text, /\.ferry-/);
});

const EMPTY_LISTING = '<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>';

function s3At(port: number): string {
  return `{ type: s3, options: { bucket_name: photos, endpoint: "http://127.0.0.1:${port}", access_key_id: a, secret_access_key: b, region: us-east-1 } }`;
}

async function taskTo(port: number): Promise<string> {
  return await taskFile(`{ type: file, path: ${import.meta.dirname} }`, s3At(port));
}

async function taskFile(source: string, destination: string): Promise<string> {
  const file = join(folder, 'task.yaml');
  await writeFile(file, `type: copy\nsource: ${source}\ndestination: ${destination}\n`);
  return file;
}

/** Of a server that was there and is gone. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const port = portOf(server);
  server.close();
  await once(server, 'close');
  return port;
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening');
  return address.port;
}
