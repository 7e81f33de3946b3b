// Secrets written into a task file stay there: nothing Ferry keeps has them.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import * as z from 'zod';
import { FerryError } from '../../../src/model/errors.ts';
import { Secret } from '../../../src/model/secret.ts';
import type { StoreDriver } from '../../../src/store/registry.ts';
import { fileDriver } from '../../../src/stores/file/driver.ts';
import { Ferry } from './in-process.ts';

const SECRET = 'correct-horse-battery';

/** A tree behind a password and a header. */
function guarded(passwords: readonly string[]): StoreDriver {
  const files = fileDriver();
  return {
    ...files,
    type: 'guarded',
    aliases: [],
    options: z.strictObject({
      password: z.string(),
      headers: z.record(z.string(), z.string()).optional(),
      urls: z.array(z.string()).optional(),
    }),
    secrets: ['password'],
    open(spec, context) {
      const { password } = spec.options;
      if (!(password instanceof Secret) || !passwords.includes(password.reveal()))
        throw new FerryError('bad-credentials');
      return files.open({ ...spec, options: {} }, context);
    },
  };
}

function taskOf(ferry: Ferry, secret: string, more = ''): string {
  return `# was: ${SECRET}-old
type: copy
source:
  type: guarded
  path: ${ferry.at('from')}
  options:
    password: &p ${secret} # and ${SECRET}-before
    headers: { X-Api-Key: "${SECRET}-header", Accept: text/plain }
    urls: [ 'https://h/a', 'https://h/a?X-Amz-Signature=${SECRET}-url' ]
destination: { "type": "guarded", "path": ${JSON.stringify(ferry.at('to'))}, "options": { "password": *p } }
${more}`;
}

function everythingIn(folder: string): string {
  const files = fs.readdirSync(folder, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
  return files.map(({ parentPath, name }) => fs.readFileSync(`${parentPath}/${name}`, 'latin1')).join('\n');
}

function fixture(passwords: readonly string[] = [SECRET]): Ferry {
  const ferry = new Ferry([fileDriver(), guarded(passwords)]);
  fs.mkdirSync(ferry.at('from'));
  fs.writeFileSync(ferry.at('from/a'), 'x');
  return ferry;
}

test('what is kept of a task has no secret of it, nor its comments; the task goes on by its name', async () => {
  using ferry = fixture();
  const task = ferry.task(taskOf(ferry, SECRET));
  const run = await ferry.run('run', 'letters', '-t', task, '--log-level', 'debug');
  assert.equal(run.code, 0, run.err);
  assert.ok(everythingIn(ferry.at('home')).includes('guarded'));
  assert.ok(!everythingIn(ferry.at('home')).includes(SECRET));
  fs.writeFileSync(ferry.at('from/b'), 'y');
  const again = await ferry.run('run', 'letters');
  assert.equal(again.code, 0, again.err);
  assert.equal(fs.readFileSync(ferry.at('to/b'), 'utf8'), 'y');
  assert.equal((await ferry.run('verify', 'letters')).code, 0);
  assert.ok(!everythingIn(ferry.at('home')).includes(SECRET));
});

test('a file that is gone, or is another task now, lends no secret, and the way on is told', async () => {
  using ferry = fixture();
  const task = ferry.task(taskOf(ferry, SECRET));
  assert.equal((await ferry.run('run', 'letters', '-t', task)).code, 0);
  fs.renameSync(task, ferry.at('moved.yaml'));
  const gone = await ferry.run('run', 'letters');
  assert.equal(gone.code, 2);
  assert.match(gone.err, /source\.options\.password: stands in .*task\.yaml, which does not exist.*-t/);
  assert.equal(
    (await ferry.run('run', 'letters', '-t', ferry.at('moved.yaml'))).code,
    0,
    'given again it is known again',
  );
  assert.equal((await ferry.run('run', 'letters')).code, 0);

  fs.writeFileSync(ferry.at('moved.yaml'), taskOf(ferry, SECRET).replace('/from', '/elsewhere'));
  const other = await ferry.run('run', 'letters');
  assert.equal(other.code, 2);
  assert.match(other.err, /moved\.yaml.*another source now.*-t/);
  fs.writeFileSync(ferry.at('moved.yaml'), 'type: copy\n');
  assert.match((await ferry.run('run', 'letters')).err, /stands in .*moved\.yaml, which has it no more/);
});

test('a new password in the file is taken; other changes wait for -t', async () => {
  using ferry = fixture(['old-password', 'new-password']);
  const task = ferry.task(taskOf(ferry, 'old-password'));
  assert.equal((await ferry.run('run', 'letters', '-t', task)).code, 0);
  ferry.task(taskOf(ferry, 'new-password', 'filters: { include: [nothing] }\n'));
  fs.writeFileSync(ferry.at('from/b'), 'y');
  assert.equal((await ferry.run('run', 'letters')).code, 0);
  assert.equal(fs.readFileSync(ferry.at('to/b'), 'utf8'), 'y');
  ferry.task(taskOf(ferry, 'wrong-password'));
  assert.match((await ferry.run('run', 'letters')).err, /bad-credentials/);
});

test('a secret that is referred to needs no file', async () => {
  using ferry = fixture();
  ferry.env['PASSWORD'] = SECRET;
  const task = ferry.task(
    `type: copy\nsource: { type: guarded, path: ${ferry.at('from')}, options: { password: "\${env:PASSWORD}" } }\ndestination: { type: file, path: ${ferry.at('to')} }\n`,
  );
  assert.equal((await ferry.run('run', 'letters', '-t', task)).code, 0);
  fs.rmSync(task);
  assert.equal((await ferry.run('run', 'letters')).code, 0);
  const forged = ferry.task(
    `type: copy\nsource: { type: guarded, path: x, options: { password: "\${task-file:/etc/x}" } }\ndestination: { type: file, path: y }\n`,
  );
  assert.match((await ferry.run('plan', '-t', forged)).err, /is neither \$\{env:NAME\} nor/);
});
