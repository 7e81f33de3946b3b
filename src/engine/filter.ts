/** Which listed objects a task is about. */
import picomatch from 'picomatch';
import type { ObjectEntry } from '../model/object.ts';
import type { Filters } from '../model/task.ts';

/** Undefined where every object passes. `prefix` and `keysFile` are not judged here: they shape the listing. */
export function compileFilter(filters: Filters): ((entry: ObjectEntry) => boolean) | undefined {
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
  // What a listing does not tell cannot exclude an object; it is judged again when it is read.
  if (minSize !== undefined) tests.push(({ size }) => size === undefined || size >= minSize);
  if (maxSize !== undefined) tests.push(({ size }) => size === undefined || size <= maxSize);
  if (modifiedAfter !== undefined) tests.push(({ modified }) => modified === undefined || modified >= modifiedAfter);
  if (modifiedBefore !== undefined) tests.push(({ modified }) => modified === undefined || modified < modifiedBefore);
  return tests.length === 0 ? undefined : (entry) => tests.every((passes) => passes(entry));
}
