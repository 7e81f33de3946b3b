export interface Scenario {
  readonly name: string;
  /** One line for `npm run bench -- --help` and the heading of its results. */
  readonly summary: string;
  run(setting: Setting): Promise<void>;
}

export interface Setting {
  readonly rounds: number;
  /** Why rclone does not take part; undefined where it does. */
  readonly withoutRclone: string | undefined;
  /** Two Ceph clusters instead of our own server. */
  readonly ceph: boolean;
}
