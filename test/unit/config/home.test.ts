import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { describeSettings, loadConfig, type Config, type ConfigOptions } from '../../../src/config/home.ts';
import { proxyFor } from '../../../src/config/proxy.ts';
import { isFerryError } from '../../../src/model/errors.ts';

/** A user whose home is empty. */
class User implements AsyncDisposable {
  readonly home: string;

  constructor(home: string) {
    this.home = home;
  }

  static async make(): Promise<User> {
    return new User(await mkdtemp(path.join(tmpdir(), 'ferry-home-')));
  }

  load(options: Partial<ConfigOptions> = {}): Promise<Config> {
    return loadConfig({ env: {}, userHome: this.home, ...options });
  }

  async settings(text: string): Promise<string> {
    await mkdir(path.join(this.home, '.ferry'), { recursive: true });
    const file = path.join(this.home, '.ferry/ferry.yaml');
    await writeFile(file, text);
    return file;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.home, { recursive: true });
  }
}

test('first use makes a private home with a commented file of defaults', async () => {
  await using user = await User.make();
  const config = await user.load();
  const home = path.join(user.home, '.ferry');
  assert.deepEqual(
    { ...config },
    {
      home,
      file: path.join(home, 'ferry.yaml'),
      concurrency: undefined,
      logLevel: 'info',
      logFile: path.join(home, 'ferry.log'),
      logMaxSize: 52_428_800,
      logKeep: 5,
      pidFile: undefined,
      databaseFile: path.join(home, 'ferry.db'),
      proxy: { http: undefined, https: undefined, except: [] },
    },
  );
  assert.equal((await stat(home)).mode & 0o777, 0o700);
  assert.equal((await stat(config.file)).mode & 0o777, 0o600);
  const text = await readFile(config.file, 'utf8');
  for (const { key } of describeSettings()) assert.match(text, new RegExp(`^# ${key}:`, 'm'));
  await user.settings(text.replaceAll(/^# (\w+: .+)$/gm, '$1'));
  assert.deepEqual(await user.load(), config, 'the defaults shown are the defaults');
});

test('a flag wins over the environment, that over the file, that over the default', async () => {
  await using user = await User.make();
  await user.settings('log_level: warn\nconcurrency: 3\ndatabase_file: /var/lib/ferry.db\nlog_file: ~/f.log\n');
  const fromFile = await user.load();
  assert.deepEqual(
    [fromFile.logLevel, fromFile.concurrency, fromFile.databaseFile, fromFile.logFile],
    ['warn', 3, '/var/lib/ferry.db', path.join(user.home, 'f.log')],
  );
  const env = { FERRY_LOG_LEVEL: 'debug', FERRY_CONCURRENCY: '7', FERRY_LOG_MAX_SIZE: '1MiB' };
  const fromEnv = await user.load({ env });
  assert.deepEqual([fromEnv.logLevel, fromEnv.concurrency, fromEnv.logMaxSize], ['debug', 7, 2 ** 20]);
  const fromFlag = await user.load({ env, flags: { log_level: 'error', concurrency: undefined } });
  assert.deepEqual([fromFlag.logLevel, fromFlag.concurrency], ['error', 7]);
});

test('FERRY_HOME and --config lead elsewhere', async () => {
  await using user = await User.make();
  const elsewhere = path.join(user.home, 'a/b');
  assert.equal((await user.load({ env: { FERRY_HOME: elsewhere } })).databaseFile, path.join(elsewhere, 'ferry.db'));
  const file = path.join(user.home, 'other.yaml');
  await assert.rejects(
    user.load({ file }),
    /the configuration file .*other.yaml does not exist/,
    'a file that was named must exist',
  );
  await writeFile(file, 'pid_file: ferry.pid\n');
  assert.equal((await user.load({ file })).pidFile, path.join(user.home, '.ferry/ferry.pid'));
});

test('mistakes are named, wherever they come from', async () => {
  await using user = await User.make();
  await user.settings('log_lvel: info\nconcurrency: many\n');
  await assert.rejects(user.load(), (error) => {
    assert.ok(isFerryError(error, 'configuration'));
    assert.deepEqual(error.message.split('\n'), [
      'ferry.yaml:1:1 log_lvel: unknown key; did you mean "log_level"?',
      'ferry.yaml:2:14 concurrency: must be a number',
    ]);
    return true;
  });
  await user.settings('');
  await assert.rejects(
    user.load({ env: { FERRY_LOG_LEVEL: 'loud' } }),
    /log_level: must be one of debug.* \(set by FERRY_LOG_LEVEL\)/,
  );
  await assert.rejects(
    user.load({ flags: { concurrency: -1 } }),
    /concurrency: must be at least 0 \(set by --concurrency\)/,
  );
  await user.settings('- a');
  await assert.rejects(user.load(), /must be a map/);
});

test('a home that cannot be made is said so', async () => {
  await using user = await User.make();
  await writeFile(path.join(user.home, 'file'), '');
  // In /proc making directories recursively never ends (Node 24); it must not be asked to.
  const proc = existsSync('/proc/self') ? [['/proc/nope/home', /takes no directory/] as const] : [];
  for (const [home, why] of [[path.join(user.home, 'file/home'), /a file stands in its way/] as const, ...proc]) {
    await assert.rejects(user.load({ env: { FERRY_HOME: home } }), (error) => {
      assert.ok(isFerryError(error, 'configuration'));
      assert.ok(error.message.includes(home), error.message);
      assert.match(error.message, why);
      assert.match(error.remedy, /FERRY_HOME/);
      return true;
    });
  }
});

test('requests go through the proxy that is set, except where they should not', async () => {
  await using user = await User.make();
  const site = { secure: true, host: 'bucket.s3.example.com', port: 443 };
  const env = {
    HTTPS_PROXY: 'http://u:p@proxy:3128',
    http_proxy: 'http://plain:80',
    NO_PROXY: 'internal, .corp.example,h:8443',
  };
  const { proxy } = await user.load({ env });
  assert.equal(proxyFor(proxy, site), 'http://u:p@proxy:3128');
  assert.equal(proxyFor(proxy, { ...site, secure: false }), 'http://plain:80');
  assert.doesNotMatch(JSON.stringify(proxy), /u:p/, 'a password is not shown');
  for (const host of [
    'internal',
    'a.internal',
    'x.corp.example',
    'corp.example',
    'INTERNAL',
    'localhost',
    '127.0.0.1',
    '::1',
  ])
    assert.equal(proxyFor(proxy, { ...site, host }), undefined, host);
  assert.equal(proxyFor(proxy, { ...site, host: 'h', port: 8443 }), undefined);
  for (const host of ['h', 'notinternal', 'corp.example.org', '127.evil.com'])
    assert.ok(proxyFor(proxy, { ...site, host }), host);

  await user.settings('proxy: http://set:1\nno_proxy: "*"\n');
  const set = (await user.load({ env })).proxy;
  assert.equal(set.https?.reveal(), 'http://set:1', "Ferry's own setting wins over the general variables");
  assert.equal(proxyFor(set, site), undefined);
  assert.equal((await user.load({ env: { FERRY_PROXY: 'http://mine:2' } })).proxy.http?.reveal(), 'http://mine:2');
});

test('a configuration of qscamel is one', async () => {
  await using user = await User.make();
  await mkdir(path.join(user.home, '.qscamel/db'), { recursive: true });
  const file = await user.settings(
    'concurrency: 0\nlog_level: info\npid_file: ~/.qscamel/qscamel.pid\nlog_file: ~/.qscamel/qscamel.log\n' +
      'database_file: ~/.qscamel/db\nproxy: ""\n',
  );
  const config = await user.load({ file });
  assert.equal(config.concurrency, undefined);
  assert.equal(config.pidFile, path.join(user.home, '.qscamel/qscamel.pid'));
  assert.equal(config.databaseFile, path.join(user.home, '.qscamel/db/ferry.db'));
  assert.equal(config.proxy.https, undefined);
});
