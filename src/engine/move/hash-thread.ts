/** The thread `hashing.ts` speaks with. A program of its own: see scripts/build.ts. */
import { createHash, type Hash } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { crc32 } from 'node:zlib';
import type { FromThread, Shared, ToThread } from './hashing.ts';

const { memory }: Shared = workerData;
const bytes = new Uint8Array(memory);
const streams = new Map<number, { readonly md5: Hash; crc32: number }>();

parentPort!.on('message', (message: ToThread) => {
  const { stream } = message;
  if (message.do === 'update') {
    const chunk = bytes.subarray(message.at, message.at + message.length);
    const hash = streams.get(stream) ?? { md5: createHash('md5'), crc32: 0 };
    streams.set(stream, hash);
    hash.md5.update(chunk);
    hash.crc32 = crc32(chunk, hash.crc32);
    return tell({ freed: message.at });
  }
  const hash = streams.get(stream) ?? { md5: createHash('md5'), crc32: 0 };
  streams.delete(stream);
  if (message.do === 'forget') return;
  tell({ stream, md5: hash.md5.digest('hex'), crc32: hash.crc32.toString(16).padStart(8, '0') });
});

function tell(message: FromThread): void {
  parentPort!.postMessage(message);
}
