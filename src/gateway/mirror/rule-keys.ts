/** Which keys a rule is for, and what its origin calls them. */
import type { MirrorRule } from '../../model/gateway.ts';

export function isFor({ match }: MirrorRule, key: string): boolean {
  return key.startsWith(match.prefix) && key.endsWith(match.suffix);
}

/** The rule that says where a missing object comes from: the first that matches. */
export function ruleOfMissing(rules: readonly MirrorRule[], key: string): MirrorRule | undefined {
  return rules.find((rule) => rule.match.statuses.includes(404) && isFor(rule, key));
}

/** What the origin calls a key; undefined where nothing is left of it. */
export function originKeyOf({ rewrite: { strip, template } }: MirrorRule, key: string): string | undefined {
  const rest = key.slice(strip.length);
  const name = template.replace('{key}', () => rest);
  return name === '' ? undefined : name;
}

/** The key of what the origin calls so; undefined where the rule asks for no such thing. */
export function keyOf(rule: MirrorRule, originKey: string): string | undefined {
  const { strip, template } = rule.rewrite;
  const [before = '', after = ''] = template.split('{key}');
  if (!originKey.startsWith(before) || !originKey.endsWith(after)) return undefined;
  if (originKey.length < before.length + after.length) return undefined;
  const key = strip + originKey.slice(before.length, originKey.length - after.length);
  return key !== '' && isFor(rule, key) ? key : undefined;
}
