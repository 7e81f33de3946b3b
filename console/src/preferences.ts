/** What this browser remembers of how somebody likes the page. */
import { effect, signal } from '@preact/signals';

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];
export const LOCALES = ['en', 'zh'] as const;
export type Locale = (typeof LOCALES)[number];

const PLACE = 'ferry.preferences';

export class Preferences {
  readonly theme = signal<Theme>('system');
  readonly locale = signal<Locale>(navigator.language.startsWith('zh') ? 'zh' : 'en');
  readonly utc = signal(false);

  constructor() {
    const kept = remembered();
    this.theme.value = THEMES.find((theme) => theme === kept['theme']) ?? this.theme.value;
    this.locale.value = LOCALES.find((locale) => locale === kept['locale']) ?? this.locale.value;
    this.utc.value = kept['utc'] === true;
    effect(() => {
      const { dataset } = document.documentElement;
      if (this.theme.value === 'system') delete dataset['theme'];
      else dataset['theme'] = this.theme.value;
      document.documentElement.lang = this.locale.value === 'zh' ? 'zh-CN' : 'en';
      const now = { theme: this.theme.value, locale: this.locale.value, utc: this.utc.value };
      try {
        localStorage.setItem(PLACE, JSON.stringify(now));
      } catch {
        // A browser that keeps nothing: then they hold for this visit.
        return;
      }
    });
  }
}

function remembered(): Record<string, unknown> {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(PLACE) ?? '{}');
    return typeof kept === 'object' && kept !== null ? { ...kept } : {};
  } catch {
    return {};
  }
}
