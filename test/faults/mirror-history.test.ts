// Many clients, few keys, an origin that fails at random: every answer has to be one that was true while it was asked for.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { KiB, MiB } from '../../src/model/units.ts';
import { WriteCall } from '../../src/store/layers/call.ts';
import type { Layer } from '../../src/store/layers/layer.ts';
import { seededRandom } from './chaos.ts';
import { HostileOrigin, object, type Behaviour } from '../unit/gateway/mirror/hostile-origin.ts';
import { Mirroring } from '../unit/gateway/mirror/mirroring.ts';

const KEYS = ['a', 'b', 'c', 'd', 'e', 'f'];
const WRITES = 10;
const READERS = 10;

/** What a key holds from a moment on: the bytes of a client, or nothing of a client. `end` is when it was acknowledged. */
interface Change {
  readonly value: string | undefined;
  readonly begin: number;
  end: number;
}

/** Bytes that tell what they are, and where they begin and end. */
function content(name: string, size: number): Buffer {
  return Buffer.alloc(size, `${name}.`);
}

for (let seed = 1; seed <= 12; seed++)
  for (const deletes of ['refetch', 'remember'] as const)
    test(`seed ${seed}, deletes: ${deletes}`, async () => {
      const random = seededRandom(seed * 2 + (deletes === 'refetch' ? 0 : 1));
      const chance = (of: number): boolean => random() < of;
      await using origin = await HostileOrigin.start();
      const theirs = new Map(KEYS.map((key) => [key, content(`origin ${key}`, 1 + Math.floor(random() * 2 * MiB))]));
      for (const [key, bytes] of theirs) origin.paths.set(`/${key}`, flaky(bytes, random));
      const conditional = chance(0.7);
      const store: Layer = {
        async run(call, next) {
          // Some services promise to create only, and replace.
          if (call instanceof WriteCall && conditional) Object.assign(call, { options: undefined });
          const slowness = call instanceof WriteCall && call.bytes > 3000 ? 60 : 15;
          if (chance(0.4)) await sleep(random() * slowness);
          const outcome = await next(call);
          if (chance(0.3)) await sleep(random() * slowness);
          return outcome;
        },
      };
      await using mirroring = await Mirroring.start({
        rule: {
          origin: origin.url,
          deletes,
          absence: { seconds: 0 },
          limits: { timeout: 1 },
          breaker: { failures: 1000 },
        },
        store: { conditional_writes: conditional },
        layers: [store],
      });
      const histories = new Map<string, Change[]>(KEYS.map((key) => [key, []]));
      let writing = KEYS.length;
      const problems: string[] = [];

      const writer = async (key: string): Promise<void> => {
        const place = { Bucket: 'site', Key: key };
        for (let n = 1; n <= WRITES; n++) {
          await sleep(random() * 40);
          const value = chance(0.4) ? `mine ${key} ${n}` : undefined;
          const change: Change = { value, begin: performance.now(), end: Infinity };
          histories.get(key)!.push(change);
          if (value === undefined) await mirroring.client.send(new DeleteObjectCommand(place));
          else await mirroring.client.send(new PutObjectCommand({ ...place, Body: content(value, 3000) }));
          change.end = performance.now();
        }
        writing--;
      };

      const reader = async (): Promise<void> => {
        while (writing > 0) {
          const key = KEYS[Math.floor(random() * KEYS.length)]!;
          const begin = performance.now();
          const got = await answered(mirroring, key);
          if (got === 'failed') continue;
          const possible = truths(histories.get(key)!, begin, performance.now(), deletes);
          if (!possible.includes(got.name)) problems.push(`${key}: ${got.name} is none of ${possible.join(', ')}`);
          const whole = got.name === 'origin' ? theirs.get(key)! : content(got.name, 3000);
          if (got.name !== 'nothing' && !got.bytes.equals(whole)) problems.push(`${key}: other bytes than ${got.name}`);
          await sleep(random() * 5);
        }
      };
      await Promise.all([...KEYS.map(writer), ...Array.from({ length: READERS }, reader)]);
      assert.deepEqual(problems, []);

      // When all is quiet the bucket holds what the last client left, or the origin's object if that.
      for (const key of KEYS) {
        const last = histories.get(key)!.at(-1)!.value;
        const stored = await mirroring.stored(key);
        if (last !== undefined) assert.ok(stored?.equals(content(last, 3000)), key);
        else if (deletes === 'remember') assert.equal(stored, undefined, key);
        else assert.ok(stored === undefined || stored.equals(theirs.get(key)!), key);
      }
    });

/** `failed`: nothing was said about the object; an answer that broke off is one of these. */
async function answered(
  mirroring: Mirroring,
  key: string,
): Promise<'failed' | { readonly name: string; readonly bytes: Buffer }> {
  try {
    const { status, bytes } = await mirroring.get(key);
    if (status === 404) return { name: 'nothing', bytes };
    if (status !== 200) return 'failed';
    const name = bytes.toString('latin1', 0, 100).split('.')[0]!;
    return { name: name.startsWith('origin') ? 'origin' : name, bytes };
  } catch {
    return 'failed';
  }
}

/** What the key could be while it was asked for: what the last change before left, and what every one since makes it. */
function truths(
  history: readonly Change[],
  begin: number,
  end: number,
  deletes: 'refetch' | 'remember',
): readonly string[] {
  const before = history.filter((change) => change.end < begin).at(-1);
  const during = history.filter((change) => change.end >= begin && change.begin <= end);
  return [before, ...during].map((change) => {
    // What no client has touched is the origin's; what one deleted is so again, or is gone for good.
    if (change === undefined) return 'origin';
    return change.value ?? (deletes === 'refetch' ? 'origin' : 'nothing');
  });
}

/** Right most of the time; else it fails, stalls for a while, or breaks off. */
function flaky(bytes: Buffer, random: () => number): Behaviour {
  const right = object(bytes);
  return async (request, response) => {
    const mood = random();
    if (mood < 0.1) return response.writeHead(500).end();
    if (mood < 0.2) return response.destroy();
    if (mood < 0.4) {
      response.writeHead(200, { 'Content-Length': bytes.length, ETag: '"v1"' });
      return response.write(bytes.subarray(0, Math.min(bytes.length - 1, 300 * KiB)), () => response.destroy());
    }
    if (mood < 0.7) await sleep(random() * 60);
    return right(request, response);
  };
}
