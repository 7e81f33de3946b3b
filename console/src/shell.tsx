/** What stands around every page: navigation, how one likes it, and whether the connection holds. */
import { useEffect, useState } from 'preact/hooks';
import { useConsole } from './console.ts';
import type { MessageKey } from './i18n/translate.ts';
import { pageOf } from './pages/pages.tsx';
import { LOCALES, THEMES } from './preferences.ts';
import { Badge } from './parts/badge.tsx';
import { Button } from './parts/button.tsx';
import { Select } from './parts/field.tsx';
import { Icon } from './parts/icon.tsx';
import { pathTo, stepsOf } from './router.ts';

interface Group {
  readonly title?: MessageKey;
  readonly pages: readonly (
    | 'overview'
    | 'tasks'
    | 'jobs'
    | 'events'
    | 'migrations'
    | 'mirror'
    | 'stores'
    | 'nodes'
    | 'audit'
    | 'settings'
  )[];
}

const GROUPS: readonly Group[] = [
  { pages: ['overview'] },
  { title: 'nav.group.work', pages: ['tasks', 'jobs', 'events'] },
  { title: 'nav.group.live', pages: ['migrations', 'mirror'] },
  { title: 'nav.group.server', pages: ['stores', 'nodes', 'audit', 'settings'] },
];

/** Pages that have none of their own in the menu belong to another. */
const WITHIN: Readonly<Record<string, string>> = { callbacks: 'jobs' };

export function Shell() {
  const console = useConsole();
  const { t, router, live } = console;
  const [open, setOpen] = useState(false);
  const path = router.path.value;
  const steps = stepsOf(path);
  const [first = 'overview', second = ''] = steps;
  // What is new belongs to the list it will be in.
  const current = first === 'new' ? `${second}s` : (WITHIN[first] ?? first);
  useEffect(() => setOpen(false), [path]);
  return (
    <>
      <a class="skip" href="#content">
        {t('app.skip')}
      </a>
      <div class="shell">
        <header class="top">
          <Brand />
          <button type="button" class="button" aria-expanded={open} aria-controls="side" onClick={() => setOpen(!open)}>
            <Icon name="menu" />
            {t('app.menu')}
          </button>
        </header>
        <aside class="side" id="side" data-open={open ? '' : undefined} aria-label={t('app.navigation')}>
          <Brand />
          <nav aria-label={t('app.navigation')}>
            {GROUPS.map(({ title, pages }) => (
              <div key={title ?? ''} class="nav-group">
                {title !== undefined && <h2 id={title}>{t(title)}</h2>}
                <ul role="list" aria-labelledby={title}>
                  {pages
                    .filter((page) => page !== 'audit' || console.may('admin'))
                    .map((page) => (
                      <li key={page}>
                        <a
                          href={page === 'overview' ? '/' : pathTo(page)}
                          aria-current={current === page ? 'page' : undefined}
                        >
                          <Icon name={page} />
                          {t(`nav.${page}`)}
                        </a>
                      </li>
                    ))}
                </ul>
              </div>
            ))}
          </nav>
          <Foot />
        </aside>
        <div class="frame">
          <ConnectionBanner />
          <main id="content" class="content" tabIndex={-1} data-stale={live.status.value === 'lost' ? '' : undefined}>
            {pageOf(steps)}
          </main>
        </div>
      </div>
    </>
  );
}

function Brand() {
  const { t, live } = useConsole();
  const status = live.status.value;
  return (
    <div class="brand">
      <img src="/icon.svg" alt="" />
      <span>{t('app.name')}</span>
      <Badge tone={status === 'live' ? 'ended' : status === 'lost' ? 'held' : 'idle'}>
        <span class="quiet">
          {t(status === 'live' ? 'live.is' : status === 'lost' ? 'live.not' : 'live.connecting')}
        </span>
      </Badge>
    </div>
  );
}

function Foot() {
  const console = useConsole();
  const { t, preferences, session } = console;
  const { theme, locale, utc } = preferences;
  const { name = '', role = 'viewer' } = session.value ?? {};
  return (
    <div class="side-foot">
      <div class="view-options" role="group" aria-label={t('view.display')}>
        <label>
          {t('view.theme')}
          <Select
            value={theme.value}
            options={THEMES.map((value) => ({ value, label: t(`view.theme.${value}`) }))}
            onChange={(value) => (theme.value = THEMES.find((known) => known === value)!)}
          />
        </label>
        <label>
          {t('view.language')}
          <Select
            value={locale.value}
            options={[
              { value: 'en', label: 'English' },
              { value: 'zh', label: '中文' },
            ]}
            onChange={(value) => (locale.value = LOCALES.find((known) => known === value)!)}
          />
        </label>
        <label>
          {t('view.time')}
          <Select
            value={utc.value ? 'utc' : 'local'}
            options={(['local', 'utc'] as const).map((value) => ({ value, label: t(`view.time.${value}`) }))}
            onChange={(value) => (utc.value = value === 'utc')}
          />
        </label>
      </div>
      <div class="who">
        <span class="two-lines">
          <span class="cut">{name}</span>
          <span class="quiet">{t(`role.${role}` satisfies MessageKey)}</span>
        </span>
        <Button small onPress={() => console.logout()}>
          {t('app.logout')}
        </Button>
      </div>
    </div>
  );
}

function ConnectionBanner() {
  const console = useConsole();
  const { t, live, format } = console;
  const lostAt = live.lostAt.value;
  const [was, setWas] = useState(false);
  useEffect(() => {
    if (lostAt !== undefined) setWas(true);
    else if (was) console.say(console.t('live.back'));
  }, [lostAt]);
  return (
    <div role="alert">
      {lostAt !== undefined && (
        <div class="banner">
          <span class="grow">{t('live.lost', { time: format.clock(lostAt) })}</span>
          <Button small onPress={live.retry}>
            {t('live.again')}
          </Button>
        </div>
      )}
    </div>
  );
}
