import { XmlReader } from './reader.ts';

/** The `<Error>` S3 answers with; fields that are missing are ''. */
export interface S3Error {
  readonly code: string;
  readonly message: string;
  readonly requestId: string;
  /** Where the bucket is really, on `PermanentRedirect` and `AuthorizationHeaderMalformed`. */
  readonly region: string;
  readonly endpoint: string;
}

/** Reads an error document; undefined where the bytes are anything else. Never throws. */
export function parseErrorDocument(bytes: Uint8Array): S3Error | undefined {
  try {
    const reader = new XmlReader(bytes);
    const root = reader.root();
    if (root === 'Error') return readErrorBody(reader);
    // Google and old OpenStack wrap it.
    if (root === 'ErrorResponse' && reader.child() === 'Error') return readErrorBody(reader);
  } catch {
    // Not XML, or cut off: the caller has the status.
  }
  return undefined;
}

/** The rest of an error document whose root was entered. */
export function readErrorBody(reader: XmlReader): S3Error {
  const fields: Record<string, string> = {};
  for (let name = reader.child(); name !== undefined; name = reader.child()) {
    if (FIELDS.has(name)) fields[name] = reader.text();
    else reader.skip();
  }
  return {
    code: fields['Code'] ?? '',
    message: fields['Message'] ?? '',
    requestId: fields['RequestId'] ?? '',
    region: fields['Region'] ?? '',
    endpoint: fields['Endpoint'] ?? '',
  };
}

const FIELDS: ReadonlySet<string> = new Set(['Code', 'Message', 'RequestId', 'Region', 'Endpoint']);
