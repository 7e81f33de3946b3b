import { mayPass } from '../../config/mirror-config.ts';
import type { MirrorRule, MissStatus } from '../../model/gateway.ts';
import type { ObjectMeta } from '../../model/object.ts';
import type { HttpHeaders } from '../../wire/http/client.ts';
import { Absences } from './absences.ts';
import type { Origin } from './origin.ts';
import { isFor, originKeyOf } from './rule-keys.ts';
import type { Tally } from './tally.ts';

/** A rule at work: its origins opened, what it remembers, what it counts. */
export class Rule {
  readonly spec: MirrorRule;
  readonly origins: readonly Origin[];
  readonly tally: Tally;
  readonly absences: Absences;

  constructor(spec: MirrorRule, origins: readonly Origin[], tally: Tally, now: () => number) {
    this.spec = spec;
    this.origins = origins;
    this.tally = tally;
    this.absences = new Absences(spec.absence, now);
  }

  matches(key: string, status: MissStatus): boolean {
    return this.spec.match.statuses.includes(status) && this.isFor(key);
  }

  isFor(key: string): boolean {
    return isFor(this.spec, key);
  }

  /** What the origin calls a key; undefined where nothing is left of it. */
  originKey(key: string): string | undefined {
    return originKeyOf(this.spec, key);
  }

  /** Headers the origin is told; `client` is what came with the request. */
  originHeaders(client: HttpHeaders | undefined): readonly string[] {
    const { pass, drop, set } = this.spec.headers;
    if (client === undefined || pass.length === 0) return set;
    const own = new Set(set.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase()));
    const headers = [...set];
    for (const [name, value] of client.entries())
      if (mayPass(name) && !own.has(name) && isIn(pass, name) && !isIn(drop, name)) headers.push(name, value);
    return headers;
  }

  get asksWithHeaders(): boolean {
    return this.spec.headers.pass.length > 0 || this.spec.headers.set.length > 0;
  }

  /** What the object keeps of what the origin tells of it, whoever is told. */
  kept(meta: ObjectMeta): ObjectMeta {
    const keep = new Set<string>(this.spec.keep);
    return {
      size: meta.size,
      etag: meta.etag,
      etagOpaque: meta.etagOpaque,
      checksums: meta.checksums,
      contentEncoding: meta.contentEncoding,
      contentType: keep.has('content-type') ? meta.contentType : undefined,
      cacheControl: keep.has('cache-control') ? meta.cacheControl : undefined,
      contentDisposition: keep.has('content-disposition') ? meta.contentDisposition : undefined,
      contentLanguage: keep.has('content-language') ? meta.contentLanguage : undefined,
      expires: keep.has('expires') ? meta.expires : undefined,
      modified: keep.has('last-modified') ? meta.modified : undefined,
      user: keep.has('x-amz-meta-*') ? meta.user : undefined,
    };
  }
}

function isIn(patterns: readonly string[], name: string): boolean {
  return patterns.some((pattern) => (pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern));
}
