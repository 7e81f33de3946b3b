/** Stores registered by name: their options checked by their drivers, their secrets sealed. */
import { isDeepStrictEqual } from 'node:util';
import type * as z from 'zod';
import { concealed } from '../../config/endpoint.ts';
import type { NamedStore } from '../../config/named-store.ts';
import { FerryError } from '../../model/errors.ts';
import type { Secret } from '../../model/secret.ts';
import type { EndpointSpec } from '../../model/task.ts';
import { redact } from '../../observe/redact.ts';
import type { NewStore, StoreBook, StoreRecord } from '../../state/control/store-book.ts';
import type { FileReach } from '../../store/file-reach.ts';
import type { StoreDriver, StoreRegistry } from '../../store/registry.ts';
import { Problem, type Fault } from '../api/problem.ts';
import type { SecretBox } from './secret-box.ts';

/** What stands in place of a secret; given back it means the one that is kept. */
export const HIDDEN = '***';

export interface WantedStore {
  readonly type: string;
  readonly path: string;
  readonly options: Readonly<Record<string, unknown>>;
}

export interface RegisteredStoresOptions {
  readonly book: StoreBook;
  readonly box: SecretBox;
  readonly registry: StoreRegistry;
  /** What of this machine they may name; all of it where absent. */
  readonly reach?: FileReach | undefined;
  readonly now: () => number;
}

export class RegisteredStores {
  readonly book: StoreBook;
  readonly registry: StoreRegistry;
  readonly now: () => number;
  readonly #box: SecretBox;
  readonly #reach: FileReach | undefined;

  constructor({ book, box, registry, reach, now }: RegisteredStoresOptions) {
    this.book = book;
    this.registry = registry;
    this.now = now;
    this.#box = box;
    this.#reach = reach;
  }

  /** Throws `invalid-request`; rejects with `already-exists`. */
  async create(name: string, wanted: WantedStore): Promise<void> {
    const { driver } = this.checked(wanted);
    await this.book.add({ ...this.#sealed(name, driver, wanted, {}), createdAt: this.now() });
  }

  /** In place of `old`; its secrets stay where `***` is given. Throws `invalid-request`, `changed-meanwhile`. */
  async replace(old: StoreRecord, wanted: WantedStore): Promise<void> {
    const { name, version, secrets } = old;
    const { driver } = this.checked({ ...wanted, options: this.#withKept(old, wanted.options) });
    const sealed = this.#sealed(name, driver, wanted, secrets);
    if (!(await this.book.replace(sealed, version))) throw new Problem('changed-meanwhile');
  }

  /** With its secrets as they are. Rejects with `configuration` where there is none, or its secrets open no more. */
  async named(name: string): Promise<NamedStore> {
    const store = await this.find(name);
    if (store !== undefined) return store;
    throw new FerryError('configuration', {
      message: `there is no registered store "${name}"`,
      remedy: 'Register it, or write type, path and options of the endpoint into the task.',
    });
  }

  /** The same where there is one. */
  async find(name: string): Promise<NamedStore | undefined> {
    const record = await this.book.store(name);
    return record && { type: record.type, path: record.path, options: { ...record.options, ...this.#opened(record) } };
  }

  /** As a driver takes it, its secrets told to `secrets`. Throws `invalid-request`. */
  endpoint(wanted: WantedStore, secrets: Secret[]): EndpointSpec {
    const { driver, options } = this.checked(wanted);
    return {
      type: wanted.type,
      path: wanted.path,
      options: concealed({ driver, options, given: wanted.options }, secrets),
    };
  }

  /** Throws `invalid-request` with every fault of type and options, `outside-file-roots`. */
  checked({ type, path, options }: WantedStore): { driver: StoreDriver; options: Record<string, unknown> } {
    const driver = this.registry.find(type);
    if (driver === undefined) {
      const detail = `there is no store type "${type}"; there are ${this.registry.names.toSorted().join(', ')}`;
      throw new Problem('invalid-request', { faults: [{ pointer: '#/type', detail }] });
    }
    const faults = Object.entries(options).flatMap(([name, value]) =>
      value === HIDDEN ? [{ pointer: `#/options/${name}`, detail: 'no secret is kept under this name: give it' }] : [],
    );
    const result = driver.options.safeParse(options);
    if (!result.success) faults.push(...result.error.issues.map(faultOf));
    if (faults.length > 0 || !result.success) throw new Problem('invalid-request', { faults });
    if (this.#reach) for (const each of driver.local?.({ path, options: result.data }) ?? []) this.#reach.check(each);
    return { driver, options: result.data };
  }

  #withKept(old: StoreRecord, options: WantedStore['options']): Record<string, unknown> {
    const kept = Object.keys(options).filter((name) => options[name] === HIDDEN && name in old.secrets);
    const secrets = Object.fromEntries(kept.map((name) => [name, old.secrets[name]!]));
    return { ...options, ...this.#opened({ name: old.name, secrets }) };
  }

  #sealed(
    name: string,
    driver: StoreDriver,
    { type, path, options }: WantedStore,
    old: StoreRecord['secrets'],
  ): Omit<NewStore, 'createdAt'> {
    const open: Record<string, unknown> = {};
    const secrets: Record<string, string> = {};
    for (const [option, value] of Object.entries(options)) {
      if (value === HIDDEN) secrets[option] = old[option]!;
      else if (isSecret(driver, option, value))
        secrets[option] = this.#box.seal(placeOf(name, option), JSON.stringify(value));
      else open[option] = value;
    }
    return { name, type, path, options: open, secrets };
  }

  #opened({ name, secrets }: Pick<StoreRecord, 'name' | 'secrets'>): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries(secrets).map(([option, sealed]): [string, unknown] => [
        option,
        JSON.parse(this.#box.open(placeOf(name, option), sealed)),
      ]),
    );
  }
}

/** Options the driver calls so, and whatever else looks like one: headers that log in, passwords in URLs. */
function isSecret(driver: StoreDriver, option: string, value: unknown): boolean {
  return driver.secrets.includes(option) || !isDeepStrictEqual(redact({ [option]: value }), { [option]: value });
}

function placeOf(store: string, option: string): string {
  return `the option ${option} of the store ${store}`;
}

function faultOf({ path, message }: z.core.$ZodIssue): Fault {
  const steps = path.map((step) => String(step).replaceAll('~', '~0').replaceAll('/', '~1'));
  return { pointer: ['#', 'options', ...steps].join('/'), detail: message };
}
