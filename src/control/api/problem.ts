/** What went wrong with a request, as problem details (RFC 9457). */
import { redactText } from '../../observe/redact.ts';
import { OutOfReach } from '../../store/file-reach.ts';
import { ERROR_CATALOGUE, FerryError, isFerryError, toFerryError, type ErrorCode } from '../../model/errors.ts';

/** Where in a request something is wrong. */
export interface Fault {
  /** A JSON pointer into the body (RFC 6901), or the name of a parameter or header. */
  readonly pointer: string;
  readonly detail: string;
}

interface Kind {
  readonly status: number;
  readonly title: string;
  readonly remedy: string;
}

/** What only the API can find wrong. Everything else is a `FerryError`. */
export const PROBLEM_KINDS = {
  'invalid-request': {
    status: 400,
    title: 'The request is not as it has to be.',
    remedy: 'Correct the places in `errors`; /v1/openapi.json tells what each takes.',
  },
  unauthenticated: {
    status: 401,
    title: 'Nobody is known by these credentials.',
    remedy: 'Send `Authorization: Bearer TOKEN`; `ferry token create` makes one.',
  },
  forbidden: {
    status: 403,
    title: 'This token or session may not do that.',
    remedy: 'Use a token with the role the message names.',
  },
  'no-such-resource': {
    status: 404,
    title: 'There is nothing at this address.',
    remedy: 'Look at the list it should be in; /v1/openapi.json has every address.',
  },
  'method-not-allowed': {
    status: 405,
    title: 'That cannot be done with this resource.',
    remedy: 'The header Allow names the methods there are.',
  },
  conflict: {
    status: 409,
    title: 'It does not fit what is there now.',
    remedy: 'Read the resource again, and decide by what it says.',
  },
  'changed-meanwhile': {
    status: 412,
    title: 'Somebody changed it since it was read.',
    remedy: 'Read it again, and send its new ETag in If-Match.',
  },
  'body-too-large': {
    status: 413,
    title: 'The body is larger than is taken here.',
    remedy: 'Send less at once, or give long lists by reference.',
  },
  'wrong-content-type': {
    status: 415,
    title: 'The body is of a type that is not taken here.',
    remedy: 'Send JSON with `Content-Type: application/json`.',
  },
  'other-request': {
    status: 422,
    title: 'The idempotency key was used for another request.',
    remedy: 'Make a new key for each new request; repeat one only with the very same request.',
  },
  'no-if-match': {
    status: 428,
    title: 'A change has to say what it changes.',
    remedy: 'Send the ETag of the resource, as it was read, in If-Match.',
  },
  'too-slow': {
    status: 408,
    title: 'The body came too slowly.',
    remedy: 'Send it faster, at some KiB in a second at least; or give long lists by reference.',
  },
  busy: {
    status: 429,
    title: 'So much of this is being done that there is no room.',
    remedy: 'Send the request again when Retry-After has passed.',
  },
  'too-many-failures': {
    status: 429,
    title: 'Too many attempts with wrong credentials came from this address.',
    remedy: 'Wait as long as Retry-After says.',
  },
} as const satisfies Readonly<Record<string, Kind>>;

export type ProblemCode = keyof typeof PROBLEM_KINDS;

/** What an answer says in place of a result. */
export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail?: string | undefined;
  readonly code: string;
  readonly remedy: string;
  readonly errors?: readonly Fault[] | undefined;
  /** Tells requests apart in logs. */
  readonly requestId?: string | undefined;
}

export class Problem extends Error {
  override readonly name = 'Problem';
  readonly code: ProblemCode;
  readonly faults: readonly Fault[];
  /** Names and values in turn. */
  readonly headers: readonly string[];

  constructor(
    code: ProblemCode,
    options: { detail?: string; faults?: readonly Fault[]; headers?: readonly string[]; cause?: unknown } = {},
  ) {
    super(options.detail ?? '', { cause: options.cause });
    this.code = code;
    this.faults = options.faults ?? [];
    this.headers = options.headers ?? [];
  }
}

/** The document of anything thrown. Defects tell nothing of themselves: their text is for the log. */
export function problemOf(thrown: unknown, requestId: string): ProblemDocument {
  if (thrown instanceof Problem) {
    const { status, title, remedy } = PROBLEM_KINDS[thrown.code];
    return {
      type: typeOf(thrown.code),
      title,
      status,
      detail: thrown.message === '' ? undefined : thrown.message,
      code: thrown.code,
      remedy,
      errors: thrown.faults.length === 0 ? undefined : thrown.faults,
      requestId,
    };
  }
  const error = isFerryError(thrown) ? thrown : new FerryError('internal', { cause: thrown });
  const { code, remedy } = error;
  const detail = code === 'internal' ? undefined : redactText(error.message);
  return {
    type: typeOf(code),
    title: ERROR_CATALOGUE[code].summary,
    status: statusOf(code),
    detail,
    code,
    remedy,
    errors: error.cause instanceof OutOfReach ? [placeOf(error.cause, error.message)] : undefined,
    requestId,
  };
}

function placeOf({ at }: OutOfReach, detail: string): Fault {
  return { pointer: ['#', ...at.map((step) => step.replaceAll('~', '~0').replaceAll('/', '~1'))].join('/'), detail };
}

/** Whether what was thrown is a defect, and has to be looked at by us. */
export function isDefect(thrown: unknown): boolean {
  return !(thrown instanceof Problem) && toFerryError(thrown).code === 'internal';
}

function typeOf(code: string): string {
  return `urn:ferry:problem:${code}`;
}

function statusOf(code: ErrorCode): number {
  return STATUS[code] ?? 502;
}

/** What is not here is the fault of a store that was asked on the way. */
const STATUS: Partial<Record<ErrorCode, number>> = {
  'not-found': 404,
  'task-not-found': 404,
  'already-exists': 409,
  'task-mismatch': 409,
  'task-running': 409,
  guard: 409,
  'outside-file-roots': 403,
  configuration: 400,
  'bad-key': 400,
  'no-credentials': 400,
  unsupported: 400,
  'too-large': 413,
  'disk-full': 507,
  state: 500,
  permission: 500,
  internal: 500,
  interrupted: 503,
};
