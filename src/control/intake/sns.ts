/**
 * Messages of Amazon SNS, as its HTTP endpoints and SQS queues get them. Source: "Verifying the signatures of Amazon SNS
 * messages" and "Parsing Amazon SNS message formats", Amazon SNS Developer Guide.
 */
import { createVerify } from 'node:crypto';
import * as z from 'zod';
import { FerryError } from '../../model/errors.ts';

const ENVELOPE = z.object({
  Type: z.enum(['Notification', 'SubscriptionConfirmation', 'UnsubscribeConfirmation']),
  MessageId: z.string().max(256),
  TopicArn: z.string().max(2048),
  Message: z.string(),
  Timestamp: z.string().max(64),
  SignatureVersion: z.enum(['1', '2']),
  Signature: z.base64().max(8192),
  SigningCertURL: z.string().max(2048),
  Subject: z.string().nullable().optional(),
  Token: z.string().max(8192).optional(),
  SubscribeURL: z.string().max(8192).optional(),
});

export type SnsEnvelope = z.output<typeof ENVELOPE>;

export interface SnsTrust {
  /** The topic whose messages are taken. */
  readonly topic: string;
  /** Hosts of certificates and confirmations besides those of AWS, `HOST` or `HOST:PORT`. */
  readonly hosts: readonly string[];
}

/** Throws `bad-response` where it is no such message. */
export function parseSns(document: Uint8Array): SnsEnvelope {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(document));
  } catch (cause) {
    throw refused('it is no JSON in UTF-8', cause);
  }
  const result = ENVELOPE.safeParse(json);
  if (result.success) return result.data;
  throw refused(result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '));
}

/**
 * Rejects with `bad-response` where the message is of another topic or was not signed by SNS. `certificate` gets the PEM
 * at a URL that was found to be trusted; what it rejects with is passed on.
 */
export async function verifySns(
  envelope: SnsEnvelope,
  trust: SnsTrust,
  certificate: (url: URL) => Promise<string>,
): Promise<void> {
  if (envelope.TopicArn !== trust.topic) throw refused('it is of another topic');
  const url = trustedUrl(envelope.SigningCertURL, trust, 'SigningCertURL');
  if (!url.pathname.endsWith('.pem')) throw refused('SigningCertURL names no certificate');
  const algorithm = envelope.SignatureVersion === '1' ? 'RSA-SHA1' : 'RSA-SHA256';
  const verify = createVerify(algorithm).update(signedText(envelope), 'utf8');
  // Where it cannot be had nothing is known of the message: whoever sent it has to try again.
  const pem = await certificate(url);
  let good: boolean;
  try {
    good = verify.verify(pem, envelope.Signature, 'base64');
  } catch (cause) {
    throw refused('its certificate cannot be used', cause);
  }
  if (!good) throw refused('its signature is wrong');
}

/** Where a subscription is confirmed. Throws `bad-response` where that would lead elsewhere. */
export function confirmationUrl({ SubscribeURL: href }: SnsEnvelope, trust: SnsTrust): URL {
  if (href === undefined) throw refused('it has no SubscribeURL');
  return trustedUrl(href, trust, 'SubscribeURL');
}

const AMAZON = /^sns\.[a-z0-9-]+\.amazonaws\.com(\.cn)?$/;

function trustedUrl(href: string, { hosts }: SnsTrust, what: string): URL {
  const url = URL.canParse(href) ? new URL(href) : undefined;
  const known = url !== undefined && (hosts.includes(url.host) || (AMAZON.test(url.hostname) && url.port === ''));
  if (known && url.protocol === 'https:' && url.username === '' && url.password === '') return url;
  throw refused(`${what} is no HTTPS URL of Amazon SNS`);
}

/** Members in the order of their names, as the guide lists them for each type. */
function signedText(envelope: SnsEnvelope): string {
  const names =
    envelope.Type === 'Notification'
      ? (['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type'] as const)
      : (['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'] as const);
  return names
    .map((name) => [name, envelope[name]] as const)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]) => `${name}\n${value}\n`)
    .join('');
}

function refused(why: string, cause?: unknown): FerryError {
  return new FerryError('bad-response', {
    message: `This is no message of Amazon SNS that can be taken: ${why}`,
    cause,
  });
}
