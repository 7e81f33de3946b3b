/** What the copy scenarios share: Ferry against the fastest of several rclones, into an empty bucket each time. */
import { contest, fastest, report, type Contestant } from '../lib/contest.ts';
import type { Arena } from '../lib/arena.ts';
import { FerryHome, s3Endpoint } from '../lib/ferry.ts';
import { FAST } from '../lib/rclone.ts';
import { rcloneCommand } from '../../test/peers/rclone.ts';
import type { Endpoint } from '../../test/peers/s3-server.ts';
import type { Fill } from '../server.ts';
import type { Setting } from './scenario.ts';

export interface Copying {
  readonly fill: Fill;
  /** What Ferry reads; the source bucket where absent. */
  readonly from?: Endpoint;
  /** What rclone reads. */
  readonly fromRclone?: string;
  /** Settings of rclone to try, each beside `FAST`; the fastest competes. */
  readonly rclones: readonly (readonly string[])[];
  readonly unit: 'objects' | 'MB';
  /** Called before every run, unmeasured. */
  readonly before?: () => void;
}

export async function compareCopies(arena: Arena, setting: Setting, copying: Copying): Promise<void> {
  const { fill, unit } = copying;
  using home = new FerryHome();
  const contestants = [ferry(arena, copying, home)];
  if (setting.withoutRclone === undefined) {
    const variants = copying.rclones.map((settings) => rclone(arena, copying, settings));
    contestants.push(variants.length > 1 ? await fastest(variants) : variants[0]!);
  }
  const amount = unit === 'objects' ? fill.objects : (fill.objects * fill.size) / 1e6;
  console.log(report(await contest(contestants, setting.rounds), { amount, unit }));
}

function ferry(arena: Arena, { fill, from, before }: Copying, home: FerryHome): Contestant {
  return {
    name: 'ferry',
    async prepare() {
      home.renew();
      before?.();
      const destination = s3Endpoint(arena.destination, await arena.emptyDestination(fill.bucket));
      const source = from ?? s3Endpoint(arena.source, fill.bucket);
      return home.command(['run', 'bench'], { type: 'copy', source, destination });
    },
    check: () => arena.check(fill),
  };
}

function rclone(arena: Arena, { fill, fromRclone, before }: Copying, settings: readonly string[]): Contestant {
  return {
    name: `rclone ${settings.join(' ')}`,
    async prepare() {
      before?.();
      const bucket = await arena.emptyDestination(fill.bucket);
      const from = fromRclone ?? `source:${fill.bucket}`;
      const places = { source: arena.source, destination: arena.destination };
      return rcloneCommand(['copy', from, `destination:${bucket}`, ...FAST, ...settings], places);
    },
    check: () => arena.check(fill),
  };
}
