/** From the rules of a bucket's `mirror` to `MirrorRule`s. */
import type * as z from 'zod';
import type { KeyRewrite, MirrorRule } from '../model/gateway.ts';
import type { EndpointSpec } from '../model/task.ts';
import type { mirrorRule } from './mirror-schema.ts';
import type { Path } from './problems.ts';

export interface EndpointReader {
  complain(at: Path, message: string): void;
  endpoint(
    at: Path,
    given: { readonly type: string; readonly path: string },
    roles?: readonly ('source' | 'destination')[],
  ): EndpointSpec;
}

type Rule = z.output<typeof mirrorRule>;
type Origin = Exclude<Rule['origin'], readonly unknown[]>;

export function mirrorRules(rules: readonly Rule[], at: Path, reader: EndpointReader): MirrorRule[] {
  const names = new Set<string>();
  return rules.map((rule, i) => {
    const here = [...at, i];
    const name = rule.name ?? (rule.match.prefix === '' ? `rule ${i + 1}` : rule.match.prefix);
    if (names.has(name)) reader.complain(here, `has the name "${name}" of an earlier rule: give it a \`name\``);
    names.add(name);
    return ruleOf(rule, name, here, reader);
  });
}

function ruleOf(rule: Rule, name: string, at: Path, reader: EndpointReader): MirrorRule {
  const { match, limits } = rule;
  checkHeaders(rule, at, reader);
  if (rule.mode === 'redirect' && match.status.some((status) => status !== 404))
    reader.complain([...at, 'match', 'status'], 'can only be 404 where `mode` is `redirect`');
  return {
    name,
    match: { prefix: match.prefix, suffix: match.suffix, statuses: match.status },
    origins: originsOf(rule, at, reader),
    rewrite: rewriteOf(rule, at, reader),
    headers: {
      pass: rule.headers.pass.map((header) => header.toLowerCase()),
      drop: rule.headers.drop.map((header) => header.toLowerCase()),
      set: Object.entries(rule.headers.set).flat(),
    },
    keep: rule.keep,
    mode: rule.mode,
    store: rule.store,
    head: rule.head,
    deletes: rule.deletes,
    limits: {
      bandwidth: limits.bandwidth === 0 ? undefined : limits.bandwidth,
      requestsPerSecond: limits.requests_per_second,
      concurrency: limits.concurrency,
      timeout: limits.timeout * 1000,
      minSpeed: limits.min_speed,
      maxObjectSize: limits.max_object_size,
    },
    absence: { duration: rule.absence.seconds * 1000, entries: rule.absence.entries },
    breaker: { failures: rule.breaker.failures, duration: rule.breaker.seconds * 1000 },
  };
}

function originsOf(rule: Rule, at: Path, reader: EndpointReader): EndpointSpec[] {
  if (!Array.isArray(rule.origin)) return [originOf(rule.origin, [...at, 'origin'], rule, reader)];
  return rule.origin.map((origin, i) => originOf(origin, [...at, 'origin', i], rule, reader));
}

function originOf(origin: Origin, at: Path, rule: Rule, reader: EndpointReader): EndpointSpec {
  if (typeof origin !== 'string') return reader.endpoint(at, origin, ['source']);
  const url = URL.canParse(origin) ? new URL(origin) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    reader.complain(at, 'must be an http or https URL, or an endpoint (`type`, `path`, `options`)');
  else if (url.username !== '' || url.password !== '')
    reader.complain(at, 'holds credentials: give an endpoint of type http with `username` and `password`');
  else if (url.hash !== '') reader.complain(at, 'cannot have a fragment (`#…`)');
  const timeout = Math.max(rule.limits.timeout, 0.05);
  return {
    type: 'http',
    path: '',
    options: {
      base_url: origin,
      allow_private: rule.allow_private_redirects,
      timeout_config: { connect_timeout: timeout, read_timeout: timeout, write_timeout: timeout },
    },
  };
}

function rewriteOf({ rewrite, match }: Rule, at: Path, reader: EndpointReader): KeyRewrite {
  const { strip, add, template } = rewrite;
  if (!match.prefix.startsWith(strip))
    reader.complain([...at, 'rewrite', 'strip'], `is no beginning of \`match.prefix\` ("${match.prefix}")`);
  if (template !== undefined && add !== '') reader.complain([...at, 'rewrite'], 'has either `add` or `template`');
  if (template !== undefined && template.split('{key}').length !== 2)
    reader.complain([...at, 'rewrite', 'template'], 'must have {key} in it, once');
  return { strip, template: template ?? `${add}{key}` };
}

/** What says who the client is, or how this very connection works, is never another's. */
const NEVER_PASSED =
  /^(authorization|proxy-.*|host|connection|keep-alive|te|trailer|transfer-encoding|upgrade|expect|content-.*|range|if-.*|accept-encoding|x-amz-.*)$/;
const NEVER_SET =
  /^(proxy-.*|host|connection|keep-alive|te|trailer|transfer-encoding|upgrade|expect|content-length|range|if-.*|accept-encoding)$/;

function checkHeaders({ headers }: Rule, at: Path, reader: EndpointReader): void {
  headers.pass.forEach((name, i) => {
    if (NEVER_PASSED.test(name.toLowerCase()))
      reader.complain([...at, 'headers', 'pass', i], `"${name}" belongs to the client and the gateway alone`);
  });
  for (const name of Object.keys(headers.set))
    if (NEVER_SET.test(name.toLowerCase()))
      reader.complain([...at, 'headers', 'set', name], `"${name}" is for the gateway to set`);
}

/** Whether a header of a client may be passed on at all, whatever patterns say. */
export function mayPass(name: string): boolean {
  return !NEVER_PASSED.test(name);
}
