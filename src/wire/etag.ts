/** An entity tag without its quotes and `W/`; undefined where nothing is left. */
export function bareETag(text: string): string | undefined {
  const from = text.startsWith('W/') ? 2 : 0;
  const quoted = text.length >= from + 2 && text.charCodeAt(from) === 0x22 && text.endsWith('"');
  const bare = quoted ? text.slice(from + 1, -1) : text.slice(from);
  return bare === '' ? undefined : bare;
}
