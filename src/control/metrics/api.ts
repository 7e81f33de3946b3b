import type { Metrics } from '../../observe/metrics.ts';
import { DURATIONS } from './stores.ts';

/** Requests of the API. The function returned is to be told of every answer; `route` is the name of an operation. */
export function measureApi(metrics: Metrics): (route: string, status: number, milliseconds: number) => void {
  const requests = metrics.counter({
    name: 'ferry_api_requests_total',
    help: 'Answers of the API.',
    labels: ['operation', 'status'],
  });
  const durations = metrics.histogram({
    name: 'ferry_api_request_duration_seconds',
    help: 'Until an answer begins.',
    labels: ['operation'],
    bounds: DURATIONS,
  });
  return (route, status, milliseconds) => {
    requests.add(1, route, String(status));
    durations.observe(milliseconds / 1000, route);
  };
}
