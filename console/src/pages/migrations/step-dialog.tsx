import type { MigrationStep, Role } from '../../api/types.ts';
import { useConsole } from '../../console.ts';
import { Confirm } from '../../parts/dialog.tsx';

/** What cannot be undone is an administrator's. */
export function roleFor(step: MigrationStep): Role {
  return step === 'finalise' || step === 'rollback' ? 'admin' : 'operator';
}

/** Steps that are taken at the same time. */
const AT_ONCE = 8;

/** Says what a step will do, and takes it, for one bucket or several in turn. */
export function StepDialog({
  step,
  names,
  onDone,
  onClose,
}: {
  readonly step: MigrationStep;
  readonly names: readonly string[];
  readonly onDone: () => void;
  readonly onClose: () => void;
}) {
  const console = useConsole();
  const { t, api } = console;
  const act = async (): Promise<void> => {
    const take = async (name: string): Promise<void> => {
      await api.call(`${step}Migration`, { params: { name } });
      console.say(t('step.done', { step: t(`step.${step}`), name }));
    };
    // One that cannot be taken holds up no other.
    const problems: unknown[] = [];
    for (let at = 0; at < names.length; at += AT_ONCE) {
      const outcomes = await Promise.allSettled(names.slice(at, at + AT_ONCE).map(take));
      for (const outcome of outcomes) if (outcome.status === 'rejected') problems.push(outcome.reason);
    }
    onDone();
    if (problems.length > 0) throw problems[0];
  };
  return (
    <Confirm
      title={t(`step.confirm.${step}`, { name: names.join(', ') })}
      does={t(`step.does.${step}`)}
      confirm={t(`step.${step}`)}
      kind={roleFor(step) === 'admin' ? 'alarm' : 'main'}
      {...(step === 'finalise' ? { typed: names.length === 1 ? names[0]! : String(names.length) } : {})}
      act={act}
      onClose={onClose}
    />
  );
}
