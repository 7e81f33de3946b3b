/** What the verbs need of the rest of the house. `main.ts` makes the real one; tests make their own. */
import type { LoadedTask } from '../config/task-file.ts';
import type { GatewaySpec } from '../model/gateway.ts';
import type { EndpointSpec } from '../model/task.ts';
import type { RunningServer } from './running-server.ts';
import type { LogFile } from '../observe/log.ts';
import type { ControlState } from '../state/control/control-state.ts';
import type { MovingBook } from '../state/moving-bucket.ts';
import type { Store } from '../store/store.ts';
import type { TaskServices } from '../tasks/services.ts';
import type { HttpClient } from '../wire/http/client.ts';
import type { ComposedStore } from '../store/compose.ts';

export interface Services extends TaskServices, AsyncDisposable {
  /** Told secrets before anything of them can get into it. */
  readonly log: LogFile;
  loadTask(path: string): Promise<LoadedTask>;
  /** Starts what the configuration file asks for: the gateway, the API with the console, or both. */
  serve(): Promise<RunningServer>;
  /** What the configuration file says of the gateway; rejects with `configuration` where it says nothing. */
  gateway(): Promise<GatewaySpec>;
  /** An endpoint to read from, in its layers. */
  openOrigin(endpoint: EndpointSpec): Promise<Store>;
  readonly http: HttpClient;
  /** What the gateways of this machine share about buckets that are moved. Opened when first asked for. */
  moving(): Promise<MovingBook>;
  /** What the control plane keeps. Opened when first asked for. */
  control(): Promise<ControlState>;
  /** A store as a gateway opens it. */
  openServed(endpoint: EndpointSpec): Promise<ComposedStore>;
}
