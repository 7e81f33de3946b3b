/** Who is not logged in sees the login, everybody else the page of the address. */
import { useEffect, useState } from 'preact/hooks';
import { useConsole } from './console.ts';
import { Login } from './pages/login.tsx';
import { Empty } from './parts/page.tsx';
import { Shell } from './shell.tsx';

/** Until the server answers it is asked so often, milliseconds. */
const AGAIN = 2000;

export function App() {
  const console = useConsole();
  const { t, session, said } = console;
  const [away, setAway] = useState(false);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const begin = (): void => {
      console.begin().then(
        () => setAway(false),
        () => {
          setAway(true);
          timer = setTimeout(begin, AGAIN);
        },
      );
    };
    begin();
    return () => clearTimeout(timer);
  }, [console]);
  return (
    <>
      {session.value === undefined ? (
        <main class="login">
          {away ? (
            <Empty title={t('app.unreachable')} hint={t('app.unreachable.hint')} />
          ) : (
            <p class="quiet">{t('app.loading')}</p>
          )}
        </main>
      ) : session.value === null ? (
        <Login />
      ) : (
        <Shell />
      )}
      <div class="hidden" role="status" aria-live="polite">
        {said.value}
      </div>
    </>
  );
}
