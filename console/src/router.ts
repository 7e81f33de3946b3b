/** Which page is shown: the path of the address. */
import { signal, type ReadonlySignal } from '@preact/signals';

export class Router {
  readonly #path = signal(location.pathname);
  /** Whether the page was reached from another: its heading then takes the focus. */
  moved = false;

  constructor() {
    addEventListener('popstate', () => {
      this.moved = true;
      this.#path.value = location.pathname;
    });
    // Links are links; those to pages of ours need no new document.
    addEventListener('click', (event) => {
      if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
      const link = event.target instanceof Element ? event.target.closest('a') : null;
      if (link === null || link.origin !== location.origin || link.target !== '' || link.hasAttribute('download'))
        return;
      if (link.pathname.startsWith('/v1/') || link.getAttribute('href')?.startsWith('#') === true) return;
      event.preventDefault();
      this.go(link.pathname);
    });
  }

  get path(): ReadonlySignal<string> {
    return this.#path;
  }

  go(path: string): void {
    if (path !== location.pathname) history.pushState(undefined, '', path);
    this.moved = true;
    this.#path.value = path;
    scrollTo(0, 0);
  }
}

/** The steps of a path, decoded; an address that cannot be decoded has none. */
export function stepsOf(path: string): readonly string[] {
  try {
    return path
      .split('/')
      .filter((step) => step !== '')
      .map(decodeURIComponent);
  } catch {
    return ['?'];
  }
}

export function pathTo(...steps: readonly string[]): string {
  return `/${steps.map(encodeURIComponent).join('/')}`;
}
