/** A control plane of a test: in this process, on a free port, its state in a folder of its own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Role } from '../../../src/control/access/role.ts';
import { freshToken } from '../../../src/control/access/token.ts';
import type { Route } from '../../../src/control/api/route.ts';
import { startControl, type RunningControl } from '../../../src/control/control.ts';
import { LiveHub } from '../../../src/control/live/hub.ts';
import type { ControlState } from '../../../src/state/control/control-state.ts';
import type { BodyPace } from '../../../src/wire/http/server/connection.ts';
import { openControl } from '../../../src/state/sqlite/control/open.ts';

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into whatever was answered.
  readonly json: any;
}

export class Controlled implements AsyncDisposable {
  readonly state: ControlState;
  readonly hub: LiveHub;
  readonly url: string;
  readonly control: RunningControl;
  readonly defects: unknown[];
  #folder: string;

  private constructor(folder: string, state: ControlState, hub: LiveHub, control: RunningControl, defects: unknown[]) {
    this.#folder = folder;
    this.state = state;
    this.hub = hub;
    this.control = control;
    this.url = control.url;
    this.defects = defects;
  }

  static async start(
    routes: readonly Route[] | ((state: ControlState, hub: LiveHub) => readonly Route[]) = [],
    clock: () => number = Date.now,
    assets?: string,
    bodyPace?: BodyPace,
  ): Promise<Controlled> {
    const folder = await mkdtemp(join(tmpdir(), 'ferry-control-'));
    const state = await openControl(join(folder, 'control.db'));
    const hub = new LiveHub();
    const defects: unknown[] = [];
    const control = await startControl(
      {
        host: '127.0.0.1',
        port: 0,
        tls: undefined,
        hosts: [],
        openMetrics: false,
        tasksAtOnce: 4,
        limits: { bandwidth: [] },
        keepTasks: { age: undefined, count: undefined, failed: false },
        keepAudit: undefined,
      },
      {
        state,
        hub,
        version: '0.0.0',
        holder: 'test',
        now: clock,
        sinceProgress: () => undefined,
        routes: typeof routes === 'function' ? routes(state, hub) : routes,
        assets: assets ?? join(folder, 'console'),
        bodyPace,
        onDefect: (error) => defects.push(error),
      },
    );
    return new Controlled(folder, state, hub, control, defects);
  }

  file(name: string): string {
    return join(this.#folder, name);
  }

  /** A token of that role. */
  async token(role: Role, name: string = role): Promise<string> {
    const { id, text, digest } = freshToken();
    await this.state.access.addToken({ id, name, role, digest, createdAt: Date.now() });
    return text;
  }

  async ask(
    method: string,
    path: string,
    options: { token?: string; json?: unknown; headers?: Record<string, string>; body?: string } = {},
  ): Promise<Reply> {
    const { token, json, headers = {}, body } = options;
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(json === undefined ? (body === undefined ? {} : { body }) : { body: JSON.stringify(json) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      json: (response.headers.get('content-type') ?? '').includes('json') ? JSON.parse(text) : text,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.control.stop();
    await this.state[Symbol.asyncDispose]();
    await rm(this.#folder, { recursive: true });
  }
}
