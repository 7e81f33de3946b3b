import { isLoopback } from '../../config/listen.ts';
import { CONTENT_TYPE, type Metrics } from '../../observe/metrics.ts';
import { Problem } from '../api/problem.ts';
import { route, type Route } from '../api/route.ts';

export interface MetricsContext {
  readonly metrics: Metrics;
  /** Whoever asks from this machine needs no token. */
  readonly open: boolean;
  readonly onFailure: (error: unknown) => void;
}

export function metricsRoutes({ metrics, open, onFailure }: MetricsContext): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/metrics',
      id: 'getMetrics',
      tag: 'system',
      summary: 'Numbers for Prometheus.',
      about:
        'In its text format 0.0.4, or as OpenMetrics 1.0 where `Accept` asks for that. Needs a token of the role viewer; ' +
        'with `control.metrics: open` requests of the same machine need none.',
      role: open ? 'anybody' : 'viewer',
      answers: { 200: { about: 'The names of all metrics begin with ferry_ or process_.', type: 'text/plain' } },
      problems: open ? [401] : [],
      async handle({ who, http }) {
        if (who.token === '' && !isLoopback(http.from.replace(/^::ffff:/, '')))
          throw new Problem('unauthenticated', { detail: 'Only requests of the same machine need no token' });
        const wanted = /application\/openmetrics-text/i.test(http.headers.get('accept') ?? '');
        const format = wanted ? 'openmetrics' : 'prometheus';
        const text = await metrics.text(format, onFailure);
        return { status: 200, stream: { type: CONTENT_TYPE[format], chunks: once(Buffer.from(text, 'utf8')) } };
      },
    }),
  ];
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
