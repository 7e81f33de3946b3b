/** The files of the console, as they were built. */
import { hash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import type { HttpAnswer, ServerRequest } from '../wire/http/server/server.ts';

interface Asset {
  readonly type: string;
  readonly plain: Buffer;
  readonly packed: Buffer;
  readonly tag: string;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
};

/** Nothing from elsewhere, nothing written into the page, no frames. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
  "form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const HEADERS = [
  'Content-Security-Policy', POLICY,
  'X-Content-Type-Options', 'nosniff',
  'X-Frame-Options', 'DENY',
  'Referrer-Policy', 'no-referrer',
  'Cross-Origin-Opener-Policy', 'same-origin',
  'Cross-Origin-Resource-Policy', 'same-origin',
]; // prettier-ignore

/** Keeps them in memory, some hundred KiB. Addresses without a file are pages: who asks for a page there gets
 * `index.html`, also where a name in it has a dot. */
export class Assets {
  readonly #files = new Map<string, Asset>();

  /** An absent folder is an empty one: the console was not built. */
  constructor(folder: string) {
    for (const name of filesOf(folder)) {
      const plain = readFileSync(path.join(folder, name));
      const type = TYPES[path.extname(name)] ?? 'application/octet-stream';
      this.#files.set(`/${name}`, {
        type,
        plain,
        packed: gzipSync(plain, { level: 9 }),
        tag: `"${hash('sha256', plain).slice(0, 20)}"`,
      });
    }
  }

  /** Undefined where there is no console. */
  answer(http: ServerRequest): HttpAnswer | undefined {
    if (http.method !== 'GET' && http.method !== 'HEAD') return undefined;
    const place = http.target.split('?', 1)[0]!;
    // Whoever asks the API for what it has not is to be told so.
    if (place.startsWith('/v1/')) return undefined;
    const page = path.extname(place) === '' || (http.headers.get('accept') ?? '').includes('text/html');
    const asset = this.#files.get(place) ?? (page ? this.#files.get('/index.html') : undefined);
    if (asset === undefined) return undefined;
    const { type, plain, packed, tag } = asset;
    const headers = [...HEADERS, 'ETag', tag, 'Vary', 'Accept-Encoding', 'Cache-Control', 'no-cache'];
    if (http.headers.get('if-none-match') === tag) return { status: 304, headers };
    const zipped = /\bgzip\b/.test(http.headers.get('accept-encoding') ?? '');
    headers.push('Content-Type', type, ...(zipped ? ['Content-Encoding', 'gzip'] : []));
    const body = zipped ? packed : plain;
    return http.method === 'HEAD' ? { status: 200, headers, length: body.length } : { status: 200, headers, body };
  }
}

function filesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
