/**
 * The control plane: one HTTP API that the console and the command line use like anybody else, and the console itself.
 */
import { readFile } from 'node:fs/promises';
import type { ControlSpec } from '../model/control.ts';
import type { ControlState } from '../state/control/control-state.ts';
import type { HttpAnswer, ServerRequest } from '../wire/http/server/server.ts';
import type { BodyPace } from '../wire/http/server/connection.ts';
import { KiB } from '../model/units.ts';
import { listen } from '../wire/http/server/listen.ts';
import { Authenticator } from './access/authenticator.ts';
import { auditRoutes } from './access/audit-routes.ts';
import { FailureLimiter } from './access/failure-limiter.ts';
import { LoginCodes } from './access/login-codes.ts';
import { accessRoutes } from './access/routes.ts';
import { openApi } from './api/openapi.ts';
import { Problem } from './api/problem.ts';
import type { Route } from './api/route.ts';
import { problemAnswer, Router, type RouterOptions } from './api/router.ts';
import { Assets } from './assets.ts';
import type { LiveHub } from './live/hub.ts';
import { liveRoutes } from './live/routes.ts';
import { isKnownHost } from './known-host.ts';
import { systemRoutes, type SystemContext } from './system-routes.ts';

export interface ControlContext extends Pick<SystemContext, 'version' | 'holder' | 'now' | 'sinceProgress'> {
  readonly state: ControlState;
  readonly hub: LiveHub;
  /** Of what is controlled: tasks, migrations, mirrors… */
  readonly routes: readonly Route[];
  /** Folder of the built console. */
  readonly assets: string;
  /** Shorter in tests. */
  readonly bodyPace?: BodyPace | undefined;
  readonly onAnswer?: RouterOptions['onAnswer'];
  readonly onDefect: RouterOptions['onDefect'];
}

export interface RunningControl {
  /** Where it listens. */
  readonly url: string;
  /** The address that opens the console once without a token; for whoever started the server. */
  loginUrl(token: string): string;
  /** `/readyz` says from now on that it ends. */
  retire(): void;
  stop(): Promise<void>;
}

/** Rejects with `configuration` where the address cannot be used. */
export async function startControl(
  spec: Omit<ControlSpec, 'jobs' | 'fileRoots'>,
  context: ControlContext,
): Promise<RunningControl> {
  const { state, hub, now } = context;
  await state.answers.forgetUnended();
  const failures = new FailureLimiter(now);
  const codes = new LoginCodes(now);
  const authenticator = new Authenticator(state.access, failures, now);
  const stopping = new AbortController();
  let ready = true;
  const routes: readonly Route[] = [
    ...systemRoutes({ ...context, startedAt: now(), ready: () => ready, document: () => document }),
    ...accessRoutes({ book: state.access, authenticator, codes, failures, now }),
    ...auditRoutes(state.audit),
    ...liveRoutes(hub),
    ...context.routes,
  ];
  const document = openApi(routes, context.version);
  const router = new Router({
    routes,
    authenticator,
    audit: state.audit,
    answers: state.answers,
    now,
    onDefect: context.onDefect,
    onAnswer: context.onAnswer,
    stopping: stopping.signal,
  });
  const assets = new Assets(context.assets);
  const handler = async (http: ServerRequest): Promise<HttpAnswer> => {
    // A page elsewhere can have its own name lead here (DNS rebinding); it then asks with that name.
    if (!isKnownHost(http.host, spec)) return problemAnswer(strangeHost(http.host), '');
    return (await router.answer(http)) ?? assets.answer(http) ?? problemAnswer(new Problem('no-such-resource'), '');
  };
  const server = await listen(handler, {
    host: spec.host,
    port: spec.port,
    tls: spec.tls && {
      cert: await readFile(spec.tls.certFile, 'utf8'),
      key: await readFile(spec.tls.keyFile, 'utf8'),
    },
    maxConnections: MOST_CONNECTIONS,
    bodyPace: context.bodyPace ?? BODY_PACE,
  });
  const host = spec.host.includes(':') ? `[${spec.host}]` : spec.host;
  const url = `${spec.tls === undefined ? 'http' : 'https'}://${host}:${server.port}`;
  return {
    url,
    // Behind the #: it is neither sent to a server nor written into a log by one.
    loginUrl: (token) => `${url}/#code=${codes.issue(token)}`,
    retire() {
      ready = false;
    },
    async stop() {
      ready = false;
      stopping.abort();
      await server.drain(GRACE);
    },
  };
}

const MOST_CONNECTIONS = 1000;
/** 4 KiB in a second: less holds a place others wait for. */
const BODY_PACE = { bytes: 120 * KiB, within: 30_000 };
/** Requests under way may take so long when the server stops, milliseconds. */
const GRACE = 5000;

function strangeHost(host: string): Problem {
  const detail = `The Host header says ${JSON.stringify(host)}, which is not a name of this server; list it in \`control.hosts\``;
  return new Problem('forbidden', { detail });
}
