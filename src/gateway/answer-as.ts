import { FerryError, type ErrorCode, type ErrorDetails } from '../model/errors.ts';
import type { S3ErrorCode } from './s3/error.ts';

/** A failure of which the store a bucket has says itself what clients are to be answered. */
export class AnswerAs extends FerryError {
  readonly answer: S3ErrorCode;
  /** Names and values in turn. */
  readonly headers: readonly string[];

  constructor(answer: S3ErrorCode, code: ErrorCode, details: ErrorDetails, headers: readonly string[] = []) {
    super(code, details);
    this.answer = answer;
    this.headers = headers;
  }
}
