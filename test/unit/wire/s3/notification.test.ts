// What stores tell of changes: the documents they send are read right, and anything else is refused.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFerryError } from '../../../../src/model/errors.ts';
import { LARGEST_NOTIFICATION, parseS3Notification } from '../../../../src/wire/s3/notification.ts';
import { AWS, awsEvent, CEPH, MINIO } from './notification-documents.ts';

const parse = (document: unknown): ReturnType<typeof parseS3Notification> =>
  parseS3Notification(Buffer.from(typeof document === 'string' ? document : JSON.stringify(document)));

test('a document of AWS', () => {
  assert.deepEqual(parse(AWS), [
    {
      name: 'ObjectCreated:Put',
      change: 'created',
      bucket: 'amzn-s3-demo-bucket',
      key: 'HappyFace.jpg',
      time: 0,
      sequencer: '0055AED6DCD90281E5',
      etag: 'd41d8cd98f00b204e9800998ecf8427e',
      size: 1024,
    },
  ]);
});

test('a document of MinIO, whose names of events begin with s3: and whose keys have their slashes encoded', () => {
  const [event] = parse(MINIO);
  assert.deepEqual(
    [event!.name, event!.change, event!.bucket, event!.key, event!.size],
    ['ObjectCreated:Put', 'created', 'images', 'test12/DG0890EY2.jpg', 629648],
  );
});

test('a document of Ceph, whose keys are not encoded, and whose times have nanoseconds', () => {
  const [event] = parse(CEPH);
  assert.equal(event!.key, 'a b+c%41/ü&"x"');
  assert.deepEqual([event!.name, event!.change, event!.etag], ['ObjectRemoved:Delete', 'removed', undefined]);
  assert.equal(event!.time, Date.parse('2026-11-21T22:34:44.392Z'));
});

test('sequencers of Ceph, which are times as they lie in memory, are put in order', () => {
  // A put and the delete after it, as Ceph 16.2.15 told them.
  const told = ['BB6F026BE6BA5829', 'BB6F026B389F152A'];
  const eventTime = '2026-11-22T04:29:47.690774Z';
  const sequencerOf = (sequencer: string): string =>
    parse(awsEvent({ eventSource: 'ceph:s3', eventTime }, { sequencer }))[0]!.sequencer!;
  assert.deepEqual(told.map(sequencerOf), ['6b026fbb2958bae6', '6b026fbb2a159f38']);
  assert.equal(sequencerOf('6B026FBB2958BAE6'), '6B026FBB2958BAE6', 'of a machine that has the greatest byte first');
  assert.equal(parse(awsEvent({}, { sequencer: told[0]! }))[0]!.sequencer, told[0], 'nobody else is taken for Ceph');
});

test('keys are encoded as forms are', () => {
  const encoded = { 'red+flower.jpg': 'red flower.jpg', 'a%2Bb%2525': 'a+b%25', 'dir/%C3%BC%F0%9F%98%80': 'dir/ü😀' };
  for (const [told, key] of Object.entries(encoded)) assert.equal(parse(awsEvent({}, { key: told }))[0]!.key, key);
});

test('what leaves the bytes as they are, or is not known, is no change', () => {
  for (const eventName of ['ObjectTagging:Put', 'ObjectAcl:Put', 'Replication:OperationFailedReplication', 'Future'])
    assert.equal(parse(awsEvent({ eventName }))[0]!.change, 'other', eventName);
  for (const eventName of ['ObjectRemoved:DeleteMarkerCreated', 'LifecycleExpiration:Delete'])
    assert.equal(parse(awsEvent({ eventName }))[0]!.change, 'removed', eventName);
});

test('the document that tries a configuration holds no events', () => {
  const tried = { Service: 'Amazon S3', Event: 's3:TestEvent', Time: '2014-10-13T15:57:02.089Z', Bucket: 'b' };
  assert.deepEqual(parse(tried), []);
  assert.deepEqual(parse({ Records: [] }), []);
});

test('anything else is refused', () => {
  const deep = '['.repeat(100_000);
  const wrong: Readonly<Record<string, unknown>> = {
    nothing: '',
    'no JSON': '<Records/>',
    'a list': [],
    null: 'null',
    'no records': {},
    'records that are none': { Records: 'x' },
    'a record that is none': { Records: [null] },
    'too many records': { Records: Array.from({ length: 1001 }, () => AWS.Records[0]) },
    deep,
    'deep inside': `{"Records":${deep}`,
    'another version': awsEvent({ eventVersion: '3.0' }),
    'a version that is no text': awsEvent({ eventVersion: 2 }),
    'no name': awsEvent({ eventName: undefined }),
    'a name with a line in it': awsEvent({ eventName: 'ObjectCreated:Put\n{"level":"error"}' }),
    'a long name': awsEvent({ eventName: 'a'.repeat(129) }),
    'no s3': awsEvent({ s3: undefined }),
    'no bucket': awsEvent({ s3: { object: { key: 'k' } } }),
    'a bucket that is no text': awsEvent({ s3: { bucket: { name: ['b'] }, object: { key: 'k' } } }),
    'no key': awsEvent({}, { key: undefined }),
    'an empty key': awsEvent({}, { key: '' }),
    'a key of numbers': awsEvent({}, { key: 7 }),
    'a key that is cut off': awsEvent({}, { key: 'a%C3' }),
    'a key with half a character': awsEvent({}, { key: '%ED%A0%80' }),
    'a key with half a surrogate pair':
      '{"Records":[{"eventName":"a","s3":{"bucket":{"name":"b"},"object":{"key":"\\ud800"}}}]}',
    'a key that is too long': awsEvent({}, { key: 'k'.repeat(1025) }),
    'a key of 1,200 bytes': awsEvent({}, { key: '%C3%BC'.repeat(600) }),
    'a size below 0': awsEvent({}, { size: -1 }),
    'a size of text': awsEvent({}, { size: '1' }),
    'an endless size': '{"Records":[{"eventName":"a","s3":{"bucket":{"name":"b"},"object":{"key":"k","size":1e999}}}]}',
    'a time that is none': awsEvent({ eventTime: 'yesterday' }),
    'a time that cannot be': awsEvent({ eventTime: '2026-13-41T00:00:00Z' }),
    'a sequencer that is none': awsEvent({}, { sequencer: 'xyz' }),
  };
  for (const [what, document] of Object.entries(wrong))
    assert.throws(
      () => parse(document),
      (error) => isFerryError(error, 'bad-response'),
      what,
    );
  const refused = (bytes: Uint8Array): void =>
    assert.throws(
      () => parseS3Notification(bytes),
      (error) => isFerryError(error, 'bad-response'),
    );
  refused(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]));
  refused(Buffer.alloc(LARGEST_NOTIFICATION + 1, ' '));
});

test('members named as those of every object are nothing special', () => {
  const document = JSON.stringify(AWS).replace('"Records"', '"__proto__":{"Records":[]},"Records"');
  assert.equal(parse(document).length, 1);
  assert.throws(() => parse('{"__proto__":{"Records":[]}}'), /no Records/);
});
