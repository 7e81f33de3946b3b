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
  const options = { dot: true, nonegate: true };
  if (include.length > 0) {
    const match = picomatch([...include], options);
    tests.push((entry) => match(entry.key));
  }
  if (exclude.length > 0) {
    const match = picomatch([...exclude], options);
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
