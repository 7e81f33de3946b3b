// More clients, unchanged, against `ferry serve`: what people script with, and what they mount.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { MiB } from '../../src/model/units.ts';
import { awsCommand } from '../peers/aws-cli.ts';
import { boto3Command } from '../peers/boto3.ts';
import { outputOf } from '../peers/command.ts';
import { s3cmdCommand } from '../peers/s3cmd.ts';
import { cannotMount, MountedBucket } from '../peers/s3fs.ts';
import { unavailable } from '../peers/servers.ts';
import { Served } from './served.ts';

const BOTO3 = join(import.meta.dirname, 'clients/boto3-session.py');
const STEPS = 'buckets objects large listings copies_and_tags presigned end'.split(' ');
const STORAGES = [
  ['a directory', {}, ['tree']],
  ['memory', { storage: { type: 'memory' } }, []],
] as const;

suite('boto3 does all it can by default', { skip: unavailable('boto3') }, () => {
  for (const [over, storage, kind] of STORAGES) {
    test(`over ${over}`, async () => {
      await using served = await Served.start(storage);
      const output = await outputOf(boto3Command(BOTO3, [served.ferry.dir, ...kind], served.server));
      assert.deepEqual(String(output).trim().split('\n'), STEPS);
    });
  }
});

suite('s3fs mounts a bucket', { skip: cannotMount() }, () => {
  for (const [over, storage] of STORAGES) {
    test(`over ${over}, whose files programs use like others`, async () => {
      await using served = await Served.start(storage);
      await using bucket = await mounted(served, 'one');
      const at = (...names: string[]): string => join(bucket.dir, ...names);
      const large = randomBytes(25 * MiB);
      mkdirSync(at('deep/er ü'), { recursive: true });
      writeFileSync(at('small'), 'text');
      writeFileSync(at('deep/er ü/large +%'), large);
      writeFileSync(at('empty'), '');
      appendFileSync(at('small'), ' and more');
      chmodSync(at('small'), 0o640);
      utimesSync(at('small'), 1_714_564_800, 1_714_564_800);
      renameSync(at('deep/er ü/large +%'), at('deep/moved'));
      truncateSync(at('empty'), 5);
      rmSync(at('deep/er ü'), { recursive: true });
      // Another mount has nothing in its memory of what was written.
      await using again = await mounted(served, 'two');
      const there = (...names: string[]): string => join(again.dir, ...names);
      assert.deepEqual(readdirSync(again.dir).sort(), ['deep', 'empty', 'small']);
      assert.deepEqual(readdirSync(there('deep')), ['moved']);
      assert.equal(readFileSync(there('small'), 'utf8'), 'text and more');
      assert.ok(readFileSync(there('deep/moved')).equals(large));
      assert.equal(readFileSync(there('empty'), 'latin1'), '\0'.repeat(5));
      const { mode, mtimeMs } = statSync(there('small'));
      assert.deepEqual([mode & 0o777, mtimeMs], [0o640, 1_714_564_800_000]);
    });
  }
});

/** A bucket of everybody's, mounted at a name of its own. */
async function mounted(served: Served, name: string): Promise<MountedBucket> {
  const aws = awsCommand(['s3api', 'create-bucket', '--bucket=box'], served.server);
  if (name === 'one') await outputOf(aws);
  return await MountedBucket.mount('box', served.at(name), served.server);
}

test('URLs signed by the AWS CLI and s3cmd are good for a browser', { skip: unavailable('aws', 's3cmd') }, async () => {
  await using served = await Served.start();
  const aws = async (...args: string[]): Promise<string> =>
    String(await outputOf(awsCommand(args, served.server))).trim();
  writeFileSync(served.at('file'), 'content');
  await aws('s3', 'mb', 's3://box');
  await aws('s3', 'cp', served.at('file'), 's3://box/a b+ü', '--no-progress');
  const byAws = await aws('s3', 'presign', 's3://box/a b+ü');
  assert.equal(await (await fetch(byAws)).text(), 'content');
  assert.equal((await fetch(byAws.replace(/.(?=&|$)/, 'x'))).status, 403);
  const byS3cmd = String(await outputOf(s3cmdCommand(['signurl', 's3://box/a b+ü', '+60'], served.server))).trim();
  assert.equal(await (await fetch(byS3cmd)).text(), 'content', byS3cmd);
});
