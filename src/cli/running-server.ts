/** The servers of `ferry serve`: the gateway, and the API with the console. */
import type { LoadedControl } from '../config/control-config.ts';
import { freshToken } from '../control/access/token.ts';
import { startControl, type ControlContext, type RunningControl } from '../control/control.ts';
import type { RunningGateway } from '../gateway/serve.ts';
import type { ControlSpec } from '../model/control.ts';
import type { GatewaySpec } from '../model/gateway.ts';
import { FerryError, isFerryError } from '../model/errors.ts';
import type { Areas } from './control-areas.ts';
import type { ControlState } from '../state/control/control-state.ts';

export interface RunningServer {
  /** Where clients of S3 go; undefined where no gateway is configured. */
  readonly gateway: string | undefined;
  /** Where the API and the console are, and the address that opens it once without a token. */
  readonly control: { readonly url: string; readonly login: string } | undefined;
  /** Milliseconds that requests under way may take when it stops. */
  readonly grace: number;
  stop(): Promise<void>;
}

export interface ServerParts {
  /** Undefined where none is configured. */
  readonly gateway:
    | { readonly spec: Pick<GatewaySpec, 'notice' | 'grace'>; start(): Promise<RunningGateway> }
    | undefined;
  readonly control: LoadedControl;
  /** Throws `configuration` where another process serves the API of this state: what is to be done would be done twice. */
  claim(): Disposable;
  state(): Promise<ControlState>;
  readonly context: Omit<ControlContext, 'state' | 'routes' | 'sinceProgress'>;
  /** What the API controls, beside the gateway that runs. */
  areas(spec: ControlSpec, gateway: RunningGateway | undefined, state: ControlState): Promise<Areas>;
  readonly warn: (message: string) => void;
}

/** Rejects with `configuration` where there is nothing to serve, or an address cannot be used. */
export async function startServer(parts: ServerParts): Promise<RunningServer> {
  if (parts.gateway === undefined && parts.control.spec === undefined)
    throw new FerryError('configuration', {
      message: 'there is nothing to serve: no `gateway` section, and `control.listen` is off',
      remedy: 'Write a `gateway` section (examples/serve/ferry.yaml shows one), or leave `control` as it is.',
    });
  const gateway = await parts.gateway?.start();
  try {
    const control = await startControlled(parts, gateway);
    return {
      gateway: gateway?.url,
      grace: parts.gateway === undefined ? 0 : parts.gateway.spec.notice + parts.gateway.spec.grace,
      control: control && { url: control.url, login: control.loginUrl(await adminOf(parts)) },
      async stop() {
        control?.retire();
        // The API ends before the stores close: what it controls is the gateway's.
        if (gateway === undefined) await control?.stop();
        else await gateway.stop(async () => await control?.stop());
      },
    };
  } catch (error) {
    await gateway?.stop();
    throw error;
  }
}

/** Undefined where it is off, or unasked for and another process has its usual address, or serves the API already. */
async function startControlled(
  parts: ServerParts,
  gateway: RunningGateway | undefined,
): Promise<RunningControl | undefined> {
  const { control, context, warn } = parts;
  if (control.spec === undefined) return undefined;
  await using opened = new AsyncDisposableStack();
  try {
    opened.use(parts.claim());
    const state = await parts.state();
    const areas = opened.use(await parts.areas(control.spec, gateway, state));
    const { routes } = areas;
    const running = await startControl(control.spec, {
      ...context,
      state,
      routes,
      sinceProgress: () => areas.sinceProgress(),
    });
    const kept = opened.move();
    return {
      ...running,
      async stop() {
        await running.stop();
        await kept.disposeAsync();
      },
    };
  } catch (error) {
    if (control.wanted || parts.gateway === undefined || !isFerryError(error, 'configuration')) throw error;
    warn(`the console is not there: ${error.message}. ${error.remedy}`);
    return undefined;
  }
}

/** A token of the role admin, made where there is none; nobody knows its secret. */
async function adminOf(parts: ServerParts): Promise<string> {
  const { access } = await parts.state();
  const known = (await access.tokens()).find(({ role, expiresAt }) => role === 'admin' && expiresAt === undefined);
  if (known !== undefined) return known.id;
  const { id, digest } = freshToken();
  await access.addToken({ id, name: 'console', role: 'admin', digest, createdAt: parts.context.now() });
  return id;
}
