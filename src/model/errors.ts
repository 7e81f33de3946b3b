/**
 * The one error class and the catalogue of everything that can go wrong.
 *
 * A code says what happened, why it happens, what to do about it and whether trying again can help. What a person is
 * shown is always the thing (`store`, `key`), the cause and the remedy.
 */

/** `later`: may work if tried again. `never`: will not. `exhausted`: was tried again often enough; nobody tries more. */
export type Retryable = 'never' | 'later' | 'exhausted';

interface CodeEntry {
  readonly kind: ErrorKind;
  readonly retryable: 'never' | 'later';
  readonly summary: string;
  readonly cause: string;
  readonly remedy: string;
}

export type ErrorKind =
  | 'absent'
  | 'conflict'
  | 'denied'
  | 'busy'
  | 'network'
  | 'integrity'
  | 'unsupported'
  | 'configuration'
  | 'full'
  | 'interrupted'
  | 'bug';

export const ERROR_CATALOGUE = {
  'not-found': {
    kind: 'absent', retryable: 'never', summary: 'The object is not there.',
    cause: 'It was deleted or renamed after it was listed, or the list names something that never existed.',
    remedy: 'Run the task again; if the object should exist, check the key and the path of the store.',
  },
  'no-such-bucket': {
    kind: 'absent', retryable: 'never', summary: 'The bucket is not there.',
    cause: 'The name is misspelt, it is in another region or account, or it was never created.',
    remedy: 'Check `bucket_name`, `endpoint` and `region`; create the bucket at the destination first.',
  },
  'no-such-directory': {
    kind: 'absent', retryable: 'never', summary: 'The directory is not there.',
    cause: 'Its path is misspelt or relative to another place, or the file system it is on is not mounted.',
    remedy: 'Check `path` of the endpoint (a relative one starts at the working directory), and that everything is mounted.',
  },
  'already-exists': {
    kind: 'conflict', retryable: 'never', summary: 'An object with this key exists already.',
    cause: 'Somebody else wrote it between the comparison and the copy; Ferry did not replace it.',
    remedy: 'Nothing is lost. Run the task again to compare the two.',
  },
  'changed': {
    kind: 'conflict', retryable: 'later', summary: 'The source object changed while it was read.',
    cause: 'An application writes to it during the copy.',
    remedy: 'Ferry starts the object again by itself. If it keeps changing, run the task again at a quieter time.',
  },
  'path-conflict': {
    kind: 'conflict', retryable: 'never', summary: 'A file and a directory want the same name.',
    cause: 'The source holds both `a` and `a/b`; a file tree cannot.',
    remedy: 'Rename one of them at the source, or move to an object store.',
  },
  'access-denied': {
    kind: 'denied', retryable: 'never', summary: 'The store refused access.',
    cause: 'The credentials lack a permission, or a bucket policy forbids it.',
    remedy: 'Grant list, read (source) or write and delete (destination) to the key; `ferry check` shows which one fails.',
  },
  'bad-credentials': {
    kind: 'denied', retryable: 'never', summary: 'The store does not accept the credentials.',
    cause: 'The access key is unknown or the secret does not belong to it.',
    remedy: 'Check `access_key_id` and `secret_access_key`, and that they belong to this endpoint.',
  },
  'expired-credentials': {
    kind: 'denied', retryable: 'never', summary: 'The credentials have expired.',
    cause: 'Temporary credentials outlived their session.',
    remedy: 'Get new ones and run the same command again; it goes on where it stopped.',
  },
  'no-credentials': {
    kind: 'configuration', retryable: 'never', summary: 'No credentials were found.',
    cause: 'Neither options, environment, profile files nor metadata services gave any.',
    remedy: 'Set `access_key_id` and `secret_access_key` in the task file, or `anonymous: true` for a public bucket.',
  },
  'clock-skew': {
    kind: 'denied', retryable: 'never', summary: 'The clocks of this machine and the store differ too much.',
    cause: 'Signed requests are valid only for some minutes; the local clock is wrong, or the store\'s is.',
    remedy: 'Synchronise the clock (NTP) and run again.',
  },
  'throttled': {
    kind: 'busy', retryable: 'later', summary: 'The store asked to slow down.',
    cause: 'More requests than the store wants to answer.',
    remedy: 'Ferry backs off by itself. Lower `rate_limit` or `concurrency` if it lasts.',
  },
  'unavailable': {
    kind: 'busy', retryable: 'later', summary: 'The store failed to answer the request.',
    cause: 'A server error (5xx), a restart or an overload on its side.',
    remedy: 'Ferry tries again by itself. If it lasts, look at the health of the store.',
  },
  'timeout': {
    kind: 'network', retryable: 'later', summary: 'Nothing moved for too long.',
    cause: 'The connection hangs, or the store stopped answering in the middle.',
    remedy: 'Check the network to the store. `timeout_config` sets how long no progress is accepted.',
  },
  'network': {
    kind: 'network', retryable: 'later', summary: 'The connection broke.',
    cause: 'Reset, refused or cut by the store or something between.',
    remedy: 'Ferry tries again by itself. If it lasts, check address, port, firewall and proxy.',
  },
  'dns': {
    kind: 'network', retryable: 'later', summary: 'The host name cannot be resolved.',
    cause: 'The name is misspelt, or the name server does not answer.',
    remedy: 'Check the endpoint; `path_style: true` helps where bucket names are not in DNS.',
  },
  'tls': {
    kind: 'network', retryable: 'never', summary: 'The secure connection could not be made.',
    cause: 'The certificate is not trusted, expired, or for another name, or the port does not speak TLS.',
    remedy: 'Give the authority\'s certificate in `ca_file`, or correct the endpoint (`http://` where there is no TLS).',
  },
  'proxy': {
    kind: 'network', retryable: 'later', summary: 'The proxy refused or failed.',
    cause: 'It does not allow this host, wants authentication, or is down.',
    remedy: 'Check `proxy` in the configuration file, or list the host in `NO_PROXY`.',
  },
  'short-read': {
    kind: 'integrity', retryable: 'later', summary: 'The answer ended before all bytes came.',
    cause: 'The connection was cut, or the store sent fewer bytes than it promised.',
    remedy: 'Ferry reads the rest again. Nothing incomplete was stored.',
  },
  'wrong-length': {
    kind: 'integrity', retryable: 'later', summary: 'The number of bytes is not what was promised.',
    cause: 'The store answered another object, an error page with status 200, or the object changed.',
    remedy: 'Ferry tries again; nothing wrong was stored. If it lasts, something between alters the answers.',
  },
  'wrong-checksum': {
    kind: 'integrity', retryable: 'later', summary: 'The bytes do not match their checksum.',
    cause: 'They were altered on the way or at rest.',
    remedy: 'Ferry tries again; nothing wrong was stored. If it lasts, the source object itself is damaged.',
  },
  'bad-response': {
    kind: 'integrity', retryable: 'later', summary: 'The answer makes no sense.',
    cause: 'The server does not speak this protocol, or a proxy answered in its place.',
    remedy: 'Check the endpoint and the proxy; `ferry check` shows what it answered.',
  },
  'bad-listing': {
    kind: 'integrity', retryable: 'never', summary: 'The listing repeats itself, goes backwards or is out of order.',
    cause: 'The store does not list in key order, or its listing is broken.',
    remedy: 'Set `list_order: unordered` for this store; Ferry then sorts by itself.',
  },
  'unsupported': {
    kind: 'unsupported', retryable: 'never', summary: 'The store cannot do this.',
    cause: 'The operation or option is not offered by this store.',
    remedy: 'Leave the option out or choose another destination; `ferry check` lists what the store can do.',
  },
  'too-large': {
    kind: 'unsupported', retryable: 'never', summary: 'The object is larger than the destination takes.',
    cause: 'The store limits the size of an object, a part, or the number of parts.',
    remedy: 'Leave it out by a filter, or choose a destination with higher limits.',
  },
  'bad-key': {
    kind: 'unsupported', retryable: 'never', summary: 'The name cannot be used.',
    cause: 'It is too long, holds something the destination does not allow, or is not valid in the `encoding` of the source.',
    remedy: 'Rename it at the source, set the right `encoding`, or leave it out by a filter.',
  },
  'irregular': {
    kind: 'unsupported', retryable: 'never', summary: 'This is not a regular file.',
    cause: 'A socket, pipe, device, or a link that leads nowhere, out of the tree or in a circle.',
    remedy: 'Nothing to copy. Exclude it, or choose another policy in `symlinks`.',
  },
  'metadata-too-large': {
    kind: 'unsupported', retryable: 'never', summary: 'The metadata is larger than the destination takes.',
    cause: 'S3 allows 2 KiB of user metadata; other stores less.',
    remedy: 'Choose `metadata: drop` for these objects, or shorten it at the source.',
  },
  'disk-full': {
    kind: 'full', retryable: 'never', summary: 'No space is left.',
    cause: 'The file system, the quota or the store is full.',
    remedy: 'Make room and run the same command again; it goes on where it stopped.',
  },
  'permission': {
    kind: 'denied', retryable: 'never', summary: 'The operating system refused access to a file.',
    cause: 'The user Ferry runs as may not read or write it, or the file system is read-only.',
    remedy: 'Correct owner or mode, or run as a user who may.',
  },
  'configuration': {
    kind: 'configuration', retryable: 'never', summary: 'The configuration is not usable.',
    cause: 'A key is unknown, missing or has a wrong value.',
    remedy: 'Correct the place named in the message.',
  },
  'outside-file-roots': {
    kind: 'denied', retryable: 'never', summary: 'The server may not be led to this place of its machine.',
    cause: 'A store, a task or a list that came through the API names a file or directory that `control.file_roots` does not allow, or one that holds what Ferry keeps of itself.',
    remedy: 'Have the directory added to `control.file_roots` in the configuration file and start `ferry serve` again; or name one that is allowed. `$FERRY_HOME` never is.',
  },
  'task-not-found': {
    kind: 'configuration', retryable: 'never', summary: 'There is no task of this name.',
    cause: 'It was never created here, or was deleted.',
    remedy: '`ferry status` lists the tasks; create one with `ferry run NAME -t TASK.yaml`.',
  },
  'task-mismatch': {
    kind: 'configuration', retryable: 'never', summary: 'The task exists with another source or destination.',
    cause: 'The task file was changed, or the name was used before.',
    remedy: 'Use another name, or `ferry delete NAME` first if the old task is not needed.',
  },
  'task-running': {
    kind: 'busy', retryable: 'later', summary: 'The task is running in another process.',
    cause: 'Only one process may work on a task.',
    remedy: 'Wait for it or stop it; `ferry status NAME` shows where it runs.',
  },
  'guard': {
    kind: 'conflict', retryable: 'never', summary: 'Ferry refused to delete so much.',
    cause: 'The source lists nothing, or so little of what the destination holds that it looks broken rather than cleaned up: another `path`, a file system that is not mounted, a filter.',
    remedy: 'Nothing was deleted. Check the source; `ferry plan NAME` shows what would go. If all of it is to go, `ferry run NAME --without-guard` deletes it this once, `delete_guard: off` in the task file always.',
  },
  'state': {
    kind: 'bug', retryable: 'never', summary: 'The state store cannot be read or written.',
    cause: 'The disk is full or broken, or the file was made by a newer version.',
    remedy: 'Make room, check `$FERRY_HOME`, or use the version that made it.',
  },
  'interrupted': {
    kind: 'interrupted', retryable: 'later', summary: 'Stopped on request.',
    cause: 'Ctrl-C, SIGTERM or an abort.',
    remedy: 'The same command goes on where it stopped.',
  },
  'internal': {
    kind: 'bug', retryable: 'never', summary: 'Something happened that should not.',
    cause: 'A defect in Ferry.',
    remedy: 'Please report it with the log; your data is not at risk: nothing unverified counts as done.',
  },
} as const satisfies Record<string, CodeEntry>; // prettier-ignore

export type ErrorCode = keyof typeof ERROR_CATALOGUE;

export interface ErrorDetails {
  /** What exactly happened, one sentence without a final stop; the summary of the code where absent. */
  readonly message?: string | undefined;
  /** The operation, as in the Store contract: `list`, `read`, `write`… */
  readonly operation?: string | undefined;
  /** Display name of the store, without secrets. */
  readonly store?: string | undefined;
  readonly key?: string | undefined;
  readonly cause?: unknown;
  readonly retryable?: Retryable | undefined;
  /** The store asked to wait this long, milliseconds (`Retry-After`). */
  readonly retryAfter?: number | undefined;
  /** HTTP status, where there was one. */
  readonly status?: number | undefined;
  /** Replaces the remedy of the catalogue where a better one is known. */
  readonly remedy?: string | undefined;
}

export class FerryError extends Error {
  override readonly name = 'FerryError';
  readonly code: ErrorCode;
  readonly kind: ErrorKind;
  readonly retryable: Retryable;
  readonly operation: string | undefined;
  readonly store: string | undefined;
  readonly key: string | undefined;
  readonly retryAfter: number | undefined;
  readonly status: number | undefined;
  readonly remedy: string;
  readonly #details: ErrorDetails;

  constructor(code: ErrorCode, details: ErrorDetails = {}) {
    const entry: CodeEntry = ERROR_CATALOGUE[code];
    super(details.message ?? entry.summary, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.kind = entry.kind;
    this.retryable = details.retryable ?? entry.retryable;
    this.operation = details.operation;
    this.store = details.store;
    this.key = details.key;
    this.retryAfter = details.retryAfter;
    this.status = details.status;
    this.remedy = details.remedy ?? entry.remedy;
    this.#details = details;
  }

  /** The same error with more known about it. Fields already set win. */
  with(more: ErrorDetails): FerryError {
    const known = Object.fromEntries(Object.entries(this.#details).filter(([, value]) => value !== undefined));
    return this.#copy({ ...more, message: this.message, ...known });
  }

  /** The same error after the last attempt: nothing outside tries again. */
  exhausted(): FerryError {
    return this.#copy({ ...this.#details, message: this.message, retryable: 'exhausted' });
  }

  /**
   * A copy with the stack of this one, which is put into words only when somebody reads it: that takes 20 times as long
   * as all the rest, and that an object is not there is no rare error.
   */
  #copy(details: ErrorDetails): FerryError {
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    try {
      const copy = new FerryError(this.code, details);
      Object.defineProperty(copy, 'stack', { get: () => this.stack, configurable: true });
      return copy;
    } finally {
      Error.stackTraceLimit = limit;
    }
  }
}

/** Codes that mean a whole store, however it was found out: the key at hand then only misleads. */
const OF_THE_STORE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'no-such-bucket',
  'no-such-directory',
  'bad-credentials',
  'expired-credentials',
  'no-credentials',
  'clock-skew',
  'dns',
  'tls',
]);

export function concernsWholeStore({ code }: FerryError): boolean {
  return OF_THE_STORE.has(code);
}

/**
 * Codes that say nothing of any other object, however many of them there are: permissions, owners and archive classes
 * are given to single objects, and what a store cannot take may be a link or a header of this one.
 */
const OF_THE_OBJECT: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'not-found',
  'already-exists',
  'changed',
  'path-conflict',
  'too-large',
  'bad-key',
  'irregular',
  'metadata-too-large',
  'permission',
  'access-denied',
  'unsupported',
]);

export function concernsOneObject({ code }: FerryError): boolean {
  return OF_THE_OBJECT.has(code);
}

/** Any thrown thing as a `FerryError`; what is not one is wrapped in `code`. */
export function toFerryError(thrown: unknown, code: ErrorCode = 'internal'): FerryError {
  if (thrown instanceof FerryError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new FerryError(code, { message, cause: thrown });
}

export function isFerryError(thrown: unknown, code?: ErrorCode): thrown is FerryError {
  return thrown instanceof FerryError && (code === undefined || thrown.code === code);
}
