import type { Store } from '../../store/store.ts';

/**
 * Which node fetches an object, so that many of them ask the origin once: in a cluster the one that a rendezvous hash
 * of bucket and key puts first among the living; a node alone does all itself.
 */
export interface Placement {
  /** Undefined: this node. */
  peerOf(bucket: string, key: string): Peer | undefined;
}

/** Another node, asked for what is missing here as its own clients ask it. */
export type Peer = Pick<Store, 'stat' | 'read'>;

export const ALONE: Placement = { peerOf: () => undefined };
