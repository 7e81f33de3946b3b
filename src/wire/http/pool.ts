import { type FerryError, toFerryError } from '../../model/errors.ts';
import { Connection, type ConnectionOwner, type ConnectionSettings } from './connection.ts';
import type { Exchange, ExchangePlace } from './exchange.ts';

/**
 * The connections to one origin. The one that became idle last serves next, so that the others grow old and go; an
 * exchange that finds none idle dials while there are fewer than `max`, else it waits its turn.
 */
export class Pool implements ConnectionOwner, ExchangePlace {
  readonly settings: ConnectionSettings;
  readonly #max: number;
  readonly #emptied: () => void;
  readonly #all = new Set<Connection>();
  readonly #idle: Connection[] = [];
  readonly #waiting = new Set<Exchange>();

  /** `emptied` is called whenever no connection and nobody waiting is left. */
  constructor(settings: ConnectionSettings, max: number, emptied: () => void) {
    this.settings = settings;
    this.#max = max;
    this.#emptied = emptied;
  }

  submit(exchange: Exchange): void {
    const connection = this.#idle.pop();
    if (connection !== undefined) connection.start(exchange);
    else if (this.#all.size < this.#max) this.#dial(exchange);
    else {
      this.#waiting.add(exchange);
      exchange.at(this);
    }
  }

  idle(connection: Connection): void {
    const next = this.#next();
    if (next !== undefined) connection.start(next);
    else this.#idle.push(connection);
  }

  gone(connection: Connection, replay: Exchange | undefined): void {
    this.#all.delete(connection);
    const at = this.#idle.indexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
    if (replay !== undefined) {
      replay.replayed = true;
      this.#dial(replay);
      return;
    }
    const next = this.#next();
    if (next !== undefined) this.#dial(next);
    else if (this.#all.size === 0) this.#emptied();
  }

  /** Somebody who waits for a connection does so no more. */
  callOff(exchange: Exchange, error: FerryError): void {
    if (this.#waiting.delete(exchange)) exchange.failed(error);
  }

  check(now: number): void {
    for (const connection of this.#all) connection.check(now);
  }

  /** Ends everything with `error`. */
  close(error: FerryError): void {
    for (const exchange of this.#waiting) this.callOff(exchange, error);
    for (const connection of this.#all) connection.close(error);
  }

  #dial(exchange: Exchange): void {
    try {
      this.#all.add(new Connection(this.settings, this, exchange));
    } catch (thrown) {
      exchange.failed(toFerryError(thrown));
      if (this.#all.size === 0) this.#emptied();
    }
  }

  #next(): Exchange | undefined {
    for (const exchange of this.#waiting) {
      this.#waiting.delete(exchange);
      return exchange;
    }
    return undefined;
  }
}
