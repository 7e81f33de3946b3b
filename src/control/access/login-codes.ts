import { digestOf, freshSecret } from './token.ts';

/** Codes that open the console once, in the address that is printed at the start: nobody has to type a token. */
export class LoginCodes {
  readonly #now: () => number;
  /** Digests, with the token each stands for and when it ends. */
  readonly #codes = new Map<string, { readonly token: string; readonly until: number }>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Good once, for ten minutes. */
  issue(token: string): string {
    const code = freshSecret();
    if (this.#codes.size >= MOST) this.#codes.delete(this.#codes.keys().next().value!);
    this.#codes.set(digestOf(code), { token, until: this.#now() + LIFE });
    return code;
  }

  /** The token it stands for. */
  redeem(code: string): string | undefined {
    const digest = digestOf(code);
    const found = this.#codes.get(digest);
    this.#codes.delete(digest);
    return found !== undefined && found.until > this.#now() ? found.token : undefined;
  }
}

const LIFE = 600_000;
const MOST = 100;
