import { useConsole } from '../console.ts';
import { Page } from '../parts/page.tsx';
import { TokensPanel } from './settings/tokens.tsx';

export function SettingsPage() {
  const { t } = useConsole();
  return (
    <Page title={t('settings.title')}>
      <TokensPanel />
    </Page>
  );
}
