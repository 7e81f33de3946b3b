/** Endpoints in files people write: the options of each by its driver's own schema. */
import { Secret } from '../model/secret.ts';
import type { StoreDriver, StoreRegistry } from '../store/registry.ts';
import { checked, isRecord } from './check.ts';
import { absentStore } from './importers/qscamel.ts';
import { suggestion } from './nearest.ts';
import type { Path } from './problems.ts';
import type { YamlFile } from './yaml-file.ts';

export interface ReadEndpoint {
  readonly driver: StoreDriver;
  readonly options: Record<string, unknown>;
  /** Options as the file has them, without defaults. */
  readonly given: Readonly<Record<string, unknown>>;
}

/**
 * The endpoint at `path` of the file, whatever else is wrong there, so that all of it is said at once. Undefined with
 * problems added to the file, or where there is nothing that looks like one: then the schema around it has said so.
 */
export function readEndpoint(
  file: YamlFile,
  path: Path,
  roles: readonly ('source' | 'destination')[],
  registry: StoreRegistry,
): ReadEndpoint | undefined {
  const given = path.reduce<unknown>(
    (at, step) => (isRecord(at) || Array.isArray(at) ? Reflect.get(at, step) : undefined),
    file.data,
  );
  if (!isRecord(given) || typeof given['type'] !== 'string') return undefined;
  const type = given['type'];
  const driver = registry.find(type);
  if (!driver) {
    const known = registry.names.toSorted().join(', ');
    const others = suggestion(type, registry.names) || `; there are ${known}`;
    const message = absentStore(type) ?? `there is no store type "${type}"${others}`;
    file.problems.push(file.problem([...path, 'type'], message));
    return undefined;
  }
  for (const role of roles)
    if (!driver.roles[role]) file.problems.push(file.problem([...path, 'type'], `"${type}" cannot be a ${role}`));
  const options = checked(file, driver.options, given['options'] ?? {}, [...path, 'options']);
  return options && { driver, options, given: isRecord(given['options']) ? given['options'] : {} };
}

/** The options with those the driver calls secret as `Secret`s, which are added to `secrets` too. */
export function concealed(
  { options, driver }: ReadEndpoint,
  secrets: Secret[],
  override: Record<string, unknown> = options,
): Record<string, unknown> {
  const result = { ...override };
  for (const name of driver.secrets) {
    const value = result[name];
    if (typeof value === 'string') result[name] = new Secret(value);
    if (result[name] instanceof Secret) secrets.push(result[name]);
  }
  return result;
}
