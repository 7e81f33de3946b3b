import { FerryError } from '../../../model/errors.ts';
import type { AccessBook, NewToken, SessionRecord, TokenRecord } from '../../control/access-book.ts';
import type { Database, Statement } from '../database.ts';

interface TokenRow {
  readonly id: string;
  readonly name: string;
  readonly role: TokenRecord['role'];
  readonly digest: string;
  readonly created_at: number;
  readonly expires_at: number | null;
}

interface SessionRow {
  readonly digest: string;
  readonly token: string;
  readonly csrf: string;
  readonly expires_at: number;
}

export class AccessTable implements AccessBook {
  readonly #insert: Statement<never>;
  readonly #all: Statement<TokenRow>;
  readonly #byId: Statement<TokenRow>;
  readonly #remove: Statement<never>;
  readonly #begin: Statement<never>;
  readonly #session: Statement<SessionRow>;
  readonly #end: Statement<never>;
  readonly #expire: Statement<never>;

  constructor(db: Database) {
    this.#insert = db.prepare(
      'INSERT OR IGNORE INTO tokens (id, name, role, digest, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)',
    );
    this.#all = db.prepare('SELECT * FROM tokens ORDER BY name');
    this.#byId = db.prepare('SELECT * FROM tokens WHERE id = ?');
    this.#remove = db.prepare('DELETE FROM tokens WHERE id = ?');
    this.#begin = db.prepare('INSERT INTO sessions (digest, token, csrf, expires_at) VALUES (?, ?, ?, ?)');
    this.#session = db.prepare('SELECT * FROM sessions WHERE digest = ?');
    this.#end = db.prepare('DELETE FROM sessions WHERE digest = ?');
    this.#expire = db.prepare('DELETE FROM sessions WHERE expires_at < ?');
  }

  async addToken(token: NewToken): Promise<TokenRecord> {
    const { id, name, role, digest, createdAt, expiresAt } = token;
    if (this.#insert.run(id, name, role, digest, createdAt, expiresAt) === 0)
      throw new FerryError('already-exists', {
        message: `there is a token "${name}" already`,
        remedy: 'Choose another name, or remove that token first.',
      });
    return token;
  }

  async tokens(): Promise<readonly TokenRecord[]> {
    return this.#all.all().map(tokenOf);
  }

  async token(id: string): Promise<TokenRecord | undefined> {
    const row = this.#byId.get(id);
    return row && tokenOf(row);
  }

  async removeToken(id: string): Promise<void> {
    this.#remove.run(id);
  }

  async addSession({ digest, token, csrf, expiresAt }: SessionRecord): Promise<void> {
    this.#begin.run(digest, token, csrf, expiresAt);
  }

  async session(digest: string): Promise<SessionRecord | undefined> {
    const row = this.#session.get(digest);
    return row && { digest: row.digest, token: row.token, csrf: row.csrf, expiresAt: row.expires_at };
  }

  async removeSession(digest: string): Promise<void> {
    this.#end.run(digest);
  }

  async forgetSessionsBefore(expires: number): Promise<void> {
    this.#expire.run(expires);
  }
}

function tokenOf({ id, name, role, digest, created_at, expires_at }: TokenRow): TokenRecord {
  return { id, name, role, digest, createdAt: created_at, expiresAt: expires_at ?? undefined };
}
