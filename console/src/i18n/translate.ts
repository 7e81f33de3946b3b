/** Texts of the page in its two languages. A message cannot be there in one only: each is a pair. */
import { access } from './messages/access.ts';
import { events } from './messages/events.ts';
import { jobs } from './messages/jobs.ts';
import { migrations } from './messages/migrations.ts';
import { shell } from './messages/shell.ts';
import { stores } from './messages/stores.ts';
import { tasks } from './messages/tasks.ts';
import { wizard } from './messages/wizard.ts';

export const MESSAGES = { ...shell, ...access, ...stores, ...tasks, ...wizard, ...migrations, ...jobs, ...events };

export type MessageKey = keyof typeof MESSAGES;

export type Translate = (key: MessageKey, values?: Readonly<Record<string, string | number>>) => string;

/**
 * Fills `{name}` with values. Of a text with a bar (`{n} task|{n} tasks`) the first half is taken where `n` is 1; the bar
 * is for English, Chinese counts without.
 */
export function translator(locale: 'en' | 'zh'): Translate {
  const column = locale === 'en' ? 0 : 1;
  return (key, values = {}) => {
    const pair: readonly [string, string] = MESSAGES[key];
    const [one, many] = pair[column].split('|');
    const text = many === undefined || String(values['n']) === '1' ? one! : many;
    return text.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ''));
  };
}

/** Whether there is a message of this name: for words of the API that have one. */
export function isMessage(key: string): key is MessageKey {
  return Object.hasOwn(MESSAGES, key);
}
