/** A key, so that no two look the same: what cannot be seen, or turns letters round, is shown by its number. */
const UNSEEN = /[\p{Cc}\p{Zl}\p{Zp}\u00AD\u061C\u180E\u200B\u200E\u200F\u202A-\u202E\u2060-\u206F\uFEFF]/u;

export function Key({ of, wrap = false }: { readonly of: string; readonly wrap?: boolean }) {
  return (
    <code class={wrap ? 'key wrap' : 'key'} title={told(of)}>
      {pieces(of).map((piece, i) => (UNSEEN.test(piece) ? <i key={i}>{numberOf(piece)}</i> : piece))}
    </code>
  );
}

/** The same as plain text. */
export function told(key: string): string {
  return pieces(key)
    .map((piece) => (UNSEEN.test(piece) ? numberOf(piece) : piece))
    .join('');
}

function pieces(key: string): readonly string[] {
  return key.split(new RegExp(`(${UNSEEN.source})`, 'u')).filter((piece) => piece !== '');
}

/** `U+202E`. */
function numberOf(character: string): string {
  return `⟨U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}⟩`;
}
