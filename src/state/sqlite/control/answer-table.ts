import * as z from 'zod';
import { ANSWER_KEPT, type AnswerBook, type Claim, type KeptAnswer } from '../../control/answer-book.ts';
import { storedJson, type Database, type Statement } from '../database.ts';

const ANSWER = z.object({ status: z.int(), json: z.unknown(), headers: z.array(z.string()) });

export class AnswerTable implements AnswerBook {
  readonly #db: Database;
  readonly #find: Statement<{ readonly request: string; readonly answer: string | null }>;
  readonly #claim: Statement<never>;
  readonly #end: Statement<never>;
  readonly #forget: Statement<never>;
  readonly #expire: Statement<never>;
  readonly #unended: Statement<never>;

  constructor(db: Database) {
    this.#db = db;
    this.#find = db.prepare('SELECT request, answer FROM answers WHERE key = ?');
    this.#claim = db.prepare('INSERT INTO answers (key, request, at) VALUES (?, ?, ?)');
    this.#end = db.prepare('UPDATE answers SET answer = ? WHERE key = ?');
    this.#forget = db.prepare('DELETE FROM answers WHERE key = ?');
    this.#expire = db.prepare('DELETE FROM answers WHERE at < ?');
    this.#unended = db.prepare('DELETE FROM answers WHERE answer IS NULL');
  }

  async begin(key: string, request: string, now: number): Promise<Claim> {
    return this.#db.transaction((): Claim => {
      this.#expire.run(now - ANSWER_KEPT);
      const row = this.#find.get(key);
      if (row === undefined) {
        this.#claim.run(key, request, now);
        return { is: 'new' };
      }
      if (row.request !== request) return { is: 'other' };
      return row.answer === null ? { is: 'running' } : { is: 'answered', answer: storedJson(ANSWER, row.answer) };
    });
  }

  async end(key: string, answer: KeptAnswer): Promise<void> {
    this.#end.run(JSON.stringify(answer), key);
  }

  async forget(key: string): Promise<void> {
    this.#forget.run(key);
  }

  async forgetUnended(): Promise<void> {
    this.#unended.run();
  }
}
