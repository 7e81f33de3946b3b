import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { Icon, type IconName } from './icon.tsx';

export interface ButtonProps {
  readonly kind?: 'main' | 'alarm' | 'plain';
  readonly small?: boolean;
  readonly icon?: IconName;
  readonly type?: 'button' | 'submit';
  /** Why it cannot be pressed now; it stays reachable, so that this can be read. */
  readonly blocked?: string | undefined;
  readonly label?: string;
  /** While what it returns is pending it cannot be pressed again. */
  readonly onPress?: () => unknown;
  readonly children?: ComponentChildren;
}

export function Button({ kind, small, icon, type = 'button', blocked, label, onPress, children }: ButtonProps) {
  const [busy, setBusy] = useState(false);
  const press = async (event: Event): Promise<void> => {
    if (blocked !== undefined || busy) return event.preventDefault();
    const pending = onPress?.();
    if (!(pending instanceof Promise)) return;
    setBusy(true);
    await pending.finally(() => setBusy(false));
  };
  return (
    <button
      type={type}
      class={`button ${kind ?? ''} ${small === true ? 'small' : ''}`}
      aria-disabled={blocked !== undefined || busy ? 'true' : undefined}
      aria-busy={busy ? 'true' : undefined}
      aria-label={label}
      title={blocked ?? label}
      onClick={(event) => void press(event)}
    >
      {icon !== undefined && <Icon name={icon} />}
      {children}
    </button>
  );
}

export function ButtonLink({
  href,
  kind,
  icon,
  download,
  children,
}: {
  readonly href: string;
  readonly kind?: 'main' | 'plain';
  readonly icon?: IconName;
  readonly download?: boolean;
  readonly children?: ComponentChildren;
}) {
  return (
    <a class={`button ${kind ?? ''}`} href={href} download={download === true ? '' : undefined}>
      {icon !== undefined && <Icon name={icon} />}
      {children}
    </a>
  );
}
