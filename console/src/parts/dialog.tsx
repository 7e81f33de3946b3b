import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { useConsole } from '../console.ts';
import { Button } from './button.tsx';
import { TextField } from './field.tsx';
import { ProblemNotice } from './problem.tsx';

/** Modal while it is there; the browser keeps the focus inside and gives it back. */
export function Dialog({
  title,
  broad,
  onClose,
  children,
}: {
  readonly title: string;
  readonly broad?: boolean;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog ref={dialog} class={broad === true ? 'broad' : ''} aria-labelledby={heading} onClose={onClose}>
      <div class="dialog-body">
        <h2 id={heading} class="wrap">
          {title}
        </h2>
        {children}
      </div>
    </dialog>
  );
}

/** Asks before something is done, saying what it will do. `act` rejects where it did not work: that is then shown. */
export function Confirm({
  title,
  does,
  confirm,
  kind = 'alarm',
  typed,
  act,
  onClose,
  children,
}: {
  readonly title: string;
  readonly does?: string;
  readonly confirm: string;
  readonly kind?: 'main' | 'alarm';
  /** Has to be typed first: for what cannot be undone. */
  readonly typed?: string;
  readonly act: () => Promise<unknown>;
  readonly onClose: () => void;
  readonly children?: ComponentChildren;
}) {
  const { t } = useConsole();
  const [problem, setProblem] = useState<unknown>();
  const [text, setText] = useState('');
  const sure = async (): Promise<void> => {
    try {
      await act();
      onClose();
    } catch (thrown) {
      setProblem(thrown);
    }
  };
  const needed = typed === undefined ? undefined : t('confirm.type', { name: typed });
  return (
    <Dialog title={title} onClose={onClose}>
      {does !== undefined && <p>{does}</p>}
      {children}
      {needed !== undefined && <TextField label={needed} value={text} onInput={setText} />}
      <ProblemNotice problem={problem} />
      <div class="dialog-foot">
        <Button onPress={onClose}>{t('do.cancel')}</Button>
        <Button kind={kind} blocked={text === (typed ?? '') ? undefined : needed} onPress={sure}>
          {confirm}
        </Button>
      </div>
    </Dialog>
  );
}
