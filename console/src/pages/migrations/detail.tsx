import { useState } from 'preact/hooks';
import type { Migration, MigrationStep } from '../../api/types.ts';
import { useConsole } from '../../console.ts';
import { useResource } from '../../live/resource.ts';
import { Badge } from '../../parts/badge.tsx';
import { Button } from '../../parts/button.tsx';
import { Confirm } from '../../parts/dialog.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Figure, Figures, Page, Panel } from '../../parts/page.tsx';
import { Loaded, ProblemNotice } from '../../parts/problem.tsx';
import { RangeMap } from '../../parts/range-map.tsx';
import { PhaseBadge, PhaseMap } from './phases.tsx';
import { roleFor, StepDialog } from './step-dialog.tsx';

export function MigrationPage({ name }: { readonly name: string }) {
  const console = useConsole();
  const { api } = console;
  const migration = useResource(
    `migration ${name}`,
    (signal) => api.call('getMigration', { params: { name }, signal }),
    {
      on: ({ type, subject }) => type === 'migration' && subject === name,
      every: 2500,
    },
  );
  const shown = migration.data;
  return (
    <Page
      title={name}
      lead={
        shown !== undefined && (
          <span class="row wide wraps">
            <PhaseBadge migration={shown} />
            <span class="wrap">
              {shown.from} → {shown.to}
            </span>
          </span>
        )
      }
      actions={
        shown !== undefined && console.may('operator') && <Actions migration={shown} onDone={migration.reload} />
      }
    >
      <Loaded from={migration}>{(data) => <Body migration={data} />}</Loaded>
    </Page>
  );
}

function Actions({ migration, onDone }: { readonly migration: Migration; readonly onDone: () => void }) {
  const console = useConsole();
  const { t, api } = console;
  const { name, phase, paused, steps, next } = migration;
  const [step, setStep] = useState<MigrationStep>();
  const [pausing, setPausing] = useState(false);
  const [problem, setProblem] = useState<unknown>();
  const rest = async (): Promise<void> => {
    await api.call('pauseMigration', { params: { name } });
    onDone();
  };
  return (
    <>
      {phase === 'finalised' ? null : paused ? (
        <Button icon="play" onPress={() => api.call('resumeMigration', { params: { name } }).then(onDone, setProblem)}>
          {t('do.resume')}
        </Button>
      ) : (
        <Button icon="pause" onPress={() => setPausing(true)}>
          {t('do.pause')}
        </Button>
      )}
      {steps.map((each) => {
        const role = roleFor(each);
        const failing = next?.find((one) => one.step === each)?.checks.filter(({ ok }) => !ok) ?? [];
        const reasons = console.may(role)
          ? failing.map(({ detail }) => detail)
          : [t('role.needed', { role: t(`role.${role}`) })];
        return (
          <Button
            key={each}
            kind={role === 'admin' ? 'alarm' : 'main'}
            blocked={reasons.length === 0 ? undefined : reasons.join('; ')}
            onPress={() => setStep(each)}
          >
            {t(`step.${each}`)}
          </Button>
        );
      })}
      <ProblemNotice problem={problem} />
      {step !== undefined && (
        <StepDialog step={step} names={[name]} onDone={onDone} onClose={() => setStep(undefined)} />
      )}
      {pausing && (
        <Confirm
          title={t('migration.pause', { name })}
          does={t('migration.pause.does')}
          confirm={t('do.pause')}
          kind="main"
          act={rest}
          onClose={() => setPausing(false)}
        />
      )}
    </>
  );
}

function Body({ migration }: { readonly migration: Migration }) {
  const { t } = useConsole();
  const { name, phase, requests, problem, ranges, copy } = migration;
  return (
    <>
      {problem !== undefined && (
        <div class="notice alarm">
          <strong>{t('migration.problem')}</strong>
          <span>{problem.message}</span>
        </div>
      )}
      <Panel title={t('migration.machine', { name })}>
        <PhaseMap label={t('migration.machine', { name })} migrations={[migration]} />
        <p>{t(`phase.${phase}.is`)}</p>
        <dl class="facts">
          <dt>{t('migration.reads')}</dt>
          <dd>{t(`migration.to.${requests.reads}`)}</dd>
          <dt>{t('migration.writes')}</dt>
          <dd>{t(`migration.to.${requests.mutations}`)}</dd>
        </dl>
      </Panel>
      <MigrationFigures migration={migration} />
      {ranges !== undefined && ranges.length > 0 && copy?.done !== true && (
        <Panel title={t('migration.copy')}>
          <RangeMap ranges={ranges} />
        </Panel>
      )}
      <div class="columns">
        <Readiness migration={migration} />
        <div class="stack">
          <Comparison migration={migration} />
          <Foreign migration={migration} />
        </div>
      </div>
    </>
  );
}

function MigrationFigures({ migration }: { readonly migration: Migration }) {
  const { t, format, now } = useConsole();
  const { counts, reads, writes, lag, writeBack } = migration;
  const since = (at: number): string => format.duration(now() - at);
  return (
    <Figures>
      <Figure
        label={t('migration.objects')}
        value={format.count(counts.moved)}
        note={t('migration.objects.of', { n: format.count(counts.objects), there: format.count(counts.skipped) })}
      />
      <Figure
        label={t('migration.bytes')}
        value={format.bytes(counts.movedBytes)}
        note={t('migration.bytes.of', { n: format.bytes(counts.bytes) })}
      />
      <Figure
        label={t('migration.split')}
        value={format.percent(reads.new, reads.new + reads.old)}
        note={t('migration.split.note', { new: format.count(reads.new), old: format.count(reads.old) })}
      />
      <Figure
        label={t('migration.monitor')}
        value={format.count(writes.openOnOld)}
        note={
          writes.unaccounted > 0
            ? t('migration.monitor.unknown', { n: writes.unaccounted })
            : writes.oldest === undefined
              ? t('migration.monitor.none')
              : t('migration.monitor.oldest', { time: since(writes.oldest) })
        }
      />
      <Figure
        label={t('migration.lag')}
        value={writeBack ? format.count(lag.keys) : '–'}
        note={
          !writeBack
            ? t('migration.lag.off')
            : lag.oldest === undefined
              ? t('migration.lag.none')
              : t('migration.lag.note', { time: since(lag.oldest) })
        }
      />
      <Figure label={t('migration.failed')} value={format.count(counts.failed)} alarm={counts.failed > 0} />
    </Figures>
  );
}

function Readiness({ migration: { next = [] } }: { readonly migration: Migration }) {
  const { t, texts } = useConsole();
  return (
    <Panel title={t('migration.readiness')}>
      {next.length === 0 && <p class="quiet">{t('migration.none')}</p>}
      {next.map(({ step, allowed, checks }) => (
        <div key={step} class="stack tight">
          <h3 class="row">
            {t(`step.${step}`)}
            <Badge tone={allowed ? 'active' : 'held'}>{t(allowed ? 'migration.ready' : 'migration.notReady')}</Badge>
          </h3>
          <ul role="list" class="checks">
            {checks.map(({ what, ok, detail }) => (
              <li key={what}>
                <span class={ok ? 'good' : 'warn'}>
                  <Icon name={ok ? 'good' : 'bad'} />
                  <span class="hidden">{t(ok ? 'checks.ok' : 'checks.bad')}</span>
                </span>
                <span class="two-lines wrap">
                  <span>{texts.check(what)}</span>
                  <span class="quiet small">{detail}</span>
                </span>
              </li>
            ))}
          </ul>
        </div>
      ))}
    </Panel>
  );
}

function Comparison({ migration: { verified } }: { readonly migration: Migration }) {
  const { t, format } = useConsole();
  return (
    <Panel title={t('migration.verified')}>
      {verified === undefined ? (
        <p class="quiet">{t('migration.verified.none')}</p>
      ) : (
        <>
          <dl class="facts">
            <dt>{t('migration.verified.at')}</dt>
            <dd>{format.moment(verified.at)}</dd>
            <dt>{t('migration.verified.objects')}</dt>
            <dd>{format.count(verified.objects)}</dd>
            <dt>{t('migration.verified.found')}</dt>
            <dd>{format.count(verified.found)}</dd>
            <dt>{t('migration.verified.open')}</dt>
            <dd class={verified.open > 0 ? 'alarm' : ''}>{format.count(verified.open)}</dd>
          </dl>
          {verified.findings.length > 0 && (
            <ul class="wrap small">
              {verified.findings.slice(0, 20).map(({ key, kind, repaired }) => (
                <li key={`${kind} ${key}`} class={repaired ? 'quiet' : 'alarm'}>
                  {kind}: <code>{key}</code>
                </li>
              ))}
            </ul>
          )}
        </>
      )}
    </Panel>
  );
}

function Foreign({ migration: { foreign } }: { readonly migration: Migration }) {
  const { t, format } = useConsole();
  return (
    <Panel title={t('migration.foreign')}>
      {foreign === undefined ? (
        <p class="quiet">{t('migration.foreign.off')}</p>
      ) : foreign.count === 0 ? (
        <p class="quiet">{t('migration.foreign.none')}</p>
      ) : (
        <>
          <p class="alarm">{t('overview.human.foreign', { n: foreign.count })}</p>
          <ul class="wrap small">
            {foreign.keys.slice(0, 20).map(({ key, event, time }) => (
              <li key={`${time} ${key}`}>
                <code>{key}</code>{' '}
                <span class="quiet">
                  {event}, {format.moment(time)}
                </span>
              </li>
            ))}
          </ul>
        </>
      )}
    </Panel>
  );
}
