import { useConsole } from '../console.ts';
import { Button } from './button.tsx';

export function CopyButton({ text, label }: { readonly text: string; readonly label: string }) {
  const console = useConsole();
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text);
    console.say(console.t('do.copied'));
  };
  return (
    <Button small icon="copy" onPress={copy}>
      {label}
    </Button>
  );
}

/** Something that is shown once. */
export function ShownOnce({ label, value }: { readonly label: string; readonly value: string }) {
  const { t } = useConsole();
  return (
    <div class="field">
      <span class="label">{label}</span>
      <div class="secret">
        <code>{value}</code>
        <CopyButton text={value} label={t('do.copy')} />
      </div>
    </div>
  );
}
