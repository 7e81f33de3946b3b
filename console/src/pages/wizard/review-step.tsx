import { useEffect, useState } from 'preact/hooks';
import type { Plan } from '../../api/types.ts';
import { useConsole } from '../../console.ts';
import { Button } from '../../parts/button.tsx';
import { ProblemNotice } from '../../parts/problem.tsx';
import { Table } from '../../parts/table.tsx';
import type { Json } from './draft.ts';

const ACTIONS = ['copy', 'overwrite', 'skip', 'remove', 'fail'] as const;

/** What a run would do now, asked of the real stores. */
export function ReviewStep({ task }: { readonly task: Json }) {
  const console = useConsole();
  const { t, api } = console;
  const [plan, setPlan] = useState<Plan>();
  const [problem, setProblem] = useState<unknown>();
  const [again, setAgain] = useState(0);
  const key = JSON.stringify(task);
  useEffect(() => {
    const abort = new AbortController();
    setPlan(undefined);
    setProblem(undefined);
    console.say(t('plan.looking'));
    api.call('planTask', { body: task, signal: abort.signal }).then(setPlan, (thrown: unknown) => {
      if (!abort.signal.aborted) setProblem(thrown);
    });
    return () => abort.abort();
  }, [key, again]);
  if (problem !== undefined) return <ProblemNotice problem={problem} retry={() => setAgain(again + 1)} />;
  if (plan === undefined)
    return (
      <p class="quiet" aria-busy="true">
        {t('plan.looking')}
      </p>
    );
  return (
    <>
      <p class="quiet">{t('wizard.review.lead')}</p>
      <PlanTable plan={plan} />
      <Foreseen title={t('plan.failures')} kind="alarm" entries={plan.failures} />
      <Foreseen title={t('plan.losses')} kind="warn" entries={plan.losses} />
      <div>
        <Button small icon="retry" onPress={() => setAgain(again + 1)}>
          {t('plan.again')}
        </Button>
      </div>
    </>
  );
}

function PlanTable({ plan }: { readonly plan: Plan }) {
  const { t, format } = useConsole();
  const { estimate, filtered } = plan;
  const takes =
    estimate.milliseconds === undefined
      ? undefined
      : t(estimate.atLeast ? 'plan.takes.least' : 'plan.takes', { time: format.duration(estimate.milliseconds) });
  return (
    <>
      <Table
        caption={t('plan.title')}
        rows={ACTIONS}
        id={(action) => action}
        columns={[
          {
            key: 'action',
            head: t('plan.action'),
            is: 'row',
            cell: (action) => (
              <span class={action === 'fail' && plan.fail.objects > 0 ? 'alarm' : ''}>{t(`plan.${action}`)}</span>
            ),
          },
          {
            key: 'objects',
            head: t('plan.objects'),
            is: 'number',
            cell: (action) => format.count(plan[action].objects),
          },
          { key: 'bytes', head: t('plan.bytes'), is: 'number', cell: (action) => format.bytes(plan[action].bytes) },
        ]}
      />
      <p>
        {takes} <span class="quiet small">{estimate.basis}</span>
        {filtered > 0 && <span class="quiet"> · {t('plan.filtered', { n: format.count(filtered) })}</span>}
      </p>
    </>
  );
}

function Foreseen({
  title,
  kind,
  entries,
}: {
  readonly title: string;
  readonly kind: 'alarm' | 'warn';
  readonly entries: Plan['failures'];
}) {
  const { format } = useConsole();
  if (entries.length === 0) return null;
  return (
    <div class={`notice ${kind}`}>
      <strong>{title}</strong>
      <ul>
        {entries.map(({ what, objects, reason, examples }) => (
          <li key={`${what} ${reason}`}>
            {format.count(objects)} × {what}: {reason}
            {examples.length > 0 && <span class="quiet small"> ({examples.slice(0, 3).join(', ')})</span>}
          </li>
        ))}
      </ul>
    </div>
  );
}
