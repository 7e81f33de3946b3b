/**
 * What a verb of the command line declares. Parsing, help, completion and the generated reference all read the same
 * table (`commands/table.ts`).
 */
import type { ExitName } from './exit-codes.ts';
import type { CommandContext } from './context.ts';

export interface Command {
  readonly name: string;
  readonly argument?: Argument;
  /** A second word, for verbs whose first says what is to be done. */
  readonly subject?: Argument;
  /** One sentence, first thing in every help. */
  readonly summary: string;
  /** Further paragraphs of its own help. */
  readonly about?: readonly string[];
  readonly options: readonly Option[];
  readonly examples: readonly { readonly line: string; readonly does: string }[];
  /** The exit codes it can have, without 1 and 2, which every verb has. */
  readonly exits: readonly ExitName[];
  /** It works at a server as well (`--server`). */
  readonly remote?: true;
  /** What is said when it is to stop, where that is not to save what a run has done. */
  readonly stopping?: Stopping;
  run(context: CommandContext, call: Call): Promise<ExitName>;
}

export interface Stopping {
  /** On the first Ctrl-C or SIGTERM. */
  readonly asked: string;
  /** On the second. */
  readonly again: string;
  /** Where it takes longer than `CommandContext.setPatience` says. */
  readonly tooSlow: string;
}

export interface Argument {
  readonly name: string;
  readonly required: boolean;
  readonly description: string;
  readonly completes: Completes;
}

export interface Option {
  /** `t` of `-t`. */
  readonly short?: string;
  /** `task` of `--task`. */
  readonly long: string;
  /** What follows it; a flag where absent. */
  readonly value?: string;
  readonly description: string;
  readonly completes?: Completes;
  /** Reads the value; throws a sentence that says what is wrong. Text where absent. */
  readonly parse?: (text: string) => unknown;
}

/** What a shell offers: task names, files, or these words. */
export type Completes = 'task' | 'file' | readonly string[];

/** One call of a verb. */
export class Call {
  readonly argument: string | undefined;
  readonly subject: string | undefined;
  readonly #options: Readonly<Record<string, unknown>>;

  constructor(argument: string | undefined, options: Readonly<Record<string, unknown>>, subject?: string) {
    this.argument = argument;
    this.subject = subject;
    this.#options = options;
  }

  given(long: string): boolean {
    return this.#options[long] !== undefined && this.#options[long] !== false;
  }

  flag(long: string): boolean {
    return this.#options[long] === true;
  }

  text(long: string): string | undefined {
    const value = this.#options[long];
    return typeof value === 'string' ? value : undefined;
  }

  number(long: string): number | undefined {
    const value = this.#options[long];
    return typeof value === 'number' ? value : undefined;
  }
}
