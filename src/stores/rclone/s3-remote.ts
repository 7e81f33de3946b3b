/** Options of an rclone remote of type `s3`, by https://rclone.org/s3/, as those of an `s3` endpoint. */
import { FerryError } from '../../model/errors.ts';
import type { Remote } from './conf.ts';

/** rclone's names of providers and ours, where the endpoint does not tell by itself. */
const PROVIDERS: ReadonlyMap<string | undefined, string> = new Map([
  ['AWS', 'aws'],
  ['Ceph', 'ceph'],
  ['Minio', 'minio'],
]);

/** What changes who asks or how objects are kept, and has no counterpart here: to leave it out would mislead. */
const REFUSED = ['role_arn', 'sse_customer_algorithm', 'sse_customer_key', 'sse_customer_key_base64', 'requester_pays'];
const ENCRYPTING = ['server_side_encryption', 'sse_kms_key_id'];

/** rclone's region for services that want Signature Version 2. */
const VERSION_2 = 'other-v2-signature';

export function s3Options(name: string, remote: Remote, bucket: string): Readonly<Record<string, unknown>> {
  for (const key of [...REFUSED, ...ENCRYPTING]) {
    const value = remote.get(key);
    if (value !== undefined && value !== 'false') throw refused(name, key);
  }
  const flag = (key: string): boolean | undefined => (remote.has(key) ? remote.get(key) === 'true' : undefined);
  const region = remote.get('region');
  const given = {
    bucket_name: bucket,
    provider: PROVIDERS.get(remote.get('provider')),
    endpoint: remote.get('endpoint'),
    region: region === VERSION_2 ? undefined : region,
    access_key_id: remote.get('access_key_id'),
    secret_access_key: remote.get('secret_access_key'),
    session_token: remote.get('session_token'),
    profile: remote.get('profile'),
    // Without keys rclone looks for some only where `env_auth` says so.
    anonymous: remote.has('access_key_id') || flag('env_auth') ? undefined : true,
    path_style: flag('force_path_style'),
    enable_signature_v2: region === VERSION_2 || flag('v2_auth'),
    storage_class: remote.get('storage_class'),
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function refused(name: string, key: string): FerryError {
  return new FerryError('configuration', {
    message: `the remote "${name}" sets \`${key}\`, which Ferry does not take from rclone`,
    remedy: 'Write the endpoint with `type: s3`, or take the setting out of the remote.',
  });
}
