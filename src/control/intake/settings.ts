/** What an event source is told by its API, for each kind. */
import * as z from 'zod';

const NAME = z.string().regex(/^[A-Za-z0-9._-]{1,100}$/, 'has 1 to 100 of the characters A-Z a-z 0-9 . _ -');

const COMMON = {
  source: z.string().min(1).max(128).describe('Registered store whose changes are told.'),
  destination: z.string().min(1).max(128).describe('Registered store they are carried out at.'),
  prefix: z.string().max(1024).default('').describe('Only keys of the source that begin with it.'),
  deletes: z
    .enum(['ignore', 'apply'])
    .default('ignore')
    .describe('`apply`: what is deleted at the source is deleted at the destination.'),
  reconcile: z
    .number()
    .min(0)
    .max(525_600)
    .default(1440)
    .describe('Minutes between two comparisons of both sides, which find what events missed; 0 for none.'),
};

export const SNS_SETTINGS = z.strictObject({
  topic: z.string().min(1).max(2048).describe('ARN of the topic whose messages are taken.'),
  hosts: z
    .array(z.string().min(1).max(255))
    .max(20)
    .default([])
    .describe('Hosts of certificates and confirmations besides `sns.REGION.amazonaws.com`, with their ports.'),
});

export const SQS_SETTINGS = z.strictObject({
  queue_url: z.url({ protocol: /^https?$/ }).max(2048).describe('URL of the queue.'),
  region: z.string().min(1).max(64).describe('Region of the queue.'),
  access_key_id: z.string().min(1).max(128).describe('Key that may receive and delete messages.'),
}); // prettier-ignore

const SECRET = z
  .string()
  .min(16)
  .max(512)
  .describe('Shown by whoever posts events, 16 characters at least. Never told again.');

/** Without `name`. A secret that is left out of a change stays. */
export const SOURCE_BODY = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('http'), ...COMMON, secret: SECRET.optional() }),
  z.strictObject({ kind: z.literal('sns'), ...COMMON, settings: SNS_SETTINGS }),
  z.strictObject({
    kind: z.literal('sqs'),
    ...COMMON,
    settings: SQS_SETTINGS,
    secret_access_key: z.string().min(1).max(512).optional().describe('Never told again.'),
  }),
]);

export const NEW_SOURCE_BODY = z.discriminatedUnion('kind', [
  z.strictObject({ name: NAME, kind: z.literal('http'), ...COMMON, secret: SECRET }),
  z.strictObject({ name: NAME, kind: z.literal('sns'), ...COMMON, settings: SNS_SETTINGS }),
  z.strictObject({
    name: NAME,
    kind: z.literal('sqs'),
    ...COMMON,
    settings: SQS_SETTINGS,
    secret_access_key: z.string().min(1).max(512).describe('Never told again.'),
  }),
]);
