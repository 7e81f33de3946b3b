/** The objects the fault tests move: of every kind the engine moves differently. */
import { MiB } from '../../src/model/units.ts';
import { bytesOf, Migration } from './harness.ts';
import type { FaultServerOptions, Rule } from './fault-server.ts';

/** Sent as one stream: larger than what is buffered whole, smaller than what goes in parts. */
export const STREAMED = 'streamed';
/** Goes in parts; the source has it in parts of the same size, so that the ETags vouch for it. */
export const PARTS = 'in parts';
/** Goes in parts where ETags are no MD5s, else as one stream. */
export const WHOLE = 'whole';
const UGLY = ['a b+c%20', '//x', '\u{1f600}', '\ufffd', 'control\u0001', 'a&<>"\'', 'empty'];

const OBJECTS: readonly { readonly key: string; readonly body: Buffer; readonly partSize?: number }[] = [
  ...Array.from({ length: 20 }, (_, i) => ({ key: `small/${i}`, body: bytesOf(`small/${i}`, 100 + i * 300) })),
  ...UGLY.map((key) => ({ key, body: bytesOf(key, key === 'empty' ? 0 : 1000) })),
  { key: STREAMED, body: bytesOf(STREAMED, 5 * MiB) },
  { key: PARTS, body: bytesOf(PARTS, 11 * MiB), partSize: 5 * MiB },
  { key: WHOLE, body: bytesOf(WHOLE, 9 * MiB) },
];

export interface Rules {
  readonly source?: readonly Rule[];
  readonly destination?: readonly Rule[];
}

/** A migration of these objects with these faults. */
export async function faulty(rules: Rules, options: FaultServerOptions = {}): Promise<Migration> {
  const migration = await Migration.start({
    source: { ...options, rules: rules.source ?? [] },
    destination: { ...options, rules: rules.destination ?? [] },
  });
  for (const { key, body, partSize } of OBJECTS) migration.put(key, body, partSize);
  return migration;
}
