import { FerryError } from '../../model/errors.ts';
import { XML_LIMITS, XmlReader } from './reader.ts';
import type { XmlLimits } from './reader.ts';

/** An element of a small document: either text or children, never both. */
export class XmlElement {
  /** Without prefix. */
  readonly name: string;
  /** '' where the element has children. */
  readonly text: string;
  readonly children: readonly XmlElement[];

  constructor(name: string, text: string, children: readonly XmlElement[]) {
    this.name = name;
    this.text = text;
    this.children = children;
  }

  /** The first child of that name. */
  child(name: string): XmlElement | undefined {
    return this.children.find((child) => child.name === name);
  }

  /** Every child of that name. */
  all(name: string): readonly XmlElement[] {
    return this.children.filter((child) => child.name === name);
  }

  /** The text of the first child of that name; undefined where there is none. */
  get(name: string): string | undefined {
    return this.child(name)?.text;
  }

  /** The same where it must be there and not empty; else `bad-response`. */
  require(name: string): string {
    const text = this.get(name);
    if (text) return text;
    throw new FerryError('bad-response', { message: `The answer ${this.name} has no ${name}` });
  }
}

/**
 * Reads a whole document into memory: for the small answers and requests of S3, not for listings. Strict and limited as
 * `XmlReader` is; text between elements is refused unless blank. Fails with `bad-response`.
 */
export function parseXml(bytes: Uint8Array, limits: XmlLimits = XML_LIMITS): XmlElement {
  const reader = new XmlReader(bytes, limits);
  const root = readElement(reader, reader.root());
  reader.end();
  return root;
}

function readElement(reader: XmlReader, name: string): XmlElement {
  if (!reader.hasChildren()) return new XmlElement(name, reader.text(), []);
  const children: XmlElement[] = [];
  for (let child = reader.child(); child !== undefined; child = reader.child())
    children.push(readElement(reader, child));
  return new XmlElement(name, '', children);
}
