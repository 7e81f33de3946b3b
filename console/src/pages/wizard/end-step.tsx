import type { Store, StoreType } from '../../api/types.ts';
import { useConsole } from '../../console.ts';
import { Choices, SelectField, TextField } from '../../parts/field.tsx';
import { StoreForm } from '../../parts/store-form.tsx';
import type { EndDraft } from './draft.ts';

export function EndStep({
  side,
  stores,
  types,
  end,
  onChange,
}: {
  readonly side: 'source' | 'destination';
  readonly stores: readonly Store[];
  readonly types: readonly StoreType[];
  readonly end: EndDraft;
  readonly onChange: (end: EndDraft) => void;
}) {
  const { t } = useConsole();
  const fit = types.filter(({ roles }) => roles[side]);
  return (
    <>
      <p class="quiet">{t(`wizard.${side}.lead`)}</p>
      <Choices
        label={t('wizard.end')}
        value={end.here ? 'here' : 'registered'}
        onChange={(value) => onChange({ ...end, here: value === 'here' })}
        options={[
          { value: 'registered', label: t('wizard.end.registered'), hint: t('wizard.end.registered.hint') },
          { value: 'here', label: t('wizard.end.here'), hint: t('wizard.end.here.hint') },
        ]}
      />
      {end.here ? (
        <StoreForm types={fit} draft={end.own} onChange={(own) => onChange({ ...end, own })} />
      ) : (
        <>
          <SelectField
            label={t('wizard.store')}
            value={end.store}
            onChange={(store) => onChange({ ...end, store })}
            options={[
              { value: '', label: t('wizard.choose') },
              ...stores
                .filter(({ type }) => fit.some((known) => known.type === type))
                .map(({ name, type }) => ({ value: name, label: `${name} (${type})` })),
            ]}
          />
          <TextField
            label={t('stores.path')}
            hint={t('wizard.path.hint')}
            optional
            mono
            value={end.path}
            onInput={(path) => onChange({ ...end, path })}
          />
        </>
      )}
    </>
  );
}
