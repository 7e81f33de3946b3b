import { FerryError } from '../../model/errors.ts';
import { bodySize } from '../../model/body.ts';
import type { HttpRequest } from './client.ts';
import { FIELD_NAME, FIELD_VALUE } from './fields.ts';
import type { Route } from './route.ts';

/**
 * The head of a request as it goes on the wire, one character per byte. Refused with `unsupported`: what could be read
 * as another line or another request (CR, LF, control characters), and characters that are no byte.
 */
export function requestHead(route: Route, request: HttpRequest): string {
  const { method, target, headers } = request;
  if (!FIELD_NAME.test(method)) throw unsendable('the method');
  if (!TARGET.test(target)) throw unsendable('the target');
  let fields = '';
  let host = route.hostLine;
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at]!;
    const value = headers[at + 1]!;
    if (!FIELD_NAME.test(name) || !FIELD_VALUE.test(value))
      throw unsendable(`the header ${FIELD_NAME.test(name) ? name : 'name'}`);
    if (name.length === 14 && name.toLowerCase() === 'content-length') continue;
    if (name.length === 17 && name.toLowerCase() === 'transfer-encoding')
      throw unsendable('the header transfer-encoding');
    if (name.length === 4 && name.toLowerCase() === 'host') host = '';
    fields += `${name}: ${value}\r\n`;
  }
  if (request.body !== undefined) fields += `Content-Length: ${bodySize(request.body)}\r\n`;
  else if (method === 'PUT' || method === 'POST') fields += 'Content-Length: 0\r\n';
  if (request.expectContinue === true && request.body !== undefined) fields += 'Expect: 100-continue\r\n';
  return `${method} ${route.targetPrefix}${target} HTTP/1.1\r\n${host}${fields}${route.proxyLine}\r\n`;
}

const TARGET = /^[\x21-\x7e]+$/;

function unsendable(what: string): FerryError {
  return new FerryError('unsupported', {
    message: `A request cannot be sent: ${what} holds a character HTTP does not allow there`,
    remedy: 'Control characters and characters outside latin1 have to be encoded; leave the metadata out or rename it.',
  });
}
