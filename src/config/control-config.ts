/** From the `control` section of the configuration file to the `ControlSpec` the API works by. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { ControlSpec } from '../model/control.ts';
import { KiB } from '../model/units.ts';
import { checked, isRecord } from './check.ts';
import { CONTROL } from './control-schema.ts';
import type { References } from './interpolate.ts';
import { isLoopback, parsePlace } from './listen.ts';
import { problemsError } from './problems.ts';
import { readText, type Environment } from './task-file.ts';
import { YamlFile } from './yaml-file.ts';

export interface LoadedControl {
  /** Undefined where it is off. */
  readonly spec: ControlSpec | undefined;
  /** The file says something of it: what it says has to work. */
  readonly wanted: boolean;
}

/** A line of a list holds it, and more. */
const LONGEST_URL = 32 * KiB;

/** Reads and checks the section. Rejects with `configuration`, whose message has a line for every problem. */
export async function loadControl(
  name: string,
  env: Environment,
  readFile: References['readFile'] = (each) => readFileSync(each, 'utf8'),
): Promise<LoadedControl> {
  const text = await readText(name, { what: 'the configuration file', remedy: 'Name it with `-c`.' });
  const file = new YamlFile(text, { env, readFile });
  const section = isRecord(file.data) ? file.data['control'] : undefined;
  const control = checked(file, CONTROL, section ?? {}, ['control']);
  const complain = (message: string): void => void file.problems.push(file.problem(['control', 'listen'], message));
  const off = control?.listen === 'off';
  const place = control === undefined || off ? undefined : parsePlace(control.listen);
  if (control !== undefined && !off && place === undefined)
    complain('must be ADDRESS:PORT, such as 127.0.0.1:7800 or [::1]:7800, or off');
  if (place !== undefined && !isLoopback(place.host) && control?.tls === undefined && control?.plain_http !== true)
    complain(
      'is reached from elsewhere, and there is no TLS: give `tls`, or say `plain_http: true` where the network is trusted',
    );
  if (control !== undefined && control.jobs.max_url > LONGEST_URL)
    file.problems.push(file.problem(['control', 'jobs', 'max_url'], 'must be at most 32 KiB'));
  if (file.problems.length > 0 || control === undefined) throw problemsError(path.basename(name), file.problems);
  const { tls, hosts, metrics, jobs, limits, keep_tasks: keep, keep_audit: audit } = control;
  const spec = place && {
    ...place,
    tls: tls && { certFile: tls.cert_file, keyFile: tls.key_file },
    hosts: hosts.map((host) => host.toLowerCase()),
    openMetrics: metrics === 'open',
    jobs: {
      allowPrivateOrigins: control.allow_private_origins,
      maxFiles: jobs.max_files,
      maxUrl: jobs.max_url,
      maxBody: jobs.max_body,
      lists: jobs.lists === undefined ? undefined : path.resolve(path.dirname(name), jobs.lists),
      keep: jobs.keep_days * 86_400_000,
    },
    fileRoots: control.file_roots.map((root) => path.resolve(path.dirname(name), root)),
    tasksAtOnce: control.tasks_at_once,
    keepTasks: {
      age: keep.days === 'off' ? undefined : keep.days * 86_400_000,
      count: keep.count,
      failed: keep.failed,
    },
    keepAudit: audit === 'off' ? undefined : audit * 86_400_000,
    limits: {
      bandwidth: limits.bandwidth ?? [],
      requestsPerSecond: limits.requests_per_second,
      objectsPerSecond: limits.objects_per_second,
    },
  };
  return { spec, wanted: section !== undefined };
}
