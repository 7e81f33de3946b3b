// Options and presets come to the right place: host, path, region, names of qscamel's types.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { FerryError } from '../../../src/model/errors.ts';
import { Secret } from '../../../src/model/secret.ts';
import type { HttpBody, HttpClient, HttpRequest, Origin } from '../../../src/wire/http/client.ts';
import { s3Drivers } from '../../../src/stores/s3/driver.ts';
import { PRESETS } from '../../../src/stores/s3/providers/all.ts';
import { rejects } from '../../conformance/suite/bench.ts';

const KEYS = { access_key_id: 'A', secret_access_key: 'S' };
const B = { bucket_name: 'bucket', ...KEYS };

interface Asked {
  readonly origin: Origin;
  readonly request: HttpRequest;
}

/** The first request a store makes, to read `k`. */
async function firstRequest(type: string, options: Record<string, unknown>, env = {}): Promise<Asked> {
  const client = new NoHttp();
  const store = await open(type, '', options, client, env);
  await rejects(store.stat('k'), 'network');
  return client.asked!;
}

function open(type: string, path: string, options: Record<string, unknown>, http: HttpClient, env = {}) {
  const driver = s3Drivers().find((each) => each.type === type)!;
  const context = { http, env: { HOME: '/nowhere', ...env }, now: () => 0, tmpdir: () => '/nowhere' };
  return driver.open({ type, path, options }, context);
}

/** Sends nothing, and remembers what it was to send. */
class NoHttp implements HttpClient {
  asked: Asked | undefined;

  request(origin: Origin, request: HttpRequest): Promise<never> {
    this.asked = { origin, request };
    return Promise.reject(new FerryError('network'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Nothing is open.
  }
}

async function place(type: string, options: Record<string, unknown>, env = {}): Promise<string> {
  const { origin, request } = await firstRequest(type, options, env);
  const header = (name: string): string => request.headers[request.headers.indexOf(name) + 1]!;
  const region = /Credential=A\/\d+\/([^/]+)/.exec(header('authorization'))?.[1];
  const { secure, host, port } = origin;
  return `${secure ? 'https' : 'http'} ${host} ${port} ${header('host')} ${request.target} ${region}`;
}

test('an endpoint and a bucket come to one place', async () => {
  const cases: readonly (readonly [Record<string, unknown>, string])[] = [
    [{}, 'https bucket.s3.us-east-1.amazonaws.com 443 bucket.s3.us-east-1.amazonaws.com /k us-east-1'],
    [
      { region: 'cn-north-1' },
      'https bucket.s3.cn-north-1.amazonaws.com.cn 443 bucket.s3.cn-north-1.amazonaws.com.cn /k cn-north-1',
    ],
    [{ bucket_name: 'a.b' }, 'https s3.us-east-1.amazonaws.com 443 s3.us-east-1.amazonaws.com /a.b/k us-east-1'],
    [
      { bucket_name: 'Upper_Case' },
      'https s3.us-east-1.amazonaws.com 443 s3.us-east-1.amazonaws.com /Upper_Case/k us-east-1',
    ],
    [{ path_style: true }, 'https s3.us-east-1.amazonaws.com 443 s3.us-east-1.amazonaws.com /bucket/k us-east-1'],
    [
      { use_accelerate: true, region: 'eu-west-1' },
      'https bucket.s3-accelerate.amazonaws.com 443 bucket.s3-accelerate.amazonaws.com /k eu-west-1',
    ],
    [
      { endpoint: 's3.eu-west-1.amazonaws.com' },
      'https bucket.s3.eu-west-1.amazonaws.com 443 bucket.s3.eu-west-1.amazonaws.com /k eu-west-1',
    ],
    [{ endpoint: 'http://127.0.0.1:9000' }, 'http 127.0.0.1 9000 127.0.0.1:9000 /bucket/k us-east-1'],
    [{ endpoint: 'http://[::1]:9000/' }, 'http ::1 9000 [::1]:9000 /bucket/k us-east-1'],
    [{ endpoint: 'https://host/base/path/' }, 'https bucket.host 443 bucket.host /base/path/k us-east-1'],
    [{ endpoint: 'https://host/base', path_style: true }, 'https host 443 host /base/bucket/k us-east-1'],
    [{ endpoint: 'host:8080', disable_ssl: true }, 'http host 8080 host:8080 /bucket/k us-east-1'],
    [{ endpoint: 'HOST', disable_ssl: true }, 'http bucket.host 80 bucket.host /k us-east-1'],
    [{ endpoint: 'https://host:443' }, 'https bucket.host 443 bucket.host /k us-east-1'],
    [{ endpoint: 'http://localhost' }, 'http localhost 80 localhost /bucket/k us-east-1'],
    [{ endpoint: 'http://host', provider: 'ceph' }, 'http host 80 host /bucket/k us-east-1'],
    [
      { endpoint: 'https://s3.oss-cn-beijing.aliyuncs.com' },
      'https bucket.s3.oss-cn-beijing.aliyuncs.com 443 bucket.s3.oss-cn-beijing.aliyuncs.com /k cn-beijing',
    ],
  ];
  for (const [options, expected] of cases) assert.equal(await place('s3', { ...B, ...options }), expected);
});

test('an endpoint that is none is refused, without showing what may be a password', async () => {
  for (const endpoint of ['http://', 'ftp://host', 'https://user:geheim@host', 'https://host/?x', '::::']) {
    const error = await rejects(place('s3', { ...B, endpoint }), 'configuration');
    assert.doesNotMatch(error.message, /geheim/);
  }
  await rejects(place('s3', { ...B, bucket_name: 'bucket/prefix' }), 'configuration');
  await rejects(place('ceph', B), 'configuration');
});

test('the region of the AWS tools counts for Amazon only', async () => {
  const env = { AWS_REGION: 'eu-central-1' };
  assert.match(await place('s3', B, env), /eu-central-1$/);
  assert.match(await place('s3', { ...B, region: 'us-west-2' }, env), /us-west-2$/);
  assert.match(await place('minio', { ...B, endpoint: 'http://host' }, env), /us-east-1$/);
});

test('types of qscamel work with their own option names', async () => {
  const cases: readonly (readonly [string, Record<string, unknown>, string])[] = [
    [
      'aliyun',
      { endpoint: 'oss-cn-shanghai.aliyuncs.com', bucket_name: 'b', access_key_id: 'A', access_key_secret: 'S' },
      'https b.s3.oss-cn-shanghai.aliyuncs.com 443 b.s3.oss-cn-shanghai.aliyuncs.com /k cn-shanghai',
    ],
    [
      'cos',
      { bucket_url: 'https://b-125.cos.ap-beijing.myqcloud.com', secret_id: 'A', secret_key: 'S' },
      'https b-125.cos.ap-beijing.myqcloud.com 443 b-125.cos.ap-beijing.myqcloud.com /k ap-beijing',
    ],
    [
      'qingstor',
      { zone: 'sh1a', ...B, storage_class: 'STANDARD_IA', timeout_config: { read_timeout: 5 }, decoding: 'gbk' },
      'https s3.sh1a.qingstor.com 443 s3.sh1a.qingstor.com /bucket/k sh1a',
    ],
    [
      'qingstor',
      { protocol: 'http', host: 'stor.example', port: 8080, zone: 'z1', ...B, enable_virtual_style: true },
      'http bucket.s3.z1.stor.example 8080 bucket.s3.z1.stor.example:8080 /k z1',
    ],
    [
      'qiniu',
      {
        bucket_name: 'b',
        access_key: 'A',
        secret_key: 'S',
        domain: 'd.example',
        region: 'cn-north-1',
        use_https: true,
      },
      'https s3.cn-north-1.qiniucs.com 443 s3.cn-north-1.qiniucs.com /b/k cn-north-1',
    ],
    ['gcs', B, 'https storage.googleapis.com 443 storage.googleapis.com /bucket/k auto'],
    [
      'r2',
      { account_id: 'acc', ...B },
      'https acc.r2.cloudflarestorage.com 443 acc.r2.cloudflarestorage.com /bucket/k auto',
    ],
    ['us3', { region: 'hk', ...B }, 'https bucket.s3-hk.ufileos.com 443 bucket.s3-hk.ufileos.com /k hk'],
    [
      'ks3',
      { region: 'cn-shanghai', ...B },
      'https bucket.ks3-cn-shanghai.ksyuncs.com 443 bucket.ks3-cn-shanghai.ksyuncs.com /k cn-shanghai',
    ],
    [
      'obs',
      { region: 'af-south-1', ...B },
      'https bucket.obs.af-south-1.myhuaweicloud.com 443 bucket.obs.af-south-1.myhuaweicloud.com /k af-south-1',
    ],
    [
      'b2',
      { endpoint: 's3.eu-central-003.backblazeb2.com', ...B },
      'https bucket.s3.eu-central-003.backblazeb2.com 443 bucket.s3.eu-central-003.backblazeb2.com /k eu-central-003',
    ],
    [
      'wasabi',
      { region: 'eu-west-1', ...B },
      'https s3.eu-west-1.wasabisys.com 443 s3.eu-west-1.wasabisys.com /bucket/k eu-west-1',
    ],
  ];
  for (const [type, options, expected] of cases) assert.equal(await place(type, options), expected, type);
});

test('what a type cannot do is said with its remedy', async () => {
  const gcs = await rejects(place('gcs', { bucket_name: 'b', api_key: 'geheim' }), 'configuration');
  assert.match(gcs.remedy, /HMAC/);
  assert.doesNotMatch(gcs.message, /geheim/);
  const qiniu = { bucket_name: 'b', access_key: 'A', secret_key: 'S', domain: 'd', use_https: false };
  assert.match((await rejects(place('qiniu', qiniu), 'configuration')).remedy, /region/);
  const cos = { bucket_url: 'https://example.com', secret_id: 'A', secret_key: 'S' };
  assert.match((await rejects(place('cos', cos), 'configuration')).remedy, /BUCKET-APPID/);
  await rejects(place('s3', { ...B, bucket: 'unknown key' }), 'configuration');
});

test('connections are made as the options say', async () => {
  const { origin } = await firstRequest('s3', {
    ...B,
    secret_access_key: new Secret('S'),
    proxy: 'http://proxy:3128',
    insecure_skip_verify: true,
    timeout_config: { connect_timeout: 1, read_timeout: 2, write_timeout: 3 },
  });
  assert.equal(origin.proxy, 'http://proxy:3128');
  assert.equal(origin.tls?.insecure, true);
  assert.deepEqual(origin.timeouts, { connect: 1000, read: 2000, write: 3000 });
  await rejects(firstRequest('s3', { ...B, ca_file: '/nowhere/ca.pem' }), 'configuration');
});

test('options say more of an installation than its preset does', async () => {
  const options = { ...B, endpoint: 'http://h', etag: 'opaque', checksums: ['sha256'], storage_classes: ['FAST'] };
  const { capabilities, info } = await open('ceph', '/p/q', options, new NoHttp());
  assert.equal(capabilities.etag, 'opaque');
  assert.deepEqual(capabilities.verifiesChecksums, ['sha256']);
  assert.deepEqual(capabilities.metadata.storageClasses, ['FAST']);
  assert.equal(capabilities.keys.maxBytes, 1024 - 4);
  assert.equal(info.name, 's3://bucket/p/q/ at http://h');
  assert.equal(info.identity, 'http://h/bucket/p/q/');
});

test('user metadata that Swift answers with errors is known before it is sent', async () => {
  const { metadata } = (await open('swift-s3', '', { ...B, endpoint: 'http://h' }, new NoHttp())).capabilities;
  const refused = (user: Record<string, string>): string | undefined => metadata.refuse!(user);
  assert.equal(refused({ ['n'.repeat(128)]: 'v'.repeat(256), word: 'ü'.repeat(90) }), undefined);
  assert.match(refused({ ['n'.repeat(129)]: '' })!, /name .* longer than 128 bytes/);
  assert.match(refused({ note: 'v'.repeat(257) })!, /"note" is longer than 256 bytes/);
  assert.match(refused({ word: 'ü'.repeat(96) })!, /"word" is longer than 256 bytes as it is sent/);
  assert.match(refused(Object.fromEntries(Array.from({ length: 86 }, (_, i) => [`n${i}`, ''])))!, /90 values/);
});

test('every preset gives a reason with a source for what is unusual, and a type of its own', () => {
  const types = s3Drivers().map((driver) => driver.type);
  assert.equal(new Set(types).size, types.length);
  for (const preset of PRESETS) {
    assert.ok(types.includes(preset.name), preset.name);
    assert.ok(preset.facts.length > 0, preset.name);
    for (const { about, reason, source } of preset.facts) {
      assert.ok(
        about === 'createOnly' || about === 'completeCreateOnly' || about in preset || about === 'endpoint',
        `${preset.name} ${about}`,
      );
      assert.match(reason, /\.$/);
      assert.match(source, /^https:|^measured: |^not verified$/, `${preset.name} ${about}`);
    }
    const { minPart, maxPart, maxParts, maxObject } = preset.limits;
    assert.ok(minPart <= maxPart && maxPart * maxParts >= maxObject, preset.name);
  }
  for (const driver of s3Drivers()) assert.ok(z.toJSONSchema(driver.options, { io: 'input' }), driver.type);
});

test('the zone of a QingStor bucket is asked for where the file leaves it out, as qscamel does', async () => {
  const asking = async (location: string | undefined, options: Record<string, unknown> = {}) => {
    const asked: string[] = [];
    const http: HttpClient = {
      request: ({ secure, host, port }, { method, target }) => {
        asked.push(`${method} ${secure ? 'https' : 'http'}://${host}:${port}${target}`);
        const headers = { get: (name: string) => (name === 'location' ? location : undefined), entries: () => [] };
        return Promise.resolve({ status: location === undefined ? 404 : 301, headers, body: emptyBody() });
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
    const store = await open('qingstor', '', { ...B, ...options }, http);
    return { identity: store.info.identity, asked };
  };
  assert.deepEqual(await asking('https://bucket.sh1a.qingstor.com/'), {
    identity: 'https://s3.sh1a.qingstor.com/bucket/',
    asked: ['HEAD https://bucket.qingstor.com:443/'],
  });
  const own = { protocol: 'http', host: 'stor.example', port: 8080 };
  assert.deepEqual(await asking('http://z2.stor.example:8080/bucket', own), {
    identity: 'http://s3.z2.stor.example:8080/bucket/',
    asked: ['HEAD http://bucket.stor.example:8080/'],
  });
  assert.deepEqual((await asking(undefined, { zone: 'z1' })).asked, []);
  for (const location of [undefined, 'https://elsewhere.example/', 'https://qingstor.com/', 'nonsense'])
    await assert.rejects(asking(location), {
      code: 'configuration',
      message: /zone of bucket "bucket" cannot be found/,
    });
});

function emptyBody(): HttpBody {
  return {
    length: 0,
    bytes: () => Promise.resolve(Buffer.alloc(0)),
    discard: () => Promise.resolve(),
    cancel: () => undefined,
    async *[Symbol.asyncIterator]() {
      // Nothing comes.
    },
  };
}
