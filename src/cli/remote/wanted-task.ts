/** A task file of this machine, for a server. */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { problemsError } from '../../config/problems.ts';
import { YamlFile } from '../../config/yaml-file.ts';
import { FerryError } from '../../model/errors.ts';
import type { Call } from '../command.ts';
import type { CommandContext } from '../context.ts';

/** The task file as JSON, with what it refers to on this machine. */
export async function wantedTask(name: string, { io }: CommandContext): Promise<object> {
  let text: string;
  try {
    text = await readFile(name, 'utf8');
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new FerryError('configuration', { message: `the task file cannot be read: ${why}`, cause });
  }
  const file = new YamlFile(text, { env: io.env, readFile: (each) => readFileSync(each, 'utf8') });
  if (file.problems.length > 0) throw problemsError(name, file.problems);
  if (typeof file.data === 'object' && file.data !== null) return file.data;
  throw new FerryError('configuration', { message: `${name} is no task file` });
}

/** The task a call is about at a server: one that is there by its name, or the one of a file, which is not made. */
export async function taskThere(
  context: CommandContext,
  call: Call,
): Promise<{ readonly name: string; readonly task: object | undefined }> {
  const file = call.text('task');
  const task = file === undefined ? undefined : await wantedTask(file, context);
  const name = call.argument ?? (file === undefined ? undefined : path.basename(file, path.extname(file)));
  if (name !== undefined) return { name, task };
  throw new FerryError('configuration', {
    message: 'no task is named',
    remedy: 'Name a task of the server, or give a task file with `-t`.',
  });
}
