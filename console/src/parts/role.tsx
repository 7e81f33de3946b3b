import type { Role } from '../api/types.ts';
import { useConsole } from '../console.ts';
import { Empty, Page, Panel } from './page.tsx';

/** In place of a page that is not for everybody: why, and what to do. */
export function PageOfRole({ title, role }: { readonly title: string; readonly role: Role }) {
  const { t, session } = useConsole();
  const { name = '', role: has = 'viewer' } = session.value ?? {};
  return (
    <Page title={title}>
      <Panel>
        <Empty
          title={t('role.needed', { role: t(`role.${role}`) })}
          hint={t('role.needed.hint', { name, role: t(`role.${has}`) })}
        />
      </Panel>
    </Page>
  );
}
