/** What the API answers in place of a result (RFC 9457). */
export interface ProblemDocument {
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail?: string;
  readonly remedy?: string;
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[];
}

export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  readonly document: ProblemDocument;

  constructor(document: ProblemDocument) {
    super(document.detail ?? document.title);
    this.document = document;
  }
}

/** Nothing answered: the server is away, or the network is. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
}
