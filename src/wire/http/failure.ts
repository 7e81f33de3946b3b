/** What Node's errors mean, in words that name the place. */
import { FerryError } from '../../model/errors.ts';

/** Of a plain socket to `place` (`host:port`). */
export function networkError(error: Error, place: string, doing: string): FerryError {
  const cause = firstCause(error);
  const code = codeOf(cause);
  if (isLookup(cause))
    return new FerryError('dns', { message: `Cannot resolve the name of ${place}${suffix(code)}`, cause: error });
  const meaning = code === undefined ? undefined : MEANINGS[code];
  return new FerryError('network', {
    message: `${doing} ${place}: ${meaning ?? (cause.message || 'the connection failed')}${suffix(code)}`,
    cause: error,
  });
}

/** Of a TLS connection to `place`; what is not about TLS is a network error. */
export function tlsError(error: Error, place: string): FerryError {
  const code = codeOf(error) ?? '';
  const meaning = TLS_MEANINGS.find(([pattern]) => pattern.test(code));
  if (meaning === undefined && !/^(ERR_SSL|ERR_TLS|ERR_OSSL|EPROTO|CERT_|UNABLE_TO|CRL_|.*CERT)/.test(code))
    return networkError(error, place, 'The secure connection to');
  const detail = code === 'ERR_TLS_CERT_ALTNAME_INVALID' ? `, ${namesOf(error)}` : suffix(code);
  return new FerryError('tls', {
    message: `The secure connection to ${place} failed: ${meaning?.[1] ?? error.message}${detail}`,
    cause: error,
    remedy: meaning?.[2],
  });
}

const MEANINGS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was reset',
  EPIPE: 'the connection was cut',
  ETIMEDOUT: 'nothing answered',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
  EADDRNOTAVAIL: 'no local port or address is free',
  EMFILE: 'too many open files (raise `ulimit -n`)',
  ENFILE: 'too many open files on this machine',
};

const TLS_MEANINGS: readonly (readonly [RegExp, string, string?])[] = [
  [/^CERT_HAS_EXPIRED$/, 'its certificate has expired', 'Renew the certificate of the server; check the clock here.'],
  [/^CERT_NOT_YET_VALID$/, 'its certificate is not valid yet', 'Check the clock of this machine.'],
  [/^DEPTH_ZERO_SELF_SIGNED_CERT$/, 'its certificate is self-signed', 'Give the certificate itself in `ca_file`.'],
  [/^SELF_SIGNED_CERT_IN_CHAIN$/, 'its certificate comes from an authority that is not trusted here'],
  [/^UNABLE_TO_/, 'its certificate comes from an authority that is not known here, or an intermediate one is missing'],
  [/^ERR_TLS_CERT_ALTNAME_INVALID$/, 'its certificate is for another name', 'Use a name the certificate is for.'],
  [/^CERT_REVOKED$/, 'its certificate was revoked'],
  [
    /^(ERR_SSL_WRONG_VERSION_NUMBER|ERR_SSL_PACKET_LENGTH_TOO_LONG|ERR_SSL_HTTP_REQUEST|ERR_SSL_RECORD_TOO_SMALL)$/,
    'the port does not speak TLS',
    'Write `http://` in the endpoint, or correct the port.',
  ],
  [
    /CERTIFICATE_REQUIRED$|ALERT_BAD_CERTIFICATE$|ALERT_UNKNOWN_CA$/,
    'the server wants a client certificate, or another one',
    'Give the client certificate and its key.',
  ],
  [/ALERT_PROTOCOL_VERSION$|UNSUPPORTED_PROTOCOL$/, 'the server knows no version of TLS from 1.2 on'],
  [/HANDSHAKE_FAILURE$|NO_SHARED_CIPHER$/, 'the server and Ferry have no cipher in common, or it refused the name'],
];

/** Happy eyeballs report every address tried; the first says enough. */
function firstCause(error: Error): Error {
  return error instanceof AggregateError && error.errors[0] instanceof Error ? error.errors[0] : error;
}

function codeOf(error: Error): string | undefined {
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

function isLookup(error: Error): boolean {
  return 'syscall' in error && error.syscall === 'getaddrinfo';
}

/** The names a certificate is for, as Node gives them beside ERR_TLS_CERT_ALTNAME_INVALID: `DNS:a.example, DNS:b`. */
function namesOf(error: Error): string {
  const cert: unknown = 'cert' in error ? error.cert : undefined;
  const names: unknown =
    typeof cert === 'object' && cert !== null && 'subjectaltname' in cert ? cert.subjectaltname : '';
  return typeof names === 'string' && names !== '' ? names.slice(0, 300) : 'which it does not say';
}

function suffix(code: string | undefined): string {
  return code === undefined ? '' : ` (${code})`;
}
