import assert from 'node:assert/strict';
import { test } from 'node:test';
import { taskFileJsonSchema, taskFileJsonSchemaText } from '../../../src/config/json-schema.ts';
import { TASK_FILE } from '../../../src/config/task-schema.ts';
import { allDrivers } from './all-drivers.ts';
import { stubRegistry } from './stub-drivers.ts';

/** What a test wants to walk without a type for every corner of JSON schema. */
interface Node {
  readonly [key: string]: unknown;
}

function at(schema: Node, ...steps: readonly string[]): Node {
  return steps.reduce<Node>((node, step) => {
    const next = node[step];
    assert.ok(typeof next === 'object' && next !== null, `${steps.join('.')} ends before ${step}`);
    return { ...next };
  }, schema);
}

test('every key of the task file has a description, in the schema too', () => {
  const schema = taskFileJsonSchema(stubRegistry);
  for (const key of Object.keys(TASK_FILE.shape)) {
    assert.match(String(at(schema, 'properties', key)['description']), /\.$/, key);
  }
  for (const key of Object.keys(at(schema, 'properties', 'filters', 'properties'))) {
    assert.match(String(at(schema, 'properties', 'filters', 'properties', key)['description']), /\.$/, key);
  }
});

test('editors are told unknown keys, the types of stores, and the options of each', () => {
  const schema = taskFileJsonSchema(stubRegistry);
  assert.equal(schema['$schema'], 'http://json-schema.org/draft-07/schema#');
  assert.equal(schema['additionalProperties'], false);
  assert.deepEqual(at(schema, 'properties', 'source', 'properties', 'type')['enum'], ['file', 'fs', 's3', 'filelist']);
  assert.deepEqual(at(schema, 'properties', 'destination', 'properties', 'type')['enum'], ['file', 'fs', 's3']);
  const s3 = at(schema, 'properties', 'destination', 'allOf', '1');
  assert.deepEqual(at(s3, 'if', 'properties', 'type')['enum'], ['s3']);
  assert.equal(at(s3, 'then', 'properties', 'options')['$ref'], '#/definitions/s3');
  assert.equal(at(schema, 'definitions', 's3', 'properties', 'bucket_name')['description'], 'Bucket.');
});

test('every option of every driver has a description', () => {
  const registry = allDrivers();
  const schema = taskFileJsonSchema(registry);
  for (const { type } of registry.drivers) {
    for (const [name, option] of Object.entries(at(schema, 'definitions', type, 'properties'))) {
      assert.ok(typeof option === 'object' && option !== null && 'description' in option, `${type}.${name}`);
    }
  }
});

test('the same drivers give the same text', () => {
  assert.equal(taskFileJsonSchemaText(allDrivers()), taskFileJsonSchemaText(allDrivers()));
});
