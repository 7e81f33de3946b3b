// Numbers as Prometheus reads them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Metrics } from '../../../src/observe/metrics.ts';

const none = (): void => assert.fail('nothing fails here');

test('counters, gauges and histograms are written as both formats want them', async () => {
  const metrics = new Metrics();
  const requests = metrics.counter({ name: 'ferry_x_total', help: 'A\nB\\', labels: ['a', 'b'] });
  requests.add(2, 'one', 'say "hi"\\\n');
  requests.add(1, 'one', 'say "hi"\\\n');
  metrics.gauge({ name: 'ferry_y', help: 'Y' }).set(Number.POSITIVE_INFINITY);
  const times = metrics.histogram({ name: 'ferry_z_seconds', help: 'Z', labels: ['op'], bounds: [0.1, 1] });
  for (const each of [0.05, 0.1, 0.5, 7]) times.observe(each, 'get');
  const text = await metrics.text('prometheus', none);
  assert.equal(
    text,
    [
      '# HELP ferry_x_total A\\nB\\\\',
      '# TYPE ferry_x_total counter',
      'ferry_x_total{a="one",b="say \\"hi\\"\\\\\\n"} 3',
      '# HELP ferry_y Y',
      '# TYPE ferry_y gauge',
      'ferry_y +Inf',
      '# HELP ferry_z_seconds Z',
      '# TYPE ferry_z_seconds histogram',
      'ferry_z_seconds_bucket{op="get",le="0.1"} 2',
      'ferry_z_seconds_bucket{op="get",le="1"} 3',
      'ferry_z_seconds_bucket{op="get",le="+Inf"} 4',
      'ferry_z_seconds_sum{op="get"} 7.65',
      'ferry_z_seconds_count{op="get"} 4',
      '',
    ].join('\n'),
  );
  const open = await metrics.text('openmetrics', none);
  assert.match(open, /^# TYPE ferry_x counter\nferry_x_total\{/m);
  assert.ok(open.endsWith('\n# EOF\n'));
});

test('labels that clients choose do not make memory grow', async () => {
  const metrics = new Metrics();
  const family = metrics.counter({ name: 'ferry_x_total', help: 'X', labels: ['name', 'kind'] });
  for (let i = 0; i < 10_000; i++) family.add(1, `n${i}`, 'k');
  const lines = (await metrics.text('prometheus', none)).split('\n').filter((line) => line.startsWith('ferry_x'));
  assert.equal(lines.length, 501);
  assert.equal(lines.at(-1), 'ferry_x_total{name="other",kind="other"} 9500');
});

test('what cannot be read leaves the rest as it is', async () => {
  const metrics = new Metrics();
  metrics.gauge({ name: 'ferry_y', help: 'Y' }).set(4);
  metrics.collect(() => Promise.reject(new Error('broken')));
  const told: unknown[] = [];
  assert.match(await metrics.text('prometheus', (error) => told.push(error)), /^ferry_y 4$/m);
  assert.equal(String(told), 'Error: broken');
  assert.throws(() => metrics.gauge({ name: 'ferry_y', help: 'again' }), /declared twice/);
});
