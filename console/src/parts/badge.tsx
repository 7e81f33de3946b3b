import type { ComponentChildren } from 'preact';

/** How something stands: what moves is in the accent, what waits is hollow, red is for what needs a human. */
export type Tone = 'idle' | 'active' | 'ended' | 'held' | 'alarm';

export function Badge({ tone, children }: { readonly tone: Tone; readonly children: ComponentChildren }) {
  return <span class={`state ${tone}`}>{children}</span>;
}

/** `value` of 0 to 1. */
export function Meter({
  label,
  value,
  tone = 'active',
}: {
  readonly label: string;
  readonly value: number;
  readonly tone?: Tone;
}) {
  const percent = Math.round(Math.max(0, Math.min(1, value)) * 1000) / 10;
  return (
    <div
      class={`meter ${tone}`}
      role="progressbar"
      aria-label={label}
      aria-valuenow={percent}
      aria-valuemin={0}
      aria-valuemax={100}
    >
      <div style={{ width: `${percent}%` }} />
    </div>
  );
}
