/** From the steps of an address to its page. */
import type { JSX } from 'preact';
import type { Role } from '../api/types.ts';
import { useConsole } from '../console.ts';
import type { MessageKey } from '../i18n/translate.ts';
import { Empty, Page } from '../parts/page.tsx';
import { PageOfRole } from '../parts/role.tsx';
import { AuditPage } from './audit.tsx';
import { EventSourcePage } from './events/detail.tsx';
import { EventSourcesPage } from './events/list.tsx';
import { NewEventSourcePage } from './events/new.tsx';
import { DeliveriesPage } from './jobs/deliveries.tsx';
import { JobPage } from './jobs/detail.tsx';
import { JobsPage } from './jobs/list.tsx';
import { NewJobPage } from './jobs/new.tsx';
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
      if (name === 'store') return <ForRole role="admin" title="stores.add" page={<StoreEditPage />} />;
      if (name === 'job') return <ForRole role="operator" title="jobs.new" page={<NewJobPage />} />;
      if (name === 'event') return <ForRole role="admin" title="events.new" page={<NewEventSourcePage />} />;
      return name === 'task' ? <ForRole role="operator" title="wizard.title" page={<WizardPage />} /> : <NoSuchPage />;
    case 'migrations':
      return name === undefined ? <MigrationsPage /> : <MigrationPage key={name} name={name} />;
    case 'mirror':
      return <MirrorPage />;
    case 'stores':
      if (name === undefined) return <StoresPage />;
      if (part !== 'edit') return <StorePage key={name} name={name} />;
      return <ForRole role="admin" title="do.edit" page={<StoreEditPage name={name} />} />;
    case 'jobs':
      return name === undefined ? <JobsPage /> : <JobPage key={name} id={name} />;
    case 'callbacks':
      return <DeliveriesPage />;
    case 'events':
      return name === undefined ? <EventSourcesPage /> : <EventSourcePage key={name} name={name} />;
    case 'nodes':
      return <NodesPage />;
    case 'audit':
      return <ForRole role="admin" title="audit.title" page={<AuditPage />} />;
    case 'settings':
      return <SettingsPage />;
    default:
      return <NoSuchPage />;
  }
}

function ForRole({
  role,
  title,
  page,
}: {
  readonly role: Role;
  readonly title: MessageKey;
  readonly page: JSX.Element;
}) {
  const console = useConsole();
  return console.may(role) ? page : <PageOfRole title={console.t(title)} role={role} />;
}

function NoSuchPage() {
  const { t } = useConsole();
  return (
    <Page title={t('app.notFound')}>
      <Empty title={t('app.notFound')} hint={t('app.notFound.hint')} />
    </Page>
  );
}
