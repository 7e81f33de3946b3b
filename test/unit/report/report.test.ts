import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Progress, RunSummary } from '../../../src/engine/progress.ts';
import { isFerryError } from '../../../src/model/errors.ts';
import { checkReport } from '../../../src/report/check-report.ts';
import { PYTHON_CHECK } from '../../../src/report/html.ts';
import { ReportRecorder } from '../../../src/report/recorder.ts';
import { NO_COUNTERS } from '../../../src/state/state-store.ts';

let folder = '';
before(async () => void (folder = await mkdtemp(join(tmpdir(), 'ferry-report-'))));
after(async () => await rm(folder, { recursive: true }));

const EVIL = `<script>alert("1")</script>'&\u202e\n`;

async function written(name: string, evidence: 'all' | 'none' = 'all') {
  const recorder = await ReportRecorder.start({
    folder: join(folder, name),
    kind: 'verification',
    task: EVIL,
    mode: 'checksum',
    source: { name: EVIL, identity: 'one' },
    destination: { name: 'two', identity: 'two' },
    evidence,
    version: '0.1.0',
    now: () => Date.UTC(2026, 0, 1),
  });
  for (let i = 0; i < 1100; i++) {
    const key = `${EVIL}${i}`;
    recorder.observe({
      type: 'difference',
      difference: { key, kind: 'size', source: '1', destination: EVIL, detail: EVIL },
    });
    await recorder.add({ key, size: 1, method: 'size', result: 'different' });
    recorder.observe({ type: 'irregular', key, reason: EVIL });
  }
  const counters = { ...NO_COUNTERS, listed: 1100, compared: 1100, failed: 1 };
  const summary: RunSummary = {
    task: EVIL,
    outcome: 'differences',
    counters,
    elapsed: 1,
    bytesMoved: 0,
    losses: { [EVIL]: 1 },
  };
  return await recorder.finish(summary, [
    { code: 'access-denied', count: 1, examples: [{ key: EVIL, message: EVIL, remedy: EVIL }] },
  ]);
}

test('the page shows names from strangers and obeys none of them', async () => {
  const { html } = await written('page');
  const page = await readFile(html, 'utf8');
  for (const harm of [/<script/i, /\u202e/, /\b(?:src|href)=|url\(|@import/]) assert.ok(!harm.test(page), String(harm));
  assert.match(page, /default-src 'none'/);
  assert.equal(page.match(/<td class="key">/g)?.length, 2000);
  assert.equal(page.match(/The first 1,000 are shown; all of them are in <code>evidence\.jsonl<\/code>/g)?.length, 2);
  assert.match(page, /Left out: no regular files <span class="muted">1,100</);
});

test('report and evidence prove each other, and what was changed is found', async () => {
  const { json, head } = await written('check');
  const sound = await checkReport(json);
  assert.deepEqual(sound.problems, []);
  assert.equal(sound.chain.head, head);
  assert.equal(sound.chain.records, 1102);
  assert.deepEqual(await readdir(join(folder, 'check')).then((names) => names.sort()), ['evidence.jsonl', 'report.html', 'report.json']); // prettier-ignore

  const report = await readFile(json, 'utf8');
  await writeFile(json, report.replace(/"outcome": "[a-z]+"/, '"outcome": "finished "'));
  assert.match((await checkReport(json)).problems.join(), /not the one the evidence was closed with/);
  await writeFile(json, report);

  const text = await readFile(sound.evidence, 'utf8');
  await writeFile(sound.evidence, text.split('\n').slice(0, -2).join('\n') + '\n');
  assert.match((await checkReport(json)).problems.join(), /counts 1102 lines, the evidence has 1101/);
  await writeFile(sound.evidence, text.replace('"size":1', '"size":2'));
  assert.match((await checkReport(json)).problems.join(), /^line 2: the record, or one before it, was changed/);
});

test('what is no report, or has no evidence, is refused with a sentence', async () => {
  const { json } = await written('none', 'none');
  await assert.rejects(
    checkReport(json),
    (error) => isFerryError(error, 'configuration') && /has no evidence/.test(error.message),
  );
  await writeFile(join(folder, 'other.json'), '{}{');
  await assert.rejects(checkReport(join(folder, 'other.json')), (error) => isFerryError(error, 'configuration'));
  await assert.rejects(checkReport(join(folder, 'absent.jsonl')), (error) => isFerryError(error, 'configuration'));
});

test('the check without Ferry that the page prints agrees', async (t) => {
  const { head } = await written('python');
  const { status, stdout, error } = spawnSync('sh', ['-c', PYTHON_CHECK], {
    cwd: join(folder, 'python'),
    encoding: 'utf8',
  });
  if (error || status === 127) return t.skip('there is no python3 here');
  assert.equal(status, 0);
  assert.equal(stdout.trim(), head);
});

test('evidence is there to be read while a run goes on', async () => {
  const path = join(folder, 'along');
  const side = { name: 'a', identity: 'a' };
  const recorder = await ReportRecorder.start({ folder: path, kind: 'run', task: 't', mode: undefined, source: side, destination: side, evidence: 'all', version: '0', now: () => 0 }); // prettier-ignore
  await recorder.add({ key: 'k', size: 1, method: 'size', result: 'equal' });
  const progress: Progress = { task: 't', phase: 'moving', counters: NO_COUNTERS, listingDone: false, elapsed: 0, bytesMoved: 0, rate: { bytes: 0, objects: 0, listed: 0 }, averageRate: { bytes: 0, objects: 0 }, inFlight: 0, concurrency: 0, throttledBy: [], active: [], ranges: { total: 0, done: 0, active: 0 } }; // prettier-ignore
  recorder.observe({ type: 'progress', progress });
  while (!(await readFile(join(path, 'evidence.jsonl'), 'utf8')).includes('"key":"k"')) await nextTurn();
  await recorder.finish({ task: 't', outcome: 'finished', counters: NO_COUNTERS, elapsed: 0, bytesMoved: 0, losses: {} }, []); // prettier-ignore
  assert.deepEqual((await checkReport(join(path, 'report.json'))).problems, []);
});
