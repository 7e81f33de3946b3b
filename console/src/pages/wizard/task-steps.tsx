import { useConsole } from '../../console.ts';
import { Checkbox, Choices, SelectField, TextField } from '../../parts/field.tsx';
import type { TaskDraft } from './draft.ts';

interface StepProps {
  readonly draft: TaskDraft;
  readonly onChange: (draft: TaskDraft) => void;
}

export function WhatStep({ draft, onChange }: StepProps) {
  const { t } = useConsole();
  const set = (change: Partial<TaskDraft>): void => onChange({ ...draft, ...change });
  return (
    <>
      <p class="quiet">{t('wizard.what.lead')}</p>
      <Choices
        label={t('wizard.type')}
        value={draft.type}
        onChange={(type) => set({ type })}
        options={(['copy', 'fetch', 'delete'] as const).map((value) => ({
          value,
          label: t(`wizard.type.${value}`),
          hint: t(`wizard.type.${value}.hint`),
        }))}
      />
      <TextField
        label={t('wizard.prefix')}
        hint={t('wizard.prefix.hint')}
        optional
        mono
        value={draft.prefix}
        onInput={(prefix) => set({ prefix })}
      />
      <div class="columns">
        <TextField
          label={t('wizard.include')}
          hint={t('wizard.globs.hint')}
          optional
          mono
          rows={3}
          value={draft.include}
          onInput={(include) => set({ include })}
        />
        <TextField
          label={t('wizard.exclude')}
          hint={t('wizard.globs.hint')}
          optional
          mono
          rows={3}
          value={draft.exclude}
          onInput={(exclude) => set({ exclude })}
        />
      </div>
      <div class="columns">
        <TextField
          label={t('wizard.minSize')}
          hint={t('wizard.size.hint')}
          optional
          value={draft.minSize}
          onInput={(minSize) => set({ minSize })}
        />
        <TextField
          label={t('wizard.maxSize')}
          hint={t('wizard.size.hint')}
          optional
          value={draft.maxSize}
          onInput={(maxSize) => set({ maxSize })}
        />
      </div>
      <TextField
        label={t('wizard.after')}
        hint={t('wizard.after.hint')}
        optional
        value={draft.after}
        onInput={(after) => set({ after })}
      />
    </>
  );
}

const COMPARES = ['auto', 'always', 'size', 'time', 'checksum'] as const;

export function HowStep({ draft, onChange }: StepProps) {
  const { t } = useConsole();
  const set = (change: Partial<TaskDraft>): void => onChange({ ...draft, ...change });
  return (
    <>
      <p class="quiet">{t('wizard.how.lead')}</p>
      <SelectField
        label={t('wizard.compare')}
        value={draft.compare}
        onChange={(compare) => set({ compare })}
        options={COMPARES.map((value) => ({ value, label: t(`wizard.compare.${value}`) }))}
      />
      <Checkbox
        label={t('wizard.extraneous')}
        hint={t('wizard.extraneous.hint')}
        checked={draft.deleteExtraneous}
        onChange={(deleteExtraneous) => set({ deleteExtraneous })}
      />
      <Checkbox
        label={t('wizard.createOnly')}
        checked={draft.createOnly}
        onChange={(createOnly) => set({ createOnly })}
      />
      <Checkbox label={t('wizard.checkMd5')} checked={draft.checkMd5} onChange={(checkMd5) => set({ checkMd5 })} />
      <Checkbox label={t('wizard.evidence')} checked={draft.evidence} onChange={(evidence) => set({ evidence })} />
      <TextField
        label={t('limits.bandwidth')}
        hint={t('limits.bandwidth.hint')}
        optional
        mono
        value={draft.bandwidth}
        onInput={(bandwidth) => set({ bandwidth })}
      />
      <div class="columns">
        <TextField
          label={t('limits.concurrency')}
          hint={t('limits.concurrency.hint')}
          optional
          type="number"
          value={draft.concurrency}
          onInput={(concurrency) => set({ concurrency })}
        />
        <TextField
          label={t('limits.objects')}
          hint={t('limits.none.hint')}
          optional
          type="number"
          value={draft.objectsPerSecond}
          onInput={(objectsPerSecond) => set({ objectsPerSecond })}
        />
      </div>
    </>
  );
}
