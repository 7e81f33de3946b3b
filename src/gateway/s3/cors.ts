/** Cross-origin requests of browsers (Fetch standard, "CORS protocol"; S3's rules). */
import type { HttpAnswer } from '../../wire/http/server/server.ts';
import type { CorsRule } from '../../model/gateway.ts';
import { empty } from './answer.ts';
import { S3Error } from './error.ts';
import type { S3Request } from './request.ts';

/** Answers what a browser asks before the request itself. Throws `AccessDenied` where no rule allows it. */
export function preflight({ http }: S3Request, rules: readonly CorsRule[]): HttpAnswer {
  const origin = http.headers.get('origin');
  const method = http.headers.get('access-control-request-method');
  const wanted = (http.headers.get('access-control-request-headers') ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '');
  if (origin === undefined || method === undefined)
    throw new S3Error('InvalidRequest', { message: 'A preflight names Origin and Access-Control-Request-Method' });
  const rule = rules.find(
    ({ origins, methods, headers }) =>
      origins.some((pattern) => matches(pattern, origin)) &&
      methods.includes(method) &&
      wanted.every((name) => headers.some((pattern) => matches(pattern.toLowerCase(), name))),
  );
  if (rule === undefined) throw new S3Error('AccessDenied', { message: 'No CORS rule of the bucket allows this' });
  const headers = [...allowance(rule, origin), 'Access-Control-Allow-Methods', rule.methods.join(', ')];
  if (wanted.length > 0) headers.push('Access-Control-Allow-Headers', wanted.join(', '));
  if (rule.maxAgeSeconds !== undefined) headers.push('Access-Control-Max-Age', String(rule.maxAgeSeconds));
  return empty(200, headers);
}

/** The headers that let a page see an answer; none where no rule does. */
export function corsHeaders({ http, method }: S3Request, rules: readonly CorsRule[]): readonly string[] {
  const origin = http.headers.get('origin');
  if (origin === undefined || rules.length === 0) return NONE;
  const rule = rules.find(
    ({ origins, methods }) => methods.includes(method) && origins.some((pattern) => matches(pattern, origin)),
  );
  if (rule === undefined) return ['Vary', 'Origin'];
  const headers = allowance(rule, origin);
  if (rule.exposed.length > 0) headers.push('Access-Control-Expose-Headers', rule.exposed.join(', '));
  return headers;
}

const NONE: readonly string[] = [];

function allowance(rule: CorsRule, origin: string): string[] {
  const anybody = rule.origins.includes('*');
  return ['Access-Control-Allow-Origin', anybody ? '*' : origin, 'Vary', 'Origin'];
}

/** `*` stands for any text, once. */
function matches(pattern: string, text: string): boolean {
  const star = pattern.indexOf('*');
  if (star < 0) return pattern === text;
  const [head, tail] = [pattern.slice(0, star), pattern.slice(star + 1)];
  return text.length >= head.length + tail.length && text.startsWith(head) && text.endsWith(tail);
}
