import type { StoreTest } from '../../api/types.ts';
import { useConsole } from '../../console.ts';
import { Badge } from '../../parts/badge.tsx';

export function TestBadge({ tested }: { readonly tested: StoreTest | undefined }) {
  const { t, format } = useConsole();
  if (tested === undefined) return <Badge tone="idle">{t('stores.untested')}</Badge>;
  return (
    <span title={format.moment(tested.at)}>
      <Badge tone={tested.ok ? 'ended' : 'alarm'}>{t(tested.ok ? 'stores.ok' : 'stores.notOk')}</Badge>
    </span>
  );
}
