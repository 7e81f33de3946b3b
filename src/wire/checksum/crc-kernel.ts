import type { Code, WasmFunction } from './wasm-assembler.ts';
import { assemble, get, i32, i64, set, whileLoop } from './wasm-assembler.ts';

/** A reflected CRC of 32 or 64 bits that begins and ends inverted, as all of S3's do. */
export interface CrcParameters {
  readonly bits: 32 | 64;
  /** The polynomial with its bits reversed, the highest power left out. */
  readonly polynomial: bigint;
}

/** Castagnoli (RFC 3720, appendix B.4). */
export const CRC32C: CrcParameters = { bits: 32, polynomial: 0x82f63b78n };
/** NVM Express, NVM Command Set Specification 1.0, figure 122. */
export const CRC64NVME: CrcParameters = { bits: 64, polynomial: 0x9a6c9329ac4bc9b5n };
/** ISO 3309, as in zlib. Computed by zlib; here for `combineCrc`. */
export const CRC32: CrcParameters = { bits: 32, polynomial: 0xedb88320n };

/**
 * CRC32C and CRC64NVME over bytes in memory, some 2.7 GB/s on a 3 GHz core; Node has no native form of either.
 *
 * Slicing by 16 (Kounavis and Berry, 2008) in WebAssembly: sixteen tables say what each of sixteen bytes adds to the
 * state, so a turn has no chain of lookups. Entries have 64 bits for both, the upper half empty for CRC32C. Bytes are
 * copied into the module's memory a window at a time, which costs 6 %.
 */
export class CrcKernel {
  readonly #memory: Uint8Array;
  readonly #crc32c: Update;
  readonly #crc64nvme: Update;

  constructor() {
    const functions = [updateFunction('crc32c', CRC32C_TABLES), updateFunction('crc64nvme', CRC64NVME_TABLES)];
    const { memory, crc32c, crc64nvme } = new WebAssembly.Instance(new WebAssembly.Module(assemble(functions, PAGES)))
      .exports;
    const { buffer } = memory;
    this.#memory = new Uint8Array(buffer);
    this.#crc32c = crc32c;
    this.#crc64nvme = crc64nvme;
    fillTables(new Uint32Array(buffer, CRC32C_TABLES, TABLES_BYTES / 4), CRC32C.polynomial);
    fillTables(new Uint32Array(buffer, CRC64NVME_TABLES, TABLES_BYTES / 4), CRC64NVME.polynomial);
  }

  /** The register after `bytes`, given the one before; neither inverted. */
  crc32c(register: bigint, bytes: Uint8Array): bigint {
    return this.#run(this.#crc32c, register, bytes);
  }

  crc64nvme(register: bigint, bytes: Uint8Array): bigint {
    return this.#run(this.#crc64nvme, register, bytes);
  }

  #run(update: Update, before: bigint, bytes: Uint8Array): bigint {
    let register = before;
    for (let at = 0; at < bytes.byteLength; at += WINDOW_BYTES) {
      const part = bytes.byteLength <= WINDOW_BYTES ? bytes : bytes.subarray(at, at + WINDOW_BYTES);
      this.#memory.set(part, WINDOW);
      register = update(register, WINDOW, WINDOW + part.byteLength);
    }
    return BigInt.asUintN(64, register);
  }
}

/** What the TypeScript libraries for browsers declare and those for Node do not, as far as this module goes. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  readonly Instance: new (module: object) => { readonly exports: Exports };
};

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly crc32c: Update;
  readonly crc64nvme: Update;
}

type Update = (register: bigint, from: number, to: number) => bigint;

// Memory: 32 KiB of tables for each CRC, then the window.
const TABLE_BYTES = 256 * 8;
const TABLES_BYTES = 16 * TABLE_BYTES;
const CRC32C_TABLES = 0;
const CRC64NVME_TABLES = TABLES_BYTES;
const WINDOW = 2 * TABLES_BYTES;
const WINDOW_BYTES = 64 * 1024;
const PAGES = (WINDOW + WINDOW_BYTES) / (64 * 1024);

const [REGISTER, AT, END, LOW, HIGH] = [0, 1, 2, 3, 4];

/** `(register, at, end)` to the register after the bytes from `at` to before `end`. */
function updateFunction(name: string, tables: number): WasmFunction {
  const advance = (bytes: number): Code => set(AT, i32.add(get(AT), i32.const(bytes)));
  const remaining = i32.sub(get(END), get(AT));
  const sixteen = [
    ...set(LOW, i64.xor(get(REGISTER), i64.load(get(AT)))),
    ...set(HIGH, i64.load(get(AT), 8)),
    ...set(REGISTER, xorAll([...lookups(LOW, tables + 8 * TABLE_BYTES), ...lookups(HIGH, tables)])),
    ...advance(16),
  ];
  const one = [
    ...set(LOW, i64.xor(get(REGISTER), i64.extend(i32.load8(get(AT))))),
    ...set(REGISTER, i64.xor(i64.shrU(get(REGISTER), i64.const(8n)), lookup(LOW, 0, tables))),
    ...advance(1),
  ];
  return {
    name,
    params: ['i64', 'i32', 'i32'],
    result: 'i64',
    locals: ['i64', 'i64'],
    body: [...whileLoop(i32.gtU(remaining, i32.const(15)), sixteen), ...whileLoop(remaining, one), ...get(REGISTER)],
  };
}

/** What the eight bytes of a word add, the last of them through the table at `tables`. */
function lookups(word: number, tables: number): Code[] {
  return Array.from({ length: 8 }, (_, byte) => lookup(word, byte, tables + (7 - byte) * TABLE_BYTES));
}

/** Entry of `table` for a byte of `word`. The shift leaves the index times eight, an entry's size. */
function lookup(word: number, byte: number, table: number): Code {
  const shifted =
    byte === 0
      ? i32.shl(i32.wrap(get(word)), i32.const(3))
      : i32.wrap(i64.shrU(get(word), i64.const(BigInt(8 * byte - 3))));
  return i64.load(i32.and(shifted, i32.const(0xff << 3)), table);
}

/** As a balanced tree, so that no long chain of operations arises. */
function xorAll(terms: readonly Code[]): Code {
  if (terms.length === 1) return terms[0]!;
  const half = terms.length >> 1;
  return i64.xor(xorAll(terms.slice(0, half)), xorAll(terms.slice(half)));
}

/** Table k holds what a byte adds that k more bytes follow. Little-endian pairs of words, as WebAssembly reads them. */
function fillTables(tables: Uint32Array, polynomial: bigint): void {
  const polynomialLow = Number(polynomial & 0xffffffffn);
  const polynomialHigh = Number(polynomial >> 32n);
  for (let byte = 0; byte < 256; byte++) {
    let low = byte;
    let high = 0;
    for (let bit = 0; bit < 8; bit++) {
      const carry = low & 1 ? -1 : 0;
      low = ((low >>> 1) | (high << 31)) ^ (polynomialLow & carry);
      high = (high >>> 1) ^ (polynomialHigh & carry);
    }
    tables[2 * byte] = low;
    tables[2 * byte + 1] = high;
  }
  for (let i = 512; i < tables.length; i += 2) {
    const low = tables[i - 512]!;
    const high = tables[i - 511]!;
    const first = 2 * (low & 0xff);
    tables[i] = ((low >>> 8) | (high << 24)) ^ tables[first]!;
    tables[i + 1] = (high >>> 8) ^ tables[first + 1]!;
  }
}
