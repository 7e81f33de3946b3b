import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { createPrinter } from '../../../src/cli/output/printer.ts';
import { doneOf, etaText } from '../../../src/cli/output/progress-text.ts';
import { progressLine } from '../../../src/cli/output/plain.ts';
import { blockLines } from '../../../src/cli/output/terminal.ts';
import { styleOf } from '../../../src/cli/output/terminal-io.ts';
import { textWidth } from '../../../src/cli/output/text.ts';
import type { Progress, RunEvent, RunSummary } from '../../../src/engine/progress.ts';
import { FerryError } from '../../../src/model/errors.ts';
import { NO_COUNTERS } from '../../../src/state/state-store.ts';
import { progressOf } from './progress.ts';

const SUMMARY: RunSummary = {
  task: 'photos',
  outcome: 'finished-with-failures',
  counters: { ...NO_COUNTERS, listed: 1204, listedBytes: 2 ** 30, copied: 1201, copiedBytes: 2 ** 30, failed: 3 },
  elapsed: 60_000,
  bytesMoved: 2 ** 30,
  losses: { tags: 12 },
};

test('the live block fits any window, is at most ten lines, and shows no key raw', () => {
  const keys = fc.string({ unit: 'binary', minLength: 1, maxLength: 300 });
  fc.assert(
    fc.property(
      fc.integer({ min: 24, max: 140 }),
      fc.array(keys, { maxLength: 8 }),
      fc.boolean(),
      (columns, names, unicode) => {
        const active = names.map((key) => ({
          key,
          size: 2 ** 31,
          done: 2 ** 29,
          parts: { total: 200, done: 50 },
          since: 0,
        }));
        const throttledBy = [{ what: 'slow-down', store: 's3://a-bucket at a.long.host.example' }] as const;
        const lines = blockLines(
          progressOf({ active, throttledBy, listingDone: false }),
          columns,
          unicode,
          styleOf({ colour: true }),
        );
        assert.ok(lines.length <= 10);
        for (const line of lines) {
          const plain = stripVTControlCharacters(line);
          assert.doesNotMatch(plain, /\p{Cc}/u);
          assert.ok(textWidth(plain) < columns, `${columns}: ${plain}`);
        }
      },
    ),
  );
});

test('the time left is a lower bound while listing goes on', () => {
  assert.equal(etaText(progressOf()), '1m 20s left');
  assert.equal(etaText(progressOf({ listingDone: false })), 'at least 1m 20s left (still listing)');
  assert.equal(etaText(progressOf({ listingDone: false, eta: undefined })), 'still listing');
});

test('while listing goes on there is no share of the whole, in the block or in a line', () => {
  const growing = progressOf({ listingDone: false });
  assert.equal(doneOf(growing).fraction, undefined);
  const shown = blockLines(growing, 80, true, styleOf({ colour: false }));
  assert.match(shown[1]!, /━─+┄+ +977 KiB of 3\.8 MiB listed so far$/);
  for (const text of [...shown, progressLine(growing)]) assert.doesNotMatch(text, /%/);
  assert.match(blockLines(progressOf(), 80, true, styleOf({ colour: false }))[1]!, /─ +25% /);
});

test('a wait after an error tells its cause and when the next try is: at once in a log, in the block at any width', () => {
  const cause = 'Cannot connect to far.example:443: the connection was refused (ECONNREFUSED)';
  const waiting = progressOf({
    throttledBy: [{ what: 'retrying', store: 's3://x', waiting: 3, cause, next: 7200 }],
  });
  const { io, out } = fakeIo();
  let now = 0;
  const printer = createPrinter(io, { json: false, quiet: false, color: true, now: () => now });
  for (let i = 0; i < 80; i++, now += 250) printer.event({ type: 'progress', progress: waiting });
  const lines = out().trim().split('\n');
  assert.equal(lines.length, 2, 'the first at once, then one in ten seconds');
  for (const line of lines) assert.ok(line.includes(`waiting: 3 requests: ${cause}, next try in 8s`), line);
  for (const columns of [40, 80, 120]) {
    const text = blockLines(waiting, columns, true, styleOf({ colour: false })).join('\n');
    assert.match(text, /waiting.* 3 requests: Cannot connect/, String(columns));
    assert.match(text, /next try in 8s/, String(columns));
  }
});

test('a summary reads well in any window: no word is broken, no line too long', () => {
  const summary: RunSummary = {
    ...SUMMARY,
    report: { json: '', html: '/home/somebody/.ferry/reports/photos/run/report.html' },
  };
  for (const [live, columns] of [
    [true, 40],
    [true, 80],
    [true, 120],
    [false, 40],
  ] as const) {
    // prettier-ignore
    const { io, out } = fakeIo({ isTTY: true, columns, env: live ? {} : { TERM: 'dumb' } });
    createPrinter(io, { json: false, quiet: false, color: false, now: () => 0 }).event({ type: 'summary', summary });
    const text = stripVTControlCharacters(out());
    for (const line of text.split('\n')) assert.ok(textWidth(line) <= columns, `${columns}: ${line}`);
    for (const words of [
      'but 3 objects failed',
      '(17.1 MiB/s)',
      'ferry failures photos',
      '--retry tries',
      'report.html',
    ])
      assert.ok(text.replaceAll(/\n */g, ' ').includes(words), `${columns}: ${words}`);
  }
});

test('progress counts bytes inside objects under way', () => {
  const active = [{ key: 'a', size: 2_000_000, done: 1_000_000, since: 0 }];
  assert.equal(doneOf(progressOf({ active })).fraction, 0.5);
  assert.equal(doneOf(progressOf({ counters: NO_COUNTERS })).fraction, undefined);
  assert.equal(
    doneOf(progressOf({ counters: { ...NO_COUNTERS, listed: 2, deleted: 1 }, phase: 'deleting' })).fraction,
    0.5,
  );
});

test('a terminal gets a block that is redrawn in place and leaves only messages and the summary', () => {
  const { io, out, err } = fakeIo({ isTTY: true });
  let now = 0;
  const printer = createPrinter(io, { json: false, quiet: false, color: true, now: () => (now += 200) });
  for (let i = 0; i < 3; i++) printer.event({ type: 'progress', progress: progressOf() });
  printer.event({ type: 'notice', message: 'tags cannot be kept' });
  printer.event({ type: 'summary', summary: SUMMARY });
  printer.end();
  const screen = screenOf(out());
  assert.match(err(), /tags cannot be kept/);
  assert.doesNotMatch(screen, /moving/);
  assert.match(screen, /photos finished in 1m 0s, but 3 objects failed/);
  assert.ok(out().lastIndexOf('\x1b[?25h') > out().lastIndexOf('\x1b[?25l'), 'the cursor is visible at the end');
});

test('a pipe gets a line every ten seconds and at a new phase, without control sequences', () => {
  const { io, out } = fakeIo();
  let now = Date.UTC(2026, 0, 1);
  const printer = createPrinter(io, { json: false, quiet: false, color: true, now: () => now });
  const show = (progress: Progress, ms: number): void => {
    now += ms;
    printer.event({ type: 'progress', progress });
  };
  printer.event({ type: 'started', task: 'photos', resumed: true, pass: 2, source: 'a', destination: 'b' });
  for (let i = 0; i < 81; i++) show(progressOf(), 250);
  show(progressOf({ phase: 'retrying' }), 250);
  printer.event({ type: 'summary', summary: SUMMARY });
  const lines = out().split('\n');
  assert.equal(
    lines.filter((line) => /^2026-01-01T00:00:\d\dZ photos moving 25%: listed 1,000, copied 250;/.test(line)).length,
    2,
  );
  assert.equal(lines.filter((line) => line.includes('photos retrying')).length, 1);
  assert.match(lines[0]!, /photos goes on \(pass 2\): a → b/);
  assert.equal(out(), stripVTControlCharacters(out()));
});

test('many failures become few lines for people, and all lines for machines', () => {
  const failed: RunEvent = {
    type: 'failed',
    key: 'a\nb',
    error: new FerryError('access-denied', { store: 's3://x', key: 'a\nb' }),
  };
  const people = fakeIo();
  const machines = fakeIo();
  const options = { quiet: false, color: false, now: () => 0 };
  const plain = createPrinter(people.io, { ...options, json: false });
  const json = createPrinter(machines.io, { ...options, json: true });
  for (let i = 0; i < 100; i++) {
    plain.event(failed);
    json.event(failed);
  }
  assert.equal(people.err().trim().split('\n').length, 11);
  const lines = machines.out().trim().split('\n');
  assert.equal(lines.length, 100);
  const first: unknown = JSON.parse(lines[0]!);
  assert.partialDeepStrictEqual(first, {
    type: 'failed',
    version: 1,
    time: '1970-01-01T00:00:00.000Z',
    key: 'a\nb',
    error: { code: 'access-denied', store: 's3://x' },
  });
});

test('NO_COLOR, --no-color and TERM=dumb are respected', () => {
  for (const [env, color] of [
    [{ NO_COLOR: '1' }, true],
    [{}, false],
  ] as const) {
    const { io, out } = fakeIo({ isTTY: true, env });
    createPrinter(io, { json: false, quiet: false, color, now: () => 0 }).event({
      type: 'progress',
      progress: progressOf(),
    });
    assert.doesNotMatch(out(), /\x1b\[\d+m/); // oxlint-disable-line no-control-regex -- Looks for colours.
  }
  const dumb = fakeIo({ isTTY: true, env: { TERM: 'dumb' } });
  createPrinter(dumb.io, { json: false, quiet: false, color: true, now: () => 0 }).event({
    type: 'summary',
    summary: SUMMARY,
  });
  assert.equal(dumb.out(), stripVTControlCharacters(dumb.out()));
});

function fakeIo(options: { isTTY?: boolean; columns?: number; env?: Record<string, string> } = {}) {
  const collect = (): { stream: Writable; text: () => string } => {
    let text = '';
    const write = (chunk: unknown, _: unknown, done: () => void): void => {
      text += String(chunk);
      done();
    };
    const stream = new Writable({ write, decodeStrings: false });
    return {
      stream: Object.assign(stream, { isTTY: options.isTTY, columns: options.columns ?? 80 }),
      text: () => text,
    };
  };
  const out = collect();
  const err = collect();
  const io = { stdout: out.stream, stderr: err.stream, stdin: process.stdin, env: options.env ?? {} };
  return { io, out: out.text, err: err.text };
}

/** What is left on the screen: enough of a terminal for what the printer sends. */
function screenOf(text: string): string {
  const lines: string[] = [''];
  let row = 0;
  // oxlint-disable-next-line no-control-regex -- Splits control sequences.
  for (const piece of text.split(/(\x1b\[\??[\d]*[a-zA-Z]|\n|\r)/)) {
    const up = /^\x1b\[(\d+)A$/.exec(piece); // oxlint-disable-line no-control-regex -- Cursor up.
    if (piece === '\n') lines[++row] ??= '';
    else if (piece === '\r') lines[row] = '';
    else if (up) row -= Number(up[1]);
    else if (piece === '\x1b[J') lines.splice(row, Infinity, '');
    else if (!piece.startsWith('\x1b')) lines[row] += piece;
  }
  return lines.join('\n');
}
