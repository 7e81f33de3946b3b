import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isFerryError } from '../../../../src/model/errors.ts';
import { parseErrorDocument } from '../../../../src/wire/xml/error-document.ts';
import type { Listing } from '../../../../src/wire/xml/listing.ts';
import { parseListing } from '../../../../src/wire/xml/listing.ts';
import { escapeXml } from '../../../../src/wire/xml/write.ts';
import { anyText } from '../any-text.ts';

const PAGE = `<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
  <Name>bucket</Name><Prefix/><StartAfter>a</StartAfter>
  <KeyCount>3</KeyCount><MaxKeys>1000</MaxKeys><Delimiter>/</Delimiter>
  <NextContinuationToken>1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM=</NextContinuationToken>
  <IsTruncated>true</IsTruncated>
  <Contents>
    <Key>a &amp; b&#x1;&#10;&lt;c&gt;</Key>
    <LastModified>2013-09-17T18:07:53.000Z</LastModified>
    <ETag>&quot;599bab3ed2c697f1d26842727561fd94&quot;</ETag>
    <Size>857</Size>
    <Owner><ID>1</ID><DisplayName>somebody</DisplayName></Owner>
    <StorageClass>REDUCED_REDUNDANCY</StorageClass>
    <ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm>
  </Contents>
  <!-- a comment -->
  <Contents><Key><![CDATA[<é😀>]]></Key><LastModified>2024-02-29T23:59:59Z</LastModified><ETag>"x-2"</ETag>
    <Size>0</Size></Contents>
  <CommonPrefixes><Prefix>photos/</Prefix></CommonPrefixes>
</ListBucketResult>
`;

test('a listing is read whole', () => {
  assert.deepEqual(parseListing(Buffer.from(PAGE)), {
    isTruncated: true,
    nextContinuationToken: '1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM=',
    nextMarker: undefined,
    keyCount: 3,
    encodingType: undefined,
    contents: [
      {
        key: 'a & b\u0001\n<c>',
        size: 857,
        modified: Date.UTC(2013, 8, 17, 18, 7, 53),
        etag: '599bab3ed2c697f1d26842727561fd94',
        storageClass: 'REDUCED_REDUNDANCY',
      },
      {
        key: '<é😀>',
        size: 0,
        modified: Date.UTC(2024, 1, 29, 23, 59, 59),
        etag: 'x-2',
        storageClass: undefined,
      },
    ],
    commonPrefixes: ['photos/'],
  });
});

test('encoding-type=url is undone, a blank as + or %20, wherever the type is named', () => {
  const read = parse(
    '<Contents><Key>a+b%20c%2Bd%25/%F0%9F%98%80</Key><Size>1</Size></Contents><NextMarker>z+</NextMarker>' +
      '<CommonPrefixes><Prefix>%00/</Prefix></CommonPrefixes><EncodingType>url</EncodingType>',
  );
  assert.equal(read.contents[0]!.key, 'a b c+d%/😀');
  assert.deepEqual(read.commonPrefixes, ['\0/']);
  assert.equal(read.nextMarker, 'z ');
  assert.equal(parse('<Contents><Key>a+b%20c</Key><Size>1</Size></Contents>').contents[0]!.key, 'a+b%20c');
  const broken = '<Contents><Key>%E9</Key><Size>1</Size></Contents><EncodingType>url</EncodingType>';
  assert.throws(() => parse(broken), { code: 'bad-response' });
});

test('what is not written as most services write it is read or refused all the same', () => {
  const read = (contents: string): unknown => {
    const [object] = parse(`<Contents>${contents}</Contents>`).contents;
    return [object!.key, object!.etag, object!.size];
  };
  assert.deepEqual(read('<Key>a</Key><ETag>&quot;&quot;</ETag><Size>1</Size>'), ['a', undefined, 1]);
  assert.deepEqual(read('<Key >a</Key ><ETag>"e"</ETag ><Size> 1 </Size>'), ['a', 'e', 1]);
  assert.deepEqual(read('<Size>1</Size><ETag>W/"e"</ETag><Key>a</Key>'), ['a', 'e', 1]);
  assert.deepEqual(read(`<Key>${'k'.repeat(9000)}</Key><Size>1</Size>`), ['k'.repeat(9000), undefined, 1]);
  for (const broken of ['<Key>a<b/>c</Key>', '<Key>a<!x></Key>', '<Key>a<Size>1</Size></Key>', '<ETag>"a<b>"</ETag>'])
    assert.throws(() => read(`${broken}<Key>a</Key><Size>1</Size>`), { code: 'bad-response' }, broken);
});

test('any keys survive, with every kind of entity tag', () => {
  const entry = fc.record({
    key: anyText({ minLength: 1, maxLength: 30 }),
    size: fc.maxSafeNat(),
    etag: fc.constantFrom('abc', 'é', 'a&b', 'd41d8cd98f00b204e9800998ecf8427e-12'),
    quote: fc.constantFrom('"', '&quot;', '&#34;', ''),
    blank: fc.constantFrom('', '\n  '),
    modified: fc.integer({ min: 0, max: 4e12 }),
  });
  fc.assert(
    fc.property(fc.array(entry), (entries) => {
      const body = entries.map(
        ({ key, size, etag, quote, blank, modified }) =>
          `<Contents>${blank}<Key>${escapeXml(key)}</Key>${blank}<ETag>${quote}${escapeXml(etag)}${quote}</ETag>` +
          `<Size>${size}</Size><LastModified>${new Date(modified).toISOString()}</LastModified></Contents>${blank}`,
      );
      const read = parse(body.join(''));
      assert.deepEqual(
        read.contents,
        entries.map(({ key, size, etag, modified }) => ({ key, size, modified, etag, storageClass: undefined })),
      );
    }),
    { numRuns: 40 },
  );
});

test('a listing cut off anywhere is never a shorter listing', () => {
  const whole = Buffer.from(PAGE.trimEnd());
  for (let length = 0; length < whole.length; length++)
    assert.throws(() => parseListing(whole.subarray(0, length)), { code: 'bad-response' }, `${length} bytes`);
});

test('a listing with bytes altered is read or refused, nothing else', () => {
  const whole = Buffer.from(PAGE);
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, byte) => {
      const altered = Buffer.from(whole);
      altered[at] = byte;
      try {
        parseListing(altered);
      } catch (error) {
        assert.ok(isFerryError(error, 'bad-response'), String(error));
      }
    }),
    { numRuns: 500 },
  );
});

test('what is no complete listing is refused', () => {
  const object = '<Contents><Key>k</Key><Size>1</Size></Contents>';
  const wrong = {
    'no IsTruncated': '<ListBucketResult></ListBucketResult>',
    'IsTruncated neither true nor false': '<ListBucketResult><IsTruncated>1</IsTruncated></ListBucketResult>',
    'another document': '<ListAllMyBucketsResult><IsTruncated>false</IsTruncated></ListAllMyBucketsResult>',
    'a web page': '<html><body>Please log in</body></html>',
    nothing: '',
    blanks: ' \n',
    'an object without a key': listing('<Contents><Size>1</Size></Contents>'),
    'an object without a size': listing('<Contents><Key>k</Key></Contents>'),
    'a size that is no number': listing(object.replace('1', '-1')),
    'a size past 2^53': listing(object.replace('1', '9007199254740993')),
    'a time that is none': listing('<Contents><Key>k</Key><LastModified>yesterday</LastModified></Contents>'),
    'two roots': listing(object) + listing(object),
    'text behind': `${listing(object)} x`,
  };
  for (const [name, text] of Object.entries(wrong))
    assert.throws(() => parseListing(Buffer.from(text)), { code: 'bad-response' }, name);
  const latin1 = Buffer.from(listing('<Contents><Key>\u00e9</Key><Size>1</Size></Contents>'), 'latin1');
  assert.throws(() => parseListing(latin1), { code: 'bad-response', message: /UTF-8/ });
});

test('an error with status 200 is an error, and can be read', () => {
  const error = Buffer.from(
    '<?xml version="1.0"?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message>' +
      '<RequestId>1</RequestId><HostId>2</HostId></Error>',
  );
  assert.throws(() => parseListing(error), { code: 'bad-response', message: /SlowDown/ });
  assert.deepEqual(parseErrorDocument(error), {
    code: 'SlowDown',
    message: 'Please reduce your request rate.',
    requestId: '1',
    region: '',
    endpoint: '',
  });
  assert.equal(parseErrorDocument(Buffer.from(PAGE)), undefined);
  assert.equal(parseErrorDocument(error.subarray(0, 60)), undefined);
});

function parse(body: string): Listing {
  return parseListing(Buffer.from(listing(body)));
}

function listing(body: string): string {
  return `<ListBucketResult><IsTruncated>false</IsTruncated>${body}</ListBucketResult>`;
}
