/** English, and Chinese. */
export type Messages = Readonly<Record<string, readonly [en: string, zh: string]>>;
