import { createInterface } from 'node:readline/promises';
import { FerryError } from '../model/errors.ts';
import type { CommandContext } from './context.ts';
import { harmless } from './output/text.ts';

/** Asks on a terminal. Elsewhere nobody can answer: rejects with `configuration`, naming `--yes`. */
export async function confirm({ io, signal }: CommandContext, question: string): Promise<boolean> {
  if (io.stdin.isTTY !== true) {
    throw new FerryError('configuration', {
      message: 'there is no terminal to ask on',
      remedy: 'Add `--yes` where you are sure.',
    });
  }
  const lines = createInterface({ input: io.stdin, output: io.stderr });
  try {
    const answer = await lines.question(`${harmless(question)} [y/N] `, { signal });
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    lines.close();
  }
}
