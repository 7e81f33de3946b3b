/** `${env:NAME}` and `${file:PATH}` in values, so that secrets stay out of task files. */

/** Where references are looked up. */
export interface References {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The text of a file; throws where it cannot be read. Relative paths start at the working directory. */
  readonly readFile: (path: string) => string;
}

/** Longest text a `${file:…}` may hold, characters. */
const MAX_FILE = 64 * 1024;

const REFERENCE = /\$\$\{|\$\{([^}]*)\}?/g;

/**
 * The text with every reference replaced. `$${` stands for `${`. Throws an `Error` that says what is wrong where a
 * variable is unset or empty, a file unreadable or empty, or a reference is none: it never becomes an empty string by
 * itself. A line break at the end of a file is dropped.
 */
export function interpolate(text: string, references: References): string {
  if (!text.includes('${')) return text;
  return text.replaceAll(REFERENCE, (whole, inner: string | undefined) => {
    if (inner === undefined) return '${';
    const [, kind, name] = /^(env|file):(.+)$/s.exec(inner) ?? [];
    if (!whole.endsWith('}') || name === undefined) {
      throw new Error(`"${whole}" is neither \${env:NAME} nor \${file:PATH}; write $\${ for a plain \${`);
    }
    return kind === 'env' ? variable(name, references) : file(name, references);
  });
}

function variable(name: string, { env }: References): string {
  const value = env[name];
  if (value === undefined)
    throw new Error(`the environment variable ${name} is not set where Ferry runs: set it, or correct its name`);
  if (value === '') throw new Error(`the environment variable ${name} is empty`);
  return value;
}

function file(path: string, { readFile }: References): string {
  let text: string;
  try {
    text = readFile(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new Error(`the file ${path} cannot be read (${code})`, { cause: error });
  }
  if (text.length > MAX_FILE) throw new Error(`the file ${path} is longer than ${MAX_FILE} characters`);
  const value = text.replace(/\r?\n$/, '');
  if (value === '') throw new Error(`the file ${path} is empty`);
  return value;
}
