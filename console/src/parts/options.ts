/** Options of a store as texts of a form, and back, by the JSON schema of its type. */
import type { OptionSchema, StoreType } from '../api/types.ts';

export type OptionTexts = Readonly<Record<string, string>>;

export type OptionKind = 'text' | 'secret' | 'number' | 'flag' | 'choice' | 'list' | 'json';

export interface OptionField {
  readonly name: string;
  readonly kind: OptionKind;
  readonly hint: string | undefined;
  readonly standard: unknown;
  readonly choices: readonly string[];
  /** Most people need it: the others are behind a word. */
  readonly first: boolean;
}

/** Where a store is and how one gets in. */
const FIRST =
  /^(bucket_name|bucket|endpoint|region|access_key_id|url|base_url|remote|list|list_file|config|.*secret.*|.*_key)$/;

export function fieldsOf({ options, secrets }: StoreType): readonly OptionField[] {
  const { properties = {}, required = [] } = options;
  const fields = Object.entries(properties).map(([name, schema]) => {
    const kind = kindOf(schema, secrets.includes(name));
    const first = required.includes(name) || FIRST.test(name);
    const { description: hint, default: standard, enum: choices = [] } = schema;
    return { name, kind, hint, standard, choices, first };
  });
  return [...fields.filter(({ first }) => first), ...fields.filter(({ first }) => !first)];
}

function kindOf(schema: OptionSchema, secret: boolean): OptionKind {
  if (secret) return 'secret';
  if (schema.enum !== undefined) return 'choice';
  switch (schema.type) {
    case 'boolean':
      return 'flag';
    case 'integer':
    case 'number':
      return 'number';
    case 'array':
      return 'list';
    case 'object':
      return 'json';
    case undefined:
    default:
      return 'text';
  }
}

/** What is empty is left out. Throws `SyntaxError` where JSON is asked for and is not given. */
export function optionsOf(fields: readonly OptionField[], texts: OptionTexts): Record<string, unknown> {
  const options: Record<string, unknown> = {};
  for (const { name, kind } of fields) {
    const text = texts[name] ?? '';
    if (text.trim() !== '') options[name] = valueOf(kind, text);
  }
  return options;
}

function valueOf(kind: OptionKind, text: string): unknown {
  switch (kind) {
    case 'flag':
      return text === 'true';
    case 'number':
      return Number(text);
    case 'list':
      return text
        .split(',')
        .map((entry) => entry.trim())
        .filter((entry) => entry !== '');
    case 'json':
      return JSON.parse(text);
    case 'text':
      return text.trim();
    case 'secret':
    case 'choice':
      return text;
  }
}

export function textsOf(options: Readonly<Record<string, unknown>>): OptionTexts {
  return Object.fromEntries(Object.entries(options).map(([name, value]) => [name, textOf(value)]));
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value) && value.every((entry) => typeof entry === 'string')) return value.join(', ');
  return JSON.stringify(value);
}
