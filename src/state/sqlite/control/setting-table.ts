import * as z from 'zod';
import type { SettingBook } from '../../control/setting-book.ts';
import { storedJson, type Database, type Statement } from '../database.ts';

export class SettingTable implements SettingBook {
  readonly #get: Statement<{ readonly value: string }>;
  readonly #set: Statement<never>;
  readonly #remove: Statement<never>;

  constructor(db: Database) {
    this.#get = db.prepare('SELECT value FROM settings WHERE name = ?');
    this.#set = db.prepare('INSERT OR REPLACE INTO settings (name, value, set_at) VALUES (?, ?, ?)');
    this.#remove = db.prepare('DELETE FROM settings WHERE name = ?');
  }

  async get(name: string): Promise<unknown> {
    const row = this.#get.get(name);
    return row && storedJson(z.unknown(), row.value);
  }

  async set(name: string, value: unknown, at: number): Promise<void> {
    this.#set.run(name, JSON.stringify(value), at);
  }

  async remove(name: string): Promise<void> {
    this.#remove.run(name);
  }
}
