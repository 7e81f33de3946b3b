/** Real servers for tests. Each says why it cannot be had here, so that a test can skip with a reason. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

export { startCeph, type Ceph, type CephOptions } from './ceph.ts';
export { startSwift, type Swift } from './swift.ts';

export type Peer = 'aws' | 'ceph' | 'swift' | 'rclone' | 's3cmd' | 'time';

/** Commands a peer needs, and the Debian packages that bring them. */
export const PEERS: Readonly<
  Record<Peer, { readonly commands: readonly string[]; readonly packages: readonly string[] }>
> = {
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
  rclone: { commands: ['rclone'], packages: ['rclone'] },
  time: { commands: ['time'], packages: ['time'] },
  s3cmd: { commands: ['s3cmd'], packages: ['s3cmd'] },
};

/** Why a peer cannot be used on this machine; undefined where it can. Fits the `skip` option of a test. */
export function unavailable(...peers: readonly Peer[]): string | undefined {
  const missing = peers.flatMap((peer) => PEERS[peer].commands.filter((command) => !installed(command)));
  if (missing.length === 0) return undefined;
  const packages = peers.flatMap((peer) => PEERS[peer].packages).join(' ');
  return `${missing.join(', ')} not installed (Debian: apt-get install ${packages})`;
}

function installed(command: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((dir) => {
    try {
      accessSync(join(dir, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
