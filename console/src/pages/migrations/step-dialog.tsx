import type { MigrationStep } from '../../api/types.ts';
import { useConsole } from '../../console.ts';
import { Confirm } from '../../parts/dialog.tsx';

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
    try {
      for (const name of names) {
        await api.call(`${step}Migration`, { params: { name } });
        console.say(t('step.done', { step: t(`step.${step}`), name }));
      }
    } finally {
      onDone();
    }
  };
  const final = step === 'finalise' || step === 'rollback';
  return (
    <Confirm
      title={t(`step.confirm.${step}`, { name: names.join(', ') })}
      does={t(`step.does.${step}`)}
      confirm={t(`step.${step}`)}
      kind={final ? 'alarm' : 'main'}
      {...(step === 'finalise' ? { typed: names[0]! } : {})}
      act={act}
      onClose={onClose}
    />
  );
}
