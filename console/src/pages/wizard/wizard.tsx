/** A task in five steps, each checked against the real stores. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Check, Store, StoreType } from '../../api/types.ts';
import { useConsole } from '../../console.ts';
import { useResource } from '../../live/resource.ts';
import { Button } from '../../parts/button.tsx';
import { Checks } from '../../parts/checks.tsx';
import { Checkbox, TextField } from '../../parts/field.tsx';
import { Page } from '../../parts/page.tsx';
import { Loaded, ProblemNotice } from '../../parts/problem.tsx';
import { CopyButton } from '../../parts/secret.tsx';
import { pathTo } from '../../router.ts';
import { endOf, isChosen, nameOf, NO_TASK, taskOf, type Json, type TaskDraft } from './draft.ts';
import { EndStep } from './end-step.tsx';
import { ReviewStep } from './review-step.tsx';
import { HowStep, WhatStep } from './task-steps.tsx';
import { commandOf, yamlOf } from './yaml.ts';

const STEPS = ['source', 'destination', 'what', 'how', 'review'] as const;
type Step = (typeof STEPS)[number];

export function WizardPage() {
  const { t, api } = useConsole();
  const known = useResource('wizard', async (signal) => {
    const [types, stores] = await Promise.all([
      api.call('listStoreTypes', { signal }),
      api.call('listStores', { query: { limit: 1000 }, signal }),
    ]);
    return { types: types.items, stores: stores.items };
  });
  return (
    <Page title={t('wizard.title')}>
      <Loaded from={known}>{({ types, stores }) => <Wizard types={types} stores={stores} />}</Loaded>
    </Page>
  );
}

function Wizard({ types, stores }: { readonly types: readonly StoreType[]; readonly stores: readonly Store[] }) {
  const console = useConsole();
  const { t } = console;
  const [step, setStep] = useState<Step>('source');
  const [draft, setDraft] = useState(NO_TASK);
  const [checks, setChecks] = useState<readonly Check[]>([]);
  const [problem, setProblem] = useState<unknown>();
  const heading = useRef<HTMLHeadingElement>(null);
  const at = STEPS.indexOf(step);
  const begun = useRef(false);
  useEffect(() => {
    // Of every step but the first, which the page itself leads to.
    if (begun.current) heading.current?.focus();
    begun.current = true;
  }, [step]);

  /** What is answered after something was changed, or after one went elsewhere, is about something else. */
  const asked = useRef(0);
  const change = (next: TaskDraft): void => {
    asked.current++;
    setDraft(next);
    setChecks([]);
    setProblem(undefined);
  };
  const go = (to: Step): void => {
    asked.current++;
    setChecks([]);
    setProblem(undefined);
    setStep(to);
  };
  const failing = problem !== undefined || checks.some(({ ok }) => ok === false);
  const next = async (): Promise<void> => {
    if (failing && step !== 'what') return go(STEPS[at + 1]!);
    const mine = ++asked.current;
    try {
      console.say(t('wizard.checking'));
      const found = await checked(console, step, draft, types);
      if (mine !== asked.current) return;
      if (found.every(({ ok }) => ok !== false)) go(STEPS[at + 1]!);
      else setChecks(found);
    } catch (thrown) {
      if (mine === asked.current) setProblem(thrown);
    }
  };
  const task = taskOf(draft, types);
  const ready = step === 'source' || step === 'destination' ? isChosen(draft[step]) : true;
  return (
    <div class="wizard">
      <nav aria-label={t('wizard.steps')}>
        <ol role="list" class="steps">
          {STEPS.map((each, i) => (
            <li key={each}>
              <button
                type="button"
                aria-current={each === step ? 'step' : undefined}
                disabled={i > at}
                onClick={() => go(each)}
              >
                <span class="step-number">{i + 1}</span>
                {t(`wizard.${each}`)}
              </button>
            </li>
          ))}
        </ol>
      </nav>
      <section class="panel" aria-labelledby="wizard-step">
        <div class="panel-head">
          <h2 id="wizard-step" ref={heading} tabIndex={-1}>
            {t('wizard.step', { at: at + 1, n: STEPS.length, name: t(`wizard.${step}`) })}
          </h2>
        </div>
        <div class="panel-body">
          {(step === 'source' || step === 'destination') && (
            <EndStep
              key={step}
              side={step}
              stores={stores}
              types={types}
              end={draft[step]}
              onChange={(end) => change({ ...draft, [step]: end })}
            />
          )}
          {step === 'what' && <WhatStep draft={draft} onChange={change} />}
          {step === 'how' && <HowStep draft={draft} onChange={change} />}
          {step === 'review' && (
            <>
              <ReviewStep task={task} />
              <Create task={task} types={types} suggested={nameOf(draft)} />
            </>
          )}
          {checks.length > 0 && <Checks checks={checks} />}
          <ProblemNotice problem={problem} />
          <div class="row">
            {at > 0 && <Button onPress={() => go(STEPS[at - 1]!)}>{t('do.back')}</Button>}
            {step !== 'review' && (
              <Button kind="main" blocked={ready ? undefined : t('wizard.choose')} onPress={next}>
                {t(failing && step !== 'what' ? 'wizard.anyway' : step === 'what' ? 'do.next' : 'wizard.check')}
              </Button>
            )}
          </div>
        </div>
      </section>
    </div>
  );
}

/** Asks the real stores: one end after the other, then both as the task would use them. */
async function checked(
  console: ReturnType<typeof useConsole>,
  step: Step,
  draft: TaskDraft,
  types: readonly StoreType[],
): Promise<readonly Check[]> {
  const { api } = console;
  if (step === 'source' || step === 'destination') {
    const end = draft[step];
    const query = { use: step };
    const tested = end.here
      ? await api.call('tryStore', { query, body: { path: '', options: {}, ...endOf(end, types) } })
      : await api.call('testStore', { query: { ...query, path: end.path.trim() }, params: { name: end.store } });
    return tested.checks;
  }
  return (await api.call('checkTask', { body: taskOf(draft, types) })).items;
}

function Create({
  task,
  types,
  suggested,
}: {
  readonly task: Json;
  readonly types: readonly StoreType[];
  readonly suggested: string;
}) {
  const console = useConsole();
  const { t, api } = console;
  const [name, setName] = useState(suggested);
  const [start, setStart] = useState(true);
  const [problem, setProblem] = useState<unknown>();
  const yaml = yamlOf(
    task,
    types.flatMap(({ secrets }) => secrets),
  );
  const create = async (): Promise<void> => {
    setProblem(undefined);
    try {
      await api.call('createTask', { body: { ...task, name, start } });
      console.say(t('wizard.created', { name }));
      console.router.go(pathTo('tasks', name));
    } catch (thrown) {
      setProblem(thrown);
    }
  };
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault();
        void create();
      }}
    >
      <details>
        <summary>{t('wizard.file')}</summary>
        <pre class="text" tabIndex={0}>
          {yaml}
        </pre>
      </details>
      <div class="row wraps">
        <CopyButton text={yaml} label={t('wizard.yaml')} />
        <CopyButton text={commandOf(name === '' ? 'task' : name, yaml)} label={t('wizard.command')} />
      </div>
      <TextField label={t('wizard.name')} hint={t('wizard.name.hint')} mono value={name} onInput={setName} />
      <Checkbox label={t('wizard.start')} checked={start} onChange={setStart} />
      <ProblemNotice problem={problem} />
      <div>
        <Button kind="main" type="submit" blocked={name === '' ? t('wizard.name') : undefined}>
          {t('wizard.create')}
        </Button>
      </div>
    </form>
  );
}
