/** When tasks run by themselves. */
export interface ScheduleBook {
  add(schedule: NewSchedule): Promise<void>;
  /** In order of their making, after the one of number `after`; at most `limit`. */
  schedules(options: {
    readonly after?: number | undefined;
    readonly limit: number;
  }): Promise<readonly ScheduleRecord[]>;
  schedule(id: string): Promise<ScheduleRecord | undefined>;
  /** Whether one of them has this task. */
  runs(task: string): Promise<boolean>;
  /** In place of what has this version; false where it was changed meanwhile. */
  replace(schedule: Omit<NewSchedule, 'createdAt'>, version: number): Promise<boolean>;
  /** False where it has not this version. */
  remove(id: string, version: number): Promise<boolean>;
  /** Those to run now, at most `limit`. */
  due(now: number, limit: number): Promise<readonly ScheduleRecord[]>;
  /** Those that have a window and are on, or hold their task. */
  windowed(): Promise<readonly ScheduleRecord[]>;
  /** It ran, or could not (`error`), and is next due then. A change meanwhile keeps its own time. */
  ran(schedule: ScheduleRecord, at: number, nextAt: number | undefined, error?: string): Promise<void>;
  /** Whether its task is paused because the window is closed. */
  held(id: string, held: boolean): Promise<void>;
}

export interface NewSchedule {
  readonly id: string;
  readonly task: string;
  readonly cron: string;
  readonly timeZone: string;
  /** Minutes after midnight; it may go over midnight. */
  readonly window?: { readonly from: number; readonly to: number } | undefined;
  readonly enabled: boolean;
  readonly nextAt: number | undefined;
  readonly createdAt: number;
}

export interface ScheduleRecord extends NewSchedule {
  /** Grows. */
  readonly number: number;
  readonly version: number;
  readonly lastAt?: number | undefined;
  readonly lastError?: string | undefined;
  readonly held: boolean;
}
