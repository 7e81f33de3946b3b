import { useState } from 'preact/hooks';
import type { Migration, MigrationStep } from '../../api/types.ts';
import { useConsole } from '../../console.ts';
import { useResource } from '../../live/resource.ts';
import { Meter } from '../../parts/badge.tsx';
import { Button } from '../../parts/button.tsx';
import { Empty, Page, Panel } from '../../parts/page.tsx';
import { Loaded } from '../../parts/problem.tsx';
import { nameColumn, Table } from '../../parts/table.tsx';
import { PhaseBadge, PhaseMap } from './phases.tsx';
import { roleFor, StepDialog } from './step-dialog.tsx';

export function MigrationsPage() {
  const console = useConsole();
  const { t, api, format } = console;
  const migrations = useResource('migrations', (signal) => api.call('listMigrations', { signal }), {
    on: ({ type }) => type === 'migration',
    every: 10_000,
  });
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const toggle = (name: string): void => {
    const next = new Set(selected);
    if (!next.delete(name)) next.add(name);
    setSelected(next);
  };
  return (
    <Page title={t('migrations.title')}>
      <Loaded from={migrations}>
        {({ items }) =>
          items.length === 0 ? (
            <Panel>
              <Empty title={t('migrations.empty')} hint={t('migrations.empty.hint')} />
            </Panel>
          ) : (
            <>
              <Panel title={t('migrations.map')}>
                <PhaseMap label={t('migrations.map')} migrations={items} />
              </Panel>
              <Panel flush>
                <Steps chosen={items.filter(({ name }) => selected.has(name))} onDone={migrations.reload} />
                <Table
                  caption={t('migrations.caption')}
                  rows={items}
                  id={({ name }) => name}
                  selection={console.may('operator') ? { has: (name) => selected.has(name), toggle } : undefined}
                  columns={[
                    nameColumn(t('migrations.bucket'), 'migrations'),
                    {
                      key: 'phase',
                      head: t('migrations.phase'),
                      cell: (migration) => <PhaseBadge migration={migration} />,
                    },
                    {
                      key: 'moved',
                      head: t('migrations.moved'),
                      wide: true,
                      cell: ({ name, counts }) => (
                        <span class="row">
                          <span class="grow">
                            <Meter label={t('tasks.progress.of', { name })} value={shareOf(counts)} />
                          </span>
                          <span class="percent">{format.percent(counts.moved + counts.skipped, counts.objects)}</span>
                        </span>
                      ),
                    },
                    {
                      key: 'lag',
                      head: t('migrations.lag'),
                      is: 'number',
                      wide: true,
                      cell: ({ writeBack, lag }) => (writeBack ? format.count(lag.keys) : <span class="quiet">–</span>),
                    },
                    {
                      key: 'way',
                      head: t('migrations.way'),
                      wide: true,
                      cell: ({ from, to }) => (
                        <span class="quiet wrap">
                          {from} → {to}
                        </span>
                      ),
                    },
                  ]}
                />
              </Panel>
            </>
          )
        }
      </Loaded>
    </Page>
  );
}

function shareOf({ objects, moved, skipped }: Migration['counts']): number {
  return objects === 0 ? 0 : (moved + skipped) / objects;
}

/** A step is offered for many where it follows for each of them. */
function Steps({ chosen, onDone }: { readonly chosen: readonly Migration[]; readonly onDone: () => void }) {
  const console = useConsole();
  const { t } = console;
  const [step, setStep] = useState<MigrationStep>();
  if (chosen.length === 0) return null;
  const common = chosen[0]!.steps.filter((each) => chosen.every(({ steps }) => steps.includes(each)));
  return (
    <div class="filters" role="group" aria-label={t('migrations.bulk')}>
      <strong>{t('tasks.selected', { n: chosen.length })}</strong>
      {common.map((each) => (
        <Button
          key={each}
          small
          kind={roleFor(each) === 'admin' ? 'alarm' : 'main'}
          blocked={console.may(roleFor(each)) ? undefined : t('role.needed', { role: t(`role.${roleFor(each)}`) })}
          onPress={() => setStep(each)}
        >
          {t(`step.${each}`)}
        </Button>
      ))}
      {step !== undefined && (
        <StepDialog
          step={step}
          names={chosen.map(({ name }) => name)}
          onDone={onDone}
          onClose={() => setStep(undefined)}
        />
      )}
    </div>
  );
}
