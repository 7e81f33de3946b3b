/** The real services: configuration, log, state, stores and engine, opened as they are asked for. */
import { rm, writeFile } from 'node:fs/promises';
import { homedir, hostname, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { loadConfig, type Config } from '../config/home.ts';
import { ProxiedClient } from '../config/proxied-client.ts';
import { loadControl } from '../config/control-config.ts';
import { findGateway, loadGateway } from '../config/gateway-config.ts';
import { findStores, type NamedStore } from '../config/named-store.ts';
import { pathText, type Path } from '../config/problems.ts';
import { loadTaskFile, parseTaskFile, type LoadedTask, type Sealing } from '../config/task-file.ts';
import { listFile } from '../control/jobs/list-file.ts';
import { LiveHub } from '../control/live/hub.ts';
import { RegisteredStores } from '../control/stores/registered-stores.ts';
import { SecretBox } from '../control/stores/secret-box.ts';
import { MadeUsers } from '../control/users/made-users.ts';
import { checkEndpoints } from '../engine/check.ts';
import { planTask } from '../engine/plan.ts';
import { cleanUploads, dropOrphans } from '../engine/leftovers.ts';
import { retryFailures, runTask } from '../engine/run.ts';
import { verifyTask } from '../engine/verify.ts';
import { TIMING, type Timing } from '../gateway/migrate/timing.ts';
import { Users } from '../gateway/access/users.ts';
import { serve, type RunningGateway } from '../gateway/serve.ts';
import type { ControlSpec } from '../model/control.ts';
import type { GatewaySpec } from '../model/gateway.ts';
import type { EndpointSpec, TaskSpec } from '../model/task.ts';
import { createLogger, type LogFile } from '../observe/log.ts';
import type { ControlState } from '../state/control/control-state.ts';
import type { MovingBook } from '../state/moving-bucket.ts';
import { claimControl } from '../state/sqlite/control/claim.ts';
import { openControl } from '../state/sqlite/control/open.ts';
import { machineClock, openMoving } from '../state/sqlite/moving/open.ts';
import { openState } from '../state/sqlite/open.ts';
import type { StateStore } from '../state/state-store.ts';
import { systemClock } from '../store/clock.ts';
import { FileReach } from '../store/file-reach.ts';
import { compose, type ComposedStore } from '../store/compose.ts';
import type { RetryOptions } from '../store/layers/backoff.ts';
import type { StoreContext, StoreRegistry, StoreRole } from '../store/registry.ts';
import type { Store } from '../store/store.ts';
import type { HttpClient } from '../wire/http/client.ts';
import { SocketHttpClient } from '../wire/http/socket-client.ts';
import { openAreas } from './control-areas.ts';
import { logAccess } from './log-access.ts';
import { Measured } from './measured.ts';
import { warmClient } from './mirror-warm.ts';
import type { GlobalOptions } from './context.ts';
import type { Engine, Patience, Stores } from '../tasks/services.ts';
import { checkReach } from './check-reach.ts';
import type { Services } from './services.ts';
import { startServer, type RunningServer } from './running-server.ts';
import { removeAbandoned, TemporaryFolder } from './temporary-folder.ts';
import { VERSION } from './version.ts';

export interface ServicesOptions {
  readonly registry: StoreRegistry;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly globals: GlobalOptions;
  readonly now: () => number;
  readonly random: () => number;
  /** Told once when the log can be written no more. */
  readonly warn: (message: string) => void;
  /** Of moving buckets; shorter in tests that wait for leases to run out. */
  readonly timing?: Timing | undefined;
}

export async function openServices(options: ServicesOptions): Promise<Services> {
  const { env, globals } = options;
  const flags = globals.logLevel === undefined ? {} : { log_level: globals.logLevel };
  const config = await loadConfig({ env, userHome: homedir(), file: globals.config, flags });
  const log = await createLogger({
    level: config.logLevel,
    file: config.logFile,
    maxSize: config.logMaxSize,
    keep: config.logKeep,
    now: options.now,
    onFailure: (error) => options.warn(`the log cannot be written any more: ${error.message}`),
  });
  if (config.pidFile !== undefined) await writeFile(config.pidFile, `${process.pid}\n`);
  return new RealServices(config, log, options);
}

const ENGINE: Engine = {
  run: runTask,
  retryFailures,
  plan: planTask,
  verify: verifyTask,
  check: checkEndpoints,
  cleanUploads,
  dropOrphans,
};

/** Where `npm run build` puts the console: in the package beside the program, and below the root of the sources. */
const CONSOLE = join(import.meta.dirname, '../../dist/console');

/** A client waits, and tries again itself. */
const GATEWAY_ATTEMPTS = 3;
/** Somebody waits, and what fails is to be seen soon. */
const PROBE_ATTEMPTS = 2;
/** Nobody waits for a sweep. */
const ORIGIN_ATTEMPTS = 10;

/** How a secret of a task begins that was sealed. */
const SEALED = '${sealed:v1.';

/** What a secret of a task is sealed for. */
function secretOf(task: string, path: Path): string {
  return `${pathText(path)} of the task ${task}`;
}

class RealServices implements Services {
  readonly version = VERSION;
  readonly engine = ENGINE;
  readonly home: string;
  readonly log: LogFile;
  readonly now: () => number;
  readonly random: () => number;
  readonly tmpdir = (): string => this.#temporary.path;
  readonly holder = `${hostname()} (process ${process.pid})`;
  readonly #config: Config;
  readonly #options: ServicesOptions;
  readonly #http: SocketHttpClient;
  readonly #storeContext: StoreContext;
  readonly #temporary = new TemporaryFolder(tmpdir());
  readonly #secrets: SecretBox;
  #state: Promise<StateStore> | undefined;
  #moving: Promise<MovingBook> | undefined;
  #gateway: Promise<GatewaySpec> | undefined;
  #control: Promise<ControlState> | undefined;
  #measured: Measured | undefined;
  #made: MadeUsers | undefined;
  /** Of what is worked on for the API; undefined for who is at this machine. */
  #reach: FileReach | undefined;

  constructor(config: Config, log: LogFile, options: ServicesOptions) {
    this.home = config.home;
    this.log = log;
    this.now = options.now;
    this.random = options.random;
    this.#config = config;
    this.#options = options;
    this.#http = new SocketHttpClient();
    this.#secrets = new SecretBox({
      file: join(config.home, 'secret.key'),
      fromEnvironment: options.env['FERRY_SECRET_KEY'],
    });
    this.#storeContext = {
      http: new ProxiedClient(this.#http, config.proxy),
      env: options.env,
      now: options.now,
      tmpdir: this.tmpdir,
    };
  }

  removeAbandoned(): number {
    return removeAbandoned(tmpdir());
  }

  state(): Promise<StateStore> {
    return (this.#state ??= openState(this.#config.databaseFile, { now: this.now }));
  }

  async loadTask(path: string): Promise<LoadedTask> {
    const { registry, env } = this.#options;
    return this.#withDefaults(await loadTaskFile(path, registry, env, (text) => this.#namedIn(text)));
  }

  async parseTask(text: string, name: string): Promise<LoadedTask> {
    return await this.#parse(text, name, undefined);
  }

  async #readNew(text: string, name: string): Promise<LoadedTask> {
    const seal = (path: Path, secret: string): string => this.#secrets.seal(secretOf(name, path), secret);
    return await this.#parse(text, name, seal);
  }

  async #parse(text: string, name: string, seal: Sealing['seal']): Promise<LoadedTask> {
    const { registry, env } = this.#options;
    const stores = await this.#namedIn(text);
    const unseal = (path: Path, sealed: string): string => this.#secrets.open(secretOf(name, path), sealed);
    const sealing = { seal, unseal };
    const loaded = parseTaskFile(text, { file: `task ${name}`, registry, env, stores, sealing });
    // The list of a job, which is a task of the same name, is Ferry's own.
    if (this.#reach) checkReach(loaded.spec, registry, this.#reach.and(listFile(this.#jobs, name)));
    return this.#withDefaults(loaded);
  }

  /** The registered stores a task file names. */
  async #namedIn(text: string): Promise<ReadonlyMap<string, NamedStore>> {
    return await findStores(text, async (name) => await (await this.#stores()).find(name));
  }

  async #stores(): Promise<RegisteredStores> {
    const { stores: book } = await this.control();
    const { registry } = this.#options;
    return new RegisteredStores({ book, box: this.#secrets, registry, reach: this.#reach, now: this.now });
  }

  async openStores(spec: TaskSpec, patience: Patience = {}): Promise<Stores> {
    await using opened = new AsyncDisposableStack();
    const source = opened.use(await this.#openStore(spec, 'source', patience));
    const destination = opened.use(await this.#openStore(spec, 'destination', patience));
    const kept = opened.move();
    return { source, destination, [Symbol.asyncDispose]: () => kept.disposeAsync() };
  }

  get http(): HttpClient {
    return this.#storeContext.http;
  }

  gateway(): Promise<GatewaySpec> {
    return (this.#gateway ??= this.#loadGateway());
  }

  async #loadGateway(): Promise<GatewaySpec> {
    const { registry, env } = this.#options;
    const { spec, secrets } = await loadGateway(this.#config.file, registry, env);
    this.log.conceal(secrets);
    return spec;
  }

  async openOrigin(endpoint: EndpointSpec): Promise<Store> {
    const driver = await this.#options.registry.open(endpoint, { ...this.#storeContext, role: 'source' });
    const watch = this.#measured?.stores;
    return compose(driver, { retry: { attempts: ORIGIN_ATTEMPTS, random: this.random }, watch });
  }

  async serve(): Promise<RunningServer> {
    const { registry, env } = this.#options;
    const gateway = await findGateway(this.#config.file, registry, env);
    if (gateway) this.log.conceal(gateway.secrets);
    const control = await loadControl(this.#config.file, env);
    this.#reach = control.spec && this.#reachOf(control.spec, gateway?.spec);
    // Before anything is opened that wants it.
    await this.#secrets.ready(() => this.#isAnythingSealed());
    const measured = control.spec && (this.#measured = new Measured(this.version, this.now));
    const { log, now } = this;
    // Later than all of an earlier process, which had fewer than a thousand a second.
    const hub = new LiveHub(now());
    return await startServer({
      gateway: gateway && { spec: gateway.spec, start: () => this.#serveGateway(gateway.spec) },
      control,
      claim: () => claimControl(this.#controlFile),
      state: () => this.control(),
      context: {
        hub,
        version: this.version,
        holder: this.holder,
        now: this.now,
        assets: CONSOLE,
        onAnswer: measured?.api,
        onDefect: (error, about) => this.log.error('a request failed', { ...about, error }),
      },
      areas: async (controlled, running, state) =>
        await openAreas({
          spec: controlled,
          metrics: measured!.metrics,
          gateway: running,
          state,
          tasks: await this.state(),
          hub,
          log,
          now,
          readNew: async (text, name) => await this.#readNew(text, name),
          logFile: this.#config.logFile,
          stores: await this.#stores(),
          users: this.#made,
          warming: {
            client: (bucket) => warmClient(this, { ...gateway!.spec, port: portOf(running!.url) }, bucket),
            openOrigin: (endpoint) => this.openOrigin(endpoint),
          },
          openProbed: (endpoint, role) => this.#open(endpoint, role, { attempts: PROBE_ATTEMPTS }),
          services: this,
          reach: this.#reach,
          box: this.#secrets,
        }),
      warn: (message) => this.log.warn(message),
    });
  }

  async #isAnythingSealed(): Promise<boolean> {
    const { queue } = await this.state();
    return (await (await this.control()).hasSealed()) || (await queue.mentions(SEALED));
  }

  get #controlFile(): string {
    return join(dirname(this.#config.databaseFile), 'control.db');
  }

  get #jobs(): string {
    return join(this.home, 'jobs');
  }

  #reachOf({ fileRoots, tls }: ControlSpec, gateway: GatewaySpec | undefined): FileReach {
    const { home, databaseFile, logFile, file } = this.#config;
    const databases = [databaseFile, this.#controlFile, join(dirname(databaseFile), 'moving.db')];
    const beside = databases.flatMap((each) => ['', '-wal', '-shm', '.lock', '.locks'].map((ending) => each + ending));
    const keys = [tls, gateway?.tls].flatMap((each) => (each === undefined ? [] : [each.keyFile]));
    return new FileReach({ roots: fileRoots, kept: [home, file, logFile, ...beside, ...keys] });
  }

  async #serveGateway(spec: GatewaySpec): Promise<RunningGateway> {
    const state = await this.state();
    const users = new Users(spec.users, spec.region);
    this.#made = await this.#openUsers(users);
    return await serve(spec, {
      users,
      book: state.buckets,
      mirrors: state.mirrors,
      onMirrorFailure: (failure) => this.log.warn('mirror', { ...failure }),
      openOrigin: (endpoint) => this.#options.registry.open(endpoint, { ...this.#storeContext, role: 'source' }),
      migrations: {
        state,
        moving: () => this.moving(),
        holder: this.holder,
        timing: this.#options.timing ?? TIMING,
        tell: (bucket, { level, message, detail }) => this.log[level](message, { bucket, ...detail }),
      },
      now: this.now,
      random: this.random,
      tmpdir: this.tmpdir,
      log: (entry) => {
        this.#measured?.gateway(entry);
        logAccess(this.log, entry);
      },
      watch: this.#measured?.stores,
      openStore: (endpoint) => this.openServed(endpoint),
    });
  }

  /** Before the gateway takes a request. */
  async #openUsers(users: Users): Promise<MadeUsers> {
    const { log, now } = this;
    const made = new MadeUsers({
      state: await this.control(),
      box: this.#secrets,
      users,
      clock: systemClock,
      now,
      conceal: (secrets) => log.conceal(secrets),
      onTrouble: (user, error) => log.warn('a user made by API stays out', { user, error }),
    });
    await made.open();
    return made;
  }

  moving(): Promise<MovingBook> {
    const file = join(dirname(this.#config.databaseFile), 'moving.db');
    const { lease } = this.#options.timing ?? TIMING;
    const options = { clock: machineClock, now: this.now, lease };
    return (this.#moving ??= openMoving(file, options));
  }

  control(): Promise<ControlState> {
    return (this.#control ??= openControl(this.#controlFile));
  }

  async openServed(endpoint: EndpointSpec): Promise<ComposedStore> {
    const driver = await this.#options.registry.open(endpoint, { ...this.#storeContext, role: 'served' });
    const watch = this.#measured?.stores;
    return compose(driver, { retry: { attempts: GATEWAY_ATTEMPTS, random: this.random }, watch });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await using closing = new AsyncDisposableStack();
    closing.use(this.log);
    closing.use(this.#temporary);
    const { pidFile } = this.#config;
    if (pidFile !== undefined) closing.defer(() => rm(pidFile, { force: true }));
    closing.use(this.#http);
    closing.use(this.#measured);
    const state = await this.#state?.catch(() => undefined);
    if (state) closing.use(state);
    const moving = await this.#moving?.catch(() => undefined);
    if (moving) closing.use(moving);
    const control = await this.#control?.catch(() => undefined);
    if (control) closing.use(control);
    closing.use(this.#made);
  }

  async #openStore(spec: TaskSpec, side: 'source' | 'destination', patience: Patience): Promise<ComposedStore> {
    const attempts = Math.min(spec.attempts, patience.attempts ?? spec.attempts);
    return await this.#open(spec[side], side, { ...patience, attempts });
  }

  async #open(endpoint: EndpointSpec, role: StoreRole, patience: Patience): Promise<ComposedStore> {
    // A task was looked at when it was read: here lists of jobs may be any.
    const reach = this.#reach?.and(this.#jobs);
    const driver = await this.#options.registry.open(endpoint, { ...this.#storeContext, role, reach });
    const retry: RetryOptions = {
      ...patience,
      random: this.random,
      onRetry: ({ operation, key }, error, attempt) =>
        this.log.debug('another attempt', { operation, key, attempt, error }),
    };
    return compose(driver, { retry, watch: this.#measured?.stores });
  }

  /** Secrets are kept out of the log; what the task leaves open comes from the configuration. */
  #withDefaults(loaded: LoadedTask): LoadedTask {
    this.log.conceal(loaded.secrets);
    const { limits } = loaded.spec;
    const concurrency = limits.concurrency ?? this.#config.concurrency;
    return { ...loaded, spec: { ...loaded.spec, limits: { ...limits, concurrency } } };
  }
}

function portOf(url: string): number {
  const { port, protocol } = new URL(url);
  return port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port);
}
