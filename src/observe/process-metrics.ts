/** What the process itself uses. Names without a prefix are those every Prometheus client has. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Metrics } from './metrics.ts';

/** Milliseconds between two looks at the event loop. */
const RESOLUTION = 20;
const QUANTILES = [50, 99, 100] as const;

/** The function returned ends the measuring. */
export function measureProcess(metrics: Metrics, version: string, now: () => number): () => void {
  metrics
    .gauge({ name: 'ferry_build_info', help: 'Always 1; what runs.', labels: ['version', 'node'] })
    .set(1, version, process.version);
  const cpu = metrics.counter({ name: 'process_cpu_seconds_total', help: 'Processor time used.' });
  const memory = metrics.gauge({ name: 'process_resident_memory_bytes', help: 'Memory in use.' });
  const heap = metrics.gauge({ name: 'ferry_heap_bytes', help: 'Of that, used by JavaScript objects.' });
  const started = metrics.gauge({ name: 'process_start_time_seconds', help: 'Since the Unix epoch.' });
  const delay = metrics.gauge({
    name: 'ferry_event_loop_delay_seconds',
    help: 'How late timers ran since the last scrape, by quantile.',
    labels: ['quantile'],
  });
  started.set(now() / 1000 - process.uptime());
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION });
  histogram.enable();
  metrics.collect(() => {
    const { user, system } = process.cpuUsage();
    cpu.set((user + system) / 1e6);
    const { rss, heapUsed } = process.memoryUsage();
    memory.set(rss);
    heap.set(heapUsed);
    for (const quantile of QUANTILES) {
      const nanoseconds = histogram.count === 0 ? 0 : histogram.percentile(quantile);
      delay.set(Math.max(0, nanoseconds / 1e9 - RESOLUTION / 1000), String(quantile / 100));
    }
    histogram.reset();
  });
  return () => histogram.disable();
}
