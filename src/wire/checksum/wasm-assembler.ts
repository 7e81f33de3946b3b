/**
 * Just enough of a WebAssembly assembler to write a kernel as nested expressions. Each function below gives the bytes of
 * one instruction with its operands before it. Source: the WebAssembly core specification, chapter "Binary Format".
 */
export type Code = readonly number[];

export type ValueType = 'i32' | 'i64' | 'v128';

const TYPES: Readonly<Record<ValueType, number>> = { i32: 0x7f, i64: 0x7e, v128: 0x7b };

export interface WasmFunction {
  /** Exported under this name. */
  readonly name: string;
  readonly params: readonly ValueType[];
  readonly result: ValueType;
  /** Locals after the parameters; they count on from there. */
  readonly locals: readonly ValueType[];
  readonly body: Code;
}

/** A module with `pages` of 64 KiB of memory, exported as `memory`, and functions. */
export function assemble(functions: readonly WasmFunction[], pages: number): Uint8Array<ArrayBuffer> {
  const types = functions.map(({ params, result }) => [
    0x60, ...vector(params.map((type) => [TYPES[type]])), ...vector([[TYPES[result]]]),
  ]); // prettier-ignore
  const exports = functions.map(({ name }, index) => [...text(name), 0x00, ...unsigned(index)]);
  const bodies = functions.map(({ locals, body }) => {
    const code = [...vector(locals.map((type) => [1, TYPES[type]])), ...body, 0x0b];
    return [...unsigned(code.length), ...code];
  });
  return Uint8Array.from([
    0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00,
    ...section(1, vector(types)),
    ...section(3, vector(functions.map((_, index) => unsigned(index)))),
    ...section(5, vector([[0x01, ...unsigned(pages), ...unsigned(pages)]])),
    ...section(7, vector([[...text('memory'), 0x02, 0x00], ...exports])),
    ...section(10, vector(bodies)),
  ]); // prettier-ignore
}

export const get = (local: number): Code => [0x20, ...unsigned(local)];
export const set = (local: number, value: Code): Code => [...value, 0x21, ...unsigned(local)];

export const i32 = {
  const: (value: number): Code => [0x41, ...signed(BigInt(value))],
  add: (a: Code, b: Code): Code => [...a, ...b, 0x6a],
  sub: (a: Code, b: Code): Code => [...a, ...b, 0x6b],
  and: (a: Code, b: Code): Code => [...a, ...b, 0x71],
  shl: (a: Code, b: Code): Code => [...a, ...b, 0x74],
  shrU: (a: Code, b: Code): Code => [...a, ...b, 0x76],
  ltU: (a: Code, b: Code): Code => [...a, ...b, 0x49],
  gtU: (a: Code, b: Code): Code => [...a, ...b, 0x4b],
  /** One byte at `address + offset`. */
  load8: (address: Code, offset = 0): Code => [...address, 0x2d, 0x00, ...unsigned(offset)],
  wrap: (a: Code): Code => [...a, 0xa7],
} as const;

export const i64 = {
  const: (value: bigint): Code => [0x42, ...signed(BigInt.asIntN(64, value))],
  xor: (a: Code, b: Code): Code => [...a, ...b, 0x85],
  shrU: (a: Code, b: Code): Code => [...a, ...b, 0x88],
  load: (address: Code, offset = 0): Code => [...address, 0x29, 0x03, ...unsigned(offset)],
  extend: (a: Code): Code => [...a, 0xad],
} as const;

/** `while (condition) body`. */
export function whileLoop(condition: Code, body: Code): Code {
  // block loop (condition eqz br_if 1) body (br 0) end end
  return [0x02, 0x40, 0x03, 0x40, ...condition, 0x45, 0x0d, 0x01, ...body, 0x0c, 0x00, 0x0b, 0x0b];
}

function section(id: number, content: Code): Code {
  return [id, ...unsigned(content.length), ...content];
}

function vector(items: readonly Code[]): Code {
  return [...unsigned(items.length), ...items.flat()];
}

function text(name: string): Code {
  return vector(Array.from(Buffer.from(name, 'utf8'), (byte) => [byte]));
}

/** LEB128. */
function unsigned(value: number): Code {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  bytes.push(rest);
  return bytes;
}

function signed(value: bigint): Code {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>= 7n) {
    const low = Number(rest & 0x7fn);
    const last = rest >= -64n && rest < 64n;
    bytes.push(last ? low : low | 0x80);
    if (last) return bytes;
  }
}
