/** `ferry verify`: compares both sides and writes a report that can be checked by others. */
import type { VerifyMode } from '../../engine/verify.ts';
import { FerryError } from '../../model/errors.ts';
import { checkReport } from '../../report/check-report.ts';
import type { Call, Command } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { exitOfSummary, type ExitName } from '../exit-codes.ts';
import { BANDWIDTH, CONCURRENCY, TASK_FILE, taskName, WITHOUT_GUARD } from '../options.ts';
import { jsonLine } from '../output/json.ts';
import { counted, harmless } from '../output/text.ts';
import { findTask } from '../task-call.ts';
import { verifyThere } from '../remote/verify-there.ts';
import type { RunEvent } from '../../engine/progress.ts';
import type { Printer } from '../output/printer.ts';
import { verifyTask } from '../../tasks/verify.ts';

const EVIDENCE = ['all', 'differences', 'none'] as const;

export const verifyCommand: Command = {
  name: 'verify',
  argument: taskName(false, 'A task that was run before, instead of a file.'),
  summary: 'Compare both sides object by object and write a report, as JSON and as a page to read.',
  about: [
    'By default sizes and checksums are compared: those the stores tell, and where they tell none, of the bytes read. The report comes with evidence in a chain of hashes, so that nobody can change it unnoticed: a line for each difference, or with --evidence all for each object.',
    'Reports go to `report.path` of the task file, or to $FERRY_HOME/reports/NAME.',
    'With `--server` a task of that server is compared there, with its own limits; the addresses of the report are shown.',
  ],
  options: [
    TASK_FILE,
    { long: 'size', description: 'Compare sizes only: fast, and blind to changed bytes.' },
    { long: 'checksum', description: 'Compare sizes and checksums. This is the default.' },
    { long: 'full', description: 'Read every byte of both sides again, and compare metadata.' },
    { long: 'repair', description: 'Copy again what is missing or differs; overwrites what the destination has.' },
    { ...WITHOUT_GUARD, description: `${WITHOUT_GUARD.description} With --repair.` },
    { long: 'report', value: 'DIR', description: 'Where the report goes this time.', completes: 'file' },
    {
      long: 'check-report',
      value: 'FILE',
      description: 'Check a report.json against its evidence instead; needs neither task nor stores.',
      completes: 'file',
    },
    {
      long: 'evidence',
      value: 'WHICH',
      description: 'Evidence of `all` objects, of `differences` or `none`; the task file decides where absent.',
      completes: EVIDENCE,
      parse: readEvidence,
    },
    BANDWIDTH,
    CONCURRENCY,
  ],
  examples: [
    { line: 'ferry verify photos', does: 'compare by size and checksum' },
    {
      line: 'ferry verify -t photos.yaml --full',
      does: 'read everything again, and compare metadata; no task needed',
    },
    { line: 'ferry verify photos --repair', does: 'and copy again what differs' },
    { line: 'ferry verify --check-report report.json', does: 'is this report as it was written?' },
  ],
  exits: ['ok', 'differences', 'temporary', 'interrupted'],
  remote: true,
  run: verify,
};

async function verify(context: CommandContext, call: Call): Promise<ExitName> {
  const report = call.text('check-report');
  if (report !== undefined) return await checkOnly(context, report);
  const mode = modeOf(call);
  const repair = call.flag('repair');
  const server = await context.server();
  if (server !== undefined) return await verifyThere(context, server, nameThere(call), { mode, repair });
  const services = await context.services();
  const found = await findTask(services, call);
  let printer: Printer | undefined;
  const emit = (event: RunEvent): void => (printer ??= context.printer()).event(event);
  const folder = call.text('report');
  const evidence = EVIDENCE.find((which) => which === call.text('evidence'));
  const summary = await verifyTask(
    services,
    found,
    { mode, repair, folder, evidence },
    { signal: context.signal, emit },
  );
  if (summary.error) throw summary.error;
  return exitOfSummary(summary);
}

/** Rejects with `configuration` what a server takes from the task alone. */
function nameThere(call: Call): string {
  const name = call.argument;
  const given = ['task', 'report', 'evidence', 'bandwidth', 'concurrency', 'without-guard'] as const;
  const here = given.filter((option) =>
    option === 'without-guard' ? call.flag(option) : call.text(option) !== undefined,
  );
  if (name !== undefined && here.length === 0) return name;
  throw new FerryError('configuration', {
    message:
      here.length > 0
        ? `a server does not take ${here.map((option) => `--${option}`).join(', ')} with \`ferry verify\``
        : 'a server verifies tasks it has, and none was named',
    remedy: 'Name a task of the server; limits and the evidence to keep are in its task file.',
  });
}

function readEvidence(text: string): string {
  const which = EVIDENCE.find((known) => known === text);
  if (!which) throw new Error(`write one of ${EVIDENCE.join(', ')}`);
  return which;
}

function modeOf(call: Call): VerifyMode {
  const chosen = (['size', 'checksum', 'full'] as const).filter((mode) => call.flag(mode));
  if (chosen.length > 1) {
    throw new FerryError('configuration', {
      message: `--${chosen[0]} and --${chosen[1]} contradict each other`,
      remedy: 'Choose one of --size, --checksum and --full.',
    });
  }
  return chosen[0] ?? 'checksum';
}

async function checkOnly({ io, globals, style }: CommandContext, file: string): Promise<ExitName> {
  const check = await checkReport(file);
  const sound = check.problems.length === 0;
  if (globals.json) {
    const { task, evidence, chain, problems } = check;
    io.stdout.write(
      jsonLine('report-check', { task, evidence, sound, records: chain.records, head: chain.head, problems }),
    );
  } else if (sound) {
    io.stdout.write(
      `${style.out.good('sound')}: ${counted(check.chain.records, 'line')} of ${harmless(check.evidence)}\nhead ${check.chain.head}\n`,
    );
    io.stderr.write('Compare this head with the one you were given by another way; it stands for every line.\n');
  } else {
    for (const problem of check.problems) io.stdout.write(`${style.out.bad('not sound')}: ${harmless(problem)}\n`);
  }
  return sound ? 'ok' : 'differences';
}
