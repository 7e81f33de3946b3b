import { useConsole } from '../console.ts';
import { Page } from '../parts/page.tsx';
import { LimitsPanel } from './settings/limits.tsx';
import { SchedulesPanel } from './settings/schedules.tsx';
import { TokensPanel } from './settings/tokens.tsx';
import { UsersPanel } from './settings/users.tsx';

export function SettingsPage() {
  const console = useConsole();
  return (
    <Page title={console.t('settings.title')}>
      <LimitsPanel />
      <SchedulesPanel />
      {console.may('admin') ? (
        <>
          <UsersPanel />
          <TokensPanel />
        </>
      ) : (
        <p class="quiet">{console.t('settings.admin')}</p>
      )}
    </Page>
  );
}
