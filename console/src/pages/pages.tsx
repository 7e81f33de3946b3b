/** From the steps of an address to its page. */
import type { JSX } from 'preact';
import { useConsole } from '../console.ts';
import { Empty, Page } from '../parts/page.tsx';
import { AuditPage } from './audit.tsx';
import { NodesPage } from './nodes.tsx';
import { SettingsPage } from './settings.tsx';

export function pageOf([page = 'overview']: readonly string[]): JSX.Element {
  switch (page) {
    case 'nodes':
      return <NodesPage />;
    case 'audit':
      return <AuditPage />;
    case 'settings':
      return <SettingsPage />;
    default:
      return <NoSuchPage />;
  }
}

function NoSuchPage() {
  const { t } = useConsole();
  return (
    <Page title={t('app.notFound')}>
      <Empty title={t('app.notFound')} hint={t('app.notFound.hint')} />
    </Page>
  );
}
