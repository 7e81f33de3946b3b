import { useState } from 'preact/hooks';
import type { Mirror } from '../api/types.ts';
import { useConsole } from '../console.ts';
import { useResource } from '../live/resource.ts';
import { Badge } from '../parts/badge.tsx';
import { Button } from '../parts/button.tsx';
import { Spark } from '../parts/chart.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { TextField } from '../parts/field.tsx';
import { Empty, Page, Panel } from '../parts/page.tsx';
import { Loaded, ProblemNotice } from '../parts/problem.tsx';
import { Table } from '../parts/table.tsx';

export function MirrorPage() {
  const { t, api } = useConsole();
  const mirrors = useResource('mirrors', (signal) => api.call('listMirrors', { signal }), {
    on: ({ type }) => type === 'mirror',
    every: 5000,
  });
  return (
    <Page title={t('mirror.title')}>
      <Loaded from={mirrors}>
        {({ items }) =>
          items.length === 0 ? (
            <Panel>
              <Empty title={t('mirror.empty')} hint={t('mirror.empty.hint')} />
            </Panel>
          ) : (
            items.map(({ bucket }) => <Bucket key={bucket} bucket={bucket} />)
          )
        }
      </Loaded>
    </Page>
  );
}

/** What its rules counted over time is told of one bucket at a time. */
function Bucket({ bucket }: { readonly bucket: string }) {
  const { api } = useConsole();
  const mirror = useResource(`mirror ${bucket}`, (signal) => api.call('getMirror', { params: { bucket }, signal }), {
    on: ({ type, subject }) => type === 'mirror' && subject === bucket,
    every: 5000,
  });
  return <Loaded from={mirror}>{(data) => <Rules mirror={data} />}</Loaded>;
}

function Rules({ mirror: { bucket, rules } }: { readonly mirror: Mirror }) {
  const console = useConsole();
  const { t, format } = console;
  const [warming, setWarming] = useState(false);
  return (
    <Panel
      title={bucket}
      flush
      aside={console.may('operator') && <Button onPress={() => setWarming(true)}>{t('mirror.warm')}</Button>}
    >
      <Table
        caption={t('mirror.caption', { name: bucket })}
        rows={rules}
        id={({ name }) => name}
        columns={[
          {
            key: 'name',
            head: t('mirror.rule'),
            is: 'row',
            cell: ({ name, match, mode }) => (
              <span class="two-lines">
                <span class="name wrap">{name}</span>
                <span class="quiet small wrap">
                  <code>{`${match.prefix}*${match.suffix}`}</code> · {mode}
                </span>
              </span>
            ),
          },
          {
            key: 'origins',
            head: t('mirror.origins'),
            wide: true,
            cell: ({ origins }) =>
              origins.map((origin) => (
                <span key={origin} class="quiet small wrap block">
                  {origin}
                </span>
              )),
          },
          {
            key: 'ratio',
            head: t('mirror.ratio'),
            is: 'number',
            cell: ({ counters: { hits, misses } }) => (
              <span
                class="two-lines"
                title={t('mirror.ratio.note', { hits: format.count(hits), misses: format.count(misses) })}
              >
                <strong>{format.percent(hits, hits + misses)}</strong>
                <span class="quiet small">{format.count(hits + misses)}</span>
              </span>
            ),
          },
          {
            key: 'use',
            head: t('mirror.use'),
            wide: true,
            cell: ({ name, series }) => (
              <Spark
                label={`${t('mirror.use')}: ${name}`}
                values={(series?.points ?? []).map(({ misses }) => misses)}
              />
            ),
          },
          {
            key: 'fetched',
            head: t('mirror.fetched'),
            is: 'number',
            wide: true,
            cell: ({ counters: { bytes, stored } }) => (
              <span class="two-lines">
                <span class="moment">{format.bytes(bytes)}</span>
                <span class="quiet small">{format.count(stored)}</span>
              </span>
            ),
          },
          {
            key: 'failures',
            head: t('mirror.failures'),
            is: 'number',
            cell: ({ counters: { failures } }) =>
              failures === 0 ? <span class="quiet">0</span> : <strong class="warn">{format.count(failures)}</strong>,
          },
          {
            key: 'last',
            head: t('mirror.lastUse'),
            wide: true,
            cell: ({ counters: { lastUse } }) => (
              <span class="moment quiet">{lastUse === undefined ? t('mirror.never') : format.moment(lastUse)}</span>
            ),
          },
        ]}
      />
      <WarmState bucket={bucket} begun={warming} />
      {warming && <Warm bucket={bucket} onClose={() => setWarming(false)} />}
    </Panel>
  );
}

/** How far it is, where it was begun by this process. */
function WarmState({ bucket, begun }: { readonly bucket: string; readonly begun: boolean }) {
  const console = useConsole();
  const { t, api, format } = console;
  const warming = useResource(
    `warming ${bucket} ${begun}`,
    (signal) => api.call('getWarming', { params: { bucket }, signal }),
    { every: 3000 },
  );
  if (warming.data === undefined) return null;
  const { state, counts, error } = warming.data;
  return (
    <div class="filters">
      <Badge tone={state === 'running' ? 'active' : state === 'failed' ? 'alarm' : 'ended'}>
        {t(`mirror.warm.${state}`)}
      </Badge>
      <span>
        {t('mirror.warm.counts', {
          keys: format.count(counts.keys),
          stored: format.count(counts.stored),
          there: format.count(counts.there),
        })}
      </span>
      {counts.failed > 0 && <span class="warn">{t('overview.human.failures', { n: counts.failed })}</span>}
      {error !== undefined && <span class="alarm wrap">{error.message}</span>}
      {state === 'running' && console.may('operator') && (
        <Button small onPress={() => api.call('stopWarming', { params: { bucket } }).then(warming.reload)}>
          {t('do.stop')}
        </Button>
      )}
    </div>
  );
}

function Warm({ bucket, onClose }: { readonly bucket: string; readonly onClose: () => void }) {
  const console = useConsole();
  const { t, api } = console;
  const [keys, setKeys] = useState('');
  const [problem, setProblem] = useState<unknown>();
  const chosen = keys.split('\n').filter((key) => key !== '');
  const warm = async (): Promise<void> => {
    try {
      await api.call('warmMirror', {
        params: { bucket },
        body: chosen.length === 0 ? {} : { keys: chosen },
      });
      console.say(t('mirror.warm.begun', { name: bucket }));
      onClose();
    } catch (thrown) {
      setProblem(thrown);
    }
  };
  return (
    <Dialog title={t('mirror.warm.title', { name: bucket })} onClose={onClose}>
      <p>{t('mirror.warm.does')}</p>
      <TextField
        label={t('mirror.warm.keys')}
        hint={t('mirror.warm.keys.hint')}
        mono
        rows={8}
        value={keys}
        onInput={setKeys}
      />
      <ProblemNotice problem={problem} />
      <div class="dialog-foot">
        <Button onPress={onClose}>{t('do.cancel')}</Button>
        <Button kind="main" onPress={warm}>
          {t('mirror.warm')}
        </Button>
      </div>
    </Dialog>
  );
}
