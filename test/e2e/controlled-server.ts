/** `ferry serve` as people run it, with its API and a token for it. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ferry, type Running } from './ferry.ts';

export interface ApiReply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into whatever was answered.
  readonly json: any;
}

export class ControlledServer implements AsyncDisposable {
  readonly ferry = new Ferry();
  /** Every answer so far, to look for what must not be in any. */
  answers = '';
  url = '';
  readonly #config: string;
  #token = '';
  #running: Running | undefined;

  /** `control` goes into the section of that name. */
  constructor(control: Readonly<Record<string, unknown>> = {}) {
    this.#config = this.at('ferry.yaml');
    writeFileSync(this.#config, JSON.stringify({ control: { listen: '127.0.0.1:0', file_roots: ['.'], ...control } }));
  }

  static async start(control?: Readonly<Record<string, unknown>>): Promise<ControlledServer> {
    const server = new ControlledServer(control);
    const made = await server.ferry.run('token', 'create', 'test', '--role', 'admin');
    assert.equal(made.code, 0, made.output);
    server.#token = /ferry_\S+|\S{40,}/.exec(made.stdout)![0];
    await server.start();
    return server;
  }

  async start(): Promise<void> {
    this.#running = this.ferry.start('serve', '-c', this.#config, '--json');
    const [, url] = await this.#running.printed(/"url":"(https?:[^"]+)"/);
    this.url = url!;
  }

  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    this.#running!.child.kill(signal);
    const { output } = await this.#running!.exit;
    this.answers += output;
  }

  at(...names: string[]): string {
    return join(this.ferry.dir, ...names);
  }

  async ask(method: string, path: string, json?: unknown, headers: Record<string, string> = {}): Promise<ApiReply> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.#token}`,
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
    });
    const text = await response.text();
    this.answers += text;
    const isJson = /json\b/.test(response.headers.get('content-type') ?? '') && text !== '';
    return { status: response.status, headers: response.headers, text, json: isJson ? JSON.parse(text) : undefined };
  }

  /** The task once it is in one of these states, by the events of the server. */
  async reaches(name: string, ...states: readonly string[]): Promise<ApiReply['json']> {
    return await this.when(name, (task) => states.includes(task.state));
  }

  async when(name: string, wanted: (task: ApiReply['json']) => boolean): Promise<ApiReply['json']> {
    return await this.until(`/v1/tasks/${name}`, `&subject=${name}`, wanted);
  }

  /** What is at that address once it is as wanted; looked at whenever an event of tasks comes. */
  async until(path: string, events: string, wanted: (json: ApiReply['json']) => boolean): Promise<ApiReply['json']> {
    const listening = new AbortController();
    const response = await fetch(`${this.url}/v1/live?types=task${events}`, {
      headers: { authorization: `Bearer ${this.#token}` },
      signal: listening.signal,
    });
    try {
      const told = response.body!.getReader();
      for (;;) {
        const { json } = await this.ask('GET', path);
        if (wanted(json)) return json;
        // An event, or a sign of life between them: look again.
        const { done } = await told.read();
        assert.ok(!done, 'the server ended');
      }
    } finally {
      listening.abort();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('SIGKILL');
    this.ferry[Symbol.dispose]();
  }
}
