/** `ferry check` at a server: both ends are tried from there. */
import { ERROR_CATALOGUE, FerryError, type ErrorCode } from '../../model/errors.ts';
import { CHECKS } from '../../control/tasks/routes.ts';
import type { CheckResult } from '../../engine/progress.ts';
import type { ApiClient } from './api-client.ts';
import { taskPath } from './remote-tasks.ts';

/** Of the task of that name there, or of one that is not made yet. */
export async function checksThere(
  server: ApiClient,
  name: string,
  task: object | undefined,
  signal: AbortSignal,
): Promise<readonly CheckResult[]> {
  const [path, body] = task === undefined ? [`${taskPath(name)}/check`, undefined] : ['/v1/tasks/check', task];
  const { items } = await server.post(path, body, CHECKS, signal);
  return items.map(({ code, remedy, ...result }) => ({ ...result, error: errorOf(code, remedy, result.detail) }));
}

function errorOf(code: string | undefined, remedy: string | undefined, message: string): FerryError | undefined {
  if (code === undefined) return undefined;
  const known = Object.keys(ERROR_CATALOGUE).find((each): each is ErrorCode => each === code);
  return new FerryError(known ?? 'internal', { message, remedy });
}
