/**
 * In which zone a bucket of QingStor is. Its users mostly do not write it down: qscamel asks the service, and so does
 * this. At BUCKET.HOST it answers without credentials, with a redirect to BUCKET.ZONE.HOST (qscamel 2.0.27,
 * endpoint/qingstor/utils.go).
 */
import { FerryError } from '../../model/errors.ts';
import type { HttpClient, Origin } from '../../wire/http/client.ts';

export interface ZoneQuestion {
  readonly bucket: string;
  /** Domain of the service, where every zone is below. */
  readonly host: string;
  readonly secure: boolean;
  readonly port: number;
  readonly connection: Pick<Origin, 'tls' | 'proxy' | 'timeouts'>;
}

/** One request. Rejects with `configuration` where the answer tells no zone, or as the client does. */
export async function askZone(http: HttpClient, question: ZoneQuestion): Promise<string> {
  const { bucket, host, secure, port, connection } = question;
  const at = `${bucket}.${host}`;
  const origin = { secure, host: at, port, ...connection };
  const response = await http.request(origin, { method: 'HEAD', target: '/', headers: [] });
  await response.body.discard();
  const zone = zoneIn(response.headers.get('location'), host);
  if (zone !== undefined) return zone;
  throw new FerryError('configuration', {
    message: `the zone of bucket "${bucket}" cannot be found out: ${at} answered ${response.status} and no zone`,
    remedy: 'Check `bucket_name`, or write the zone of the bucket as `zone`, such as pek3a, beside it.',
  });
}

/** The label before the domain: `b.pek3a.qingstor.com` → `pek3a`. */
function zoneIn(location: string | undefined, domain: string): string | undefined {
  const host = location === undefined ? undefined : URL.parse(location)?.hostname;
  if (host?.endsWith(`.${domain}`) !== true) return undefined;
  return /(?:^|\.)([a-z0-9]+)$/.exec(host.slice(0, -domain.length - 1))?.[1];
}
