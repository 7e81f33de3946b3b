/** The JSON schema of task files, for editors: from the same declarations that check them. */
import * as z from 'zod';
import type { StoreDriver, StoreRegistry } from '../store/registry.ts';
import { INPUT } from './check.ts';
import { TASK_FILE } from './task-schema.ts';

/**
 * Draft 7, which the YAML language server understands. Each endpoint's `options` follow its `type`, for every driver of
 * `registry`. The same registry gives the same text.
 */
export function taskFileJsonSchema(registry: StoreRegistry): Record<string, unknown> {
  const schema = z.toJSONSchema(TASK_FILE, INPUT);
  return {
    ...schema,
    title: 'Ferry task file',
    properties: {
      ...schema.properties,
      source: endpoint(registry, 'source'),
      destination: endpoint(registry, 'destination'),
    },
    definitions: Object.fromEntries(registry.drivers.map((driver) => [driver.type, options(driver)])),
  };
}

/** The same as the text of `schema/task.schema.json`. */
export function taskFileJsonSchemaText(registry: StoreRegistry): string {
  return `${JSON.stringify(taskFileJsonSchema(registry), null, 2)}\n`;
}

function endpoint(registry: StoreRegistry, side: 'source' | 'destination'): Record<string, unknown> {
  const schema = z.toJSONSchema(TASK_FILE.shape[side], INPUT);
  delete schema.$schema;
  const type = schema.properties?.['type'];
  const drivers = registry.drivers.filter((driver) => driver.roles[side]);
  return {
    ...schema,
    required: undefined,
    anyOf: [{ required: ['type'] }, { required: ['store'] }],
    properties: { ...schema.properties, type: { ...(typeof type === 'object' && type), enum: drivers.flatMap(names) } },
    allOf: drivers.map((driver) => ({
      if: { properties: { type: { enum: names(driver) } } },
      // oxlint-disable-next-line unicorn/no-thenable -- JSON schema's own word.
      then: { properties: { options: { $ref: `#/definitions/${driver.type}` } } },
    })),
  };
}

function options(driver: StoreDriver): Record<string, unknown> {
  const schema = z.toJSONSchema(driver.options, INPUT);
  delete schema.$schema;
  return { ...schema, description: driver.summary };
}

function names(driver: StoreDriver): string[] {
  return [driver.type, ...driver.aliases];
}
