import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { useConsole } from '../console.ts';

/** The frame of every page: its heading takes the focus when one comes here from another page. */
export function Page({
  title,
  lead,
  actions,
  children,
}: {
  readonly title: string;
  readonly lead?: ComponentChildren;
  readonly actions?: ComponentChildren;
  readonly children?: ComponentChildren;
}) {
  const { router } = useConsole();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · Ferry`;
  }, [title]);
  useEffect(() => {
    if (router.moved) heading.current?.focus({ preventScroll: true });
  }, [router]);
  return (
    <>
      <div class="page-head">
        <div class="titles">
          <h1 ref={heading} tabIndex={-1} class="wrap">
            {title}
          </h1>
          {lead !== undefined && <div class="quiet wrap">{lead}</div>}
        </div>
        {actions !== undefined && <div class="row">{actions}</div>}
      </div>
      {children}
    </>
  );
}

export function Panel({
  title,
  id,
  aside,
  flush,
  children,
}: {
  readonly title?: string;
  /** For links and tests. */
  readonly id?: string;
  readonly aside?: ComponentChildren;
  /** Without room around: for tables. */
  readonly flush?: boolean;
  readonly children?: ComponentChildren;
}) {
  return (
    <section class="panel" id={id} aria-label={title}>
      {title !== undefined && (
        <div class="panel-head">
          <h2>{title}</h2>
          {aside}
        </div>
      )}
      <div class={`panel-body ${flush === true ? 'flush' : ''}`}>{children}</div>
    </section>
  );
}

/** A row of numbers that are read at a glance. */
export function Figures({ children }: { readonly children: ComponentChildren }) {
  return <dl class="figures live-values">{children}</dl>;
}

export function Figure({
  label,
  value,
  note,
  alarm,
}: {
  readonly label: string;
  readonly value: ComponentChildren;
  readonly note?: ComponentChildren;
  /** It needs a human. */
  readonly alarm?: boolean;
}) {
  return (
    <div class={alarm === true ? 'alarm' : ''}>
      <dt>{label}</dt>
      <dd class={typeof value === 'string' && value.length > 9 ? 'long' : ''}>{value}</dd>
      {note !== undefined && <dd class="note">{note}</dd>}
    </div>
  );
}

/** What stands where there is nothing yet, and what to do about it. */
export function Empty({
  title,
  hint,
  children,
}: {
  readonly title: string;
  readonly hint?: string | undefined;
  readonly children?: ComponentChildren;
}) {
  return (
    <div class="empty">
      <strong>{title}</strong>
      {hint !== undefined && <p>{hint}</p>}
      {children}
    </div>
  );
}
