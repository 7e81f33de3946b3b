/** A busy place, made up: what pages are looked at with. */
import type * as api from '../../console/src/api/types.ts';
import { aTask, type FakeApi } from './fake-api.ts';

const GiB = 2 ** 30;
const MiB = 2 ** 20;
const MINUTE = 60_000;

/** A name as long as names may be, and with what would be markup. */
export const HOSTILE = '<img src=x onerror=document.title="owned">';
export const LONG = `archive.${'of-very-long-names.'.repeat(5)}2026-11`;

export function furnish(fake: FakeApi, now: number): void {
  fake.stores = storesOf(now);
  fake.tasks = tasksOf(now);
  fake.ranges = rangesOf();
  fake.points = pointsOf(now);
  fake.groups = GROUPS;
  fake.failures = failuresOf(now);
  fake.files = { count: 1_000_000, row: fileOf };
  fake.log = logOf(now);
  fake.reports = [
    { id: 'run-2', kind: 'run', at: now - 12 * MINUTE, json: '/v1/a.json', html: '/v1/a.html' },
    { id: 'verification-1', kind: 'verification', at: now - 3 * MINUTE, json: '/v1/b.json', html: '/v1/b.html' },
  ];
  fake.migrations = migrationsOf(now);
  fake.mirrors = mirrorsOf(now);
  fake.users = [
    { name: 'app', tenant: 'acme', accessKeyId: 'APPKEY', readOnly: false, source: 'configuration' },
    {
      name: 'reports',
      tenant: 'acme',
      accessKeyId: 'FERRYQ2C7XJ',
      buckets: ['photos', 'invoices'],
      readOnly: true,
      source: 'api',
    },
  ];
  fake.schedules = [
    {
      id: '1',
      task: 'invoices-nightly',
      cron: '30 2 * * *',
      timeZone: 'Asia/Shanghai',
      enabled: true,
      held: false,
      window: { from: '22:00', to: '06:00' },
      nextAt: now + 160 * MINUTE,
      lastAt: now - 1280 * MINUTE,
    },
  ];
  fake.jobs = jobsOf(now);
  fake.jobFiles = JOB_FILES;
  fake.deliveries = deliveriesOf(now);
  fake.eventSources = eventSourcesOf(now);
  fake.limits = {
    bandwidth: [{ days: [1, 2, 3, 4, 5], minute: 480, bytesPerSecond: 200 * MiB }, { minute: 1140 }],
    requestsPerSecond: 500,
    from: 'api',
    now: { bytesPerSecond: 200 * MiB },
  };
  fake.plan = PLAN;
  fake.checks = [{ endpoint: 'source', name: 'list', ok: true, detail: '1,000 objects in 84 ms' }];
  fake.storeTest = { ok: true, checks: CHECKS, capabilities: CAPABILITIES };
}

function jobsOf(now: number): api.Job[] {
  const job: api.Job = {
    id: 'job-mh2x81-4k',
    state: 'running',
    complete: false,
    createdAt: now - 6 * MINUTE,
    startedAt: now - 5 * MINUTE,
    who: 'cms',
    target: { type: 's3', bucket: 'photos-new' },
    keys: 'path',
    priority: 5,
    callback: 'https://cms.example.com/ferry?…',
    counts: { files: 80_000, objects: 79_996, copied: 51_204, bytes: 41 * GiB, failed: 3, waiting: 28_789 },
  };
  const copied = { files: 1200, objects: 1200, copied: 1200, bytes: 3 * GiB, failed: 0, waiting: 0 };
  const ended = { startedAt: now - 90 * MINUTE, endedAt: now - 80 * MINUTE };
  return [
    {
      ...job,
      id: 'job-mh2y02-9q',
      state: 'accepted',
      counts: { ...job.counts, copied: 0, failed: 0, waiting: 79_996 },
    },
    job,
    { ...job, ...ended, id: 'job-mh1k77-0c', state: 'finished', complete: true, counts: copied },
    { ...job, ...ended, id: 'job-mh0a10-7f', state: 'finished', counts: { ...copied, copied: 1181, failed: 19 } },
    {
      ...job,
      ...ended,
      id: 'job-mgzz03-1d',
      state: 'failed',
      counts: { ...copied, copied: 0, waiting: 1200 },
      error: { code: 'access-denied', message: 'the destination refuses to be listed' },
    },
  ];
}

const JOB_FILES: api.JobFile[] = [
  { url: 'https://old.example.com/photos/1.jpg', key: 'photos/1.jpg', state: 'copied' },
  { url: 'https://old.example.com/photos/2.jpg', key: 'photos/2.jpg', state: 'waiting' },
  {
    url: 'https://old.example.com/photos/3.jpg?…',
    key: 'photos/3.jpg',
    state: 'failed',
    error: { code: 'not-found', message: 'the origin has no such object (404)', remedy: 'Correct the list.' },
    attempts: 3,
  },
];

function deliveriesOf(now: number): api.Delivery[] {
  const common = { subject: 'job-mh2x81-4k', url: 'https://cms.example.com/ferry?…' };
  const refused = (ago: number) => ({ at: now - ago, milliseconds: 41, status: 503, error: 'answered 503' });
  return [
    {
      ...common,
      id: 412,
      event: 'job.progress',
      state: 'waiting',
      createdAt: now - 30_000,
      nextAt: now + 20_000,
      tries: 2,
      attempts: [refused(30_000), refused(12_000)],
    },
    {
      ...common,
      id: 411,
      event: 'job.started',
      state: 'delivered',
      createdAt: now - 5 * MINUTE,
      tries: 1,
      attempts: [{ at: now - 5 * MINUTE, milliseconds: 22, status: 204 }],
    },
    {
      ...common,
      subject: 'job-mh0a10-7f',
      id: 398,
      event: 'job.ended',
      state: 'failed',
      createdAt: now - 1700 * MINUTE,
      tries: 24,
      attempts: [{ at: now - 200 * MINUTE, milliseconds: 10_000, error: 'no answer within 10 s' }],
    },
  ];
}

function eventSourcesOf(now: number): api.EventSource[] {
  const source: api.EventSource = {
    name: 'photos',
    kind: 'http',
    source: 'photos-old',
    destination: 'photos-new',
    prefix: '',
    deletes: 'apply',
    reconcile: 1440,
    settings: {},
    createdAt: now - 9000 * MINUTE,
    url: '/v1/events/photos',
    totals: { received: 1_204_118, outdated: 3041, malformed: 0, transferred: 988_204, deleted: 12_044, passed: 41 },
    lag: { waiting: 212, oldest: now - 2400, failed: 0 },
    lastAt: now - 300,
    reconciledAt: now - 700 * MINUTE,
  };
  return [
    source,
    {
      ...source,
      name: 'invoices',
      kind: 'sqs',
      prefix: '2026/',
      deletes: 'ignore',
      settings: { queue_url: 'https://sqs.eu-west-1.amazonaws.com/1234/invoices', region: 'eu-west-1' },
      totals: { ...source.totals, received: 4410, outdated: 2, transferred: 4398 },
      lag: { waiting: 0, failed: 2 },
      reconcileError: 'the source does not answer: connect ETIMEDOUT',
    },
  ];
}

function storesOf(now: number): api.Store[] {
  const options = {
    bucket_name: 'photos-old',
    endpoint: 'https://old.example.com',
    access_key_id: 'OLDKEY',
    secret_access_key: '***',
  };
  return [
    {
      name: 'photos-old',
      type: 's3',
      path: '',
      options,
      createdAt: now - 9e8,
      tested: { at: now - 4 * MINUTE, ok: true, checks: CHECKS, capabilities: CAPABILITIES },
    },
    {
      name: 'photos-new',
      type: 's3',
      path: '',
      options: { ...options, bucket_name: 'photos', endpoint: 'https://new.example.com' },
      createdAt: now - 9e8,
      tested: { at: now - 4 * MINUTE, ok: true, checks: CHECKS },
    },
    {
      name: 'tape-staging',
      type: 'file',
      path: '/srv/tape/staging',
      options: { symlinks: 'keep' },
      createdAt: now - 5e8,
      tested: {
        at: now - MINUTE,
        ok: false,
        checks: [
          {
            name: 'open',
            ok: false,
            detail: '/srv/tape/staging does not exist',
            remedy: 'Check the path; mount the file server first.',
          },
        ],
      },
    },
    { name: LONG, type: 'file', path: '/srv/archive', options: {}, createdAt: now - 1e8 },
  ];
}

const CHECKS: readonly api.Check[] = [
  { name: 'connection', ok: true, detail: 'https://old.example.com, TLS 1.3, 11 ms' },
  { name: 'list', ok: true, detail: '1,000 keys in 84 ms' },
  { name: 'read', ok: true, detail: 'the first object, 48.2 KiB' },
  { name: 'write', ok: true, detail: 'a scratch object, removed again' },
  { name: 'fetch', ok: 'skipped', detail: 'it takes objects by a URL only of its own kind' },
];

const CAPABILITIES = {
  list: { ordered: true, checksums: true },
  write: { conditional: true, tags: true },
  multipart: { most: 10_000, smallest: 5 * MiB },
  etag: 'md5',
  versions: false,
};

export function progressOf(more: Partial<api.TaskProgress> = {}): api.TaskProgress {
  return {
    phase: 'moving',
    bytesMoved: 312 * GiB,
    rate: { bytes: 412 * MiB, objects: 2210, listed: 18_400 },
    eta: 23 * MINUTE,
    inFlight: 96,
    concurrency: 128,
    throttledBy: [{ what: 'bandwidth', bytesPerSecond: 450 * MiB }],
    active: [
      { key: 'video/2026/launch/master-4k.mov', size: 38 * GiB, done: 21 * GiB },
      { key: 'backup/pg/base-2026-11-20.tar', size: 12 * GiB, done: 11.2 * GiB },
    ],
    ranges: { total: 40, done: 18, active: 8 },
    listingDone: true,
    elapsed: 31 * MINUTE,
    ...more,
  };
}

function tasksOf(now: number): api.Task[] {
  const counters = {
    listed: 4_812_330,
    listedBytes: 980 * GiB,
    compared: 4_812_330,
    copied: 2_640_118,
    copiedBytes: 312 * GiB,
    skipped: 301_220,
    skippedBytes: 110 * GiB,
    deleted: 0,
    failed: 3204,
    filtered: 0,
    retried: 118,
  };
  return [
    aTask('photos-archive', {
      state: 'running',
      startedAt: now - 31 * MINUTE,
      counters,
      failed: 3204,
      progress: progressOf(),
    }),
    aTask('invoices-nightly', {
      state: 'running',
      startedAt: now - 2 * MINUTE,
      counters: { ...counters, failed: 0, copied: 18_200, listed: 122_000 },
      progress: progressOf({
        listingDone: false,
        rate: { bytes: 38 * MiB, objects: 640, listed: 9000 },
        ranges: { total: 16, done: 5, active: 8 },
        throttledBy: [{ what: 'slow-down', store: 'new.example.com' }],
      }),
    }),
    aTask('tape-2019', {
      state: 'failed',
      endedAt: now - 50 * MINUTE,
      startedAt: now - 55 * MINUTE,
      error: { code: 'unavailable', message: 'the destination does not answer: connect ECONNREFUSED 10.0.3.17:443' },
    }),
    aTask('cctv-week-46', { state: 'paused', startedAt: now - 90 * MINUTE, counters: { ...counters, failed: 0 } }),
    aTask('mailstore', { state: 'queued' }),
    aTask(LONG, {
      state: 'interrupted',
      startedAt: now - 400 * MINUTE,
      counters: { ...counters, failed: 0, copiedBytes: 20 * GiB },
    }),
    aTask('web-assets', {
      startedAt: now - 300 * MINUTE,
      endedAt: now - 260 * MINUTE,
      counters: { ...counters, failed: 0, copied: 81_233, copiedBytes: 14 * GiB },
    }),
    aTask('db-dumps', {
      startedAt: now - 800 * MINUTE,
      endedAt: now - 720 * MINUTE,
      counters: { ...counters, failed: 0, copied: 212, copiedBytes: 640 * GiB },
    }),
    aTask('scratch', { state: 'created' }),
  ];
}

function rangesOf(): api.KeyRange[] {
  const key = (i: number): string | null =>
    i === 0 || i === 40
      ? null
      : `img/${Math.round((i / 40) * 0xffff)
          .toString(16)
          .padStart(4, '0')}`;
  return Array.from({ length: 40 }, (_, i): api.KeyRange => {
    const [after, through] = [key(i), key(i + 1)];
    const state = i % 5 === 1 || i === 22 ? 'active' : i < 22 ? 'done' : i === 34 ? 'failed' : 'waiting';
    const at = Math.round(((i + 0.3 + (i % 7) / 11) / 40) * 0xffff)
      .toString(16)
      .padStart(4, '0');
    return { after, through, state, position: state === 'active' ? `img/${at}` : null };
  });
}

function pointsOf(now: number): api.Series['points'] {
  return Array.from({ length: 240 }, (_, i) => {
    const wave = 0.75 + 0.18 * Math.sin(i / 17) + 0.07 * Math.sin(i / 3.1);
    const climb = Math.min(1, i / 30);
    return { at: now - (240 - i) * 5000, bytes: 430 * MiB * wave * climb, objects: 2300 * wave * climb, failed: 0 };
  });
}

const GROUPS: api.FailureGroup[] = [
  {
    code: 'too-large',
    count: 12,
    examples: [
      {
        key: 'video/raw/a.mxf',
        message: 'The destination takes no object larger than 5 GiB in one piece',
        remedy: 'Let it be uploaded in parts: leave multipart_boundary_size out.',
      },
    ],
  },
  {
    code: 'access-denied',
    count: 3192,
    examples: [
      {
        key: 'legal/2019/0001.pdf',
        message: 'The source refuses to let this object be read (403 AccessDenied)',
        remedy: 'Give the access key the right s3:GetObject on legal/*, then retry.',
      },
      {
        key: HOSTILE,
        message: 'The source refuses to let this object be read (403 AccessDenied)',
        remedy: 'Give the access key the right, then retry.',
      },
    ],
  },
];

function failuresOf(now: number): api.Failure[] {
  return Array.from({ length: 3204 }, (_, i) => ({
    key: i === 12 ? HOSTILE : `legal/2019/${String(i).padStart(4, '0')}.pdf`,
    operation: 'read',
    code: i < 12 ? 'too-large' : 'access-denied',
    message: 'The source refuses to let this object be read (403 AccessDenied)',
    remedy: 'Give the access key the right, then retry.',
    size: 20_000 + i,
    at: now,
    attempts: 3,
  }));
}

function fileOf(i: number): api.FileRow {
  const key = `img/${i.toString(16).padStart(6, '0')}.jpg`;
  return {
    key,
    result: i % 97 === 5 ? 'equal' : 'copied',
    method: 'checksum',
    size: 40_000 + ((i * 7919) % 900_000),
  };
}

function logOf(now: number): api.LogLine[] {
  const time = (ago: number): string => new Date(now - ago).toISOString();
  return [
    { time: time(31 * MINUTE), level: 'info', message: 'run starts' },
    { time: time(MINUTE), level: 'error', message: 'failed', key: 'video/raw/a.mxf', error: { message: 'too large' } },
    {
      time: time(30_000),
      level: 'warn',
      message: 'another attempt',
      key: 'legal/2019/0007.pdf',
      error: { message: '503 SlowDown' },
    },
    { time: time(1000), level: 'info', message: 'progress' },
  ];
}

export function aMigration(
  name: string,
  phase: api.Phase,
  now: number,
  more: Partial<api.Migration> = {},
): api.Migration {
  return {
    name,
    tenant: 'acme',
    phase,
    since: now - 12 * MINUTE,
    epoch: 7,
    paused: false,
    from: `ceph ${name} at https://old.example.com`,
    to: `ceph ${name} at https://new.example.com`,
    writeBack: true,
    requests: { reads: 'both', mutations: 'recorded' },
    gateways: [{ name: 'gw-1', acknowledged: 7 }],
    counts: {
      objects: 1_204_332,
      bytes: 820 * GiB,
      moved: 911_020,
      movedBytes: 610 * GiB,
      skipped: 12_110,
      failed: 0,
      touched: 401,
      dirty: 38,
    },
    copy: { running: true, done: false, openRanges: 12 },
    reads: { new: 88_210, old: 21_402 },
    writes: { openOnOld: 0, unaccounted: 0 },
    lag: { keys: 38, oldest: now - 2300 },
    steps: ['verify', 'rollback'],
    next: [
      {
        step: 'verify',
        allowed: false,
        checks: [
          { what: 'everything is copied', ok: false, detail: '12 ranges are open; it goes on by itself' },
          { what: 'the move does not rest', ok: true, detail: 'it goes on' },
        ],
      },
      {
        step: 'rollback',
        allowed: true,
        checks: [
          {
            what: 'the lag is small',
            ok: true,
            detail: '38 keys are to be written back',
          },
        ],
      },
    ],
    ...more,
  };
}

/** Of a bucket that is moved. */
const WHOLE: api.Migration['counts'] = {
  objects: 1_204_332,
  bytes: 820 * GiB,
  moved: 1_192_222,
  movedBytes: 820 * GiB,
  skipped: 12_110,
  failed: 0,
  touched: 401,
  dirty: 0,
};

function migrationsOf(now: number): api.Migration[] {
  return [
    aMigration('photos', 'migrating', now, {
      ranges: rangesOf()
        .filter(({ state }) => state === 'active' || state === 'waiting')
        .slice(0, 24),
    }),
    aMigration('invoices', 'tracking', now, {
      steps: ['switch'],
      requests: { reads: 'old', mutations: 'old' },
      counts: { objects: 0, bytes: 0, moved: 0, movedBytes: 0, skipped: 0, failed: 0, touched: 0, dirty: 0 },
      writes: { openOnOld: 3, oldest: now - 400, unaccounted: 0 },
    }),
    aMigration('thumbnails', 'migrated', now, {
      counts: WHOLE,
      lag: { keys: 2, oldest: now - 300 },
      steps: ['finalise', 'rollback'],
      verified: {
        at: now - 9 * MINUTE,
        objects: 8_120_004,
        bytes: 90 * GiB,
        aside: 120,
        found: 2,
        open: 0,
        findings: [{ key: 'a/b.jpg', kind: 'missing', repaired: true }],
      },
    }),
    aMigration('mail', 'verifying', now, {
      problem: { at: now, message: 'the old side does not answer: connect ETIMEDOUT' },
    }),
    aMigration('logs', 'created', now, {
      lag: { keys: 0 },
      steps: ['start'],
      counts: { objects: 0, bytes: 0, moved: 0, movedBytes: 0, skipped: 0, failed: 0, touched: 0, dirty: 0 },
    }),
    aMigration('legacy-uploads', 'finalised', now, { steps: [], next: [], counts: WHOLE, lag: { keys: 0 } }),
  ];
}

function mirrorsOf(now: number): api.Mirror[] {
  const points = (scale: number): api.MirrorPoint[] =>
    Array.from({ length: 60 }, (_, i) => ({
      at: now - (60 - i) * MINUTE,
      hits: 90 * scale,
      misses: scale * (60 - i) * (1 + 0.4 * Math.sin(i / 4)),
    }));
  const counters = {
    hits: 1_820_441,
    misses: 60_112,
    absent: 210,
    stored: 59_800,
    bytes: 48 * GiB,
    failures: 3,
    lastUse: now - 4000,
  };
  return [
    {
      bucket: 'media',
      rules: [
        {
          name: 'images',
          match: { prefix: 'img/', suffix: '' },
          origins: ['https://static.example.com', 's3 media-old at https://old.example.com'],
          mode: 'stream',
          store: true,
          counters,
          series: { step: MINUTE, points: points(2) },
        },
        {
          name: 'everything-else',
          match: { prefix: '', suffix: '' },
          origins: ['https://www.example.com'],
          mode: 'redirect',
          store: false,
          counters: { ...counters, hits: 12, misses: 4100, failures: 0, bytes: 0, stored: 0 },
          series: { step: MINUTE, points: points(1) },
        },
      ],
    },
  ];
}

const PLAN: api.Plan = {
  listed: { objects: 122_400, bytes: 38 * GiB },
  copy: { objects: 118_020, bytes: 36 * GiB },
  overwrite: { objects: 1204, bytes: 0.6 * GiB },
  skip: { objects: 3176, bytes: 1.4 * GiB },
  remove: { objects: 0, bytes: 0 },
  fail: { objects: 2, bytes: 0 },
  filtered: 310,
  failures: [
    { what: 'name', objects: 2, reason: 'the destination refuses names over 255 bytes', examples: ['deep/…'] },
  ],
  losses: [{ what: 'tags', objects: 1204, reason: 'the destination keeps no tags', examples: ['a.jpg', 'b.jpg'] }],
  examples: { copy: [], overwrite: [], remove: [] },
  estimate: { milliseconds: 9 * MINUTE, atLeast: false, basis: 'measured: 70 MiB/s' },
};
