/** What every page of the console works with. */
import { computed, signal, type ReadonlySignal } from '@preact/signals';
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import { ApiClient } from './api/client.ts';
import { ApiProblem } from './api/problem.ts';
import type { Role, Session } from './api/types.ts';
import { Format } from './format.ts';
import { serverTexts, type ServerTexts } from './i18n/server-texts.ts';
import { translator, type Translate } from './i18n/translate.ts';
import { LiveConnection } from './live/connection.ts';
import { Preferences } from './preferences.ts';
import { Router } from './router.ts';

const ROLES: readonly Role[] = ['viewer', 'operator', 'admin'];

export class Console {
  readonly api = new ApiClient();
  readonly router = new Router();
  readonly preferences = new Preferences();
  readonly live: LiveConnection;
  /** Undefined while nobody knows yet; null where nobody is logged in. */
  readonly session = signal<Session | null | undefined>(undefined);
  /** Whether a session ended by itself: it is over, or its token was removed. */
  readonly expired = signal(false);
  /** Said to those who do not see the page. */
  readonly said = signal('');
  readonly now: () => number;
  readonly #format: ReadonlySignal<Format>;
  readonly #translate: ReadonlySignal<Translate>;
  readonly #texts: ReadonlySignal<ServerTexts>;

  constructor(now: () => number) {
    this.now = now;
    this.live = new LiveConnection(now, async (abort) => (await fetch('/healthz', { signal: abort })).ok);
    const { locale, utc } = this.preferences;
    this.#format = computed(() => new Format({ locale: locale.value, utc: utc.value }));
    this.#translate = computed(() => translator(locale.value));
    this.#texts = computed(() => serverTexts(locale.value));
    this.api.onUnauthenticated = () => {
      if (this.session.value) this.expired.value = true;
      this.#end();
    };
  }

  get format(): Format {
    return this.#format.value;
  }

  get t(): Translate {
    return this.#translate.value;
  }

  /** What the server says, in the language of the page. */
  get texts(): ServerTexts {
    return this.#texts.value;
  }

  say(text: string): void {
    // The same text again would be no change, and not read out.
    this.said.value = this.said.value === text ? `${text}\u00A0` : text;
  }

  may(role: Role): boolean {
    const has = this.session.value?.role;
    return has !== undefined && ROLES.indexOf(has) >= ROLES.indexOf(role);
  }

  /** By the code in the address, or the session the browser has. Rejects with `Unreachable`. */
  async begin(): Promise<void> {
    const code = new URLSearchParams(location.hash.slice(1)).get('code');
    if (code !== null) history.replaceState(undefined, '', location.pathname);
    try {
      if (code === null) this.#enter(await this.api.call('getSession'));
      else await this.login({ code });
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      // A code that was used before, on a page that is loaded again: the session it began may still be good.
      const session = code === null ? undefined : await this.api.call('getSession').catch(() => undefined);
      if (session === undefined) this.#end();
      else this.#enter(session);
    }
  }

  async login(proof: { readonly token: string } | { readonly code: string }): Promise<void> {
    this.#enter(await this.api.call('createSession', { body: proof }));
  }

  async logout(): Promise<void> {
    await this.api.call('endSession');
    this.#end();
  }

  #enter(session: Session): void {
    this.api.csrf = session.csrf;
    this.session.value = session;
    this.expired.value = false;
    this.live.start();
  }

  #end(): void {
    this.api.csrf = undefined;
    this.session.value = null;
    this.live.stop();
  }
}

export const ConsoleContext = createContext<Console | undefined>(undefined);

export function useConsole(): Console {
  const found = useContext(ConsoleContext);
  if (found === undefined) throw new Error('no console around this');
  return found;
}
