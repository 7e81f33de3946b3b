import type { AccessBook } from './access-book.ts';
import type { AnswerBook } from './answer-book.ts';
import type { AuditBook } from './audit-book.ts';
import type { StoreBook } from './store-book.ts';
import type { CallbackBook } from './callback-book.ts';
import type { EventBook } from './event-book.ts';
import type { JobBook } from './job-book.ts';
import type { ScheduleBook } from './schedule-book.ts';
import type { SettingBook } from './setting-book.ts';
import type { UserBook } from './user-book.ts';

/** What the control plane keeps. One contract, one suite (`test/conformance/control-suite.ts`). */
export interface ControlState extends AsyncDisposable {
  readonly access: AccessBook;
  readonly audit: AuditBook;
  readonly answers: AnswerBook;
  readonly stores: StoreBook;
  readonly callbacks: CallbackBook;
  readonly events: EventBook;
  readonly jobs: JobBook;
  readonly schedules: ScheduleBook;
  readonly users: UserBook;
  readonly settings: SettingBook;
  /** Whether a secret is among it, of whatever. */
  hasSealed(): Promise<boolean>;
}
