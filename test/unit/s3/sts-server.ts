/**
 * A Security Token Service as strict as its documentation ("AssumeRole", "AssumeRoleWithWebIdentity" and "Common errors",
 * AWS STS API reference): every parameter is checked, unknown ones and GETs are refused, signatures are verified. Nobody
 * has compared it with the real one.
 */
import { checkSignature } from '../../faults/server/signature.ts';
import { S3Error } from '../../faults/server/request.ts';
import { ScriptedServer, type Answer, type Seen } from './scripted-server.ts';

export interface StsWorld {
  /** Secret keys by access key; with a session token the key is temporary. */
  readonly keys: Readonly<Record<string, { readonly secret: string; readonly token?: string }>>;
  readonly roles: Readonly<Record<string, RoleRules>>;
  readonly now: () => number;
}

export interface RoleRules {
  /** Access keys that may assume it. */
  readonly trusts?: readonly string[];
  readonly externalId?: string;
  /** Tokens of an identity provider that may. */
  readonly tokens?: readonly string[];
}

export interface Assumed {
  readonly action: string;
  readonly role: string;
  readonly session: string;
  readonly seconds: number;
  readonly region: string | undefined;
}

export class StsServer implements AsyncDisposable {
  readonly assumed: Assumed[] = [];
  /** Answered in place of everything else while it is set. */
  outage: Answer | undefined;
  readonly server: ScriptedServer;
  readonly #world: StsWorld;
  readonly #issued = new Map<string, { readonly secret: string; readonly token?: string }>();

  private constructor(server: ScriptedServer, world: StsWorld) {
    this.server = server;
    this.#world = world;
    for (const [key, entry] of Object.entries(world.keys)) this.#issued.set(key, entry);
  }

  static async start(world: StsWorld): Promise<StsServer> {
    const server = await ScriptedServer.start(() => ({ status: 500 }));
    const sts = new StsServer(server, world);
    server.answer = (request) => sts.outage ?? sts.#answer(request);
    return sts;
  }

  get endpoint(): string {
    return this.server.endpoint;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.server[Symbol.asyncDispose]();
  }

  #answer(request: Seen): Answer {
    try {
      return { headers: { 'content-type': 'text/xml' }, body: this.#act(request) };
    } catch (thrown) {
      if (!(thrown instanceof S3Error)) throw thrown;
      const error = `<Error><Type>Sender</Type><Code>${thrown.code}</Code><Message>${thrown.message}</Message></Error>`;
      return {
        status: thrown.status,
        body: `<ErrorResponse xmlns="${NS}">${error}<RequestId>r</RequestId></ErrorResponse>`,
      };
    }
  }

  #act(request: Seen): string {
    const { method, target, headers } = request;
    const form = headers['content-type'];
    if (
      method !== 'POST' ||
      target !== '/' ||
      !/^application\/x-www-form-urlencoded(; charset=utf-8)?$/.test(form ?? '')
    ) {
      throw new S3Error(400, 'MalformedQueryString');
    }
    const given = parametersOf(request.body.toString());
    if (given.get('Version') !== '2011-06-15') throw new S3Error(400, 'InvalidAction', 'no such version');
    const action = given.get('Action') ?? '';
    const rules = ACTIONS[action];
    if (!rules) throw new S3Error(400, 'InvalidAction', action);
    for (const [name, value] of given) {
      if (name === 'Version' || name === 'Action') continue;
      if (!rules[name]?.form.test(value)) throw invalid(name);
    }
    for (const [name, { required }] of Object.entries(rules)) {
      if (required && !given.has(name)) throw new S3Error(400, 'MissingParameter', name);
    }
    const seconds = Number(given.get('DurationSeconds') ?? 3600);
    if (seconds < 900 || seconds > 43_200) throw invalid('DurationSeconds');
    const role = given.get('RoleArn')!;
    const region = this.#authorise(request, action, given, this.#world.roles[role]);
    this.assumed.push({ action, role, session: given.get('RoleSessionName')!, seconds, region });
    return this.#credentials(action, role, given.get('RoleSessionName')!, seconds);
  }

  /** The region that was signed for. */
  #authorise(
    request: Seen,
    action: string,
    given: ReadonlyMap<string, string>,
    rules: RoleRules | undefined,
  ): string | undefined {
    const denied = new S3Error(403, 'AccessDenied', `not authorized to perform: sts:${action}`);
    const { authorization = '' } = request.headers;
    if (action === 'AssumeRoleWithWebIdentity') {
      // A call without security credentials.
      if (authorization !== '') throw new S3Error(400, 'InvalidParameterCombination', 'a signed request');
      const token = given.get('WebIdentityToken')!;
      if (token.startsWith('expired')) throw new S3Error(400, 'ExpiredTokenException', 'Token expired');
      if (!rules?.tokens?.includes(token)) throw denied;
      return undefined;
    }
    const [, key = '', , region, service] =
      /Credential=([^/]+)\/(\d+)\/([^/]+)\/([^/]+)\/aws4_request/.exec(authorization) ?? [];
    const known = this.#issued.get(key);
    if (!known)
      throw new S3Error(403, 'InvalidClientTokenId', 'The security token included in the request is invalid.');
    const signed = /SignedHeaders=([^,]+)/.exec(authorization)?.[1]?.split(';') ?? [];
    const needed = ['host', 'x-amz-date', ...(known.token === undefined ? [] : ['x-amz-security-token'])];
    if (service !== 'sts' || !needed.every((name) => signed.includes(name)))
      throw new S3Error(403, 'SignatureDoesNotMatch');
    if (request.headers['x-amz-security-token'] !== known.token) throw new S3Error(403, 'InvalidClientTokenId');
    const asked = { ...request, bucket: '', key: '', query: new Map<string, string>() };
    checkSignature(asked, { accessKey: key, secretKey: known.secret }, this.#world.now());
    const external = rules?.externalId === undefined || rules.externalId === given.get('ExternalId');
    if (!external || !rules?.trusts?.some((trusted) => key === trusted || key.startsWith(`${trusted}/`))) throw denied;
    return region;
  }

  #credentials(action: string, role: string, session: string, seconds: number): string {
    const key = `ASIA${role.split('/').at(-1)!.toUpperCase()}${this.assumed.length}`;
    const issued = { secret: `secret of ${key}`, token: `token/of+${key}==` };
    this.#issued.set(key, issued);
    const expiration = new Date(this.#world.now() + seconds * 1000).toISOString().replace(/\.\d+/, '');
    const credentials =
      `<AccessKeyId>${key}</AccessKeyId><SecretAccessKey>${issued.secret}</SecretAccessKey>` +
      `<SessionToken>${issued.token}</SessionToken><Expiration>${expiration}</Expiration>`;
    const user = `<AssumedRoleUser><Arn>${role}/${session}</Arn><AssumedRoleId>AROA:${session}</AssumedRoleId></AssumedRoleUser>`;
    const result = `<${action}Result>\n  ${user}\n  <Credentials>${credentials}</Credentials>\n</${action}Result>`;
    const about = '<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata>';
    return `<${action}Response xmlns="${NS}">\n${result}\n${about}\n</${action}Response>`;
  }
}

const NS = 'https://sts.amazonaws.com/doc/2011-06-15/';

interface Rule {
  readonly form: RegExp;
  readonly required?: boolean;
}

const ROLE: Readonly<Record<string, Rule>> = {
  RoleArn: { form: /^arn:[\w-]+:iam::\d{12}:role\/[\w+=,.@/-]{1,512}$/, required: true },
  RoleSessionName: { form: /^[\w+=,.@-]{2,64}$/, required: true },
  DurationSeconds: { form: /^\d+$/ },
};

const ACTIONS: Readonly<Record<string, Readonly<Record<string, Rule>>>> = {
  AssumeRole: { ...ROLE, ExternalId: { form: /^[\w+=,.@:/-]{2,1224}$/ } },
  AssumeRoleWithWebIdentity: { ...ROLE, WebIdentityToken: { form: /^[\s\S]{4,20000}$/, required: true } },
};

/** Strict: no blank, no character that has to be encoded, no name twice. */
function parametersOf(body: string): ReadonlyMap<string, string> {
  const given = new Map<string, string>();
  for (const pair of body.split('&')) {
    const [, name, value] = /^([\w.]+)=([\w.~%-]*)$/.exec(pair) ?? [];
    if (name === undefined || value === undefined || given.has(name)) throw new S3Error(400, 'MalformedQueryString');
    given.set(name, decodeURIComponent(value));
  }
  return given;
}

function invalid(name: string): S3Error {
  return new S3Error(400, 'ValidationError', `1 validation error detected: Value at '${name}' failed`);
}
