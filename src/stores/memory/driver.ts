import * as z from 'zod';
import type { Capabilities } from '../../model/capabilities.ts';
import { FerryError } from '../../model/errors.ts';
import type { EndpointSpec } from '../../model/task.ts';
import type { StoreContext, StoreDriver } from '../../store/registry.ts';
import type { Store } from '../../store/store.ts';
import { MemorySpace } from './space.ts';
import { MEMORY_CAPABILITIES, MemoryStore } from './store.ts';

const options = z.strictObject({
  name: z.string().min(1).default('memory').describe('Endpoints with one name share their objects, in one process.'),
  create: z.boolean().default(true).describe('Make the place if it is not there; else a missing one is an error.'),
  etag: z
    .enum(['md5', 'unknown', 'opaque', 'none'])
    .default('md5')
    .describe('What ETags are, to rehearse other stores; `unknown` are MD5s, but nobody says so.'),
  list_order: z.enum(['utf8', 'unordered']).default('utf8').describe('Order of listings, to rehearse other stores.'),
  conditional_writes: z
    .boolean()
    .default(true)
    .describe('Whether writes can demand that the key is free or unchanged.'),
  tree: z.boolean().default(false).describe('Refuse `a/b` where `a` exists, as file systems do.'),
  max_object_size: z.int().positive().optional().describe('Largest object one write takes, bytes.'),
  min_part_size: z.int().positive().optional().describe('Smallest part of an upload, bytes.'),
});

/** A driver holds its spaces, so stores opened with the same name by one driver share their objects. */
export function memoryDriver(): StoreDriver {
  const spaces = new Map<string, MemorySpace>();
  return {
    type: 'memory',
    aliases: [],
    summary: 'Objects in the memory of this process, gone when it ends; for trying things out.',
    options,
    secrets: [],
    roles: { source: true, destination: true },
    open: async (spec, context) => open(spaces, spec, context),
  };
}

function open(spaces: Map<string, MemorySpace>, spec: EndpointSpec, context: StoreContext): Store {
  const parsed = options.safeParse(spec.options);
  if (!parsed.success) throw new FerryError('configuration', { message: z.prettifyError(parsed.error) });
  const given = parsed.data;
  let space = spaces.get(given.name);
  const missing = !space && !given.create;
  if (!space) {
    space = new MemorySpace();
    if (!missing) spaces.set(given.name, space);
  }
  return new MemoryStore({
    name: given.name,
    space,
    missing,
    prefix: prefixOf(spec.path),
    capabilities: capabilitiesOf(given),
    http: context.http,
    now: context.now,
  });
}

/** `/a/b` and `a/b/` are the directory `a/b/`; nothing is the root. */
function prefixOf(path: string): string {
  const trimmed = path.replace(/^\/+|\/+$/g, '');
  return trimmed === '' ? '' : `${trimmed}/`;
}

function capabilitiesOf(given: z.infer<typeof options>): Partial<Capabilities> {
  const declared = MEMORY_CAPABILITIES;
  const conditional = given.conditional_writes;
  return {
    etag: given.etag,
    list: { ...declared.list!, order: given.list_order, etag: given.etag !== 'none' },
    readIfMatch: given.etag !== 'none',
    writeIfAbsent: conditional,
    writeIfMatch: conditional && given.etag !== 'none',
    maxWrite: given.max_object_size ?? declared.maxWrite,
    keys: { ...declared.keys, tree: given.tree, directories: given.tree ? 'directories' : 'objects' },
    multipart: {
      ...declared.multipart!,
      minPart: given.min_part_size ?? declared.multipart!.minPart,
      completeIfAbsent: conditional,
      completeIfMatch: conditional && given.etag !== 'none',
    },
  };
}
