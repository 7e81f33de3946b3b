import { isAscii, isUtf8 } from 'node:buffer';
import { FerryError } from '../../model/errors.ts';
import { bareETag } from '../etag.ts';
import { parseIsoDate } from '../http-date.ts';
import { decodeEntities } from './entities.ts';

export interface XmlLimits {
  /** Largest document, bytes. */
  readonly maxBytes: number;
  /** Deepest nesting of elements. */
  readonly maxDepth: number;
}

/** An element that holds text alone, as it is mostly written: between exactly these. */
export interface Leaf {
  /** `<Key>`, or `<ETag>&quot;`. */
  readonly opening: string;
  readonly closing: string;
}

export const XML_LIMITS: XmlLimits = { maxBytes: 32 * 1024 * 1024, maxDepth: 32 };

/** Characters of the longest text `leaf` reads; a key of 1,024 bytes, percent-encoded, has 3,072. */
const LONGEST_LEAF = 4096;

const GT = 0x3e;
const SLASH = 0x2f;
const BANG = 0x21;
const QUESTION = 0x3f;
const COLON = 0x3a;

const ATTRIBUTES = /(?:[ \t\r\n]+[^ \t\r\n=<>"'/&]+[ \t\r\n]*=[ \t\r\n]*(?:"[^"<]*"|'[^'<]*'))*[ \t\r\n]*/y;

/**
 * Reads an XML document from front to back: `root`, then `child` until it gives undefined, and for each child `text`
 * (or a typed reading) or `skip` or its own children; `end` at last.
 *
 * The subset S3 speaks: UTF-8, elements and text. Attributes and namespaces are checked for form and ignored, comments,
 * processing instructions and CDATA understood. A document type is refused, and with it every entity but the five of
 * XML and numeric ones, so nothing expands. Line ends are kept as they came, for keys hold them. What is not well-formed
 * fails with `bad-response` where it is met; a document that was cut off fails at the latest in `end`.
 *
 * It scans a one-byte string of the document, so that offsets in it are offsets in the bytes. Strings it gives out are
 * copies: none keeps the document alive.
 */
export class XmlReader {
  readonly #bytes: Buffer;
  readonly #source: string;
  readonly #ascii: boolean;
  readonly #maxDepth: number;
  /** Names, with prefixes, of the elements that are open. */
  readonly #open: string[] = [];
  #rooted = false;
  #at = 0;
  /** The innermost open element was `<a/>`. */
  #empty = false;
  /** Leaves have been as short as they are in earnest. */
  #plain = true;
  /** First `&` at or after the last place asked for. */
  #ampersand = -1;
  /** What `#span` found. */
  #start = 0;
  #end = 0;

  constructor(bytes: Uint8Array, limits: XmlLimits = XML_LIMITS) {
    if (bytes.byteLength > limits.maxBytes) throw malformed(`larger than ${limits.maxBytes} bytes`);
    this.#ascii = isAscii(bytes);
    if (!this.#ascii && !isUtf8(bytes)) throw malformed('not UTF-8');
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#source = this.#bytes.toString('latin1');
    this.#maxDepth = limits.maxDepth;
    if (this.#source.startsWith('\xef\xbb\xbf')) this.#at = 3;
  }

  /** Enters the root element and gives its name. */
  root(): string {
    return this.child() ?? this.#fail('no root element');
  }

  /** Enters the next child of the current element and gives its name; undefined where there is none, having left it. */
  child(): string | undefined {
    if (this.#empty) return this.#leaveEmpty();
    for (;;) {
      const lt = this.#next();
      this.#expectBlank(lt);
      const what = this.#source.charCodeAt(lt + 1);
      if (what === SLASH) return this.#leave(lt);
      if (what !== BANG && what !== QUESTION) return this.#enter(lt);
      if (this.#passOver(lt) === CDATA) this.#fail('text among elements');
    }
  }

  /** True where the element just entered begins with a child, after nothing but blanks and comments. */
  hasChildren(): boolean {
    if (this.#empty) return false;
    const before = this.#at;
    for (;;) {
      const lt = this.#next();
      const what = this.#source.charCodeAt(lt + 1);
      const blank = this.#isBlank(lt);
      const passed = blank && (what === BANG || what === QUESTION) ? this.#passOver(lt) : undefined;
      if (passed !== undefined && passed !== CDATA) continue;
      this.#at = before;
      return blank && what !== SLASH && passed === undefined;
    }
  }

  /**
   * Goes over the next child where it is this leaf, without a blank or an entity more; else false, and nothing is done:
   * `child` reads it. `leafText` and the others then give what it holds.
   */
  leaf({ opening, closing }: Leaf): boolean {
    const source = this.#source;
    if (!this.#plain || this.#empty || this.#open.length === 0 || !source.startsWith(opening, this.#at)) return false;
    const start = this.#at + opening.length;
    const end = source.indexOf(closing, start);
    // Once only: to look for what is far away, or nowhere, at every element would take for ever.
    if (end < 0 || end - start > LONGEST_LEAF) this.#plain = false;
    if (!this.#plain || source.indexOf('<', start) < end || this.#nextAmpersand(start) < end) return false;
    this.#start = start;
    this.#end = end;
    this.#at = end + closing.length;
    return true;
  }

  leafText(): string {
    return this.#copied(this.#start, this.#end);
  }

  /** As `integer`. */
  leafInteger(): number {
    let value = this.#end > this.#start ? 0 : Number.NaN;
    for (let i = this.#start; i < this.#end; i++) {
      const digit = this.#source.charCodeAt(i) - 48;
      value = digit >= 0 && digit <= 9 ? value * 10 + digit : Number.NaN;
    }
    return Number.isSafeInteger(value) ? value : this.#number(this.#source.slice(this.#start, this.#end));
  }

  /** As `date`. */
  leafDate(): number {
    const plain = parseIsoDate(this.#source, this.#start, this.#end);
    if (plain !== undefined) return plain;
    const text = this.#source.slice(this.#start, this.#end).trim();
    return parseIsoDate(text) ?? this.#fail(`'${shorten(text)}' is not a time`);
  }

  /** The text of the element just entered, leaving it. It may hold no elements. */
  text(): string {
    if (!this.#span()) return this.#assembled();
    return this.#copied(this.#start, this.#end);
  }

  /** The text as an entity tag: without its quotes or `W/`; undefined where nothing is left. */
  etag(): string | undefined {
    const start = this.#at;
    const lt = this.#next();
    // Nearly all are `&quot;…&quot;` or `"…"` around something plain.
    const quote = this.#source.startsWith('&quot;', start) ? '&quot;' : '"';
    const from = start + quote.length;
    const to = lt - quote.length;
    if (from < to && this.#source.startsWith(quote, start) && this.#source.startsWith(quote, to)) {
      const amp = this.#source.indexOf('&', from);
      if ((amp < 0 || amp >= to) && this.#source.charCodeAt(lt + 1) === SLASH) {
        this.#leave(lt);
        return this.#copied(from, to);
      }
    }
    return bareETag(this.text());
  }

  /** The text as a whole number, 0 to 2^53 - 1. */
  integer(): number {
    return this.#span() ? this.leafInteger() : this.#number(this.#assembled());
  }

  /** The text as a time such as `2013-05-24T00:00:00.000Z`, in milliseconds since the epoch. */
  date(): number {
    this.#span();
    return this.leafDate();
  }

  boolean(): boolean {
    const text = this.text().trim();
    if (text !== 'true' && text !== 'false') this.#fail(`'${shorten(text)}' is neither true nor false`);
    return text === 'true';
  }

  /** Leaves the element just entered, whatever it holds. */
  skip(): void {
    const depth = this.#open.length;
    while (this.#open.length >= depth) {
      if (this.#empty) {
        this.#leaveEmpty();
        continue;
      }
      const lt = this.#next();
      const what = this.#source.charCodeAt(lt + 1);
      if (what === SLASH) this.#leave(lt);
      else if (what === BANG || what === QUESTION) this.#passOver(lt);
      else this.#enter(lt);
    }
  }

  /** Checks that the root element was left and nothing but comments follows it. */
  end(): void {
    if (this.#open.length > 0) this.#fail('the root element was not read to its end');
    for (;;) {
      const lt = this.#source.indexOf('<', this.#at);
      this.#expectBlank(lt < 0 ? this.#source.length : lt);
      if (lt < 0) return;
      const what = this.#source.charCodeAt(lt + 1);
      if ((what !== BANG && what !== QUESTION) || this.#passOver(lt) === CDATA) this.#fail('something after the root');
    }
  }

  /** Finds the text of the element where it holds no markup and no entity, and leaves it; else false, nothing done. */
  #span(): boolean {
    this.#start = this.#end = this.#at;
    if (this.#empty) {
      this.#leaveEmpty();
      return true;
    }
    const lt = this.#next();
    if (this.#source.charCodeAt(lt + 1) !== SLASH) return false;
    if (this.#nextAmpersand(this.#at) < lt) return false;
    this.#end = lt;
    this.#leave(lt);
    return true;
  }

  #nextAmpersand(from: number): number {
    if (this.#ampersand < from) {
      const found = this.#source.indexOf('&', from);
      this.#ampersand = found < 0 ? Infinity : found;
    }
    return this.#ampersand;
  }

  /** The text of the element put together from text, entities and CDATA, leaving it. */
  #assembled(): string {
    let text = '';
    for (;;) {
      const lt = this.#next();
      text += decodeEntities(this.#bytes.toString('utf8', this.#at, lt)) ?? this.#fail('an entity that is not known');
      const what = this.#source.charCodeAt(lt + 1);
      if (what === SLASH) {
        this.#leave(lt);
        return text;
      }
      if (what !== BANG && what !== QUESTION) this.#fail('an element where text should be');
      if (this.#passOver(lt) === CDATA) text += this.#bytes.toString('utf8', lt + CDATA.length, this.#at - 3);
    }
  }

  #copied(start: number, end: number): string {
    // Slices of fewer than 13 characters are copies in V8; longer ones would keep the whole document.
    if (this.#ascii && end - start < 13) return this.#source.slice(start, end);
    return this.#bytes.toString(this.#ascii ? 'latin1' : 'utf8', start, end);
  }

  #number(text: string): number {
    const value = /^\s*\d{1,16}\s*$/.test(text) ? Number(text) : Number.NaN;
    return Number.isSafeInteger(value) ? value : this.#fail(`'${shorten(text)}' is not a whole number`);
  }

  /** Where the next markup begins. */
  #next(): number {
    const lt = this.#source.indexOf('<', this.#at);
    return lt < 0 ? this.#fail('cut off') : lt;
  }

  #expectBlank(end: number): void {
    if (!this.#isBlank(end)) this.#fail('text where an element should be');
  }

  #isBlank(end: number): boolean {
    for (let i = this.#at; i < end; i++) if (!isBlank(this.#source.charCodeAt(i))) return false;
    return true;
  }

  /** Goes behind the opening tag at `lt` and gives its name without prefix. */
  #enter(lt: number): string {
    const source = this.#source;
    let end = lt + 1;
    let local = end;
    for (let c = source.charCodeAt(end); c !== GT && c !== SLASH && !isBlank(c); c = source.charCodeAt(++end)) {
      if (c === COLON) local = end + 1;
      else if (!isNameCharacter(c)) this.#fail('a tag that is cut off or wrong');
    }
    const nameEnd = end;
    if (source.charCodeAt(end) !== GT) {
      ATTRIBUTES.lastIndex = end;
      ATTRIBUTES.test(source);
      end = ATTRIBUTES.lastIndex;
      this.#empty = source.charCodeAt(end) === SLASH;
      if (this.#empty) end++;
      if (source.charCodeAt(end) !== GT) this.#fail('a tag that is cut off or wrong');
    }
    if (nameEnd === local) this.#fail('an element without a name');
    if (this.#open.length === 0 && this.#rooted) this.#fail('a second root element');
    this.#rooted = true;
    this.#at = end + 1;
    if (this.#open.push(source.slice(lt + 1, nameEnd)) > this.#maxDepth) this.#fail('elements nested too deep');
    return local === lt + 1 ? this.#open.at(-1)! : source.slice(local, nameEnd);
  }

  /** Goes behind the closing tag at `lt`. */
  #leave(lt: number): undefined {
    const name = this.#open.pop();
    if (name === undefined || !this.#source.startsWith(name, lt + 2)) this.#fail('a closing tag for nothing open');
    let end = lt + 2 + name.length;
    while (isBlank(this.#source.charCodeAt(end))) end++;
    if (this.#source.charCodeAt(end) !== GT) this.#fail('a closing tag that is cut off or wrong');
    this.#at = end + 1;
  }

  #leaveEmpty(): undefined {
    this.#empty = false;
    this.#open.pop();
  }

  /** Goes behind the comment, processing instruction or CDATA section at `lt` and tells which it was. */
  #passOver(lt: number): string {
    for (const [opening, closing] of PASSED_OVER) {
      if (!this.#source.startsWith(opening, lt)) continue;
      const end = this.#source.indexOf(closing, lt + opening.length);
      if (end < 0) this.#fail('cut off');
      this.#at = end + closing.length;
      return opening;
    }
    return this.#fail('a document type or other declaration, which is refused');
  }

  #fail(what: string): never {
    throw malformed(`${what}, near byte ${this.#at}`);
  }
}

const CDATA = '<![CDATA[';
const PASSED_OVER = [
  ['<!--', '-->'],
  ['<?', '?>'],
  [CDATA, ']]>'],
] as const;

function malformed(what: string): FerryError {
  return new FerryError('bad-response', { message: `The XML cannot be read: ${what}` });
}

function isBlank(c: number): boolean {
  return c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09;
}

/** Letters, digits, `.`, `-`, `_` and whatever is not ASCII. False for NaN, past the end. */
function isNameCharacter(c: number): boolean {
  return (
    (c >= 0x61 && c <= 0x7a) ||
    (c >= 0x41 && c <= 0x5a) ||
    (c >= 0x2d && c <= 0x39 && c !== SLASH) ||
    c === 0x5f ||
    c >= 0x80
  );
}

/** As much of a foreign text as belongs into a message. */
function shorten(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
