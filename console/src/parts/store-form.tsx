/** A store that is described here: its type, its path, and the options of the type. */
import type { StoreType } from '../api/types.ts';
import { useConsole } from '../console.ts';
import { SelectField, TextField } from './field.tsx';
import { fieldsOf, type OptionField, type OptionTexts } from './options.ts';

export interface StoreDraft {
  readonly type: string;
  readonly path: string;
  readonly options: OptionTexts;
}

export const NO_STORE: StoreDraft = { type: '', path: '', options: {} };

export function StoreForm({
  types,
  draft,
  onChange,
}: {
  readonly types: readonly StoreType[];
  readonly draft: StoreDraft;
  readonly onChange: (draft: StoreDraft) => void;
}) {
  const { t } = useConsole();
  const type = types.find((known) => known.type === draft.type);
  const fields = type === undefined ? [] : fieldsOf(type);
  const more = fields.filter(({ first }) => !first);
  const show = (field: OptionField) => (
    <OptionInput
      key={field.name}
      field={field}
      value={draft.options[field.name] ?? ''}
      onInput={(value) => onChange({ ...draft, options: { ...draft.options, [field.name]: value } })}
    />
  );
  return (
    <div class="stack">
      <SelectField
        label={t('stores.type')}
        hint={type?.title}
        value={draft.type}
        onChange={(value) => onChange({ ...draft, type: value, options: {} })}
        options={[{ value: '', label: '–' }, ...types.map((known) => ({ value: known.type, label: known.type }))]}
      />
      {type !== undefined && (
        <>
          <TextField
            label={t('stores.path')}
            hint={t('stores.path.hint')}
            optional
            mono
            value={draft.path}
            onInput={(path) => onChange({ ...draft, path })}
          />
          {fields.filter(({ first }) => first).map(show)}
          {more.length > 0 && (
            <details>
              <summary>{t('stores.more')}</summary>
              <div class="stack inset">{more.map(show)}</div>
            </details>
          )}
        </>
      )}
    </div>
  );
}

function OptionInput({
  field,
  value,
  onInput,
}: {
  readonly field: OptionField;
  readonly value: string;
  readonly onInput: (value: string) => void;
}) {
  const { t } = useConsole();
  const { name, kind, hint, standard, choices } = field;
  const otherwise =
    standard === undefined ? t('stores.default') : t('stores.default.is', { value: JSON.stringify(standard) });
  switch (kind) {
    case 'flag':
      return (
        <SelectField
          label={name}
          hint={hint}
          value={value}
          onChange={onInput}
          options={[
            { value: '', label: otherwise },
            { value: 'true', label: t('word.yes') },
            { value: 'false', label: t('word.no') },
          ]}
        />
      );
    case 'choice':
      return (
        <SelectField
          label={name}
          hint={hint}
          value={value}
          onChange={onInput}
          options={[{ value: '', label: otherwise }, ...choices.map((choice) => ({ value: choice, label: choice }))]}
        />
      );
    case 'secret':
      return (
        <TextField
          label={name}
          hint={`${hint ?? ''} ${t(value === '***' ? 'stores.secret.kept' : 'stores.secret.hint')}`}
          type="password"
          autocomplete="new-password"
          mono
          value={value}
          onInput={onInput}
        />
      );
    case 'list':
      return (
        <TextField label={name} hint={`${hint ?? ''} ${t('stores.list.hint')}`} mono value={value} onInput={onInput} />
      );
    case 'number':
      return <TextField label={name} hint={hint} type="number" value={value} onInput={onInput} />;
    case 'json':
      return <TextField label={name} hint={hint} mono rows={3} value={value} onInput={onInput} />;
    case 'text':
      return <TextField label={name} hint={hint} mono value={value} onInput={onInput} />;
  }
}
