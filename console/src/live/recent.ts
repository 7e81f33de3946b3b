/** What events tell of things that are shown already: the newest of each, given to the page a few times a second. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { useConsole } from '../console.ts';

/** Between two times the page is drawn for events, milliseconds. */
const PACE = 300;

/**
 * `apply` gives a row as it is now. Where an event is about what is not among the rows (`known`), `version` grows, no more
 * than once in two seconds.
 */
export function useRecent<T extends { readonly name: string }>(
  type: string,
): {
  readonly apply: (row: T) => T;
  readonly version: number;
  readonly knows: (names: Iterable<string>) => void;
} {
  const { live } = useConsole();
  const newest = useRef(new Map<string, Readonly<Record<string, unknown>>>());
  const known = useRef(new Set<string>());
  const [version, setVersion] = useState(0);
  const [, redraw] = useState(0);
  const generation = live.generation.value;
  useEffect(() => newest.current.clear(), [generation]);
  useEffect(() => {
    let drawing: ReturnType<typeof setTimeout> | undefined;
    let reading: ReturnType<typeof setTimeout> | undefined;
    const stop = live.listen((event) => {
      if (event.type !== type) return;
      if (known.current.has(event.subject)) {
        newest.current.set(event.subject, event.data);
        drawing ??= setTimeout(() => {
          drawing = undefined;
          redraw((n) => n + 1);
        }, PACE);
      } else {
        reading ??= setTimeout(() => {
          reading = undefined;
          setVersion((n) => n + 1);
        }, PACE * 7);
      }
    });
    return () => {
      clearTimeout(drawing);
      clearTimeout(reading);
      stop();
    };
  }, [live, type]);
  return {
    version,
    apply: (row) => {
      const found = newest.current.get(row.name);
      return found === undefined ? row : { ...row, ...found, name: row.name };
    },
    knows: (names) => {
      known.current = new Set(names);
      // What was just read is newer than what came before.
      newest.current.clear();
    },
  };
}
