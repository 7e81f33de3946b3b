/** Every request the console makes, and what is answered. A test compares it with the server's OpenAPI document. */
import type * as api from './types.ts';

export interface Operations {
  getSession: api.Session;
  createSession: api.Session;
  endSession: void;
  listTokens: api.Page<api.Token>;
  createToken: api.Token & { readonly token: string };
  removeToken: void;
  listNodes: api.Page<api.Node>;
  listAudit: api.Page<api.AuditEntry>;
  listStores: api.Page<api.Store>;
  getStore: api.Store;
  createStore: api.Store;
  replaceStore: api.Store;
  removeStore: void;
  testStore: api.StoreTest;
  tryStore: api.StoreTest;
  listStoreTypes: api.Page<api.StoreType>;
  listTasks: api.Page<api.Task>;
  getTask: api.Task;
  createTask: api.Task;
  removeTask: void;
  changeTask: api.Task;
  changeLimits: api.Task;
  runTask: unknown;
  pauseTask: unknown;
  resumeTask: unknown;
  stopTask: unknown;
  verifyTask: unknown;
  retryFailures: unknown;
  planTask: api.Plan;
  checkTask: api.Page<api.Check>;
  getTaskFile: string;
  listRanges: api.Page<api.KeyRange>;
  getSeries: api.Series;
  listFailures: api.Page<api.Failure>;
  listFailureGroups: api.Page<api.FailureGroup>;
  listFiles: api.Page<api.FileRow>;
  getTaskLog: api.Page<api.LogLine>;
  listReports: api.Page<api.Report>;
  putJob: api.Job;
  listJobs: api.Page<api.Job>;
  getJob: api.Job;
  listJobFiles: api.Page<api.JobFile>;
  retryJob: api.Job;
  listDeliveries: api.Page<api.Delivery>;
  redeliver: api.Delivery;
  listEventSources: api.Page<api.EventSource>;
  getEventSource: api.EventSource;
  createEventSource: api.EventSource;
  removeEventSource: void;
  reconcileEventSource: api.EventSource;
  getLimits: api.ServerLimits;
  setLimits: api.ServerLimits;
  resetLimits: api.ServerLimits;
  listMigrations: api.Page<api.Migration>;
  getMigration: api.Migration;
  startMigration: unknown;
  pauseMigration: unknown;
  resumeMigration: unknown;
  switchMigration: unknown;
  verifyMigration: unknown;
  rollbackMigration: unknown;
  finaliseMigration: unknown;
  listMirrors: api.Page<api.Mirror>;
  getMirror: api.Mirror;
  warmMirror: api.Warming;
  getWarming: api.Warming;
  stopWarming: void;
  listUsers: api.Page<api.User>;
  createUser: api.User & { readonly secretAccessKey: string };
  removeUser: void;
  listSchedules: api.Page<api.Schedule>;
  getSchedule: api.Schedule;
  createSchedule: api.Schedule;
  replaceSchedule: api.Schedule;
  removeSchedule: void;
}

export type Operation = keyof Operations;

export const PATHS: Readonly<Record<Operation, readonly [method: string, path: string]>> = {
  getSession: ['GET', '/v1/session'],
  createSession: ['POST', '/v1/session'],
  endSession: ['DELETE', '/v1/session'],
  listTokens: ['GET', '/v1/tokens'],
  createToken: ['POST', '/v1/tokens'],
  removeToken: ['DELETE', '/v1/tokens/{id}'],
  listNodes: ['GET', '/v1/nodes'],
  listAudit: ['GET', '/v1/audit'],
  listStores: ['GET', '/v1/stores'],
  getStore: ['GET', '/v1/stores/{name}'],
  createStore: ['POST', '/v1/stores'],
  replaceStore: ['PUT', '/v1/stores/{name}'],
  removeStore: ['DELETE', '/v1/stores/{name}'],
  testStore: ['POST', '/v1/stores/{name}/test'],
  tryStore: ['POST', '/v1/stores/test'],
  listStoreTypes: ['GET', '/v1/store-types'],
  listTasks: ['GET', '/v1/tasks'],
  getTask: ['GET', '/v1/tasks/{name}'],
  createTask: ['POST', '/v1/tasks'],
  removeTask: ['DELETE', '/v1/tasks/{name}'],
  changeTask: ['PATCH', '/v1/tasks/{name}'],
  changeLimits: ['PATCH', '/v1/tasks/{name}/limits'],
  runTask: ['POST', '/v1/tasks/{name}/run'],
  pauseTask: ['POST', '/v1/tasks/{name}/pause'],
  resumeTask: ['POST', '/v1/tasks/{name}/resume'],
  stopTask: ['POST', '/v1/tasks/{name}/stop'],
  verifyTask: ['POST', '/v1/tasks/{name}/verify'],
  retryFailures: ['POST', '/v1/tasks/{name}/retry-failures'],
  planTask: ['POST', '/v1/tasks/plan'],
  checkTask: ['POST', '/v1/tasks/check'],
  getTaskFile: ['GET', '/v1/tasks/{name}/file'],
  listRanges: ['GET', '/v1/tasks/{name}/ranges'],
  getSeries: ['GET', '/v1/tasks/{name}/series'],
  listFailures: ['GET', '/v1/tasks/{name}/failures'],
  listFailureGroups: ['GET', '/v1/tasks/{name}/failure-groups'],
  listFiles: ['GET', '/v1/tasks/{name}/files'],
  getTaskLog: ['GET', '/v1/tasks/{name}/log'],
  listReports: ['GET', '/v1/tasks/{name}/reports'],
  putJob: ['PUT', '/jobs'],
  listJobs: ['GET', '/v1/jobs'],
  getJob: ['GET', '/v1/jobs/{id}'],
  listJobFiles: ['GET', '/v1/jobs/{id}/files'],
  retryJob: ['POST', '/v1/jobs/{id}/retry'],
  listDeliveries: ['GET', '/v1/callbacks/deliveries'],
  redeliver: ['POST', '/v1/callbacks/deliveries/{id}/redeliver'],
  listEventSources: ['GET', '/v1/event-sources'],
  getEventSource: ['GET', '/v1/event-sources/{name}'],
  createEventSource: ['POST', '/v1/event-sources'],
  removeEventSource: ['DELETE', '/v1/event-sources/{name}'],
  reconcileEventSource: ['POST', '/v1/event-sources/{name}/reconcile'],
  getLimits: ['GET', '/v1/limits'],
  setLimits: ['PUT', '/v1/limits'],
  resetLimits: ['DELETE', '/v1/limits'],
  listMigrations: ['GET', '/v1/migrations'],
  getMigration: ['GET', '/v1/migrations/{name}'],
  startMigration: ['POST', '/v1/migrations/{name}/start'],
  pauseMigration: ['POST', '/v1/migrations/{name}/pause'],
  resumeMigration: ['POST', '/v1/migrations/{name}/resume'],
  switchMigration: ['POST', '/v1/migrations/{name}/switch'],
  verifyMigration: ['POST', '/v1/migrations/{name}/verify'],
  rollbackMigration: ['POST', '/v1/migrations/{name}/rollback'],
  finaliseMigration: ['POST', '/v1/migrations/{name}/finalise'],
  listMirrors: ['GET', '/v1/mirrors'],
  getMirror: ['GET', '/v1/mirrors/{bucket}'],
  warmMirror: ['POST', '/v1/mirrors/{bucket}/warm'],
  getWarming: ['GET', '/v1/mirrors/{bucket}/warm'],
  stopWarming: ['DELETE', '/v1/mirrors/{bucket}/warm'],
  listUsers: ['GET', '/v1/users'],
  createUser: ['POST', '/v1/users'],
  removeUser: ['DELETE', '/v1/users/{name}'],
  listSchedules: ['GET', '/v1/schedules'],
  getSchedule: ['GET', '/v1/schedules/{id}'],
  createSchedule: ['POST', '/v1/schedules'],
  replaceSchedule: ['PUT', '/v1/schedules/{id}'],
  removeSchedule: ['DELETE', '/v1/schedules/{id}'],
};
