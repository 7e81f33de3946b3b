// `ferry serve` as people run it, and the clients they have: unchanged, with what they do by default.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { test } from 'node:test';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { MiB } from '../../src/model/units.ts';
import { SigV4Signer } from '../../src/wire/sigv4/signer.ts';
import { startFaultServer } from '../faults/fault-server.ts';
import { awsCommand } from '../peers/aws-cli.ts';
import { outputOf } from '../peers/command.ts';
import { rcloneCommand } from '../peers/rclone.ts';
import { s3cmdCommand } from '../peers/s3cmd.ts';
import { sdkFor } from '../peers/sdk.ts';
import { unavailable } from '../peers/servers.ts';
import { assertSameFiles, Served } from './served.ts';

test('the AWS CLI moves a tree in and out', { skip: unavailable('aws') }, async () => {
  await using served = await Served.start();
  const { dir, names } = served.tree();
  const aws = async (...args: string[]): Promise<string> => String(await outputOf(awsCommand(args, served.server)));
  await aws('s3', 'mb', 's3://photos');
  await aws('s3', 'sync', dir, 's3://photos/in', '--no-progress');
  await aws('s3', 'cp', 's3://photos/in', 's3://photos/copy', '--recursive', '--no-progress');
  await aws('s3', 'sync', 's3://photos/copy', served.at('back'), '--no-progress');
  assertSameFiles(names, dir, served.at('back'));
  assert.equal(await aws('s3', 'sync', dir, 's3://photos/in', '--no-progress'), '', 'there is nothing left to do');
  assert.match(await aws('s3', 'ls', 's3://photos/'), /PRE copy\/\n +PRE in\/\n/);
  const head: unknown = JSON.parse(await aws('s3api', 'head-object', '--bucket=photos', '--key=in/large'));
  assert.equal(Object(head).ContentLength, 20 * MiB);
  await aws('s3', 'rb', 's3://photos', '--force');
  assert.equal(await aws('s3', 'ls'), '');
});

test('s3cmd moves a tree in and out', { skip: unavailable('s3cmd') }, async () => {
  await using served = await Served.start();
  const { dir, names } = served.tree();
  const s3cmd = async (...args: string[]): Promise<string> => String(await outputOf(s3cmdCommand(args, served.server)));
  await s3cmd('mb', 's3://photos');
  await s3cmd('sync', `${dir}/`, 's3://photos/in/');
  await s3cmd('sync', 's3://photos/in/', `${served.at('back')}/`);
  assertSameFiles(names, dir, served.at('back'));
  await s3cmd('cp', 's3://photos/in/a b', 's3://photos/other');
  await s3cmd('setacl', '--acl-private', 's3://photos/other');
  await s3cmd('modify', '--add-header=x-amz-meta-colour: blue', 's3://photos/other');
  assert.match(await s3cmd('info', 's3://photos/other'), /x-amz-meta-colour: +blue/);
  await s3cmd('rb', '--recursive', '--force', 's3://photos');
});

test('rclone syncs a tree and finds nothing to do', { skip: unavailable('rclone') }, async () => {
  await using served = await Served.start();
  const { dir, names } = served.tree();
  const rclone = async (...args: string[]): Promise<string> =>
    String(await outputOf(rcloneCommand([...args, '--s3-upload-cutoff=5M'], { ours: served.server })));
  await rclone('sync', dir, 'ours:photos/in');
  await rclone('check', '--download', dir, 'ours:photos/in');
  await rclone('copy', 'ours:photos/in', served.at('back'));
  assertSameFiles(names, dir, served.at('back'));
  assert.match(await rclone('sync', '--dry-run', '--stats-one-line', '--use-json-log', dir, 'ours:photos/in'), /^$/);
  await rclone('purge', 'ours:photos/in');
  assert.equal(await rclone('lsf', '-R', 'ours:photos'), '');
});

test(
  'what was answered is there after the server was killed, buckets and uploads in parts included',
  { skip: unavailable('aws') },
  async () => {
    await using served = await Served.start();
    const aws = async (...args: string[]): Promise<string> => String(await outputOf(awsCommand(args, served.server)));
    const file = served.at('file');
    writeFileSync(file, randomBytes(5 * MiB));
    await aws('s3', 'mb', 's3://photos');
    await aws('s3', 'cp', file, 's3://photos/k', '--metadata=a=b', '--no-progress');
    const upload: unknown = JSON.parse(await aws('s3api', 'create-multipart-upload', '--bucket=photos', '--key=parts'));
    const id = String(Object(upload).UploadId);
    const part = ['--bucket=photos', '--key=parts', `--upload-id=${id}`];
    await aws('s3api', 'upload-part', ...part, '--part-number=1', `--body=${file}`);
    await served.stop('SIGKILL');
    await served.start();
    assert.equal(Object(JSON.parse(await aws('s3api', 'head-object', '--bucket=photos', '--key=k'))).Metadata.a, 'b');
    const second: unknown = JSON.parse(await aws('s3api', 'upload-part', ...part, '--part-number=2', `--body=${file}`));
    const listed: unknown = JSON.parse(await aws('s3api', 'list-parts', ...part));
    const parts: { ETag: string }[] = Object(listed).Parts;
    assert.equal(parts[1]!.ETag, Object(second).ETag);
    const wanted = JSON.stringify({ Parts: parts.map(({ ETag }, i) => ({ ETag, PartNumber: i + 1 })) });
    await aws('s3api', 'complete-multipart-upload', ...part, `--multipart-upload=${wanted}`);
    await aws('s3', 'cp', 's3://photos/parts', served.at('back'), '--no-progress');
    const half = readFileSync(file);
    assert.ok(readFileSync(served.at('back')).equals(Buffer.concat([half, half])));
  },
);

test('what a store left unanswered is told to the client, who alone knows whether it is still wanted', async () => {
  await using remote = await startFaultServer({ buckets: ['remote'] });
  const keys = { access_key_id: remote.accessKey, secret_access_key: remote.secretKey };
  const options = { bucket_name: 'remote', endpoint: remote.endpoint, region: remote.region, ...keys };
  await using served = await Served.start({ buckets: { box: { tenant: 'app', store: { type: 's3', options } } } });
  using client = sdkFor(served.server, 1);
  const put = (): Promise<unknown> => client.send(new PutObjectCommand({ Bucket: 'box', Key: 'k', Body: 'x' }));
  await put();
  remote.setRules([{ op: 'PutObject', fault: { do: 'reset', when: 'lost-answer' } }]);
  const before = remote.count('PutObject');
  await assert.rejects(put(), { name: 'ServiceUnavailable' });
  assert.equal(remote.count('PutObject') - before, 1);
});

test('SIGTERM ends it well, and a port that is taken is told', async () => {
  const served = await Served.start();
  const config = served.at('taken.yaml');
  const users = [{ name: 'app', access_key_id: 'APP', secret_access_key: '12345678' }];
  writeFileSync(config, JSON.stringify({ gateway: { listen: new URL(served.server.endpoint).host, users } }));
  const taken = await served.ferry.run('serve', '-c', config);
  assert.equal(taken.code, 2);
  assert.match(taken.stderr, /Cannot listen on 127\.0\.0\.1 port \d+: .*EADDRINUSE/);
  assert.equal(await served.stop(), 0);
  served.ferry[Symbol.dispose]();
});

test('SIGTERM: /readyz says so first, what is under way is finished, and nothing new is taken', async () => {
  await using served = await Served.start({ notice: 1 });
  const { endpoint, accessKey, secretKey, region } = served.server;
  const { host, hostname, port } = new URL(endpoint);
  const signer = new SigV4Signer({ accessKeyId: accessKey, secretAccessKey: secretKey, region, service: 's3' });
  const target = (method: string, path: string): string =>
    `${path}?${signer.presign({ method, path, host, seconds: 60, now: Date.now() })}`;
  const ask = async (method: string, path: string): Promise<Response> =>
    await fetch(endpoint + target(method, path), { method });
  assert.equal((await ask('PUT', '/box')).status, 200);
  assert.equal((await fetch(`${endpoint}/readyz`)).status, 200);
  const upload = connect(Number(port), hostname);
  upload.write(`PUT ${target('PUT', '/box/k')} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: ${MiB}\r\n\r\n`);
  upload.write(Buffer.alloc(MiB / 2));
  let answer = '';
  upload.on('data', (bytes: Buffer) => (answer += String(bytes)));
  const left = once(upload, 'close');
  // Sent after the upload's head, and answered: so that was read.
  assert.equal((await ask('GET', '/box')).status, 200);
  served.terminate();
  while ((await fetch(`${endpoint}/readyz`)).status === 200);
  assert.equal((await ask('GET', '/box')).status, 200, 'it goes on while the balancer does not know');
  const refused = async (): Promise<boolean> =>
    await fetch(`${endpoint}/readyz`).then(
      () => false,
      () => true,
    );
  while (!(await refused()));
  assert.equal(answer, '');
  upload.write(Buffer.alloc(MiB / 2));
  await left;
  assert.match(answer, /^HTTP\/1\.1 200 OK\r\n[^]*Connection: close/);
  assert.equal(await served.ended(), 0);
  assert.match(await served.said(), /"type":"notice".*finishing the requests in hand/);
  assert.equal(readFileSync(served.at('objects/box/k')).length, MiB);
});
