/** From the steps of an address to its page. */
import type { JSX } from 'preact';
import { useConsole } from '../console.ts';
import { Empty, Page } from '../parts/page.tsx';
import { AuditPage } from './audit.tsx';
import { MigrationPage } from './migrations/detail.tsx';
import { MigrationsPage } from './migrations/list.tsx';
import { MirrorPage } from './mirror.tsx';
import { NodesPage } from './nodes.tsx';
import { OverviewPage } from './overview.tsx';
import { SettingsPage } from './settings.tsx';
import { StorePage } from './stores/detail.tsx';
import { StoreEditPage } from './stores/edit.tsx';
import { StoresPage } from './stores/list.tsx';
import { TaskPage } from './tasks/detail.tsx';
import { TasksPage } from './tasks/list.tsx';
import { WizardPage } from './wizard/wizard.tsx';

export function pageOf([page = 'overview', name, part]: readonly string[]): JSX.Element {
  switch (page) {
    case 'tasks':
      if (name === undefined) return <TasksPage />;
      return <TaskPage key={name} name={name} tab={part} />;
    case 'overview':
      return <OverviewPage />;
    case 'new':
      return name === 'store' ? <StoreEditPage /> : name === 'task' ? <WizardPage /> : <NoSuchPage />;
    case 'migrations':
      return name === undefined ? <MigrationsPage /> : <MigrationPage key={name} name={name} />;
    case 'mirror':
      return <MirrorPage />;
    case 'stores':
      if (name === undefined) return <StoresPage />;
      return part === 'edit' ? <StoreEditPage name={name} /> : <StorePage key={name} name={name} />;
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
