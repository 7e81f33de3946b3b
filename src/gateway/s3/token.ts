import { S3Error } from './error.ts';

/** A token is the last name of the page before; clients must not read it, and cannot go where they may not by it. */
export function toToken(name: string): string {
  return Buffer.from(name, 'utf8').toString('base64url');
}

/** Throws `InvalidArgument`. */
export function fromToken(token: string): string {
  const name = Buffer.from(token, 'base64url').toString('utf8');
  if (name === '' || toToken(name) !== token)
    throw new S3Error('InvalidArgument', { message: 'The continuation token is none of ours' });
  return name;
}
