/** Tries a store as tasks would use it, and measures what it can do. */
import { checkDestination, checkSource } from '../../engine/check.ts';
import type { CheckResult } from '../../engine/progress.ts';
import { FerryError, toFerryError } from '../../model/errors.ts';
import type { Capabilities } from '../../model/capabilities.ts';
import type { EndpointSpec } from '../../model/task.ts';
import type { StoreDriver, StoreRole } from '../../store/registry.ts';
import type { Store } from '../../store/store.ts';

export type Use = 'source' | 'destination' | 'both';

export interface Tested {
  readonly at: number;
  readonly ok: boolean;
  readonly checks: readonly TestedCheck[];
  /** What it declares, and what was measured. */
  readonly capabilities?: Readonly<Record<string, unknown>> | undefined;
}

export interface TestedCheck {
  readonly name: string;
  readonly ok: boolean | 'skipped';
  readonly detail: string;
  readonly remedy?: string | undefined;
  readonly milliseconds: number;
}

export interface ProbeContext {
  /** In its layers; few attempts, for somebody waits. */
  readonly open: (endpoint: EndpointSpec, role: StoreRole) => Promise<Store & AsyncDisposable>;
  readonly now: () => number;
}

/** Never rejects: what is wrong is among the checks. As a destination a scratch object is written and removed. */
export async function probeStore(
  { open, now }: ProbeContext,
  endpoint: EndpointSpec,
  { roles }: StoreDriver,
  use: Use,
  signal: AbortSignal,
): Promise<Tested> {
  const at = now();
  const checks: TestedCheck[] = [];
  const add = (result: CheckResult): void => {
    // Both ways begin with the same steps.
    if (result.ok === true && checks.some(({ name }) => name === result.name)) return;
    const { name, ok, detail, error, milliseconds } = result;
    checks.push({ name, ok, detail, remedy: error?.remedy, milliseconds });
  };
  let capabilities: Record<string, unknown> | undefined;
  try {
    if (use !== 'destination' && roles.source) {
      await using store = await open(endpoint, 'source');
      capabilities = told(store.capabilities);
      for await (const result of checkSource(store, {}, signal)) add(result);
    }
    if (use !== 'source' && roles.destination && checks.every(({ ok }) => ok !== false)) {
      await using store = await open(endpoint, 'destination');
      const declared = store.capabilities;
      capabilities = told(declared);
      const measured = (found: Partial<Capabilities>): void => void (capabilities = told({ ...declared, ...found }));
      for await (const result of checkDestination(store, false, signal, measured)) add(result);
    }
  } catch (thrown) {
    const error = toFerryError(thrown);
    checks.push({ name: 'open', ok: false, detail: error.message, remedy: error.remedy, milliseconds: now() - at });
  }
  if (signal.aborted) throw new FerryError('interrupted');
  return { at, ok: checks.every(({ ok }) => ok !== false), checks, capabilities };
}

/** As JSON has it: no functions, and no limit is null. */
function told(capabilities: Capabilities): Record<string, unknown> {
  return JSON.parse(JSON.stringify(capabilities, (_, value: unknown) => (value === undefined ? false : value)));
}
