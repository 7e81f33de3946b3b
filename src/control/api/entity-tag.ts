import { hash } from 'node:crypto';
import type { ServerRequest } from '../../wire/http/server/server.ts';
import { Problem } from './problem.ts';

/** The ETag of a resource as it is told. */
export function entityTag(json: unknown): string {
  return `"${hash('sha256', JSON.stringify(json), 'base64url').slice(0, 22)}"`;
}

/** Whoever changes a resource has to have seen it as it is. Throws `no-if-match`, `changed-meanwhile`. */
export function expectSeen(http: ServerRequest, json: unknown): void {
  const seen = http.headers.get('if-match');
  if (seen === undefined) throw new Problem('no-if-match');
  const tags = seen.split(',').map((tag) => tag.trim());
  if (!tags.includes('*') && !tags.includes(entityTag(json))) throw new Problem('changed-meanwhile');
}
