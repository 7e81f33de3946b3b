import { createHmac } from 'node:crypto';
import { ALGORITHM, credentialScope, equalSignatures, signingKey } from './canonical.ts';
import { ChunkSigner } from './chunk-signer.ts';
import { HmacSha256 } from './hmac.ts';
import type { ReceivedSignature } from './received.ts';

/** Days whose keys are kept: yesterday's and tomorrow's requests come around midnight. */
const DAYS_KEPT = 3;

/**
 * The keys one secret makes in one region for one service; they last for a day each, and making one takes 20 times as
 * long as checking a signature with it.
 */
export class SigningKeys {
  readonly #secret: string;
  readonly #region: string;
  readonly #service: string;
  readonly #days = new Map<string, { readonly key: Buffer; readonly hmac: HmacSha256 }>();

  constructor(secret: string, region: string, service: string) {
    this.#secret = secret;
    this.#region = region;
    this.#service = service;
  }

  /** Whether the signature is right for the digest of the canonical request. The day must have been checked before. */
  verify(received: ReceivedSignature, digest: string): boolean {
    const scope = credentialScope(received.day, this.#region, this.#service);
    const expected = this.#of(received.day).hmac.hex(`${ALGORITHM}\n${received.timestamp}\n${scope}\n${digest}`);
    return equalSignatures(expected, received.signature);
  }

  /** Whether a signature of Version 2, in Base64, is right for what was signed with it. */
  verifyV2(toSign: string, signature: string): boolean {
    return equalSignatures(createHmac('sha1', this.#secret).update(toSign, 'latin1').digest('base64'), signature);
  }

  /** For the chunks of a verified request. */
  chunkSigner(received: ReceivedSignature): ChunkSigner {
    const scope = credentialScope(received.day, this.#region, this.#service);
    return new ChunkSigner(this.#of(received.day).key, received.timestamp, scope, received.signature);
  }

  #of(day: string): { readonly key: Buffer; readonly hmac: HmacSha256 } {
    const known = this.#days.get(day);
    if (known !== undefined) return known;
    const key = signingKey(this.#secret, day, this.#region, this.#service);
    const made = { key, hmac: new HmacSha256(key) };
    this.#days.set(day, made);
    if (this.#days.size > DAYS_KEPT) this.#days.delete(this.#days.keys().next().value!);
    return made;
  }
}
