import type { Check } from '../api/types.ts';
import { useConsole } from '../console.ts';
import { Icon } from './icon.tsx';

/** What was tried, one after the other; what failed says what to do. */
export function Checks({ checks }: { readonly checks: readonly Check[] }) {
  const { t, texts } = useConsole();
  return (
    <ol class="checks" role="list">
      {checks.map(({ name, ok, detail, remedy, endpoint }) => {
        const state = ok === 'skipped' ? 'skipped' : ok ? 'ok' : 'bad';
        return (
          <li key={`${endpoint ?? ''} ${name}`}>
            <span class={state === 'bad' ? 'alarm' : state === 'ok' ? 'good' : 'quiet'}>
              <Icon name={state === 'ok' ? 'good' : state} />
              <span class="hidden">{t(`checks.${state}`)}</span>
            </span>
            <span class="two-lines wrap">
              <span>{texts.check(name)}</span>
              <span class="quiet small">{detail}</span>
              {remedy !== undefined && state === 'bad' && (
                <span class="small">
                  {t('problem.remedy')}: {texts.remedy(remedy)}
                </span>
              )}
            </span>
          </li>
        );
      })}
    </ol>
  );
}
