/** `ferry serve` with its API, as a process, and a token of the role admin for it. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Ferry, type Running } from './ferry.ts';

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into whatever was answered.
  readonly json: any;
}

export interface ServerConfig {
  readonly control?: Readonly<Record<string, unknown>>;
  readonly gateway?: Readonly<Record<string, unknown>>;
}

export class ControlServer implements Disposable {
  readonly ferry: Ferry;
  url = '';
  /** Of the gateway, where one is configured. */
  gateway = '';
  #token = '';
  #running: Running | undefined;
  readonly #config: ServerConfig;

  private constructor(config: ServerConfig, program: string | undefined, env: Readonly<Record<string, string>>) {
    this.ferry = new Ferry(program);
    Object.assign(this.ferry.env, env);
    this.#config = config;
  }

  /** `control` goes into that section of the configuration. Of the sources where no other program is given. */
  static async start(control: Readonly<Record<string, unknown>> = {}, program?: string): Promise<ControlServer> {
    return await ControlServer.with({ control }, program);
  }

  /** Of a whole configuration; its API listens where it does not say. */
  static async with(
    config: ServerConfig,
    program?: string,
    env: Readonly<Record<string, string>> = {},
  ): Promise<ControlServer> {
    const control = { listen: '127.0.0.1:0', file_roots: ['.'], ...config.control };
    const server = new ControlServer({ ...config, control }, program, env);
    await server.start();
    return server;
  }

  /** Also after it was stopped or killed. */
  async start(): Promise<void> {
    const file = join(this.ferry.dir, 'ferry.yaml');
    if (!existsSync(file)) writeFileSync(file, JSON.stringify(this.#config));
    this.#running = this.ferry.start('serve', '-c', file, '--json');
    const [, url, code] = await this.#running.printed(
      /"type":"console".*?"url":"([^"]+)","login":"[^"]*#code=([^"]+)"/,
    );
    this.url = url!;
    if (this.#config.gateway !== undefined)
      this.gateway = (await this.#running.printed(/"type":"serving".*?"url":"([^"]+)"/))[1]!;
    if (this.#token !== '') return;
    const login = await fetch(`${url}/v1/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ code }),
    });
    assert.equal(login.status, 201, await login.clone().text());
    const { csrf } = (await login.json()) as { csrf: string };
    const cookie = login.headers.get('set-cookie')!.split(';')[0]!;
    const made = await fetch(`${url}/v1/tokens`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', cookie, 'x-ferry-csrf': csrf },
      body: JSON.stringify({ name: 'test', role: 'admin' }),
    });
    assert.equal(made.status, 201, await made.clone().text());
    this.#token = ((await made.json()) as { token: string }).token;
  }

  /** Where it listened before, as a server does whose port is configured. */
  async startAgain(): Promise<void> {
    const control = { ...this.#config.control, listen: new URL(this.url).host };
    writeFileSync(join(this.ferry.dir, 'ferry.yaml'), JSON.stringify({ ...this.#config, control }));
    await this.start();
  }

  get token(): string {
    return this.#token;
  }

  async kill(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<string> {
    this.#running!.child.kill(signal);
    return (await this.#running!.exit).output;
  }

  get pid(): number {
    return this.#running!.child.pid!;
  }

  async ask(method: string, path: string, json?: unknown, headers: Record<string, string> = {}): Promise<Answered> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.#token}`,
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(json === undefined ? {} : { body: typeof json === 'string' ? json : JSON.stringify(json) }),
    });
    const text = await response.text();
    const isJson = (response.headers.get('content-type') ?? '').includes('json');
    return { status: response.status, headers: response.headers, json: isJson ? JSON.parse(text) : text };
  }

  /** What is there, once it is as wanted. */
  // oxlint-disable-next-line typescript/no-explicit-any -- as `Answered.json`.
  async until(path: string, wanted: (json: any) => boolean, patience = 60_000): Promise<any> {
    const end = Date.now() + patience;
    for (;;) {
      const { json } = await this.ask('GET', path);
      if (wanted(json)) return json;
      assert.ok(Date.now() < end, `${path} stays ${JSON.stringify(json)}`);
      await sleep(50);
    }
  }

  /** What it logged. */
  log(): string {
    return readFileSync(join(this.ferry.home, 'ferry.log'), 'utf8');
  }

  [Symbol.dispose](): void {
    this.ferry[Symbol.dispose]();
  }
}
