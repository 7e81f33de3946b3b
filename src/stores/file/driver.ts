import path from 'node:path';
import * as z from 'zod';
import { FerryError } from '../../model/errors.ts';
import type { EndpointSpec } from '../../model/task.ts';
import { realPlace, unreachable, type LocalPath } from '../../store/file-reach.ts';
import type { StoreContext, StoreDriver } from '../../store/registry.ts';
import { diskEncoding } from './encoding.ts';
import { fileOptions } from './options.ts';
import { FileStore } from './store.ts';

export function fileDriver(): StoreDriver {
  return {
    type: 'file',
    aliases: ['fs'],
    summary: 'A directory tree on this machine or a mounted file server.',
    options: fileOptions,
    secrets: [],
    roles: { source: true, destination: true },
    nameEncoding: { option: 'encoding', of: 'itself' },
    local,
    open: async (spec, context) => open(spec, context),
  };
}

function open(spec: EndpointSpec, context: StoreContext): FileStore {
  const parsed = fileOptions.safeParse(spec.options);
  if (!parsed.success) throw new FerryError('configuration', { message: z.prettifyError(parsed.error) });
  const options = parsed.data;
  if (spec.path === '') throw new FerryError('configuration', { message: '`path` of a `file` endpoint is missing' });
  const encoding = options.encoding === 'utf-8' ? 'utf8' : options.encoding;
  const links = options.symlinks ?? (options.enable_link_follow ? 'follow' : 'skip');
  const given = path.resolve(spec.path);
  const real = realPlace(given) ?? given;
  const { reach } = context;
  // Where not all may be reached, links that are changed later lead nowhere else.
  const root = reach === undefined ? given : real;
  return new FileStore({
    root,
    reach,
    name: `file://${given}`,
    identity: `file:${real}`,
    place: { root: 'file', prefix: real.endsWith(path.sep) ? real : real + path.sep },
    view: encoding === 'utf8' && links === 'skip' ? undefined : `${encoding}, links: ${links}`,
    written: context.role === 'destination' || context.role === 'served',
    tmpdir: context.tmpdir,
    encoding: diskEncoding(encoding),
    links,
    unsafeLinks: options.unsafe_links,
    metadata: options.metadata,
    preserveMode: options.preserve_mode,
    preserveOwner: options.preserve_owner,
    fsync: context.role === 'served' && options.fsync === 'auto' ? 'always' : options.fsync,
    soleWriter: context.role === 'served',
    now: context.now,
  });
}

function local({ path: root, options }: Pick<EndpointSpec, 'path' | 'options'>): readonly LocalPath[] {
  if (options['unsafe_links'] === true)
    throw unreachable(['options', 'unsafe_links'], '`unsafe_links` may not be given here: such links lead anywhere');
  return root === '' ? [] : [{ at: ['path'], path: root }];
}
