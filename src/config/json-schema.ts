/** The JSON schema of task files, for editors: from the same declarations that check them. */
import { z } from 'zod';
import type { StoreRegistry } from '../store/registry.ts';
import { INPUT } from './check.ts';
import { TASK_FILE } from './task-schema.ts';

/**
 * Draft 7, which the YAML language server understands. Each endpoint's `options` follow its `type`, for every driver of
 * `registry`. The same registry gives the same text.
 */
export function taskFileJsonSchema(registry: StoreRegistry): Record<string, unknown> {
  const schema = z.toJSONSchema(TASK_FILE, INPUT);
  const sides = (['source', 'destination'] as const).map((side) => {
    const drivers = registry.drivers.filter((driver) => driver.roles[side]);
    const plain = z.toJSONSchema(TASK_FILE.shape[side], INPUT);
    delete plain.$schema;
    const type = plain.properties?.['type'];
    const endpoint = {
      ...plain,
      properties: {
        ...plain.properties,
        type: {
          ...(typeof type === 'object' && type),
          enum: drivers.flatMap((driver) => [driver.type, ...driver.aliases]),
        },
      },
      allOf: drivers.map((driver) => {
        const options = z.toJSONSchema(driver.options, INPUT);
        delete options.$schema;
        return {
          if: { properties: { type: { enum: [driver.type, ...driver.aliases] } } },
          // oxlint-disable-next-line unicorn/no-thenable -- JSON schema's own word.
          then: { properties: { options: { ...options, description: driver.summary } } },
        };
      }),
    };
    return [side, endpoint] as const;
  });
  return {
    ...schema,
    title: 'Ferry task file',
    properties: { ...schema.properties, ...Object.fromEntries(sides) },
  };
}
