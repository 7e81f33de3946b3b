import { FerryError } from '../../model/errors.ts';

/** Values by their names; empty ones count as absent, as in rclone. */
export type Remote = ReadonlyMap<string, string>;

/** Remotes by name: `[name]` and `key = value`; `#` and `;` begin comments. An encrypted file is refused. */
export function parseConf(text: string, file: string): ReadonlyMap<string, Remote> {
  if (/^RCLONE_ENCRYPT_V\d+:/m.test(text)) {
    throw new FerryError('configuration', {
      message: `rclone's configuration ${file} is encrypted`,
      remedy: 'Write the endpoint with `type: s3`, or name a file that is not encrypted in `config`.',
    });
  }
  const remotes = new Map<string, Map<string, string>>();
  let remote = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const name = /^\s*\[(.+)\]\s*$/.exec(line)?.[1];
    const [, key, value] = /^\s*([^#;=\s][^=]*?)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (name !== undefined) remotes.set(name, (remote = new Map()));
    else if (key !== undefined && value) remote.set(key, value);
  }
  return remotes;
}
