const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

const ENTITY = /&(?:([a-z]{2,4})|#(\d{1,7})|#x([0-9A-Fa-f]{1,6}));/y;

/**
 * Replaces the five named entities of XML and numeric ones; undefined where `&` begins anything else. Control
 * characters XML 1.0 does not allow are accepted as numbers: S3 sends them so, for keys may hold them.
 */
export function decodeEntities(text: string): string | undefined {
  let at = text.indexOf('&');
  if (at < 0) return text;
  let decoded = '';
  let from = 0;
  for (; at >= 0; at = text.indexOf('&', from)) {
    ENTITY.lastIndex = at;
    const match = ENTITY.exec(text);
    if (!match) return undefined;
    const character = match[1] === undefined ? numeric(match[2], match[3]) : NAMED[match[1]];
    if (character === undefined) return undefined;
    decoded += text.slice(from, at) + character;
    from = ENTITY.lastIndex;
  }
  return decoded + text.slice(from);
}

function numeric(decimal: string | undefined, hexadecimal: string | undefined): string | undefined {
  const code = decimal === undefined ? Number.parseInt(hexadecimal!, 16) : Number(decimal);
  return code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) ? undefined : String.fromCodePoint(code);
}
