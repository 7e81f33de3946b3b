/** Real servers for tests. Each says why it cannot be had here, so that a test can skip with a reason. */
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export { startCeph, type Ceph, type CephOptions } from './ceph.ts';
export { startSwift, type Swift } from './swift.ts';

export type Peer =
  | 'aws'
  | 'boto3'
  | 'ceph'
  | 'chromium'
  | 'curl'
  | 'nginx'
  | 'swift'
  | 'rclone'
  | 's3cmd'
  | 's3fs'
  | 'time';

/** What a peer needs, and the Debian packages that bring it. */
interface Needs {
  /** Somewhere in the PATH, or absolute. */
  readonly commands: readonly string[];
  readonly packages: readonly string[];
}

export const PEERS: Readonly<Record<Peer, Needs>> = {
  ceph: {
    commands: ['ceph', 'ceph-mon', 'ceph-osd', 'monmaptool', 'radosgw', 'radosgw-admin'],
    packages: ['ceph-mon', 'ceph-osd', 'radosgw'],
  },
  swift: {
    commands: [
      'swift-proxy-server',
      'swift-account-server',
      'swift-container-server',
      'swift-object-server',
      'memcached',
    ],
    packages: ['swift-proxy', 'swift-account', 'swift-container', 'swift-object', 'memcached'],
  },
  aws: { commands: ['aws'], packages: ['awscli'] },
  boto3: { commands: ['/usr/lib/python3/dist-packages/boto3/__init__.py'], packages: ['python3-boto3'] },
  chromium: { commands: ['chromium'], packages: ['chromium'] },
  curl: { commands: ['curl'], packages: ['curl'] },
  nginx: { commands: ['nginx'], packages: ['nginx-light'] },
  rclone: { commands: ['rclone'], packages: ['rclone'] },
  time: { commands: ['time'], packages: ['time'] },
  s3cmd: { commands: ['s3cmd'], packages: ['s3cmd'] },
  s3fs: { commands: ['s3fs', 'fusermount'], packages: ['s3fs'] },
};

/** Why a peer cannot be used on this machine; undefined where it can. Fits the `skip` option of a test. */
export function unavailable(...peers: readonly Peer[]): string | undefined {
  const missing = peers.flatMap((peer) => PEERS[peer].commands.filter((command) => !installed(command)));
  if (missing.length === 0) return undefined;
  const packages = peers.flatMap((peer) => PEERS[peer].packages).join(' ');
  return `${missing.join(', ')} not installed (Debian: apt-get install ${packages})`;
}

function installed(command: string): boolean {
  if (command.startsWith('/')) return existsSync(command);
  return (process.env['PATH'] ?? '').split(delimiter).some((dir) => {
    try {
      accessSync(join(dir, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
