/** Which listed objects a task is about. */
import picomatch from 'picomatch';
import type { ObjectEntry } from '../model/object.ts';
import type { Filters } from '../model/task.ts';

export interface Filter {
  /** What a listing does not tell cannot exclude an object. */
  passes(entry: ObjectEntry): boolean;
  /** The filter is about something this entry does not tell: `stat` must, before the object is touched. */
  needsMore(entry: ObjectEntry): boolean;
}

/** `prefix` and `keysFile` are not judged here: they shape the listing. */
export function compileFilter(filters: Filters): Filter {
  const tests: ((entry: ObjectEntry) => boolean)[] = [];
  const { include, exclude, minSize, maxSize, modifiedAfter, modifiedBefore } = filters;
  if (include.length > 0) {
    const match = matcher(include);
    tests.push((entry) => match(entry.key));
  }
  if (exclude.length > 0) {
    const match = matcher(exclude);
    tests.push((entry) => !match(entry.key));
  }
  if (minSize !== undefined) tests.push(({ size }) => size === undefined || size >= minSize);
  if (maxSize !== undefined) tests.push(({ size }) => size === undefined || size <= maxSize);
  if (modifiedAfter !== undefined) tests.push(({ modified }) => modified === undefined || modified >= modifiedAfter);
  if (modifiedBefore !== undefined) tests.push(({ modified }) => modified === undefined || modified < modifiedBefore);
  const bySize = minSize !== undefined || maxSize !== undefined;
  const byTime = modifiedAfter !== undefined || modifiedBefore !== undefined;
  return {
    passes: tests.length === 0 ? () => true : (entry) => tests.every((passes) => passes(entry)),
    needsMore: (entry) => (bySize && entry.size === undefined) || (byTime && entry.modified === undefined),
  };
}

/** What picomatch puts in so that `*` and `**` pass over names `.` and `..`, which are paths to it and keys to us. */
const NO_DOTS = /\(\?!(?:\(\?:\^\|\\\/\))?\\\.\{1,2\}\(\?:\\\/\|\$\)\)/g;

/** Whether a key matches one of the globs. Every character is one, line breaks as well. */
function matcher(globs: readonly string[]): (key: string) => boolean {
  const tests = globs.map((glob) => {
    const { source } = picomatch.makeRe(glob, { dot: true, nonegate: true, posix: true });
    return { glob, expression: new RegExp(source.replace(NO_DOTS, ''), 's') };
  });
  return (key) => tests.some(({ glob, expression }) => key === glob || expression.test(key));
}
