const SHAPES = {
  overview: 'M2.5 13.5V9M6.2 13.5V5M9.8 13.5V7.5M13.5 13.5V2.5',
  tasks: 'M2.5 4h8M2.5 8h11M2.5 12h6',
  jobs: 'M3 2.5h10v11H3zM5.5 5.5h5M5.5 8h5M5.5 10.5h3',
  events: 'M9 1.5 3.5 9H8l-1 5.5L12.5 7H8z',
  migrations: 'M2.5 5h10M9.5 2l3 3-3 3M13.5 11h-10M6.5 8l-3 3 3 3',
  mirror: 'M8 2v12M5.5 5 2 8l3.5 3M10.5 5 14 8l-3.5 3',
  stores: 'M2.5 4c0-2.7 11-2.7 11 0v8c0 2.7-11 2.7-11 0zM2.5 4c0 2.7 11 2.7 11 0M2.5 8c0 2.7 11 2.7 11 0',
  nodes: 'M2.5 3h11v4h-11zM2.5 9h11v4h-11zM5 5h.01M5 11h.01',
  audit: 'M4 2h8v12H4zM6.5 5.5h3M6.5 8h3M6.5 10.5h2',
  settings: 'M2 5h7M13 5h1M2 11h1M7 11h7M9 3v4h4V3zM3 9v4h4V9z',
  menu: 'M2 4h12M2 8h12M2 12h12',
  add: 'M8 3v10M3 8h10',
  good: 'm3 8.5 3.3 3.3L13 5',
  bad: 'M8 4v5M8 11.8v.01M8 1.5 15 14H1z',
  skipped: 'M4 8h8',
  copy: 'M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3',
  pause: 'M5.5 3v10M10.5 3v10',
  play: 'M4.5 3v10l8-5z',
  stop: 'M4 4h8v8H4z',
  retry: 'M13 8a5 5 0 1 1-1.5-3.5L13.5 6.5M13.5 3v3.5H10',
} as const;

export type IconName = keyof typeof SHAPES;

/** Decoration: what it means is always said beside it. */
export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={SHAPES[name]} />
    </svg>
  );
}
