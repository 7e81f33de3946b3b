import type { Setting } from '../scenarios/scenario.ts';
import { OwnArena, type Arena } from './arena.ts';
import { CephArena } from './ceph-arena.ts';

export function openArena({ ceph }: Setting): Promise<Arena> {
  return ceph ? CephArena.start() : OwnArena.start();
}
