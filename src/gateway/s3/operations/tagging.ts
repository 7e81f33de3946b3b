import type { HttpAnswer } from '../../../wire/http/server/server.ts';
import { taggingXml } from '../../../wire/xml/write.ts';
import { empty, xml } from '../answer.ts';
import type { ObjectCall } from '../call.ts';
import { readTags, requireDocument } from '../documents.ts';
import { S3Error } from '../error.ts';
import { statOrThrow } from './read.ts';

export async function getTags(call: ObjectCall): Promise<HttpAnswer> {
  await statOrThrow(call);
  return xml(taggingXml((await call.bucket.store.tags?.(call.key)) ?? {}));
}

export async function putTags(call: ObjectCall): Promise<HttpAnswer> {
  const tags = readTags(await requireDocument(call, 'Tagging'));
  const { store } = call.bucket;
  if (store.setTags === undefined || !store.capabilities.metadata.tags)
    throw new S3Error('NotImplemented', { message: 'The store behind keeps no tags' });
  await store.setTags(call.key, tags);
  return empty(200);
}

export async function deleteTags(call: ObjectCall): Promise<HttpAnswer> {
  const { store } = call.bucket;
  if (store.setTags !== undefined && store.capabilities.metadata.tags) await store.setTags(call.key, {});
  else await statOrThrow(call);
  return empty(204);
}
