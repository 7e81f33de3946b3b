/** What people set for the whole server, by name, over what its configuration says. Values are JSON, some KiB. */
export interface SettingBook {
  /** Undefined where none is set. */
  get(name: string): Promise<unknown>;
  set(name: string, value: unknown, at: number): Promise<void>;
  remove(name: string): Promise<void>;
}
