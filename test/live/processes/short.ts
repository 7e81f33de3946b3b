import type { Timing } from '../../../src/gateway/migrate/timing.ts';

/** Of gateways that are killed and stopped many times a minute. */
export const SHORT: Timing = { lease: 800, interval: 60, pause: 200 };
