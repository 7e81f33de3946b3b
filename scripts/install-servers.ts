/** Installs, as root on Debian, the real servers and tools that tests and benchmarks compare with. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { PEERS, unavailable, type Peer } from '../test/peers/servers.ts';

/** All that the tests use. */
export const TEST_PEERS: readonly Peer[] = [
  'aws', 'boto3', 'ceph', 'chromium', 'curl', 'swift', 'rclone', 's3cmd', 's3fs', 'time',
]; // prettier-ignore

const POLICY = '/usr/sbin/policy-rc.d';

/** Makes the peers available where it can. Returns a line that says what was done, or why not. */
export function installServers(peers: readonly Peer[]): string {
  const missing = peers.filter((peer) => unavailable(peer) !== undefined);
  if (missing.length === 0) return `real servers and tools: ${peers.join(', ')} are installed`;
  const packages = missing.flatMap((peer) => PEERS[peer].packages);
  const obstacle = whyNotHere();
  if (obstacle !== undefined) {
    return `left out: what needs ${missing.join(', ')} (${obstacle}; on Debian: apt-get install ${packages.join(' ')})`;
  }
  console.log(`installing ${packages.join(' ')}`);
  const failure = aptInstall(packages) ?? unavailable(...missing);
  return failure === undefined
    ? `real servers and tools: installed ${missing.join(', ')}`
    : `left out: what needs ${missing.join(', ')} (after apt-get install: ${failure})`;
}

function whyNotHere(): string | undefined {
  if (!existsSync('/etc/os-release') || !/^ID=debian$/m.test(readFileSync('/etc/os-release', 'utf8'))) {
    return 'this is not Debian';
  }
  return process.getuid?.() === 0 ? undefined : 'installing them takes root';
}

/** Nothing that is installed may start on its default port: a policy of exit 101 forbids it for as long as we install. */
function aptInstall(packages: readonly string[]): string | undefined {
  const guard = !existsSync(POLICY);
  if (guard) writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    return aptGet('update') ?? aptGet('install', '-y', '--no-install-recommends', ...packages);
  } finally {
    if (guard) rmSync(POLICY);
  }
}

function aptGet(...args: readonly string[]): string | undefined {
  const { status, stderr, error } = spawnSync('apt-get', ['-q', ...args], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
  });
  if (status === 0) return undefined;
  return error?.message ?? (stderr.trim().split('\n').at(-1) || `exit ${status}`);
}

if (import.meta.main) console.log(installServers(TEST_PEERS));
