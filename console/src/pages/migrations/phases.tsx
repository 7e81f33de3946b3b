/** The state machine of a move, drawn, with who is where. */
import type { Migration, Phase } from '../../api/types.ts';
import { useConsole } from '../../console.ts';
import { Badge, type Tone } from '../../parts/badge.tsx';
import { pathTo } from '../../router.ts';

const FORWARD: readonly Phase[] = [
  'created',
  'tracking',
  'switching',
  'pending',
  'migrating',
  'verifying',
  'migrated',
  'finalised',
];
const BACK: readonly Phase[] = ['rolling-back', 'returning', 'rolled-back'];

/** Phases in which clients' writes wait: they should be short. */
const HELD = new Set<Phase>(['switching', 'rolling-back', 'returning']);
const RESTING = new Set<Phase>(['created', 'finalised', 'rolled-back', 'migrated']);

export function PhaseBadge({ migration: { phase, paused, problem } }: { readonly migration: Migration }) {
  const { t } = useConsole();
  const tone: Tone =
    problem !== undefined ? 'alarm' : paused || HELD.has(phase) ? 'held' : RESTING.has(phase) ? 'ended' : 'active';
  return (
    <Badge tone={tone}>
      {t(`phase.${phase}`)}
      {paused && ` · ${t('migrations.paused')}`}
    </Badge>
  );
}

/** Each phase with the buckets in it. */
export function PhaseMap({ label, migrations }: { readonly label: string; readonly migrations: readonly Migration[] }) {
  const { t } = useConsole();
  const phase = (each: Phase) => (
    <PhaseBox
      key={each}
      phase={each}
      migrations={migrations.filter((one) => one.phase === each)}
      single={migrations.length === 1}
    />
  );
  return (
    <div class="machine" role="group" aria-label={label}>
      <ol role="list" class="machine-way">
        {FORWARD.map(phase)}
      </ol>
      <p class="quiet small">{t('migrations.map.back')}</p>
      <ol role="list" class="machine-way back">
        {BACK.map(phase)}
      </ol>
    </div>
  );
}

/** Buckets that are named in a phase; of more only how many. */
const NAMED = 4;

function PhaseBox({
  phase,
  migrations,
  single,
}: {
  readonly phase: Phase;
  readonly migrations: readonly Migration[];
  readonly single: boolean;
}) {
  const { t, format } = useConsole();
  const here = migrations.length > 0;
  const wrong = migrations.some(({ problem }) => problem !== undefined);
  return (
    <li
      class={`phase ${here ? 'here' : ''} ${wrong ? 'wrong' : ''}`}
      aria-current={here && single ? 'step' : undefined}
    >
      <span class="row">
        <span class="phase-name">{t(`phase.${phase}`)}</span>
        {migrations.length > 1 && <span class="count">{format.count(migrations.length)}</span>}
      </span>
      {!single && here && (
        <span class="small two-lines">
          {migrations.slice(0, NAMED).map(({ name }) => (
            <a key={name} class="cut" href={pathTo('migrations', name)} title={name}>
              {name}
            </a>
          ))}
          {migrations.length > NAMED && '…'}
        </span>
      )}
    </li>
  );
}
