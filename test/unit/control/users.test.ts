// Users of the gateway made by API: known at once, after a restart, and to other processes; their secrets to nobody.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { GetObjectCommand, ListBucketsCommand, PutObjectCommand, S3ServiceException } from '@aws-sdk/client-s3';
import { SecretBox } from '../../../src/control/stores/secret-box.ts';
import { MadeUsers } from '../../../src/control/users/made-users.ts';
import { Users } from '../../../src/gateway/access/users.ts';
import { FakeClock } from '../store/fake-clock.ts';
import { RunningFerry } from './running.ts';

test('a user that is made is served at once, and refused once it is removed', async () => {
  await using ferry = await RunningFerry.start();
  const made = await ferry.ask('POST', '/v1/users', {
    json: { name: 'reports', tenant: 'acme', buckets: ['ol*'], readOnly: true },
  });
  assert.deepEqual([made.status, made.headers.get('location')], [201, '/v1/users/reports'], JSON.stringify(made.json));
  const { accessKeyId, secretAccessKey } = made.json;
  await ferry.client.send(new PutObjectCommand({ Bucket: 'old', Key: 'k', Body: 'x' }));
  const client = ferry.clientOf(accessKeyId, secretAccessKey);
  await client.send(new GetObjectCommand({ Bucket: 'old', Key: 'k' })).then(({ Body }) => Body!.transformToString());
  await refused(client.send(new PutObjectCommand({ Bucket: 'old', Key: 'k', Body: 'y' })), 'AccessDenied');
  await refused(client.send(new GetObjectCommand({ Bucket: 'new', Key: 'k' })), 'AccessDenied');

  const { items } = (await ferry.ask('GET', '/v1/users')).json;
  assert.deepEqual(items.map(({ name, source }: { name: string; source: string }) => [name, source]), [['app', 'configuration'], ['reports', 'api']]); // prettier-ignore
  assert.doesNotMatch(JSON.stringify(items), /secret/i);
  const kept = [join(ferry.folder, 'home', '*'), join(ferry.folder, 'home', '**', '*.log')];
  for (const file of globSync(kept).filter((each) => /\.(db|log|db-wal)$/.test(each)))
    assert.ok(!readFileSync(file, 'latin1').includes(secretAccessKey), file);

  assert.equal((await ferry.ask('DELETE', '/v1/users/reports')).status, 204);
  await refused(client.send(new ListBucketsCommand({})), 'InvalidAccessKeyId');
  assert.equal((await ferry.ask('DELETE', '/v1/users/reports')).status, 404);
  client.destroy();
});

test('names are of one user, and those of the configuration are changed there', async () => {
  await using ferry = await RunningFerry.start();
  assert.equal((await ferry.ask('POST', '/v1/users', { json: { name: 'app' } })).status, 409);
  assert.equal((await ferry.ask('DELETE', '/v1/users/app')).status, 409);
  const both = await Promise.all([1, 2].map(() => ferry.ask('POST', '/v1/users', { json: { name: 'twice' } })));
  assert.deepEqual(
    both.map(({ status }) => status).toSorted((a, b) => a - b),
    [201, 409],
  );
  assert.equal((await ferry.ask('POST', '/v1/users', { role: 'operator', json: { name: 'x' } })).status, 403);
  await using alone = await RunningFerry.start({ gateway: false });
  assert.deepEqual((await alone.ask('GET', '/v1/users')).json, { items: [] });
  assert.equal((await alone.ask('POST', '/v1/users', { json: { name: 'x' } })).status, 409);
});

test('users outlive the process, and processes over one state know of each other’s', async () => {
  await using ferry = await RunningFerry.start();
  const state = await ferry.services.control();
  const box = (): SecretBox =>
    new SecretBox({ file: join(ferry.folder, 'home', 'secret.key'), fromEnvironment: undefined });
  const { json } = await ferry.ask('POST', '/v1/users', { json: { name: 'one' } });
  const clock = new FakeClock();
  const elsewhere = new Users([], 'us-east-1');
  const troubles: unknown[] = [];
  const options = { state, users: elsewhere, clock, now: Date.now, conceal: () => undefined };
  await using other = new MadeUsers({ ...options, box: box(), onTrouble: (user) => troubles.push(user) });
  await other.open();
  const found = elsewhere.find(json.accessKeyId);
  assert.equal(found?.user.secretAccessKey.reveal(), json.secretAccessKey);
  const second = (await ferry.ask('POST', '/v1/users', { json: { name: 'two' } })).json;
  await clock.advance(2000);
  await settled();
  assert.ok(elsewhere.find(second.accessKeyId));
  assert.equal(elsewhere.find(json.accessKeyId), found, 'who stays keeps the keys that were made for it');
  await ferry.ask('DELETE', '/v1/users/one');
  await clock.advance(2000);
  await settled();
  assert.equal(elsewhere.find(json.accessKeyId), undefined);

  const none = new Users([], 'us-east-1');
  const wrong = new SecretBox({ file: '', fromEnvironment: Buffer.alloc(32, 7).toString('hex') });
  await using locked = new MadeUsers({ ...options, users: none, box: wrong, onTrouble: (user) => troubles.push(user) });
  await locked.open();
  assert.equal(none.find(second.accessKeyId), undefined);
  assert.deepEqual(troubles, ['two'], 'whose secret cannot be opened stays out, and that is told');
});

test('an access key of the configuration stays whose it is', () => {
  const user = { name: 'a', tenant: 'a', accessKeyId: 'SAME', secretAccessKey: Object.assign(Object.create(null), { reveal: () => 's' }), readOnly: false }; // prettier-ignore
  const users = new Users([user], 'us-east-1');
  const made = { ...user, name: 'b' };
  users.setMade([made]);
  assert.equal(users.find('SAME')?.user, user);
  users.setMade([]);
  assert.equal(users.find('SAME')?.user, user);
});

async function refused(asking: Promise<unknown>, code: string): Promise<void> {
  await assert.rejects(asking, (error) => error instanceof S3ServiceException && error.name === code);
}

/** What was begun by a timer has ended: it waits for nothing but the database. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
