/** `store: NAME` in place of type, path and options of an endpoint: the store that is registered under the name. */
import { isRecord } from './check.ts';
import { YamlFile } from './yaml-file.ts';

/** A registered store, its secrets as they are. */
export interface NamedStore {
  readonly type: string;
  readonly path: string;
  readonly options: Readonly<Record<string, unknown>>;
}

const SIDES = ['source', 'destination'] as const;

/** Names of the stores the endpoints of a task file name. */
function storeNames({ data }: YamlFile): readonly string[] {
  return SIDES.flatMap((side) => {
    const endpoint = isRecord(data) ? data[side] : undefined;
    return isRecord(endpoint) && typeof endpoint['store'] === 'string' ? [endpoint['store']] : [];
  });
}

/** Puts the stores in place of their names, in the data of the file; adds a problem for each where that cannot be. */
export function putStores(file: YamlFile, stores: ReadonlyMap<string, NamedStore>): void {
  const { data } = file;
  if (!isRecord(data)) return;
  for (const side of SIDES) {
    const endpoint = data[side];
    if (!isRecord(endpoint) || !('store' in endpoint)) continue;
    const complain = (key: string, message: string): void =>
      void file.problems.push(file.problem([side, key], message));
    const { store: name, path = '', ...more } = endpoint;
    const store = typeof name === 'string' ? stores.get(name) : undefined;
    for (const key of Object.keys(more))
      complain(key, 'cannot go with `store`: a registered store has its own, and takes `path` alone');
    if (store === undefined)
      complain(
        'store',
        `there is no registered store ${JSON.stringify(name)}: register it, or write type, path and options here`,
      );
    else if (typeof path !== 'string') complain('path', 'must be a text');
    else if (path.split('/').includes('..')) complain('path', 'leads out of the store');
    else data[side] = { type: store.type, path: below(store.path, path), options: { ...store.options } };
  }
}

/** A path of a task below that of its registered store. */
export function below(path: string, inner: string): string {
  if (path === '' || inner === '') return path === '' ? inner : path;
  return `${path.replace(/\/+$/, '')}/${inner.replace(/^\/+/, '')}`;
}

/** The stores a text names, found by `find`. */
export async function findStores(
  text: string,
  find: (name: string) => Promise<NamedStore | undefined>,
): Promise<ReadonlyMap<string, NamedStore>> {
  const names = storeNames(new YamlFile(text, { env: {}, readFile: () => '' }));
  const stores = new Map<string, NamedStore>();
  for (const name of names) {
    const store = await find(name);
    if (store) stores.set(name, store);
  }
  return stores;
}
