/** A bucket that changes its store while applications use it. */
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Application } from './application.ts';
import { title, type Commands } from './commands.ts';
import { GUEST_BUCKET, type Guest } from './guest.ts';

const BUCKET = 'site';
const KEYS = { accessKeyId: 'demo', secretAccessKey: 'demo-secret' };
const PORT = 9071;
const ENDPOINT = `http://127.0.0.1:${PORT}`;
const APPLICATIONS = 3;
const PATIENCE_MS = 120_000;

/**
 * `old`: a directory with objects in it. `guest`: somebody who looks on and may try it afterwards. Resolves with the exit
 * code.
 */
export async function moveLive(
  commands: Commands,
  root: string,
  old: string,
  guest: Guest | undefined,
): Promise<number> {
  const config = join(root, 'ferry.yaml');
  const prepared = await guest?.prepares(root);
  const text = `${prepared?.control ?? ''}gateway:
  listen: 127.0.0.1:${PORT}
  users: [{ name: demo, tenant: demo, access_key_id: ${KEYS.accessKeyId}, secret_access_key: ${KEYS.secretAccessKey} }]
  buckets:
    ${BUCKET}:
      tenant: demo
      store: { type: file, path: ${JSON.stringify(old)}, options: { metadata: sidecar } }
      migrate:
        to: { type: file, path: ${JSON.stringify(join(root, 'new-store'))}, options: { metadata: sidecar } }
        automatic: true
${prepared?.bucket ?? ''}`;
  await writeFile(config, text);
  title('Now move it while applications use it');
  console.log(`The configuration, ${config}:\n\n${text}`);
  const server = commands.start(['serve', '-c', config]);
  try {
    if (!(await listening())) return 1;
    await guest?.arrives();
    const code = await withApplications(commands, config);
    if (code === 0) await guest?.tries(commands, config, root, new Application('shop', ENDPOINT, GUEST_BUCKET, KEYS));
    return code;
  } finally {
    server.kill('SIGTERM');
  }
}

async function withApplications(commands: Commands, config: string): Promise<number> {
  const names = Array.from({ length: APPLICATIONS }, (_, i) => `application ${i + 1}`.replace(' ', '-'));
  const applications = names.map((name) => new Application(name, ENDPOINT, BUCKET, KEYS));
  const work = Promise.all(applications.map((each) => each.work()));
  try {
    for (const step of [['create'], ['start'], ['switch', '--yes']]) {
      title(`${step[0]}: ${SAYS[step[0]!]}`);
      const code = await commands.ferry('migrate', step[0]!, BUCKET, '-c', config, ...step.slice(1));
      if (code !== 0) return code;
    }
    title('The copy runs behind the applications; then both sides are compared');
    if (!(await migrated(commands, config))) return 1;
    const code = await commands.ferry('migrate', 'finalise', BUCKET, '-c', config, '--yes');
    if (code !== 0) return code;
  } finally {
    for (const each of applications) each.stop();
    await work;
  }
  const requests = applications.reduce((sum, each) => sum + each.requests, 0);
  const wrong = applications.flatMap((each) => each.wrong);
  const longest = Math.max(...applications.map((each) => each.longest));
  title('What the applications noticed');
  console.log(
    `${requests} requests of ${APPLICATIONS} applications that wrote, read and deleted all the while: ${wrong.length} wrong; the longest answer took ${Math.round(longest)} ms.`,
  );
  for (const each of wrong.slice(0, 10)) console.log(each);
  return wrong.length === 0 ? 0 : 1;
}

const SAYS: Readonly<Record<string, string>> = {
  create: 'are both sides fit?',
  start: 'what is in flight is counted',
  switch: 'changes go to the new side from now on',
};

async function migrated(commands: Commands, config: string): Promise<boolean> {
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end; await delay(500)) {
    const status: unknown = JSON.parse(await commands.ask('migrate', 'status', BUCKET, '-c', config, '--json'));
    if (Object(status).phase === 'migrated') {
      await commands.ferry('migrate', 'status', BUCKET, '-c', config);
      return true;
    }
  }
  await commands.ferry('migrate', 'status', BUCKET, '-c', config);
  return false;
}

async function listening(): Promise<boolean> {
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end; await delay(100)) {
    const heard = await new Promise<boolean>((resolve) => {
      const socket = connect(PORT, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
      socket.on('connect', () => socket.destroy());
    });
    if (heard) return true;
  }
  return false;
}
