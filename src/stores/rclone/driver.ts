/**
 * A remote of rclone.conf as an endpoint. It is looked up each time a task is opened, so that its keys stay in the one
 * place where they are; the store that comes out is that of the remote's own type.
 */
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import * as z from 'zod';
import { FerryError } from '../../model/errors.ts';
import { Secret } from '../../model/secret.ts';
import type { EndpointSpec } from '../../model/task.ts';
import { localOption } from '../../store/file-reach.ts';
import { openWithin, type StoreContext, type StoreDriver } from '../../store/registry.ts';
import { parseConf, type Remote } from './conf.ts';
import { s3Options } from './s3-remote.ts';

const options = z.strictObject({
  remote: z.string().min(1).describe('Name of the remote, of rclone type `s3` or `local`.'),
  config: z
    .string()
    .min(1)
    .optional()
    .describe('Its file; as rclone has it where absent (`RCLONE_CONFIG`, else `~/.config/rclone/rclone.conf`).'),
});

/** `files` and `s3`: the drivers that remotes of type `local` and `s3` are opened with. */
export function rcloneDriver(files: StoreDriver, s3: StoreDriver): StoreDriver {
  return {
    type: 'rclone',
    aliases: [],
    summary: 'A remote of rclone.conf (`s3` or `local`); `path` is what follows its colon.',
    options,
    secrets: [],
    roles: { source: true, destination: true },
    // Of which type the remote is only its file tells: its own path is looked at when it is opened.
    local: ({ options: given }) => localOption(given, 'config'),
    async open(spec, context) {
      const parsed = options.safeParse(spec.options);
      if (!parsed.success) throw new FerryError('configuration', { message: z.prettifyError(parsed.error) });
      const { remote: name } = parsed.data;
      const file = path.resolve(parsed.data.config ?? usualPlace(context));
      const remote = remoteOf(parseConf(await textOf(file), file), name, file);
      const type = remote.get('type');
      if (type === 'local') return await openAs(files, { path: spec.path, options: {} }, name, context);
      if (type !== 's3') throw unusable(`the remote "${name}" is of type "${type}"; Ferry takes \`s3\` and \`local\``);
      const [bucket = '', ...prefix] = spec.path.split('/');
      if (bucket === '') throw unusable(`\`path\` has to name the bucket of the remote "${name}": \`bucket/prefix\``);
      const wanted = { path: prefix.join('/'), options: s3Options(name, remote, bucket) };
      return await openAs(s3, wanted, name, context);
    },
  };
}

async function openAs(
  driver: StoreDriver,
  { path: place, options: given }: Pick<EndpointSpec, 'path' | 'options'>,
  name: string,
  context: StoreContext,
): ReturnType<StoreDriver['open']> {
  const checked = driver.options.safeParse(given);
  if (!checked.success) throw unusable(`the remote "${name}" does not make sense: ${z.prettifyError(checked.error)}`);
  const concealed = Object.entries(checked.data).map(([option, value]) =>
    driver.secrets.includes(option) && typeof value === 'string' ? [option, new Secret(value)] : [option, value],
  );
  const spec = { type: driver.type, path: place, options: Object.fromEntries(concealed) };
  return await openWithin(driver, spec, context);
}

/** Of those places where rclone looks, the usual ones. */
function usualPlace({ env }: StoreContext): string {
  if (env['RCLONE_CONFIG']) return env['RCLONE_CONFIG'];
  return path.join(env['XDG_CONFIG_HOME'] || path.join(env['HOME'] || homedir(), '.config'), 'rclone', 'rclone.conf');
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const absent = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    throw new FerryError('configuration', {
      message: `rclone's configuration ${file} ${absent ? 'does not exist' : 'cannot be read'}`,
      remedy: '`rclone config file` shows where it is; set `config` to it.',
      cause,
    });
  }
}

function remoteOf(remotes: ReadonlyMap<string, Remote>, name: string, file: string): Remote {
  const remote = remotes.get(name);
  if (remote) return remote;
  const known = [...remotes.keys()].map((each) => `"${each}"`).join(', ');
  throw unusable(`${file} has no remote "${name}"${known === '' ? '' : `; there are ${known}`}`);
}

function unusable(message: string): FerryError {
  return new FerryError('configuration', { message, remedy: '`rclone listremotes --long` shows names and types.' });
}
