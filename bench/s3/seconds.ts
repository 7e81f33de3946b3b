/** Renders points in time, each second once in a row: objects and answers share few of them. */
export class Seconds {
  readonly #render: (date: Date) => string;
  readonly #texts = new Map<number, string>();

  constructor(render: (date: Date) => string) {
    this.#render = render;
  }

  text(milliseconds: number): string {
    const second = Math.floor(milliseconds / 1000);
    let text = this.#texts.get(second);
    if (text === undefined) {
      if (this.#texts.size >= 1000) this.#texts.clear();
      text = this.#render(new Date(second * 1000));
      this.#texts.set(second, text);
    }
    return text;
  }
}
