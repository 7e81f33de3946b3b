/** Listing a bucket that is being moved: pages of both sides, merged, beside a bucket that is not. */
import { KiB } from '../../src/model/units.ts';
import { Clients, Confined } from '../gateway/clients.ts';
import { direct, ferryWith } from '../gateway/contenders.ts';
import type { Contender } from '../gateway/daemon.ts';
import { Move } from '../gateway/move.ts';
import { Seen } from '../gateway/seen.ts';
import { beside, table, takeTurns, type Turn } from '../gateway/turns.ts';
import { OwnArena } from '../lib/arena.ts';
import { s3Endpoint } from '../lib/ferry.ts';
import { keyOf } from '../server.ts';
import type { Scenario } from './scenario.ts';

const FOLDERS = 1000;
const FILL = { objects: 100_000, size: 4 * KiB, folders: FOLDERS, listedOnly: true };
const CONNECTIONS = 8;
const SECONDS = 2;
/** Objects that were deleted since the switch. */
const DELETED = 1000;

export const movingList: Scenario = {
  name: 'moving-list',
  summary: 'pages of 1,000 keys and of 1,000 common prefixes from a bucket that is being moved, half of it done',
  async run({ rounds }) {
    using _confined = new Confined(1);
    await using clients = await Clients.start();
    await using arena = await OwnArena.start();
    const { source, destination } = arena;
    await arena.populate({ bucket: 'plain', ...FILL });
    await arena.copy('old', 'plain');
    await arena.empty('new', 'plain');
    const plain = { plain: { store: s3Endpoint(source, 'plain') } };
    await using unmoved = await ferryWith('ferry', plain, 1);
    const migrate = { to: s3Endpoint(destination, 'new'), write_back: false, linger: 3 };
    await using moved = await ferryWith('ferry, moving', { moving: { store: s3Endpoint(source, 'old'), migrate } }, 1);
    const move = new Move(moved, 'moving');
    await move.start();
    await move.switchAndRest();
    await arena.copy('new', 'plain', 2);
    const every = FILL.objects / DELETED;
    const deleted = Array.from({ length: DELETED }, (_, i) => keyOf(i * every + 1, FILL.objects, FOLDERS));
    await clients.run({
      port: moved.port,
      method: 'DELETE',
      bucket: 'moving',
      keys: deleted,
      connections: CONNECTIONS,
    });

    const compared = async (title: string, queries: readonly string[]): Promise<void> => {
      const seen = new Seen(arena, ['old', 'new']);
      const turn = (name: string, contender: Contender, bucket: string): Turn => ({
        name,
        contender,
        load: (round, connections) => ({
          method: 'GET',
          bucket,
          keys: queries,
          connections,
          seconds: round === 0 ? 1 : SECONDS,
        }),
      });
      const turns = [
        turn('the store', direct(source), 'plain'),
        turn('ferry', unmoved, 'plain'),
        seen.counted(turn('ferry, moving', moved, 'moving')),
      ];
      const rows = await takeTurns(turns, { clients, rounds, connections: CONNECTIONS });
      console.log(`${table(title, rows, CONNECTIONS)}\n\n${beside(rows, 'ferry, moving', 'ferry')}\n`);
      console.log(`The stores saw for each request of ferry, moving: ${seen.each()}\n`);
    };
    const after = (i: number): string => encodeURIComponent(keyOf(i * 1000, FILL.objects, FOLDERS));
    await compared(
      'LIST, 1,000 keys',
      Array.from({ length: 90 }, (_, i) => `?list-type=2&start-after=${after(i)}`),
    );
    await compared('LIST by `/`, 1,000 common prefixes', ['?delimiter=%2F&list-type=2']);
    await compared(
      'LIST by `/` of one folder, 100 keys',
      Array.from({ length: 100 }, (_, i) => {
        const prefix = `${String(i * 10).padStart(6, '0')}%2F`;
        return `?delimiter=%2F&list-type=2&prefix=${prefix}`;
      }),
    );
  },
};
