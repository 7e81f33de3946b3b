/** Uploads in parts that a task left unfinished at its destination, taken away as far as that can be done. */
import type { Cleaned } from '../engine/leftovers.ts';
import { toFerryError } from '../model/errors.ts';
import { NO_UPLOAD, type TaskJournal } from '../state/state-store.ts';
import type { CommandContext } from './context.ts';
import { counted, harmless } from './output/text.ts';
import type { Services } from './services.ts';

type Call = 'cleanUploads' | 'dropOrphans';

/** All of them, of a task that is to be forgotten. */
export async function abortUploads(
  context: CommandContext,
  services: Services,
  name: string,
  journal: TaskJournal,
): Promise<void> {
  const begun = (await journal.uploads()).filter(({ uploadId }) => uploadId !== NO_UPLOAD);
  const known = begun.length + (await journal.uploadIntents()).length;
  if (known > 0) await clean(context, services, name, journal, 'cleanUploads', known);
}

/** Only those a crash left that nobody can go on with, of a task that stays. */
export async function dropOrphans(
  context: CommandContext,
  services: Services,
  name: string,
  journal: TaskJournal,
): Promise<void> {
  const known = (await journal.uploadIntents()).length;
  if (known > 0) await clean(context, services, name, journal, 'dropOrphans', known);
}

/** Best effort: a task whose stores are gone can still be forgotten, and is told so. */
async function clean(
  context: CommandContext,
  services: Services,
  name: string,
  journal: TaskJournal,
  call: Call,
  known: number,
): Promise<void> {
  const { stderr } = context.io;
  const { now } = services;
  try {
    const { spec } = await services.parseTask(journal.task.file, name);
    await using stores = await services.openStores(spec);
    const { destination } = stores;
    const cleaned: Cleaned = await services.engine[call]({ journal, destination, signal: context.signal, now });
    if (cleaned.aborted > 0) {
      stderr.write(`${counted(cleaned.aborted, 'unfinished upload')} of ${name} aborted at the destination.\n`);
    }
    for (const { message, remedy } of cleaned.left) stderr.write(`${harmless(message)}\n${harmless(remedy)}\n`);
  } catch (thrown) {
    const { message } = toFerryError(thrown);
    stderr.write(
      `${counted(known, 'unfinished upload')} of ${name} could not be aborted: ${harmless(message)}\n` +
        'They may cost storage; a lifecycle rule of the bucket, or its provider, can remove them.\n',
    );
  }
}
