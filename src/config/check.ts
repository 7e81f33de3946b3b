/** Data of a YAML file against a zod schema: in our own words, with the key that was meant, all problems at once. */
import * as z from 'zod';
import type { ZodType } from 'zod';
import { suggestion } from './nearest.ts';
import type { Path } from './problems.ts';
import type { YamlFile } from './yaml-file.ts';

type JsonSchema = z.core.JSONSchema.BaseSchema;

/**
 * The value of `schema`, or undefined with the problems added to `file`. `path` is where `data` stands in the file.
 *
 * Unknown keys are problems whether or not the schema is strict. Where a text is wanted and YAML read a number or a
 * boolean (`access_key_id: 0123`), the text as written is taken; where a boolean is wanted, YAML 1.1's `yes`, `no`,
 * `on` and `off`, which qscamel reads as such.
 */
export function checked<T>(file: YamlFile, schema: ZodType<T>, data: unknown, path: Path): T | undefined {
  const before = file.problems.length;
  if (!isRecord(data)) {
    file.problems.push(file.problem(path, 'must be a map of keys and values'));
    return undefined;
  }
  reportUnknown(file, jsonSchemaOf(schema), data, path);
  const reported = new Set(file.problems.slice(before).map((problem) => JSON.stringify(problem.path)));

  let result = schema.safeParse(data, { error: explain });
  const rewritten = result.success ? undefined : asWritten(file, data, result.error.issues, path);
  if (rewritten !== undefined) result = schema.safeParse(rewritten, { error: explain });

  for (const issue of result.error?.issues ?? []) {
    const at = [...path, ...issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step))];
    if (issue.code !== 'unrecognized_keys') {
      file.problems.push(file.problem(at, issue.message));
      continue;
    }
    for (const key of issue.keys) {
      if (reported.has(JSON.stringify([...at, key]))) continue;
      file.problems.push(file.problem([...at, key], 'unknown key', 'key'));
    }
  }
  return file.problems.length === before ? result.data : undefined;
}

/** Made once of each: that takes a millisecond, and a server reads the same kinds of files all day. */
const jsonSchemas = new WeakMap<ZodType, JsonSchema>();

function jsonSchemaOf(schema: ZodType): JsonSchema {
  const known = jsonSchemas.get(schema) ?? z.toJSONSchema(schema, INPUT);
  jsonSchemas.set(schema, known);
  return known;
}

/** JSON schema of what a person writes, for walking it and for editors. */
export const INPUT = { target: 'draft-7', io: 'input', unrepresentable: 'any' } as const;

/** Keys an object schema knows; undefined where it takes any. */
export function knownKeys(schema: JsonSchema): Map<string, JsonSchema> | undefined {
  const known = new Map<string, JsonSchema>();
  const branches = [schema, ...alternatives(schema)];
  for (const branch of branches) {
    if (branch.additionalProperties !== undefined && branch.additionalProperties !== false) return undefined;
    for (const [key, value] of Object.entries(branch.properties ?? {})) {
      if (typeof value === 'object') known.set(key, value);
    }
  }
  return known.size === 0 ? undefined : known;
}

function reportUnknown(file: YamlFile, schema: JsonSchema, data: unknown, path: Path): void {
  if (Array.isArray(data)) {
    const items = [schema, ...alternatives(schema)].map((branch) => branch.items).find(isSchema);
    if (items) data.forEach((item, i) => reportUnknown(file, items, item, [...path, i]));
    return;
  }
  if (!isRecord(data)) return;
  // A map whose keys are names: what stands behind each has keys of its own.
  const named = [schema, ...alternatives(schema)].map((branch) => branch.additionalProperties).find(isSchema);
  if (named) for (const [name, value] of Object.entries(data)) reportUnknown(file, named, value, [...path, name]);
  const known = knownKeys(schema);
  if (!known) return;
  for (const [key, value] of Object.entries(data)) {
    const child = known.get(key);
    if (child) reportUnknown(file, child, value, [...path, key]);
    else file.problems.push(file.problem([...path, key], `unknown key${suggestion(key, known.keys())}`, 'key'));
  }
}

function alternatives(schema: JsonSchema): JsonSchema[] {
  return [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])].filter(isSchema);
}

function isSchema(value: unknown): value is JsonSchema {
  return isRecord(value);
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The data with scalars that have the wrong type taken as they were written; undefined where there are none. */
function asWritten(file: YamlFile, data: unknown, issues: readonly z.core.$ZodIssue[], path: Path): unknown {
  let copy: unknown;
  for (const issue of issues) {
    if (issue.code !== 'invalid_type') continue;
    const steps = issue.path.filter((step) => typeof step !== 'symbol');
    const source = file.source([...path, ...steps]);
    const value = source === undefined ? undefined : reread(issue.expected, source);
    if (value === undefined) continue;
    copy ??= structuredClone(data);
    put(copy, steps, value);
  }
  return copy;
}

function reread(expected: string, source: string): string | boolean | undefined {
  if (expected === 'string') return source === '' || /^(null|Null|NULL|~)$/.test(source) ? undefined : source;
  if (expected !== 'boolean') return undefined;
  if (/^(y|yes|on)$/i.test(source)) return true;
  return /^(n|no|off)$/i.test(source) ? false : undefined;
}

function put(data: unknown, steps: Path, value: unknown): void {
  let at = data;
  for (const step of steps.slice(0, -1)) at = isRecord(at) || Array.isArray(at) ? Reflect.get(at, step) : undefined;
  const last = steps.at(-1);
  if (last !== undefined && (isRecord(at) || Array.isArray(at))) Reflect.set(at, last, value);
}

/** What zod would say, as a person would. A message given in the schema itself wins over these. */
function explain(issue: z.core.$ZodRawIssue): string | undefined {
  const absent = issue.input === undefined || issue.input === null;
  if (issue.code === 'invalid_type') return absent ? 'is missing' : `must be ${kind(issue.expected)}`;
  if (issue.code === 'too_small')
    return issue.origin === 'number' ? `must be at least ${issue.minimum}` : 'is too short';
  if (issue.code === 'too_big') return issue.origin === 'number' ? `must be at most ${issue.maximum}` : 'is too long';
  if (issue.code !== 'invalid_value') return undefined;
  if (absent) return 'is missing';
  const known = issue.values.map(String);
  const meant = typeof issue.input === 'string' ? suggestion(issue.input, known) : '';
  return `must be one of ${known.map((value) => (value === '' ? '""' : value)).join(', ')}${meant}`;
}

const NAMES: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a map of keys and values',
  record: 'a map of keys and values',
  array: 'a list',
};

function kind(expected: string): string {
  return NAMES[expected] ?? `of type ${expected}`;
}
