/**
 * What may be seen of a value: `Secret`s, values under telling names, signatures and passwords in URLs and headers, and
 * the texts of known secrets become `***`, however deep, in errors and their causes too.
 *
 * The result is plain data of bounded size, safe to serialise: at most `MAX_DEPTH` levels, `MAX_ENTRIES` entries each,
 * texts of `MAX_TEXT` characters.
 */
import { Secret } from '../model/secret.ts';

const MAX_DEPTH = 8;
const MAX_ENTRIES = 100;
const MAX_TEXT = 8192;
const HIDDEN = '***';

/** Names whose values are secret whatever they are. Numbers stay: a lease's `token` is one. */
const TELLING = /secret|passw|token|authorization|signature|credential|cookie|(api|account|private)[_-]?key|^sig$/i;

/** `known`: texts to hide wherever they occur. */
export function redact(value: unknown, known: readonly string[] = []): unknown {
  return visible(value, known, []);
}

/** The same for a text. */
export function redactText(text: string, known: readonly string[] = []): string {
  let result = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}… (${text.length} characters)` : text;
  for (const secret of known) result = result.replaceAll(secret, HIDDEN);
  for (const [pattern, replacement] of PATTERNS) result = result.replaceAll(pattern, replacement);
  return result;
}

const PATTERNS: readonly (readonly [RegExp, string])[] = [
  // https://user:password@host
  [/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/?#"'<>]*@/gi, `$1${HIDDEN}@`],
  // Presigned URLs: S3 (V4 and V2), OSS, Azure SAS, and whatever calls itself a token or password.
  [
    /([?&;](?:x-(?:amz|oss|goog)-(?:signature|credential|security-token)|[\w-]*(?:signature|token|passw(?:or)?d|secret|accesskeyid)|sig)=)[^&\s"'<>;]*/gi,
    `$1${HIDDEN}`,
  ],
  // Authorization headers.
  [/(?<=^|[\s,"'])((?:Credential|Signature)=)[^\s,"']+/g, `$1${HIDDEN}`],
  [/\b((?:Bearer|Basic)\s+)[\w.~+/=-]{4,}/gi, `$1${HIDDEN}`],
  [/\b((?:AWS|OSS|OBS|QS|Qiniu)\s+)[\w.-]+:[\w+/=-]+/g, `$1${HIDDEN}`],
];

function visible(value: unknown, known: readonly string[], above: readonly object[]): unknown {
  if (typeof value === 'string') return redactText(value, known);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'symbol' || typeof value === 'function') return `<${typeof value}>`;
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Secret) return HIDDEN;
  if (value instanceof Uint8Array) return `<${value.byteLength} bytes>`;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
  if (value instanceof URL) return redactText(value.href, known);
  if (above.includes(value)) return '<circular>';
  if (above.length >= MAX_DEPTH) return '<deeper>';
  const within = [...above, value];
  if (Array.isArray(value) || value instanceof Set) return first(value).map((item) => visible(item, known, within));
  if (value instanceof Map) return entries(value, known, within);
  if (value instanceof Error) return entries(errorFields(value), known, within);
  return entries(Object.entries(value), known, within);
}

function entries(
  pairs: Iterable<readonly [unknown, unknown]>,
  known: readonly string[],
  within: readonly object[],
): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [key, value] of first(pairs)) {
    const name = typeof key === 'string' ? key : String(key);
    const hide = TELLING.test(name) && typeof value !== 'number' && typeof value !== 'boolean' && value != null;
    Object.defineProperty(result, redactText(name, known), {
      value: hide ? HIDDEN : visible(value, known, within),
      enumerable: true,
    });
  }
  return result;
}

/** What an error tells: `message`, `stack` and `cause` are not among its enumerable properties. */
function errorFields(error: Error): [string, unknown][] {
  const own = Object.entries(error).filter(([name, value]) => value !== undefined && name !== 'name');
  const fields: [string, unknown][] = [['type', error.name], ['message', error.message], ...own];
  if (error.stack !== undefined) fields.push(['stack', error.stack]);
  if (error.cause !== undefined) fields.push(['cause', error.cause]);
  if (error instanceof AggregateError) fields.push(['errors', error.errors]);
  return fields;
}

function first<T>(items: Iterable<T>): T[] {
  const result: T[] = [];
  for (const item of items) {
    if (result.length >= MAX_ENTRIES) break;
    result.push(item);
  }
  return result;
}
