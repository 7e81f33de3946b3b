import { useState } from 'preact/hooks';
import type { Tagged } from '../../api/client.ts';
import type { EventSource } from '../../api/types.ts';
import { useConsole } from '../../console.ts';
import { useResource } from '../../live/resource.ts';
import { Button } from '../../parts/button.tsx';
import { Confirm } from '../../parts/dialog.tsx';
import { Figure, Figures, Page, Panel } from '../../parts/page.tsx';
import { Loaded, ProblemNotice } from '../../parts/problem.tsx';
import { CopyButton } from '../../parts/secret.tsx';
import { pathTo } from '../../router.ts';

export function EventSourcePage({ name }: { readonly name: string }) {
  const console = useConsole();
  const { t, api } = console;
  const source = useResource(
    `event source ${name}`,
    (signal) => api.tagged('getEventSource', { params: { name }, signal }),
    { on: ({ type, subject }) => type === 'event-source' && subject === name, every: 5000 },
  );
  const shown = source.data;
  return (
    <Page
      title={name}
      lead={
        shown !== undefined && (
          <span class="wrap">
            {t(`events.kind.${shown.value.kind}`)}: {shown.value.source} → {shown.value.destination}
          </span>
        )
      }
      actions={shown !== undefined && <Actions tagged={shown} onDone={source.reload} />}
    >
      <Loaded from={source}>
        {({ value }) => (
          <>
            {value.reconcileError !== undefined && (
              <div class="notice alarm">
                <strong>{t('events.compared.failed')}</strong>
                <span>{value.reconcileError}</span>
              </div>
            )}
            <Numbers source={value} />
            <Settings source={value} />
          </>
        )}
      </Loaded>
    </Page>
  );
}

function Actions({ tagged, onDone }: { readonly tagged: Tagged<EventSource>; readonly onDone: () => void }) {
  const console = useConsole();
  const { t, api } = console;
  const { name } = tagged.value;
  const [removing, setRemoving] = useState(false);
  const [problem, setProblem] = useState<unknown>();
  const compare = async (): Promise<void> => {
    setProblem(undefined);
    try {
      await api.call('reconcileEventSource', { params: { name } });
      console.say(t('events.reconciling', { name }));
      onDone();
    } catch (thrown) {
      setProblem(thrown);
    }
  };
  const remove = async (): Promise<void> => {
    const { etag } = tagged;
    await api.call('removeEventSource', { params: { name }, ...(etag === undefined ? {} : { ifMatch: etag }) });
    console.say(t('events.removed', { name }));
    console.router.go(pathTo('events'));
  };
  return (
    <>
      {console.may('operator') && <Button onPress={compare}>{t('events.reconcile.now')}</Button>}
      {console.may('admin') && (
        <Button kind="alarm" onPress={() => setRemoving(true)}>
          {t('do.remove')}
        </Button>
      )}
      <ProblemNotice problem={problem} />
      {removing && (
        <Confirm
          title={t('events.remove', { name })}
          does={t('events.remove.does')}
          confirm={t('do.remove')}
          typed={name}
          act={remove}
          onClose={() => setRemoving(false)}
        />
      )}
    </>
  );
}

function Numbers({ source: { totals, lag } }: { readonly source: EventSource }) {
  const { t, format, now } = useConsole();
  return (
    <Figures>
      <Figure
        label={t('events.waiting')}
        value={format.count(lag.waiting)}
        note={
          lag.oldest === undefined
            ? t('events.upToDate')
            : t('events.oldest', { time: format.duration(now() - lag.oldest) })
        }
      />
      <Figure
        label={t('events.received')}
        value={format.count(totals.received)}
        note={t('events.outdated', { n: format.count(totals.outdated) })}
      />
      <Figure
        label={t('events.transferred')}
        value={format.count(totals.transferred)}
        note={t('events.passed', { n: format.count(totals.passed) })}
      />
      <Figure label={t('events.deleted')} value={format.count(totals.deleted)} />
      <Figure
        label={t('events.failed')}
        value={format.count(lag.failed)}
        alarm={lag.failed > 0}
        note={lag.failed > 0 ? t('events.failed.note') : undefined}
      />
      {totals.malformed > 0 && (
        <Figure
          label={t('problem.title')}
          value={format.count(totals.malformed)}
          note={t('events.malformed', { n: format.count(totals.malformed) })}
          alarm
        />
      )}
    </Figures>
  );
}

function Settings({ source }: { readonly source: EventSource }) {
  const { t, format } = useConsole();
  const { url, prefix, deletes, reconcile, settings, lastAt, reconciledAt, createdAt } = source;
  const moment = (at: number | undefined): string => (at === undefined ? t('events.never') : format.moment(at));
  const address = url === undefined ? undefined : new URL(url, location.origin).href;
  return (
    <Panel title={t('events.settings')}>
      <dl class="facts">
        {address !== undefined && (
          <>
            <dt>{t('events.address')}</dt>
            <dd class="row wraps">
              <code class="wrap">{address}</code>
              <CopyButton text={address} label={t('do.copy')} />
            </dd>
          </>
        )}
        {Object.entries(settings).map(([option, value]) => [
          <dt key={`${option} is`}>{option}</dt>,
          <dd key={option} class="mono">
            {typeof value === 'string' ? value : JSON.stringify(value)}
          </dd>,
        ])}
        <dt>{t('events.prefix')}</dt>
        <dd class="mono">{prefix === '' ? '–' : prefix}</dd>
        <dt>{t('events.deletes.are')}</dt>
        <dd>{t(`events.deletes.${deletes}`)}</dd>
        <dt>{t('events.every')}</dt>
        <dd>{reconcile === 0 ? t('events.never') : t('events.minutes', { n: format.count(reconcile) })}</dd>
        <dt>{t('events.compared')}</dt>
        <dd>{moment(reconciledAt)}</dd>
        <dt>{t('events.last')}</dt>
        <dd>{moment(lastAt)}</dd>
        <dt>{t('events.created')}</dt>
        <dd>{moment(createdAt)}</dd>
      </dl>
    </Panel>
  );
}
