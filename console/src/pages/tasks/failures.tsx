import { useState } from 'preact/hooks';
import type { FailureGroup, Task } from '../../api/types.ts';
import { useConsole } from '../../console.ts';
import { useResource } from '../../live/resource.ts';
import { Button } from '../../parts/button.tsx';
import { Key, told } from '../../parts/key.tsx';
import { Empty, Panel } from '../../parts/page.tsx';
import { Loaded, ProblemNotice } from '../../parts/problem.tsx';
import { VirtualTable } from '../../parts/virtual-table.tsx';

const AT_ONCE = 500;

interface Chosen {
  readonly codes: ReadonlySet<string>;
  readonly keys: ReadonlySet<string>;
}

const NOTHING: Chosen = { codes: new Set(), keys: new Set() };

export function TaskFailures({ task, onRetried }: { readonly task: Task; readonly onRetried: () => void }) {
  const console = useConsole();
  const { t, api } = console;
  const { name } = task;
  const groups = useResource(`failure groups ${name} ${task.failed}`, (signal) =>
    api.call('listFailureGroups', { params: { name }, signal }),
  );
  const [chosen, setChosen] = useState(NOTHING);
  const [problem, setProblem] = useState<unknown>();
  const retry = async (which: { codes?: readonly string[]; keys?: readonly string[] }): Promise<void> => {
    setProblem(undefined);
    try {
      await api.call('retryFailures', { params: { name }, body: which });
      console.say(t('failures.retrying'));
      setChosen(NOTHING);
      onRetried();
    } catch (thrown) {
      setProblem(thrown);
    }
  };
  const some = chosen.codes.size + chosen.keys.size > 0;
  const blocked = console.may('operator') ? undefined : t('role.needed', { role: t('role.operator') });
  return (
    <Panel
      title={t('failures.title')}
      flush
      aside={
        task.failed > 0 && (
          <div class="row wraps">
            {some && (
              <Button
                blocked={blocked}
                icon="retry"
                onPress={() =>
                  retry({
                    ...(chosen.codes.size === 0 ? {} : { codes: [...chosen.codes] }),
                    ...(chosen.keys.size === 0 ? {} : { keys: [...chosen.keys] }),
                  })
                }
              >
                {t('do.retrySelected')}
              </Button>
            )}
            <Button kind="main" icon="retry" blocked={blocked} onPress={() => retry({})}>
              {t('do.retryAll')}
            </Button>
          </div>
        )
      }
    >
      <ProblemNotice problem={problem} />
      <Loaded from={groups}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title={t('failures.none')} hint={t('failures.none.hint')} />
          ) : (
            <ul role="list" class="groups">
              {items.map((group) => (
                <Group key={group.code} task={name} group={group} chosen={chosen} onChoose={setChosen} />
              ))}
            </ul>
          )
        }
      </Loaded>
    </Panel>
  );
}

function Group({
  task,
  group,
  chosen,
  onChoose,
}: {
  readonly task: string;
  readonly group: FailureGroup;
  readonly chosen: Chosen;
  readonly onChoose: (chosen: Chosen) => void;
}) {
  const { t, texts, api, format } = useConsole();
  const [open, setOpen] = useState(false);
  const { code, count, examples } = group;
  const [example] = examples;
  return (
    <li class="group">
      <input
        type="checkbox"
        checked={chosen.codes.has(code)}
        aria-label={t('word.select', { name: code })}
        onChange={() => onChoose({ ...chosen, codes: toggled(chosen.codes, code) })}
      />
      <div class="stack tight">
        <div class="row wide wraps">
          <code class="name">{code}</code>
          {texts.title(code, '') !== '' && <span>{texts.title(code, '')}</span>}
          <strong class="alarm">{format.count(count)}</strong>
          <Button small kind="plain" onPress={() => setOpen(!open)}>
            {t(open ? 'failures.hide' : 'failures.show')}
          </Button>
        </div>
        {example !== undefined && (
          <>
            <p class="wrap">{example.message}</p>
            <p>
              <span class="quiet">{t('problem.remedy')}: </span>
              {texts.remedy(example.remedy)}
            </p>
            <p class="quiet small wrap">
              {t('failures.example')}: {examples.map(({ key }) => told(key)).join(', ')}
            </p>
          </>
        )}
        {open && (
          <div class="panel">
            <VirtualTable
              of={`failures ${task} ${code}`}
              caption={t('failures.of', { code })}
              load={(cursor, signal) =>
                api.call('listFailures', { params: { name: task }, query: { code, cursor, limit: AT_ONCE }, signal })
              }
              id={({ key }) => key}
              selection={{
                has: (key) => chosen.keys.has(key),
                toggle: (key) => onChoose({ ...chosen, keys: toggled(chosen.keys, key) }),
              }}
              empty={<Empty title={t('failures.none')} />}
              columns={[
                { key: 'key', head: t('failures.key'), is: 'row', cell: ({ key }) => <Key of={key} /> },
                {
                  key: 'message',
                  head: t('failures.message'),
                  wide: true,
                  cell: ({ message }) => <span title={message}>{message}</span>,
                },
                {
                  key: 'size',
                  head: t('failures.size'),
                  is: 'number',
                  width: '100px',
                  cell: ({ size }) => (size === undefined ? '–' : format.bytes(size)),
                },
                {
                  key: 'attempts',
                  head: t('failures.attempts'),
                  is: 'number',
                  width: '90px',
                  wide: true,
                  cell: ({ attempts }) => attempts,
                },
              ]}
            />
          </div>
        )}
      </div>
    </li>
  );
}

function toggled(set: ReadonlySet<string>, entry: string): ReadonlySet<string> {
  const next = new Set(set);
  if (!next.delete(entry)) next.add(entry);
  return next;
}
