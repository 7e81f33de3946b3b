import { ApiProblem, Unreachable } from '../api/problem.ts';
import { useConsole } from '../console.ts';
import type { ServerTexts } from '../i18n/server-texts.ts';
import type { MessageKey, Translate } from '../i18n/translate.ts';
import type { Resource } from '../live/resource.ts';
import type { ComponentChildren } from 'preact';
import { Button } from './button.tsx';

/** What went wrong, and what to do about it. */
export function ProblemNotice({ problem, retry }: { readonly problem: unknown; readonly retry?: () => void }) {
  const { t, texts } = useConsole();
  if (problem === undefined) return null;
  const { title, detail, remedy, errors } = told(problem, t, texts, retry !== undefined);
  return (
    <div class="notice alarm" role="alert">
      <strong>{title}</strong>
      {detail !== undefined && <span>{detail}</span>}
      {errors.length > 0 && (
        <ul>
          {errors.map((error) => (
            <li key={error.pointer + error.detail}>
              <code>{error.pointer.replace(/^#\//, '')}</code> {error.detail}
            </li>
          ))}
        </ul>
      )}
      {remedy !== undefined && (
        <span>
          {t('problem.remedy')}: {remedy}
        </span>
      )}
      {retry !== undefined && (
        <span>
          <Button small icon="retry" onPress={retry}>
            {t('do.retry')}
          </Button>
        </span>
      )}
    </div>
  );
}

/** What was read, once it is there; before, or where it cannot be read, why. */
export function Loaded<T>({
  from,
  children,
}: {
  readonly from: Resource<T>;
  readonly children: (data: T) => ComponentChildren;
}) {
  const { t, live } = useConsole();
  const { data, problem, reload } = from;
  // The banner says it once for the whole page.
  const isOld = data !== undefined && problem instanceof Unreachable && live.status.value === 'lost';
  if (data === undefined && problem === undefined)
    return (
      <p class="quiet" aria-busy="true">
        {t('app.loading')}
      </p>
    );
  return (
    <>
      {problem !== undefined && !isOld && <ProblemNotice problem={problem} retry={reload} />}
      {data !== undefined && children(data)}
    </>
  );
}

/** Where who looks at a page does something else than who writes requests. */
const HERE: Readonly<Record<string, MessageKey>> = {
  'invalid-request': 'problem.remedy.places',
  'no-such-resource': 'problem.remedy.gone',
  'no-such-task': 'problem.remedy.gone',
  'changed-meanwhile': 'problem.remedy.changed',
};

interface Told {
  readonly title: string;
  readonly detail?: string | undefined;
  readonly remedy?: string | undefined;
  readonly errors: readonly { readonly pointer: string; readonly detail: string }[];
}

/** `readAgain`: the page does it by itself, as it never does with what somebody pressed. */
function told(problem: unknown, t: Translate, texts: ServerTexts, readAgain: boolean): Told {
  if (problem instanceof Unreachable)
    return {
      title: t('app.unreachable'),
      detail: t(readAgain ? 'app.unreachable.hint' : 'app.unreachable.act'),
      errors: [],
    };
  if (!(problem instanceof ApiProblem))
    return {
      title: t('problem.title'),
      detail: problem instanceof Error ? problem.message : String(problem),
      errors: [],
    };
  const { code, title, detail, remedy, errors = [] } = problem.document;
  return {
    title: texts.title(code, title),
    detail,
    remedy: code in HERE ? t(HERE[code]!) : remedy === undefined ? undefined : texts.remedy(remedy),
    errors,
  };
}
