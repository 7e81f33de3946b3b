/**
 * A remote of rclone.conf as an endpoint of a task file.
 *
 * rclone keeps S3 keys in plain text (it obscures only passwords, and S3 has none); the secret key is not copied all the
 * same but becomes a reference to the environment, so that what is printed can be kept anywhere.
 */
import { stringify } from 'yaml';
import { FerryError } from '../../model/errors.ts';
import { suggestion } from '../nearest.ts';

/** The text of an `s3` or `local` remote, ready for `source:` or `destination:`. `target` is `bucket/prefix` or a path. */
export function importRclone(conf: string, remote: string, target = ''): string {
  const sections = parseIni(conf);
  const section = sections.get(remote);
  if (!section) throw unusable(`rclone.conf has no remote "${remote}"${suggestion(remote, sections.keys())}`);
  const type = section.get('type') ?? '';
  if (type === 'local') return stringify({ type: 'file', path: target });
  if (type !== 's3') throw unusable(`remote "${remote}" is of type "${type}"; only s3 and local can be imported`);
  return stringify(s3Endpoint(remote, section, target));
}

type Section = ReadonlyMap<string, string>;

/** rclone's names of providers and ours, where the endpoint does not tell by itself. */
const PROVIDERS: ReadonlyMap<string, string> = new Map([
  ['AWS', 'aws'],
  ['Ceph', 'ceph'],
  ['Minio', 'minio'],
]);

function s3Endpoint(remote: string, section: Section, target: string): unknown {
  const [bucket = '', ...prefix] = target.split('/');
  const flag = (name: string): boolean | undefined => (section.has(name) ? section.get(name) === 'true' : undefined);
  const variable = `${remote.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')}_SECRET_ACCESS_KEY`;
  const options = {
    provider: PROVIDERS.get(section.get('provider') ?? ''),
    bucket_name: bucket || 'BUCKET',
    endpoint: section.get('endpoint'),
    region: section.get('region'),
    access_key_id: section.get('access_key_id'),
    secret_access_key: section.has('secret_access_key') ? `\${env:${variable}}` : undefined,
    profile: section.get('profile'),
    path_style: flag('force_path_style'),
    enable_signature_v2: flag('v2_auth'),
    storage_class: section.get('storage_class'),
  };
  return {
    type: 's3',
    path: prefix.join('/'),
    options: Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)),
  };
}

/** `[section]` and `key = value`; `#` and `;` begin comments. Empty values count as absent, as in rclone. */
function parseIni(text: string): Map<string, Map<string, string>> {
  const sections = new Map<string, Map<string, string>>();
  let section = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const header = /^\s*\[(.+)\]\s*$/.exec(line)?.[1];
    const [, key, value] = /^\s*([^#;=\s][^=]*?)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (header !== undefined) sections.set(header, (section = new Map()));
    else if (key !== undefined && value) section.set(key, value);
  }
  return sections;
}

function unusable(message: string): FerryError {
  return new FerryError('configuration', { message, remedy: '`rclone listremotes --long` shows names and types.' });
}
