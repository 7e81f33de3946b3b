/** The S3 driver against real Swift through s3api, the awkward one. */
import { after, test } from 'node:test';
import { storeSuite } from '../conformance/store-suite.ts';
import { bucketFixture } from './s3-bucket.ts';
import { startSwift, unavailable } from './servers.ts';

const reason = unavailable('swift');
if (reason !== undefined) {
  test('S3 driver on Swift', { skip: reason });
} else {
  const swift = await startSwift();
  after(() => swift.stop());
  storeSuite('S3 driver on Swift', () => bucketFixture(swift, { type: 'swift-s3', bucket: 'plain' }), {
    skip: [
      {
        test: 'keys: ugly ones at the root are kept exactly as they are',
        reason: 'Swift 2.30 answers 503 to a listing whose prefix ends in U+10FFFF; the next behaviour covers the keys',
      },
    ],
  });
}
