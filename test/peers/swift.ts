/**
 * OpenStack Swift on 127.0.0.1 with its S3 interface (s3api): proxy, account, container and object server, memcached.
 *
 * Proven with Swift 2.30 (Debian 12). About 3 s to start, 0.5 GB of memory. Slow (some 200 small PUTs a second) and
 * unlike others in many ways, which is what it is here for. The directory's file system needs user extended attributes
 * (ext4, xfs; tmpfs since Linux 6.6).
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { Daemons, freePorts } from './daemons.ts';

const SERVERS = ['account', 'container', 'object'] as const;

export interface Swift extends AsyncDisposable {
  readonly endpoint: string;
  readonly accessKey: string;
  readonly secretKey: string;
  readonly region: string;
  /** Swift's own API, version 1 authentication. */
  readonly authUrl: string;
  /** Kills everything and removes the directory. The same as disposal. */
  stop(): Promise<void>;
}

export async function startSwift(): Promise<Swift> {
  const port = await freePorts(5);
  const daemons = new Daemons('swift');
  try {
    await create(daemons, port);
    await daemons.untilListening([port, port + 1, port + 2, port + 3, port + 4]);
  } catch (error) {
    await daemons[Symbol.asyncDispose]();
    throw error;
  }
  const stop = (): Promise<void> => daemons[Symbol.asyncDispose]();
  return {
    endpoint: `http://127.0.0.1:${port}`,
    accessKey: 'test:tester',
    secretKey: 'testing',
    region: 'us-east-1',
    authUrl: `http://127.0.0.1:${port}/auth/v1.0`,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

async function create(daemons: Daemons, port: number): Promise<void> {
  const { dir } = daemons;
  const memcached = port + 4;
  mkdirSync(join(dir, 'srv', 'd1'), { recursive: true });
  mkdirSync(join(dir, 'cache'));
  writeFileSync(join(dir, 'swift.conf'), SWIFT_CONF);
  writeFileSync(join(dir, 'proxy.conf'), proxyConfiguration(dir, port, memcached));
  for (const [i, name] of SERVERS.entries()) {
    writeFileSync(join(dir, `${name}.conf`), serverConfiguration(dir, name, port + 1 + i));
  }
  await daemons.run('/usr/bin/python3', '-c', RINGS, dir, ...SERVERS.map((name, i) => `${name}:${port + 1 + i}`));
  // As root memcached insists on being told whom to run as.
  const user = process.getuid?.() === 0 ? ['-u', 'root'] : [];
  daemons.start('memcached', 'memcached', ...user, '-l', '127.0.0.1', '-p', String(memcached), '-U', '0', '-m', '64');
  for (const name of SERVERS) daemons.start(name, `swift-${name}-server`, join(dir, `${name}.conf`));
  daemons.start('updater', 'swift-object-updater', join(dir, 'object.conf'));
  daemons.start('proxy', 'swift-proxy-server', join(dir, 'proxy.conf'));
}

/** The hash affixes are those of Debian's package: the servers read /etc/swift/swift.conf whatever `swift_dir` says. */
const SWIFT_CONF = `[swift-hash]
swift_hash_path_suffix = changeme
swift_hash_path_prefix = changeme
[storage-policy:0]
name = Policy-0
default = yes
`;

/** All three rings by one interpreter: saves 3 s over nine runs of swift-ring-builder. */
const RINGS = `
import sys, warnings
warnings.simplefilter('ignore')
from swift.common.ring import RingBuilder
for argument in sys.argv[2:]:
    name, port = argument.split(':')
    builder = RingBuilder(4, 1, 0)
    builder.add_dev(dict(id=0, region=1, zone=1, ip='127.0.0.1', port=int(port), replication_ip='127.0.0.1',
                         replication_port=int(port), device='d1', weight=1.0, meta=''))
    builder.rebalance()
    builder.get_ring().save('%s/%s.ring.gz' % (sys.argv[1], name))
`;

/** `workers = 0` serves in the process itself, so that one SIGKILL ends all of it. */
function common(dir: string, port: number): string {
  return `[DEFAULT]
bind_ip = 127.0.0.1
bind_port = ${port}
user = ${userInfo().username}
swift_dir = ${dir}
devices = ${dir}/srv
mount_check = false
disable_fallocate = true
log_level = WARNING
log_address = ${dir}/no-syslog
recon_cache_path = ${dir}/cache
backlog = 512
workers = 0
`;
}

function serverConfiguration(dir: string, name: string, port: number): string {
  return `${common(dir, port)}${name === 'container' ? 'db_preallocation = off' : ''}
[pipeline:main]
pipeline = ${name}-server
[app:${name}-server]
use = egg:swift#${name}
[object-updater]
interval = 2
`;
}

const FILTERS = [
  'catch_errors',
  'gatekeeper',
  'healthcheck',
  'cache',
  'listing_formats',
  'bulk',
  'tempurl',
  's3api',
  'tempauth',
  'copy',
  'slo',
  'dlo',
  'versioned_writes',
  'symlink',
] as const;

const FILTER_SETTINGS: Readonly<Partial<Record<(typeof FILTERS)[number], string>>> = {
  cache: 'memcache_max_connections = 64\n',
  s3api: `location = us-east-1
storage_domain = localhost
allow_multipart_uploads = true
auth_pipeline_check = false
min_segment_size = ${5 * 2 ** 20}
`,
  tempauth: 'user_test_tester = testing .admin\nstorage_url_scheme = http\n',
  slo: 'yield_frequency = 10\n',
  versioned_writes: 'allow_versioned_writes = true\nallow_object_versioning = true\n',
};

function proxyConfiguration(dir: string, port: number, memcached: number): string {
  const filters = FILTERS.map((name) => {
    const egg = name === 'cache' ? 'memcache' : name;
    const servers = name === 'cache' ? `memcache_servers = 127.0.0.1:${memcached}\n` : '';
    return `[filter:${name}]\nuse = egg:swift#${egg}\n${servers}${FILTER_SETTINGS[name] ?? ''}`;
  });
  return `${common(dir, port)}expose_info = true
[pipeline:main]
pipeline = ${FILTERS.join(' ')} proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
allow_account_management = true
node_timeout = 60
conn_timeout = 5
${filters.join('')}`;
}
