/** Objects of every kind a bucket of some age holds, and what must be true of their copy. For real servers. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { MiB } from '../../src/model/units.ts';
import { SocketHttpClient } from '../../src/wire/http/socket-client.ts';
import { UGLY_KEYS } from '../conformance/ugly-keys.ts';
import { pattern } from '../conformance/suite/bench.ts';
import { plant, sdkTakes, type Held, type Planted } from '../peers/objects.ts';
import { makeBucket, openBucket } from '../peers/s3-bucket.ts';
import type { S3Server } from '../peers/s3-server.ts';
import { sdkFor } from '../peers/sdk.ts';
import type { Summary } from './ferry.ts';

export interface MixtureOptions {
  /** How many small objects in directories. */
  readonly small: number;
  /** Whether some objects are tagged. */
  readonly tags: boolean;
}

/** Parts that no tool makes: their size cannot be guessed, so the ETag they make cannot be kept. */
export const ODD_PARTS = 'large/parts of an odd size';

/** Small ones, ugly keys, headers, user metadata, tags, and large ones uploaded whole and in parts of several sizes. */
export function mixture({ small, tags }: MixtureOptions): readonly Planted[] {
  const tagged = tags ? { tags: { team: 'archive', 'cost centre': 'a+b/c=7' } } : {};
  return [
    ...Array.from({ length: small }, (_, i) => smallObject(i)),
    ...UGLY_KEYS.map((key) => ({
      key,
      body: key.endsWith('/') ? Buffer.alloc(0) : Buffer.from(`content of ${key}`),
    })),
    {
      key: 'described/page.html',
      body: Buffer.from('<p>Grüße</p>'),
      contentType: 'text/html; charset=utf-8',
      cacheControl: 'max-age=3600, public',
      contentDisposition: 'attachment; filename="page.html"',
      contentLanguage: 'de-AT',
      user: { author: 'Ada Lovelace', long: 'x'.repeat(250) },
      ...tagged,
    },
    { key: 'described/dated', body: Buffer.from('old'), user: { mtime: '1714564800.123456789' } },
    { key: 'large/whole', body: pattern(12 * MiB, 1), contentType: 'video/mp4', ...tagged },
    { key: 'large/parts of 5', body: pattern(17 * MiB + 1, 2), partSize: 5 * MiB, user: { of: 'five' }, ...tagged },
    { key: 'large/parts of 8', body: pattern(16 * MiB, 3), partSize: 8 * MiB, contentType: 'video/mp4' },
    { key: ODD_PARTS, body: pattern(12 * MiB, 4), partSize: 5 * MiB + 123_457 },
    { key: 'large/one part', body: pattern(3 * MiB, 5), partSize: 5 * MiB },
  ];
}

export function smallObject(i: number): Planted {
  return { key: `small/${i % 7}/${String(i).padStart(4, '0')}`, body: pattern(i * 11, i + 1) };
}

/** Makes the bucket and puts the objects: with the SDK, but for the few keys it cannot name. */
export async function plantBucket(server: S3Server, bucket: string, objects: readonly Planted[]): Promise<void> {
  await makeBucket(server, bucket);
  using sdk = sdkFor(server);
  await plant(
    sdk,
    bucket,
    objects.filter(({ key }) => sdkTakes(key)),
  );
  await using http = new SocketHttpClient();
  const store = await openBucket(server, { type: 's3', bucket }, http);
  for (const { key, body } of objects) if (!sdkTakes(key)) await store.write(key, body);
}

/**
 * Waits until what was planted is older than any doubt about the service's clock: what was written in the seconds before
 * a pass is looked at once more by the next where nothing but times decides.
 */
export async function settled(): Promise<void> {
  await sleep(3500);
}

/**
 * The copy holds what the original does. Where it lost an ETag or tags the summary tells so, of just as many objects.
 * The time the original was written is kept as user metadata `mtime`, unless there is one already.
 */
export function assertMoved(
  original: ReadonlyMap<string, Held>,
  copy: ReadonlyMap<string, Held>,
  losses: Summary['losses'],
): void {
  assert.deepEqual([...copy.keys()], [...original.keys()]);
  const lost = { etag: 0, tags: 0 };
  for (const [key, here] of original) {
    const there = copy.get(key)!;
    const expected = { ...here, written: there.written };
    if (there.etag !== here.etag) {
      lost.etag++;
      expected.etag = there.etag;
    }
    if (Object.keys(here.tags ?? {}).length > 0 && Object.keys(there.tags ?? {}).length === 0) {
      lost.tags++;
      expected.tags = there.tags;
    }
    if (here.user !== undefined) expected.user = { mtime: String(here.written), ...here.user };
    assert.deepEqual(there, expected, JSON.stringify(key));
  }
  assert.deepEqual(lost, { etag: losses['etag'] ?? 0, tags: losses['tags'] ?? 0 }, 'what was lost is told');
}
