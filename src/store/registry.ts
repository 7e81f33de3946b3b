/** Which drivers there are. `main.ts` fills it; nothing else names a concrete driver. */
import type { ZodType } from 'zod';
import { FerryError } from '../model/errors.ts';
import type { EndpointSpec } from '../model/task.ts';
import type { HttpClient } from '../wire/http/client.ts';
import type { FileReach, LocalPath } from './file-reach.ts';
import type { Store } from './store.ts';

export type StoreRole = 'source' | 'destination' | 'served';

/** What a driver may use of the outside. */
export interface StoreContext {
  readonly http: HttpClient;
  /** Environment variables, for credential chains. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** A directory for spill files of unordered listings, made when first asked for; the driver removes what it makes. */
  readonly tmpdir: () => string;
  /**
   * What the store is opened for. A tree opened as a destination may be missing: it lists as empty and the first write
   * makes it; only a destination is cleaned of what earlier runs left half written. One that is `served` to clients is
   * as a destination, and every write it answers survives a power cut, unless its options say otherwise; it tells of an
   * object what the service behind tells, and reads nothing into it (a time in user metadata is user metadata).
   */
  readonly role?: StoreRole | undefined;
  /** What of this machine the endpoint may name; all of it where absent. */
  readonly reach?: FileReach | undefined;
}

export interface StoreDriver {
  readonly type: string;
  readonly aliases: readonly string[];
  /** One sentence for help and reference. */
  readonly summary: string;
  /** zod object schema of `options`; descriptions become the reference and the JSON schema. */
  readonly options: ZodType<Record<string, unknown>>;
  /** Option names whose values are wrapped in `Secret` by the loader. */
  readonly secrets: readonly string[];
  readonly roles: { readonly source: boolean; readonly destination: boolean };
  /** The option that tells in which encoding names are written: those of this store, or (at a destination) the source's. */
  readonly nameEncoding?: { readonly option: string; readonly of: 'itself' | 'source' } | undefined;
  /** What an endpoint names of this machine. Absent: nothing. Throws `outside-file-roots` for what no root could allow. */
  readonly local?: ((endpoint: Pick<EndpointSpec, 'path' | 'options'>) => readonly LocalPath[]) | undefined;
  /**
   * `spec.options` has passed `options`. Costs no request, but where only the service knows what the options leave out.
   */
  open(spec: EndpointSpec, context: StoreContext): Promise<Store>;
}

export class StoreRegistry {
  readonly #byName = new Map<string, StoreDriver>();
  readonly drivers: readonly StoreDriver[];

  constructor(drivers: readonly StoreDriver[]) {
    this.drivers = drivers;
    for (const driver of drivers) for (const name of [driver.type, ...driver.aliases]) this.#byName.set(name, driver);
  }

  get names(): readonly string[] {
    return [...this.#byName.keys()];
  }

  find(type: string): StoreDriver | undefined {
    return this.#byName.get(type);
  }

  open(spec: EndpointSpec, context: StoreContext): Promise<Store> {
    const driver = this.find(spec.type);
    if (!driver) {
      throw new FerryError('configuration', {
        message: `there is no store type "${spec.type}"`,
        remedy: `Use one of: ${this.names.join(', ')}.`,
      });
    }
    return openWithin(driver, spec, context);
  }
}

/** Opens an endpoint that names nothing out of reach. Rejects with `outside-file-roots`. */
export async function openWithin(driver: StoreDriver, spec: EndpointSpec, context: StoreContext): Promise<Store> {
  if (context.reach !== undefined) for (const each of driver.local?.(spec) ?? []) context.reach.check(each);
  return await driver.open(spec, context);
}
