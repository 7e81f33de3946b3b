import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isFerryError } from '../../../../src/model/errors.ts';
import { parseXml } from '../../../../src/wire/xml/tree.ts';
import type { XmlElement } from '../../../../src/wire/xml/tree.ts';
import { completeMultipartXml, deleteXml, taggingXml, textElement } from '../../../../src/wire/xml/write.ts';
import { anyText } from '../any-text.ts';

const text = anyText({ maxLength: 40 });

test('any text written is read back', () => {
  fc.assert(
    fc.property(text, (written) => {
      assert.equal(parse(textElement('Key', written)).text, written);
    }),
  );
  assert.throws(() => textElement('Key', '\udc00'), { code: 'bad-key' });
});

test('nothing but printable XML is written for control characters', () => {
  assert.equal(
    textElement('Key', '\0\t\n\r<>&"\'\u007f\u0085'),
    '<Key>&#x0;&#x9;&#xA;&#xD;&lt;&gt;&amp;&quot;&apos;&#x7F;&#x85;</Key>',
  );
});

test('request bodies hold what they were given, in order', () => {
  fc.assert(
    fc.property(fc.array(text), fc.dictionary(text, text), (keys, tags) => {
      const deleted = parse(deleteXml(keys)).all('Object');
      assert.deepEqual(
        deleted.map((object) => object.get('Key')),
        keys,
      );
      const set = parse(taggingXml(tags)).child('TagSet')!.all('Tag');
      assert.deepEqual(
        set.map((tag) => [tag.get('Key'), tag.get('Value')]),
        Object.entries(tags),
      );
    }),
  );
  const complete = completeMultipartXml([
    { number: 1, etag: 'a', checksums: [['ChecksumCRC32C', 'yZRlqg==']] },
    { number: 2, etag: 'b' },
  ]);
  assert.equal(
    complete.slice(complete.indexOf('<Part>')),
    '<Part><PartNumber>1</PartNumber><ETag>&quot;a&quot;</ETag><ChecksumCRC32C>yZRlqg==</ChecksumCRC32C></Part>' +
      '<Part><PartNumber>2</PartNumber><ETag>&quot;b&quot;</ETag></Part></CompleteMultipartUpload>',
  );
});

test('prefixes, attributes, comments, CDATA, empty elements and blanks are understood', () => {
  const root = parse(`\ufeff<?xml version="1.0"?><!-- a --><s3:A xmlns:s3="urn:x" b = '>'>
    <B/><C  x="1" /><D> two  <!-- c -->words<![CDATA[ & <so on>]]> </D><E><!-- only --><F>1</F></E>
  </s3:A ><!-- end -->\n`);
  assert.equal(root.name, 'A');
  assert.deepEqual(
    root.children.map((child) => [child.name, child.text]),
    [['B', ''], ['C', ''], ['D', ' two  words & <so on> '], ['E', '']],
  ); // prettier-ignore
  assert.equal(root.child('E')!.require('F'), '1');
  assert.throws(() => root.require('B'), { code: 'bad-response', message: 'The answer A has no B' });
});

test('what is not well-formed, or could grow, is refused', () => {
  const wrong = [
    '', 'text', '<', '<a', '<a>', '<a/', '</a>', '<a></b>', '<a><b></a></b>', '<a/><b/>', '<a/>x', '<>x</>', '<:>x</:>',
    '<a b></a>', '<a b=c></a>', '<a b="<"></a>', '<a b="1"c="2"></a>', '<a <b/></a>', '<a>x<b/></a>', '<a><b/>x</a>',
    '<a>&nbsp;</a>', '<a>&amp</a>', '<a>& </a>', '<a>&#xD800;</a>', '<a>&#x110000;</a>', '<a>&#;</a>',
    '<a><![CDATA[x]]</a>', '<a><!-- x </a>', '<![CDATA[x]]><a/>', '<a/><![CDATA[x]]>', '<a><b/><![CDATA[x]]></a>',
    '<!DOCTYPE a><a/>', '<!DOCTYPE a [<!ENTITY b "bb">]><a>&b;</a>', '<a><!DOCTYPE a></a>',
    `${'<a>'.repeat(33)}${'</a>'.repeat(33)}`,
  ]; // prettier-ignore
  for (const document of wrong) assert.throws(() => parse(document), { code: 'bad-response' }, document);
  assert.throws(() => parseXml(Buffer.from('<a>xx</a>'), { maxBytes: 8, maxDepth: 1 }), { code: 'bad-response' });
  assert.throws(() => parseXml(Buffer.from([0x3c, 0x61, 0x3e, 0xff])), { code: 'bad-response' });
  assert.equal(parseXml(Buffer.from('<a>x</a>'), { maxBytes: 8, maxDepth: 1 }).text, 'x');
});

test('anything at all is read or refused', () => {
  const piece = fc.constantFrom('<a>', '</a>', '<b/>', '<b x="1">', '</b>', 'x', '&lt;', '&', '<!--', '-->', '<![CDATA[',
    ']]>', '<?x', '?>', ' ', '<', '>', '"', "'", '/', 'é'); // prettier-ignore
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      try {
        parse(pieces.join(''));
      } catch (error) {
        assert.ok(isFerryError(error, 'bad-response'), String(error));
      }
    }),
    { numRuns: 500 },
  );
});

function parse(document: string): XmlElement {
  return parseXml(Buffer.from(document));
}
