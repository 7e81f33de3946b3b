import type { AccessEntry } from '../../gateway/gateway.ts';
import type { Metrics } from '../../observe/metrics.ts';
import { DURATIONS } from './stores.ts';

/** What clients of the gateway ask for. The function returned is to be told of every answer. */
export function measureGateway(metrics: Metrics): (entry: AccessEntry) => void {
  const requests = metrics.counter({
    name: 'ferry_gateway_requests_total',
    help: 'Answers of the gateway; served_from is store, the origin of a mirror, or a side of a bucket that is moved.',
    labels: ['operation', 'status', 'served_from'],
  });
  const durations = metrics.histogram({
    name: 'ferry_gateway_request_duration_seconds',
    help: 'Until an answer begins.',
    labels: ['operation'],
    bounds: DURATIONS,
  });
  const bytes = metrics.counter({
    name: 'ferry_gateway_answered_bytes_total',
    help: 'Of bodies of answers whose size is known when they begin.',
    labels: ['operation'],
  });
  return ({ operation = 'none', status, servedFrom, milliseconds, bytes: size }) => {
    requests.add(1, operation, String(status), servedFrom);
    durations.observe(milliseconds / 1000, operation);
    if (size !== undefined && size > 0) bytes.add(size, operation);
  };
}
