/** What the steps of the wizard gather, and the task that becomes of it. */
import type { StoreType } from '../../api/types.ts';
import { fieldsOf, optionsOf } from '../../parts/options.ts';
import { NO_STORE, type StoreDraft } from '../../parts/store-form.tsx';
import { bandwidthOf } from '../../parts/timetable.ts';

export interface EndDraft {
  /** Name of a registered store; empty where it is described here. */
  readonly store: string;
  readonly here: boolean;
  readonly path: string;
  readonly own: StoreDraft;
}

export interface TaskDraft {
  readonly source: EndDraft;
  readonly destination: EndDraft;
  readonly type: string;
  readonly prefix: string;
  readonly include: string;
  readonly exclude: string;
  readonly minSize: string;
  readonly maxSize: string;
  readonly after: string;
  readonly compare: string;
  readonly deleteExtraneous: boolean;
  readonly createOnly: boolean;
  readonly checkMd5: boolean;
  readonly evidence: boolean;
  readonly bandwidth: string;
  readonly concurrency: string;
  readonly objectsPerSecond: string;
}

const NO_END: EndDraft = { store: '', here: false, path: '', own: NO_STORE };

export const NO_TASK: TaskDraft = {
  source: NO_END,
  destination: NO_END,
  type: 'copy',
  prefix: '',
  include: '',
  exclude: '',
  minSize: '',
  maxSize: '',
  after: '',
  compare: 'auto',
  deleteExtraneous: false,
  createOnly: false,
  checkMd5: false,
  evidence: false,
  bandwidth: '',
  concurrency: '',
  objectsPerSecond: '',
};

export type Json = Readonly<Record<string, unknown>>;

export function isChosen({ here, store, own }: EndDraft): boolean {
  return here ? own.type !== '' : store !== '';
}

export function endOf({ here, store, path, own }: EndDraft, types: readonly StoreType[]): Json {
  if (!here) return { store, ...given('path', path) };
  const type = types.find((known) => known.type === own.type);
  const options = type === undefined ? {} : optionsOf(fieldsOf(type), own.options);
  return { type: own.type, ...given('path', own.path), ...(Object.keys(options).length === 0 ? {} : { options }) };
}

/** A name for the task, of what its ends are called; valid as one. */
export function nameOf({ source, destination, type }: TaskDraft): string {
  const called = ({ here, store, own }: EndDraft): string => (here ? own.type : store);
  const name = type === 'delete' ? `delete-${called(source)}` : `${called(source)}-to-${called(destination)}`;
  return name.replaceAll(/[^\w.-]/g, '-').slice(0, 60);
}

/** The keys of a task file. */
export function taskOf(draft: TaskDraft, types: readonly StoreType[]): Json {
  const filters = {
    ...given('prefix', draft.prefix),
    ...lines('include', draft.include),
    ...lines('exclude', draft.exclude),
    ...given('min_size', draft.minSize),
    ...given('max_size', draft.maxSize),
    ...given('modified_after', draft.after),
  };
  return {
    type: draft.type,
    source: endOf(draft.source, types),
    destination: endOf(draft.destination, types),
    ...(Object.keys(filters).length === 0 ? {} : { filters }),
    ...(draft.compare === 'auto' ? {} : { compare: draft.compare }),
    ...(draft.deleteExtraneous ? { delete_extraneous: true } : {}),
    ...(draft.createOnly ? { create_only: true } : {}),
    ...(draft.checkMd5 ? { check_md5: true } : {}),
    ...(draft.evidence ? { report: { evidence: 'all' } } : {}),
    ...(draft.bandwidth.trim() === '' ? {} : { bandwidth: bandwidthOf(draft.bandwidth) }),
    ...(draft.concurrency === '' ? {} : { concurrency: Number(draft.concurrency) }),
    ...(draft.objectsPerSecond === '' ? {} : { rate_limit: Number(draft.objectsPerSecond) }),
  };
}

function given(name: string, text: string): Json {
  return text.trim() === '' ? {} : { [name]: text.trim() };
}

function lines(name: string, text: string): Json {
  const entries = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return entries.length === 0 ? {} : { [name]: entries };
}
