import { type ConnectionOptions, type SecureContext, createSecureContext, getCACertificates } from 'node:tls';
import { isIP } from 'node:net';
import { FerryError } from '../../model/errors.ts';
import type { TlsOptions } from './client.ts';
import type { Route } from './route.ts';

/**
 * TLS settings, worked out once: reading a few hundred root certificates costs tens of milliseconds. Trusted are Node's
 * roots, the operating system's and `ca`; an intermediate authority in `ca` is enough.
 *
 * Holds one context per distinct `TlsOptions`, and one session per route for resumption (`SessionSlot`).
 */
export class TlsSettings {
  readonly #contexts = new Map<string, SecureContext>();

  /** Options for `tls.connect` but for where to connect. Rejects unusable PEM with `configuration`. */
  options(route: Route, slot: SessionSlot): ConnectionOptions {
    return {
      secureContext: this.#context(route.tls),
      servername: isIP(route.host) === 0 ? route.host : '',
      rejectUnauthorized: route.tls.insecure !== true,
      ALPNProtocols: ['http/1.1'],
      session: slot.session,
      // Verification goes by the address where there is no name to send.
      host: route.host,
    };
  }

  #context(options: TlsOptions): SecureContext {
    const id = JSON.stringify([options.ca, options.cert, options.key]);
    let context = this.#contexts.get(id);
    if (context === undefined) {
      context = makeContext(options);
      this.#contexts.set(id, context);
    }
    return context;
  }
}

/** The last session a server gave, offered to it on the next connection. */
export interface SessionSlot {
  session: Buffer | undefined;
}

function makeContext({ ca, cert, key }: TlsOptions): SecureContext {
  const roots = new Set([...getCACertificates('default'), ...getCACertificates('system')]);
  try {
    return createSecureContext({
      ca: ca === undefined ? [...roots] : [...roots, ca],
      allowPartialTrustChain: ca !== undefined,
      cert,
      key,
    });
  } catch (thrown) {
    throw new FerryError('configuration', {
      message: `The certificates are not usable: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
      cause: thrown,
      remedy: 'Certificates and keys are PEM text; a client certificate needs the key that belongs to it.',
    });
  }
}
