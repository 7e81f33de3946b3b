/** File names as bytes: UTF-8, or one of the older encodings qscamel offers. */
import iconv from 'iconv-lite';

export const DISK_ENCODINGS = ['utf8', 'gbk', 'gb2312', 'big5', 'cp1252'] as const;
export type DiskEncodingName = (typeof DISK_ENCODINGS)[number];

/**
 * How names are written on disk. Only names that survive the way there and back are accepted: encodings such as GBK map
 * several byte sequences to one character or none, and a name guessed wrongly would be another file.
 */
export interface DiskEncoding {
  readonly name: DiskEncodingName;
  /** UTF-8: a name is its own path and needs no conversion. */
  readonly plain: boolean;
  /** Bytes of a name on disk; undefined where it cannot be written. */
  length(name: string): number | undefined;
  /** What file system calls take. */
  encode(name: string): string | Buffer;
  /** The name; undefined where the bytes are not valid in this encoding. */
  decode(bytes: Buffer): string | undefined;
}

export function diskEncoding(name: DiskEncodingName): DiskEncoding {
  return name === 'utf8' ? utf8 : new LegacyEncoding(name);
}

const utf8: DiskEncoding = {
  name: 'utf8',
  plain: true,
  length: (name) => Buffer.byteLength(name, 'utf8'),
  encode: (name) => name,
  decode(bytes) {
    const text = bytes.toString('utf8');
    // U+FFFD stands for what was not UTF-8, unless the name really holds one.
    return text.includes('\uFFFD') && !Buffer.from(text, 'utf8').equals(bytes) ? undefined : text;
  },
};

class LegacyEncoding implements DiskEncoding {
  readonly name: DiskEncodingName;
  readonly plain = false;

  constructor(name: DiskEncodingName) {
    this.name = name;
  }

  length(name: string): number | undefined {
    const bytes = iconv.encode(name, this.name);
    return iconv.decode(bytes, this.name) === name ? bytes.byteLength : undefined;
  }

  encode(name: string): Buffer {
    return iconv.encode(name, this.name);
  }

  decode(bytes: Buffer): string | undefined {
    const text = iconv.decode(bytes, this.name);
    return iconv.encode(text, this.name).equals(bytes) ? text : undefined;
  }
}

/** A name that is not valid in its encoding, for people: what is not printable ASCII as `‛` and two hex digits. */
export function showBytes(bytes: Buffer): string {
  let text = '';
  for (const byte of bytes)
    text += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `‛${byte.toString(16).padStart(2, '0')}`;
  return text;
}
