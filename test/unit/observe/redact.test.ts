import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FerryError } from '../../../src/model/errors.ts';
import { Secret } from '../../../src/model/secret.ts';
import { redact, redactText } from '../../../src/observe/redact.ts';

test('secrets are hidden by type, by name and in texts', () => {
  const shown = redact({
    bucket_name: 'photos',
    access_key_id: 'AKIA123',
    any: new Secret('hunter2'),
    secret_access_key: 'hunter2',
    headers: { Authorization: 'hunter2', 'x-amz-security-token': 'hunter2' },
    list: [new Secret('hunter2'), { password: { deep: 'hunter2' } }],
    map: new Map([['api_key', 'hunter2']]),
    url: new URL('https://me:hunter2@example.com/a?b=c'),
    text: 'GET https://me:hunter2@example.com/ failed',
    token: 17,
    sessionToken: undefined,
  });
  assert.doesNotMatch(JSON.stringify(shown), /hunter2/);
  assert.deepEqual(shown, {
    bucket_name: 'photos',
    access_key_id: 'AKIA123',
    any: '***',
    secret_access_key: '***',
    headers: { Authorization: '***', 'x-amz-security-token': '***' },
    list: ['***', { password: '***' }],
    map: { api_key: '***' },
    url: 'https://***@example.com/a?b=c',
    text: 'GET https://***@example.com/ failed',
    token: 17,
    sessionToken: undefined,
  });
});

test('signatures and passwords are cut out of URLs and headers, the rest stays readable', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['s3://bucket/a@b/c', 's3://bucket/a@b/c'],
    ['http://u:p@ss@host/x', 'http://***@host/x'],
    [
      'https://h/k?X-Amz-Date=1&X-Amz-Signature=abc&X-Amz-Security-Token=d%2F&X-Amz-Expires=9',
      'https://h/k?X-Amz-Date=1&X-Amz-Signature=***&X-Amz-Security-Token=***&X-Amz-Expires=9',
    ],
    ['https://h/k?AWSAccessKeyId=A&Signature=b%3D&Expires=1', 'https://h/k?AWSAccessKeyId=***&Signature=***&Expires=1'],
    ['https://h/k?sv=2020&sig=abc%3D', 'https://h/k?sv=2020&sig=***'],
    [
      'AWS4-HMAC-SHA256 Credential=AK/2026/us/s3/aws4_request, SignedHeaders=host, Signature=0aff',
      'AWS4-HMAC-SHA256 Credential=***, SignedHeaders=host, Signature=***',
    ],
    ['authorization: Bearer abc.def', 'authorization: Bearer ***'],
    ['AWS AKID:c2ln=', 'AWS ***'],
    ['nothing here: a=b & c', 'nothing here: a=b & c'],
  ];
  for (const [text, expected] of cases) assert.equal(redactText(text), expected);
});

test('errors are shown with their causes, and hide as much', () => {
  const cause = new Error('proxy http://u:hunter2@proxy:3128 refused', { cause: new Error('it was hunter2') });
  const error = new FerryError('proxy', { message: 'cannot reach hunter2', cause, key: 'a/b' });
  const shown = redact({ error, many: new AggregateError([cause], 'all') }, ['hunter2']);
  const text = JSON.stringify(shown);
  assert.doesNotMatch(text, /hunter2/);
  assert.match(text, /"code":"proxy"/);
  assert.match(text, /"key":"a\/b"/);
  assert.match(text, /"message":"it was \*\*\*"/);
  assert.match(text, /"stack":"/);
});

test('whatever is logged is finite and can be serialised', () => {
  const circle: Record<string, unknown> = { name: 'circle' };
  circle['self'] = circle;
  const endless: { next?: unknown } = {};
  let end = endless;
  for (let i = 0; i < 1000; i++) {
    const next = {};
    end.next = next;
    end = next;
  }
  const shown = redact({
    circle,
    endless,
    long: 'x'.repeat(1e6),
    wide: Array.from({ length: 1e5 }, (_, i) => i),
    bytes: new Uint8Array(1e6),
    big: 2n ** 70n,
    date: new Date(0),
    wrong: new Date(NaN),
    call: () => 1,
  });
  assert.ok(JSON.stringify(shown).length < 20_000);
  assert.match(JSON.stringify(shown), /<circular>.*<deeper>/);
});

test('a known secret is nowhere, however it is packed', () => {
  const secret = 's3cr3t/+Value';
  const leaf = fc.constantFrom<unknown>(
    secret,
    `before ${secret} after`,
    new Error(secret),
    new Secret(secret),
    new Error('outer', { cause: { detail: `x${secret}` } }),
    [secret],
    { [secret]: 1 },
  );
  const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small' },
      leaf,
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(fc.string(), tie('tree'), { maxKeys: 3 }),
    ),
  }));
  fc.assert(fc.property(tree, (value) => assert.ok(!JSON.stringify(redact({ value }, [secret])).includes(secret))));
});
