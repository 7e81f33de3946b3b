import { ApiProblem, Unreachable } from '../api/problem.ts';
import { useConsole } from '../console.ts';
import type { ServerTexts } from '../i18n/server-texts.ts';
import type { Translate } from '../i18n/translate.ts';
import type { Resource } from '../live/resource.ts';
import type { ComponentChildren } from 'preact';
import { Button } from './button.tsx';

/** What went wrong, and what to do about it. */
export function ProblemNotice({ problem, retry }: { readonly problem: unknown; readonly retry?: () => void }) {
  const { t, texts } = useConsole();
  if (problem === undefined) return null;
  const { title, detail, remedy, errors } = told(problem, t, texts);
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
  const { t } = useConsole();
  const { data, problem, reload } = from;
  if (data === undefined && problem === undefined)
    return (
      <p class="quiet" aria-busy="true">
        {t('app.loading')}
      </p>
    );
  return (
    <>
      {problem !== undefined && <ProblemNotice problem={problem} retry={reload} />}
      {data !== undefined && children(data)}
    </>
  );
}

interface Told {
  readonly title: string;
  readonly detail?: string | undefined;
  readonly remedy?: string | undefined;
  readonly errors: readonly { readonly pointer: string; readonly detail: string }[];
}

function told(problem: unknown, t: Translate, texts: ServerTexts): Told {
  if (problem instanceof Unreachable)
    return { title: t('app.unreachable'), detail: t('app.unreachable.hint'), errors: [] };
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
    remedy: remedy === undefined ? undefined : texts.remedy(remedy),
    errors,
  };
}
