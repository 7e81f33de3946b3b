/** Somebody at a terminal who opens the console: looks on while a bucket is moved, and then does it himself. */
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Application } from './application.ts';
import { title, type Commands } from './commands.ts';

/** The bucket he may move. */
export const GUEST_BUCKET = 'shop';
const OBJECTS = 2000;

export class Guest {
  readonly #gone: () => boolean;
  #console = '';

  /** `gone`: Ctrl-C was pressed. */
  constructor(gone: () => boolean) {
    this.#gone = gone;
  }

  /** Fills his bucket; what the configuration says of it, of where it can go, and of the console. */
  async prepares(root: string): Promise<{ readonly bucket: string; readonly control: string }> {
    await fill(join(root, 'shop'));
    const place = `127.0.0.1:${await freePort()}`;
    this.#console = `http://${place}`;
    const store = (name: string): string =>
      `{ type: file, path: ${JSON.stringify(join(root, name))}, options: { metadata: sidecar } }`;
    const bucket = `    ${GUEST_BUCKET}:
      tenant: demo
      store: ${store('shop')}
      migrate: { to: ${store('shop-new')} }
`;
    return { bucket, control: `control: { listen: ${place}, file_roots: [${JSON.stringify(root)}] }\n` };
  }

  /** Waits until he has opened the console. */
  async arrives(): Promise<void> {
    while (!(await fetch(`${this.#console}/readyz`).then(({ ok }) => ok, () => false))) await delay(100); // prettier-ignore
    // The server says next where it is.
    await delay(500);
    console.log('\nOpen the address of the console above in a browser, and its page Migrations, to look on.');
    using line = createInterface({ input: process.stdin, output: process.stdout });
    line.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
    await Promise.race([line.question('Enter goes on. '), this.#leaves()]);
  }

  /** Everything stands ready for him, until Ctrl-C. */
  async tries(commands: Commands, config: string, root: string, application: Application): Promise<void> {
    const token = (await commands.ask('token', 'create', 'demo', '--role', 'admin', '-c', config)).trim();
    await this.#registerStores(token, root);
    // Ctrl-C ends the server as well, perhaps in the middle of a request.
    const work = application.work().catch(() => undefined);
    title('Now you');
    console.log(`The console is at ${this.#console}; the token ${token} opens it, as long as this demo lives. In it:

- Migrations: the bucket "${GUEST_BUCKET}" is in use by an application and has another store to go to. Start it, switch it,
  watch it arrive, make it final; or roll it back.
- Tasks, New task: copy the store "demo-tree" to "demo-copy". Then break something: rename
  ${join(root, 'copy')}
  while it runs, see the failures, put it back, and retry them from the page.

Ctrl-C ends the demo and removes everything.`);
    await this.#leaves();
    application.stop();
    await work;
    console.log(`\n${application.requests} requests of the application, ${application.wrong.length} wrong.`);
  }

  async #registerStores(token: string, root: string): Promise<void> {
    await mkdir(join(root, 'copy'), { recursive: true });
    for (const [name, path] of [
      ['demo-tree', 'tree'],
      ['demo-copy', 'copy'],
    ] as const) {
      // prettier-ignore
      const answer = await fetch(`${this.#console}/v1/stores`, {
        method: 'POST',
        headers: { 'authorization': `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ name, type: 'file', path: join(root, path), options: {} }),
      });
      if (answer.status !== 201) console.log(`The store ${name} could not be registered: ${await answer.text()}`);
    }
  }

  async #leaves(): Promise<void> {
    while (!this.#gone()) await delay(200);
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' ? address!.port : 0;
}

async function fill(folder: string): Promise<void> {
  for (let i = 0; i < OBJECTS; i++) {
    const part = join(folder, `orders-${i % 20}`);
    if (i < 20) await mkdir(part, { recursive: true });
    await writeFile(join(part, `${i}.json`), JSON.stringify({ order: i, text: 'x'.repeat(i % 5000) }));
  }
}
