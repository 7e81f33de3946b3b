/** A task as a task file, and as commands of a shell. */
import type { Json } from './draft.ts';

/** Secrets do not leave the page: references to the environment stand in their place. */
export function yamlOf(task: Json, secrets: readonly string[]): string {
  return `# yaml-language-server: $schema=task.schema.json\n${block(withoutSecrets(task, secrets, []), '')}`;
}

export function commandOf(name: string, yaml: string): string {
  return `cat > ${name}.yaml <<'END'\n${yaml}END\nferry run ${name} -t ${name}.yaml`;
}

function withoutSecrets(value: unknown, secrets: readonly string[], at: readonly string[]): unknown {
  if (Array.isArray(value) || typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]: [string, unknown]) => {
      const path = [...at, key];
      const secret = at.at(-1) === 'options' && secrets.includes(key);
      return [
        key,
        secret
          ? `\${env:${path
              .filter((step) => step !== 'options')
              .join('_')
              .toUpperCase()}}`
          : withoutSecrets(inner, secrets, path),
      ];
    }),
  );
}

function block(value: unknown, indent: string): string {
  if (typeof value !== 'object' || value === null) return `${indent}${scalar(value)}\n`;
  if (Array.isArray(value)) return value.map((entry) => `${indent}- ${scalar(entry)}\n`).join('');
  return Object.entries(value)
    .map(([key, inner]: [string, unknown]) =>
      typeof inner === 'object' && inner !== null
        ? `${indent}${key}:\n${block(inner, `${indent}  `)}`
        : `${indent}${key}: ${scalar(inner)}\n`,
    )
    .join('');
}

/** Bare where YAML takes it for the same text, and as JSON, which YAML reads, otherwise. */
function scalar(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  const bare = /^[A-Za-z/_][\w./ -]*[\w/]$/.test(value) && !/^(true|false|yes|no|on|off|null|y|n)$/i.test(value);
  return bare ? value : JSON.stringify(value);
}
