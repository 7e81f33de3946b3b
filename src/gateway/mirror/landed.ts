/** Objects stored lately whose ETag at the origin is remembered. */
const MOST = 1000;

/**
 * What became of the ETags clients were told while an object came: it has another in the bucket's own store, perhaps,
 * and who asks for the first means the second. Memory: of the latest thousand objects.
 */
export class Landed {
  readonly #etags = new Map<string, { readonly origin: string; readonly here: string }>();

  remember(key: string, origin: string | undefined, here: string | undefined): void {
    this.#etags.delete(key);
    if (origin === undefined || here === undefined) return;
    this.#etags.set(key, { origin, here });
    for (const oldest of this.#etags.keys()) {
      if (this.#etags.size <= MOST) break;
      this.#etags.delete(oldest);
    }
  }

  /** The ETag at the origin of what has this one here. */
  originOf(key: string, here: string | undefined): string | undefined {
    const landed = this.#etags.get(key);
    return here !== undefined && landed?.here === here ? landed.origin : undefined;
  }

  /** The ETag here of the copy of this version; undefined where that is not known. */
  copyOf(key: string, origin: string | undefined): string | undefined {
    const landed = this.#etags.get(key);
    return origin !== undefined && landed?.origin === origin ? landed.here : undefined;
  }
}
