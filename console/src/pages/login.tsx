import { useState } from 'preact/hooks';
import { useConsole } from '../console.ts';
import { Button } from '../parts/button.tsx';
import { TextField } from '../parts/field.tsx';
import { ProblemNotice } from '../parts/problem.tsx';

export function Login() {
  const console = useConsole();
  const { t } = console;
  const [token, setToken] = useState('');
  const [problem, setProblem] = useState<unknown>();
  const enter = async (): Promise<void> => {
    setProblem(undefined);
    await console.login({ token: token.trim() }).catch(setProblem);
  };
  return (
    <main class="login">
      <form
        class="panel"
        onSubmit={(event) => {
          event.preventDefault();
          void enter();
        }}
      >
        <div class="brand">
          <img src="/icon.svg" alt="" />
          <span>{t('app.name')}</span>
        </div>
        <div class="stack tight">
          <h1>{t('login.title')}</h1>
          {console.expired.value && <p role="alert">{t('login.expired')}</p>}
          <p class="quiet">{t('login.lead')}</p>
        </div>
        <TextField
          label={t('login.token')}
          hint={t('login.token.hint')}
          type="password"
          autocomplete="current-password"
          value={token}
          onInput={setToken}
          mono
        />
        <ProblemNotice problem={problem} />
        <Button kind="main" type="submit">
          {t('login.go')}
        </Button>
      </form>
    </main>
  );
}
