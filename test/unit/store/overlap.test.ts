import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isFerryError } from '../../../src/model/errors.ts';
import { refuseOverlap } from '../../../src/store/overlap.ts';
import type { StoreContext } from '../../../src/store/registry.ts';
import type { StoreInfo } from '../../../src/store/store.ts';
import { fileDriver } from '../../../src/stores/file/driver.ts';
import { filelistDriver } from '../../../src/stores/filelist/driver.ts';
import { memoryDriver } from '../../../src/stores/memory/driver.ts';
import { s3Drivers } from '../../../src/stores/s3/driver.ts';
import { SocketHttpClient } from '../../../src/wire/http/socket-client.ts';

test('one place in the other, or the same, is refused with both names; places side by side are not', () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ['', '', true],
    ['data/', '', true],
    ['', 'data/', true],
    ['data/', 'data/copies/', true],
    ['data/', 'data/', true],
    ['data/', 'data2/', false],
    ['data/a/', 'data/b/', false],
  ];
  for (const [from, to, refused] of cases) {
    const [source, destination] = [place('one', from), place('one', to)];
    for (const type of ['copy', 'fetch'] as const) {
      if (refused) assert.throws(() => refuseOverlap(type, source, destination), overlap(source, destination));
      else refuseOverlap(type, source, destination);
    }
    refuseOverlap('delete', source, destination);
    refuseOverlap('copy', source, place('other', to));
    refuseOverlap('copy', { ...source, place: undefined }, destination);
  }
});

test('drivers tell where they are, whatever way it is written', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ferry-overlap-'));
  await mkdir(join(folder, 'data'));
  await symlink(join(folder, 'data'), join(folder, 'link'));
  await using http = new SocketHttpClient();
  const context: StoreContext = { http, env: {}, now: Date.now, tmpdir: () => folder };
  const files = fileDriver();
  const drivers = [files, filelistDriver(files), memoryDriver(), ...s3Drivers()];
  const info = async (type: string, path: string, options: Record<string, unknown> = {}): Promise<StoreInfo> => {
    const driver = drivers.find((known) => known.type === type || known.aliases.includes(type))!;
    await using store = await driver.open({ type, path, options }, context);
    return store.info;
  };
  const s3 = { bucket_name: 'b', endpoint: 'http://127.0.0.1:9', anonymous: true };
  const pairs = [
    [await info('file', join(folder, 'data')), await info('fs', join(folder, 'link/not/yet'))],
    [await info('file', '/'), await info('file', folder)],
    [await info('filelist', join(folder, 'data'), { list_path: 'keys' }), await info('file', folder)],
    [await info('s3', '/data', s3), await info('s3', '', s3)],
    [await info('s3', 'data/', s3), await info('s3', '/data', s3)],
    [await info('memory', 'a'), await info('memory', 'a/b/')],
  ] as const;
  for (const [one, other] of pairs) {
    assert.throws(() => refuseOverlap('copy', one, other), overlap(one, other));
    assert.throws(() => refuseOverlap('copy', other, one), overlap(other, one));
  }
  refuseOverlap('copy', await info('file', join(folder, 'data')), await info('file', join(folder, 'data2')));
  refuseOverlap('copy', await info('s3', '', s3), await info('s3', '', { ...s3, bucket_name: 'b2' }));
  refuseOverlap('copy', await info('memory', ''), await info('memory', '', { name: 'other' }));
  await rm(folder, { recursive: true });
});

function place(root: string, prefix: string): StoreInfo {
  const name = `test://${root}/${prefix}`;
  return { type: 'test', name, identity: name, place: { root, prefix } };
}

function overlap(source: StoreInfo, destination: StoreInfo): (error: unknown) => boolean {
  return (error) =>
    isFerryError(error, 'configuration') &&
    error.message.includes(source.name) &&
    error.message.includes(destination.name) &&
    error.remedy.includes('path');
}
