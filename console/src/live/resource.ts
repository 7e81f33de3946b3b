/** Something read from the API and kept as it is there. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiProblem } from '../api/problem.ts';
import { useConsole } from '../console.ts';
import type { LiveEvent } from './connection.ts';

export interface Resource<T> {
  /** As last read; undefined before. */
  readonly data: T | undefined;
  /** Why the last reading failed; what is in `data` is then older, and nothing where it is no longer there. */
  readonly problem: unknown;
  readonly reload: () => void;
}

export interface ResourceOptions {
  /** Events after which it is read again. */
  readonly on?: (event: LiveEvent) => boolean;
  /** Milliseconds after which it is read again in any case. */
  readonly every?: number;
}

/** However many events come, it is not read more often, milliseconds. */
const PACE = 1000;

/** What is no more is not shown as if it were. */
function isGone(problem: unknown): boolean {
  return problem instanceof ApiProblem && problem.document.status === 404;
}

/** `key` says what is read: where it changes, what was read before is of something else. */
export function useResource<T>(
  key: string,
  load: (signal: AbortSignal) => Promise<T>,
  { on, every }: ResourceOptions = {},
): Resource<T> {
  const { live } = useConsole();
  const [state, setState] = useState<{ key: string; data?: T; problem?: unknown }>({ key });
  const latest = useRef({ load, on });
  latest.current = { load, on };
  const reload = useRef(() => {});
  const generation = live.generation.value;

  useEffect(() => {
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let reading = false;
    let again = false;
    const read = async (): Promise<void> => {
      timer = undefined;
      reading = true;
      again = false;
      try {
        const data = await latest.current.load(abort.signal);
        if (!abort.signal.aborted) setState({ key, data });
      } catch (problem) {
        if (!abort.signal.aborted)
          setState((before) => (before.key === key && !isGone(problem) ? { ...before, problem } : { key, problem }));
      }
      reading = false;
      if (again) schedule();
    };
    const schedule = (): void => {
      if (reading) again = true;
      else if (!abort.signal.aborted) timer ??= setTimeout(() => void read(), PACE);
    };
    reload.current = () => {
      clearTimeout(timer);
      if (reading) again = true;
      else void read();
    };
    void read();
    const stopListening = live.listen((event) => {
      if (latest.current.on?.(event) === true) schedule();
    });
    const interval = every === undefined ? undefined : setInterval(schedule, every);
    return () => {
      abort.abort();
      clearTimeout(timer);
      clearInterval(interval);
      stopListening();
    };
  }, [key, generation, every, live]);

  const current = state.key === key ? state : { key };
  return { data: current.data, problem: current.problem, reload: () => reload.current() };
}
