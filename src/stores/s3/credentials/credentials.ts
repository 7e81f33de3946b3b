/** Keys requests are signed with, wherever they come from. */
import type { HttpClient } from '../../../wire/http/client.ts';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
  /** Milliseconds since the epoch; undefined where they do not expire. */
  readonly expires?: number | undefined;
}

/** A place credentials can come from. */
export interface CredentialSource {
  /** For messages: `profile "default" in ~/.aws/credentials`. */
  readonly name: string;
  /** Undefined where this place has none; rejects where it should have some but they cannot be had. */
  load(signal?: AbortSignal): Promise<Credentials | undefined>;
}

/** What sources may use of the outside. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly http: HttpClient;
  readonly now: () => number;
  /** Text of a file; undefined where there is none. */
  readonly readFile: (path: string) => Promise<string | undefined>;
  readonly runProgram: RunProgram;
}

/** Runs a program to its end, or kills it at a limit. Never rejects. */
export type RunProgram = (
  program: string,
  args: readonly string[],
  limits: ProgramLimits,
  signal: AbortSignal | undefined,
) => Promise<ProgramEnd>;

export interface ProgramLimits {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds. */
  readonly time: number;
  /** Bytes of standard output. */
  readonly maxOutput: number;
}

export interface ProgramEnd {
  /** What it printed on standard output. */
  readonly output: string;
  /** Why that is worth nothing, for messages; undefined where it ended well. */
  readonly problem: string | undefined;
}
