/** What a verb may use: where it writes, what the user asked for globally, and the services behind it. */
import type { Io, Style } from './output/terminal-io.ts';
import type { Printer } from './output/printer.ts';
import type { StoreSummary } from './help-topics.ts';
import type { ApiClient } from './remote/api-client.ts';
import type { Services } from './services.ts';

export interface GlobalOptions {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly color: boolean;
  /** Configuration file; `$FERRY_HOME/ferry.yaml` where absent. */
  readonly config?: string | undefined;
  readonly logLevel?: string | undefined;
  /** The server that is to do it. */
  readonly server?: string | undefined;
  readonly tokenFile?: string | undefined;
}

export interface CommandContext {
  readonly io: Io;
  readonly globals: GlobalOptions;
  /** Store types there are, for help. */
  readonly stores: readonly StoreSummary[];
  /** Of standard output and standard error. */
  readonly style: { readonly out: Style; readonly err: Style };
  /** How wide the window is that standard output, and standard error, are seen through; infinite where there is none. */
  readonly columns: { readonly out: number; readonly err: number };
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Aborts on the first Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal;
  /** How long it may take to stop once `signal` aborts, milliseconds; 30 seconds where nobody says. */
  setPatience(milliseconds: number): void;
  /** Where it is to be done elsewhere; undefined: on this machine. Rejects with `configuration` or `no-credentials`. */
  server(): Promise<ApiClient | undefined>;
  /** Opened when first asked for: `help` and `completion` need no state. */
  services(): Promise<Services>;
  /** The printer for a run; the interrupt handler tells it what `Command.stopping` says. */
  printer(): Printer;
}
