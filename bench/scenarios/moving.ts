/** A bucket that is being moved, before and after the switch, beside one that is not, and beside the stores themselves. */
import { KiB } from '../../src/model/units.ts';
import { unavailable } from '../../test/peers/servers.ts';
import { Clients, onOneCoreAndTwo } from '../gateway/clients.ts';
import { direct, ferryWith } from '../gateway/contenders.ts';
import type { Contender } from '../gateway/daemon.ts';
import { Move } from '../gateway/move.ts';
import { fallingBackNginx } from '../gateway/nginx.ts';
import type { Load } from '../gateway/protocol.ts';
import { Seen } from '../gateway/seen.ts';
import { beside, table, takeTurns, type Turn } from '../gateway/turns.ts';
import { OwnArena } from '../lib/arena.ts';
import { s3Endpoint } from '../lib/ferry.ts';
import { keyOf } from '../server.ts';
import type { Scenario } from './scenario.ts';

const CONNECTIONS = 32;
/** Seconds of one measurement, with all connections and with one. */
const SECONDS = [1.5, 1] as const;
/** Objects that are read and written again and again. */
const HOT = 500;
/** Objects deleted in one measurement, each once. */
const ONCE = [2000, 300] as const;

export const moving: Scenario = {
  name: 'moving',
  summary: 'requests to a bucket that is being moved, at each side, before and after the switch',
  async run({ rounds }) {
    const withoutNginx = unavailable('nginx');
    if (withoutNginx !== undefined) console.log(`left out: nginx (${withoutNginx})`);
    await onOneCoreAndTwo(async (cores) => {
      await using clients = await Clients.start();
      await using world = await World.open(clients, cores, rounds, withoutNginx === undefined);
      await world.beforeTheSwitch();
      await world.afterTheSwitch();
      await world.writtenBack();
    });
  },
};

type What = Pick<Load, 'method'> & { readonly keys: (round: number, busy: boolean) => Partial<Load> };

/** Two gateways on the same stores: one that moves two buckets, with and without write-back, and one that moves none. */
class World implements AsyncDisposable {
  readonly #open = new AsyncDisposableStack();
  readonly #clients: Clients;
  readonly #rounds: number;
  readonly #arena: OwnArena;
  readonly #keys: readonly string[];
  #next = 3 * HOT;
  #plain!: Contender;
  #moving!: Contender;
  #moves: readonly Move[] = [];
  #nginx: Contender | undefined;

  private constructor(clients: Clients, rounds: number, arena: OwnArena) {
    this.#clients = clients;
    this.#rounds = rounds;
    this.#arena = this.#open.use(arena);
    const objects = 3 * HOT + 3 * (rounds + 1) * (ONCE[0] + ONCE[1]);
    this.#keys = Array.from({ length: objects }, (_, i) => keyOf(i, objects));
  }

  static async open(clients: Clients, cores: number, rounds: number, withNginx: boolean): Promise<World> {
    const world = new World(clients, rounds, await OwnArena.start());
    const arena = world.#arena;
    const { source, destination } = arena;
    await arena.populate({ bucket: 'content', objects: world.#keys.length, size: 4 * KiB });
    for (const bucket of ['plain', 'old', 'old-kept']) await arena.copy(bucket, 'content');
    for (const bucket of ['new', 'new-kept']) await arena.empty(bucket, 'content');
    const plain = { plain: { store: s3Endpoint(source, 'plain') } };
    world.#plain = world.#open.use(await ferryWith('ferry', plain, cores));
    const moved = (suffix: string, writeBack: boolean): object => ({
      store: s3Endpoint(source, `old${suffix}`),
      migrate: { to: s3Endpoint(destination, `new${suffix}`), write_back: writeBack, linger: 3 },
    });
    const buckets = { moving: moved('', false), kept: moved('-kept', true) };
    const gateway = world.#open.use(await ferryWith('ferry, moving', buckets, cores));
    world.#moving = gateway;
    world.#moves = ['moving', 'kept'].map((name) => new Move(gateway, name));
    const [first, other] = [{ backend: destination, bucket: 'new' } as const, { backend: source, bucket: 'old' } as const]; // prettier-ignore
    if (withNginx) world.#nginx = world.#open.use(await fallingBackNginx(first, other, cores));
    return world;
  }

  async beforeTheSwitch(): Promise<void> {
    for (const move of this.#moves) await move.start();
    const hot = this.#hot(1);
    const { source } = this.#arena;
    const each = async (title: string, what: What): Promise<void> =>
      await this.#compared(title, [
        this.#turn('the store', direct(source), 'plain', what),
        this.#turn('ferry', this.#plain, 'plain', what),
        this.#turn('ferry, moving', this.#moving, 'moving', what),
      ]);
    await each('GET, before the switch', { method: 'GET', keys: hot });
    await each('PUT, before the switch', { method: 'PUT', keys: hot });
    await each('DELETE, before the switch', { method: 'DELETE', keys: this.#once().keys });
  }

  async afterTheSwitch(): Promise<void> {
    // The copy rests: what is at which side stays as it is.
    for (const move of this.#moves) await move.switchAndRest();
    const { source, destination } = this.#arena;
    const at = { new: direct(destination), old: direct(source) };
    await this.#put(this.#moving, 'moving', this.#keys.slice(0, HOT));

    const reads: What = { method: 'GET', keys: this.#hot(0) };
    await this.#compared('GET, at new', [
      this.#turn('new', at.new, 'new', reads),
      ...(this.#nginx === undefined ? [] : [this.#turn(this.#nginx.name, this.#nginx, 'new', reads)]),
      this.#turn('ferry', this.#plain, 'plain', reads),
      this.#turn('ferry, moving', this.#moving, 'moving', reads),
    ]);
    const later: What = { method: 'GET', keys: this.#hot(1) };
    await this.#compared('GET, only at old', [
      this.#turn('new, 404', at.new, 'new', { ...later, keys: (...of) => ({ ...later.keys(...of), status: 404 }) }),
      this.#turn('old', at.old, 'old', later),
      ...(this.#nginx === undefined ? [] : [this.#turn(this.#nginx.name, this.#nginx, 'new', later)]),
      this.#turn('ferry', this.#plain, 'plain', later),
      this.#turn('ferry, moving', this.#moving, 'moving', later),
    ]);
    const changes = async (title: string, what: What): Promise<void> =>
      await this.#compared(title, [
        this.#turn('the store', at.new, 'plain', what),
        this.#turn('ferry', this.#plain, 'plain', what),
        this.#turn('ferry, moving', this.#moving, 'moving', what),
        this.#turn('ferry, moving, to be written back', this.#moving, 'kept', what),
      ]);
    await changes('PUT, after the switch', { method: 'PUT', keys: this.#hot(2) });
    await changes('DELETE, only at old', { method: 'DELETE', keys: this.#once().keys });
    const copied = this.#once();
    for (const bucket of ['new', 'new-kept']) await this.#put(at.new, bucket, copied.all);
    await changes('DELETE, at both', { method: 'DELETE', keys: copied.keys });
  }

  async writtenBack(): Promise<void> {
    const kept = this.#moves[1]!;
    await kept.copied();
    const what: What = { method: 'PUT', keys: this.#hot(2) };
    await this.#compared('PUT, written back meanwhile', [
      this.#turn('ferry', this.#plain, 'plain', what),
      {
        ...this.#turn('ferry, moving, written back', this.#moving, 'kept', what),
        settled: () => kept.until((status) => status.keys.dirty === 0),
      },
    ]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#open.disposeAsync();
  }

  async #compared(title: string, turns: readonly Turn[]): Promise<void> {
    const seen = new Map<string, Seen>();
    const counted = turns.map((turn) => {
      if (turn.contender !== this.#moving) return turn;
      const seenOf = new Seen(this.#arena, ['old', 'new', 'old-kept', 'new-kept']);
      seen.set(turn.name, seenOf);
      return seenOf.counted(turn);
    });
    const rows = await takeTurns(counted, { clients: this.#clients, rounds: this.#rounds, connections: CONNECTIONS });
    const lines = [table(title, rows, CONNECTIONS), ''];
    const stores = turns.filter(({ contender }) => Number.isNaN(contender.cpu())).map(({ name }) => name);
    for (const [name, seenOf] of seen) {
      lines.push(beside(rows, name, 'ferry'), '');
      if (stores.length > 0) lines.push(beside(rows, name, ...stores), '');
      lines.push(`The stores saw for each request of ${name}: ${seenOf.each()}`, '');
    }
    console.log(lines.join('\n'));
  }

  #turn(name: string, contender: Contender, bucket: string, { method, keys }: What): Turn {
    const contents = { port: Number(new URL(this.#arena.source.endpoint).port), bucket: 'content' };
    return {
      name,
      contender,
      load: (round, connections) => ({
        method,
        bucket,
        connections,
        keys: [],
        contents,
        ...keys(round, connections > 1),
      }),
    };
  }

  async #put(to: Contender, bucket: string, keys: readonly string[]): Promise<void> {
    const turn = this.#turn('', to, bucket, { method: 'PUT', keys: () => ({ keys }) });
    await this.#clients.run({ ...turn.load(0, CONNECTIONS), port: to.port });
  }

  /** The first, second or third of the sets that are asked for again and again. */
  #hot(which: number): What['keys'] {
    const keys = this.#keys.slice(which * HOT, (which + 1) * HOT);
    return (_, busy) => ({ keys, seconds: SECONDS[busy ? 0 : 1] });
  }

  /** Keys nobody asked for yet, others in each measurement. */
  #once(): { readonly all: readonly string[]; readonly keys: What['keys'] } {
    const each = ONCE[0] + ONCE[1];
    const all = this.#keys.slice(this.#next, (this.#next += (this.#rounds + 1) * each));
    const keys: What['keys'] = (round, busy) => {
      const from = round * each + (busy ? 0 : ONCE[0]);
      return { keys: all.slice(from, from + ONCE[busy ? 0 : 1]) };
    };
    return { all, keys };
  }
}
