/** The command line: from words to a verb, from what it does to an exit code. */
import { Command as Parser, CommanderError, InvalidArgumentError, Option as ParserOption } from 'commander';
import { FerryError, toFerryError } from '../model/errors.ts';
import { Call, type Command, type Option, type Stopping } from './command.ts';
import { commandGroups } from './commands/table.ts';
import type { CommandContext, GlobalOptions } from './context.ts';
import { EXIT_CODES, exitOfError, type ExitName } from './exit-codes.ts';
import { GLOBAL_OPTIONS } from './global-options.ts';
import { commandHelp, flagsOf, programHelp, usageOf } from './help.ts';
import { TOPICS } from './help-topics.ts';
import { Interrupt, type SignalSource } from './interrupt.ts';
import { errorText } from './output/error-text.ts';
import { errorFields, jsonLine } from './output/json.ts';
import { createPrinter, type Printer } from './output/printer.ts';
import { displayOf, styleOf, type Io } from './output/terminal-io.ts';
import type { StoreRegistry } from '../store/registry.ts';
import { ApiClient } from './remote/api-client.ts';
import type { Services } from './services.ts';
import { VERSION } from './version.ts';

const PATIENCE_MS = 30_000;

/** What a run does when it is to stop. */
const SAVING: Stopping = {
  asked: 'saving…',
  again: 'Stopped at once; the last checkpoint stands.',
  tooSlow: 'Saving took too long; the last checkpoint stands.',
};

/** What a server does goes on without us. */
const FOLLOWING: Stopping = {
  asked: 'looking away; the server goes on…',
  again: 'Stopped looking.',
  tooSlow: 'Stopped looking.',
};

export interface Outside {
  readonly io: Io;
  readonly signals: SignalSource;
  readonly now: () => number;
  readonly stores: StoreRegistry;
  /** Ends the process at once. */
  readonly exit: (code: number) => void;
  /** `warn` shows a sentence wherever messages go at that moment. */
  openServices(globals: GlobalOptions, warn: (message: string) => void): Promise<Services>;
}

/** Runs `ferry ...words` and resolves with the exit code. Never rejects. */
export async function runProgram(words: readonly string[], outside: Outside): Promise<number> {
  const { io } = outside;
  let exit: ExitName = 'ok';
  const parser = buildParser(io, words, async (command, call, globals) => {
    exit = await execute(command, call, globals, outside);
  });
  try {
    await parser.parseAsync(words.length === 0 ? ['--help'] : [...words], { from: 'user' });
    return EXIT_CODES[exit].code;
  } catch (thrown) {
    if (thrown instanceof CommanderError) {
      if (thrown.exitCode === 0) return EXIT_CODES.ok.code;
      return report(usageError(thrown, words), globalsOf(words), io);
    }
    return report(toFerryError(thrown), globalsOf(words), io);
  }
}

type Action = (command: Command, call: Call, globals: GlobalOptions) => Promise<void>;

function buildParser(io: Io, words: readonly string[], action: Action): Parser {
  const groups = commandGroups();
  const display = displayOf(io.stdout, io.env, globalsOf(words));
  const style = styleOf(display);
  const columns = display.columns();
  const parser = new Parser('ferry');
  parser
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.stdout.write(text), writeErr: () => undefined })
    .configureHelp({ formatHelp: () => programHelp(groups, Object.keys(TOPICS), style, columns) })
    .helpCommand(false)
    .version(`ferry ${VERSION}`, '-V, --version');
  for (const option of GLOBAL_OPTIONS) if (option.long !== 'help') parser.addOption(parserOption(option));
  for (const command of groups.flatMap((group) => group.commands)) {
    const verb = parser.command(command.name).configureHelp({ formatHelp: () => commandHelp(command, style, columns) });
    const wanted = [command.argument, command.subject].filter((word) => word !== undefined);
    for (const { name, required, description } of wanted)
      verb.argument(required ? `<${name}>` : `[${name}]`, description);
    for (const option of command.options) verb.addOption(parserOption(option));
    verb.action(async (...given: unknown[]) => {
      const [argument, subject] = wanted.map((_, i) => textOf(given[i]));
      const call = new Call(argument, named(command.options, verb.opts()), subject);
      await action(command, call, globalOptions(parser.opts()));
    });
  }
  return parser;
}

async function execute(command: Command, call: Call, globals: GlobalOptions, outside: Outside): Promise<ExitName> {
  const { io, now } = outside;
  const stopping = isElsewhere(command, globals, io) ? FOLLOWING : (command.stopping ?? SAVING);
  let printer: Printer | undefined;
  let services: Promise<Services> | undefined;
  let server: Promise<ApiClient | undefined> | undefined;
  await using open = new AsyncDisposableStack();
  using interrupt = new Interrupt({
    source: outside.signals,
    patience: PATIENCE_MS,
    exit: outside.exit,
    onAsked: () => (printer ?? fallback()).message(`${stopping.asked} (Ctrl-C again stops at once)`),
    onForced: (why) => {
      printer?.end();
      io.stderr.write(`${why === 'again' ? stopping.again : stopping.tooSlow}\n`);
    },
  });
  const fallback = (): Printer => createPrinter(io, { ...globals, now });
  const warn = (message: string): void => {
    if (printer) printer.event({ type: 'notice', message });
    else io.stderr.write(`ferry: ${message}\n`);
  };
  const out = displayOf(io.stdout, io.env, globals);
  const err = displayOf(io.stderr, io.env, globals);
  const context: CommandContext = {
    io,
    globals,
    stores: outside.stores.drivers,
    style: { out: styleOf(out), err: styleOf(err) },
    columns: { out: out.columns(), err: err.columns() },
    signal: interrupt.signal,
    now,
    setPatience: (milliseconds) => (interrupt.patience = milliseconds),
    server: () => (server ??= serverOf(command, globals, io)),
    services: () => (services ??= outside.openServices(globals, warn).then((opened) => open.use(opened))),
    printer: () => (printer ??= fallback()),
  };
  if (globals.server !== undefined && command.remote !== true)
    throw new FerryError('configuration', {
      message: `\`ferry ${command.name}\` works on this machine alone`,
      remedy: 'Leave out `--server`.',
    });
  try {
    return await command.run(context, call);
  } finally {
    printer?.end();
  }
}

/** The environment is for the verbs that know servers; a flag is meant for this one. */
function isElsewhere(command: Command, globals: GlobalOptions, io: Io): boolean {
  return globals.server !== undefined || (command.remote === true && Boolean(io.env['FERRY_SERVER']));
}

async function serverOf(command: Command, globals: GlobalOptions, io: Io): Promise<ApiClient | undefined> {
  if (!isElsewhere(command, globals, io)) return undefined;
  const url = globals.server ?? io.env['FERRY_SERVER']!;
  return await ApiClient.open({ url, tokenFile: globals.tokenFile, token: io.env['FERRY_TOKEN'] });
}

function report(error: FerryError, globals: GlobalOptions, io: Io): number {
  const name = exitOfError(error);
  if (name === 'interrupted') return EXIT_CODES[name].code;
  const display = displayOf(io.stderr, io.env, globals);
  const text = globals.json
    ? jsonLine('error', errorFields(error))
    : errorText(error, styleOf(display), display.columns());
  io.stderr.write(text);
  return EXIT_CODES[name].code;
}

/** Commander's complaint in our words: it names the nearest known word by itself. */
function usageError({ message }: CommanderError, words: readonly string[]): FerryError {
  const [what, ...rest] = message.replace(/^error: /, '').split('\n');
  const suggestion = /Did you mean (?:one of )?(.+?)\?\)?$/.exec(rest.join(' '))?.[1];
  return new FerryError('configuration', {
    message: what!,
    remedy: suggestion ? `Did you mean ${suggestion}?` : usageHint(words),
  });
}

function usageHint(words: readonly string[]): string {
  const command = commandGroups()
    .flatMap((group) => group.commands)
    .find(({ name }) => words.includes(name));
  if (!command) return '`ferry help` lists the commands, `ferry COMMAND --help` their options.';
  return `Write \`ferry ${usageOf(command)} [OPTIONS]\`; \`ferry ${command.name} --help\` explains them.`;
}

function parserOption(option: Option): ParserOption {
  const { parse, value } = option;
  const built = new ParserOption(flagsOf(option).replace(/ ([A-Z]+)$/, value ? ' <$1>' : ''), option.description);
  if (!parse) return built;
  return built.argParser((text: string) => {
    try {
      return parse(text);
    } catch (error) {
      throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
    }
  });
}

/** Values by their long names: commander gives camel case. */
function named(options: readonly Option[], values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(options.map(({ long }) => [long, values[camelCase(long)]]));
}

function camelCase(long: string): string {
  return long.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function globalOptions(values: Record<string, unknown>): GlobalOptions {
  return {
    json: values['json'] === true,
    quiet: values['quiet'] === true,
    color: values['color'] !== false,
    config: textOf(values['config']),
    logLevel: textOf(values['logLevel']),
    server: textOf(values['server']),
    tokenFile: textOf(values['tokenFile']),
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** What counts before, or without, parsing: how to print an error of the command line itself. */
function globalsOf(words: readonly string[]): GlobalOptions {
  const end = words.indexOf('--');
  const given = new Set(end < 0 ? words : words.slice(0, end));
  return { json: given.has('--json'), quiet: false, color: !given.has('--no-color') };
}
