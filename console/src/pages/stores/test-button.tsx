import { useState } from 'preact/hooks';
import { useConsole } from '../../console.ts';
import { Button } from '../../parts/button.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { ProblemNotice } from '../../parts/problem.tsx';

/** Tries a registered store; what is found is kept with it. */
export function TestButton({
  name,
  small,
  onDone,
}: {
  readonly name: string;
  readonly small?: boolean;
  readonly onDone: () => void;
}) {
  const console = useConsole();
  const { t, api } = console;
  const [problem, setProblem] = useState<unknown>();
  const test = async (): Promise<void> => {
    try {
      console.say(t('stores.testing'));
      const { ok } = await api.call('testStore', { params: { name } });
      console.say(`${name}: ${t(ok ? 'stores.ok' : 'stores.notOk')}`);
      onDone();
    } catch (thrown) {
      setProblem(thrown);
    }
  };
  if (!console.may('operator')) return null;
  return (
    <>
      <Button small={small === true} label={t('stores.test.of', { name })} onPress={test}>
        {t('stores.test')}
      </Button>
      {problem !== undefined && (
        <Dialog title={t('stores.test.of', { name })} onClose={() => setProblem(undefined)}>
          <ProblemNotice problem={problem} />
          <div class="dialog-foot">
            <Button onPress={() => setProblem(undefined)}>{t('do.close')}</Button>
          </div>
        </Dialog>
      )}
    </>
  );
}
