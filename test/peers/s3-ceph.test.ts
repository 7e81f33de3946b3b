/** The S3 driver against a real Ceph gateway: the whole conformance suite, in every way requests can be made. */
import { after, test } from 'node:test';
import { storeSuite } from '../conformance/store-suite.ts';
import { bucketFixture, type BucketOptions } from './s3-bucket.ts';
import { startCeph, unavailable } from './servers.ts';

const reason = unavailable('ceph');
if (reason !== undefined) {
  test('S3 driver on Ceph', { skip: reason });
} else {
  const ceph = await startCeph({ kind: 'memstore' });
  after(() => ceph.stop());
  const suite = (name: string, wanted: BucketOptions, ...more: readonly { test: string; reason: string }[]): void =>
    storeSuite(`S3 driver on Ceph, ${name}`, () => bucketFixture(ceph, wanted), { skip: [...skip, ...more] });

  const skip = [
    {
      test: 'multipart: a part put again replaces the first, and parts left out are not in the object',
      reason: 'radosgw 16 answers InvalidPart unless every part uploaded is in the object',
    },
  ];
  suite('as it comes', { type: 'ceph', bucket: 'plain' });
  suite(
    'below a path, listed by version 1',
    {
      type: 'ceph',
      bucket: 'below',
      path: '/a b/ü+%41/',
      options: { enable_list_objects_v2: false },
    },
    {
      test: 'multipart: a part is copied from a range of an object in the store',
      reason: 'the path has a %, with which parts are not copied: radosgw 16 may crash on them',
    },
  );
  suite('bodies signed, unordered', {
    type: 's3',
    bucket: 'signed',
    options: { provider: 'ceph', payload_signing: 'always', list_order: 'unordered' },
  });
  suite('Signature Version 2, listed by version 1 and cursor', {
    type: 'ceph',
    bucket: 'version2',
    options: { enable_signature_v2: true, enable_list_objects_v2: false, list_order: 'unordered' },
  });
}
