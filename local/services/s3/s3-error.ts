import { SpanstreamError } from '#shared/errors.ts';

/** An error answer of S3: its code and status. */
export class S3Error extends SpanstreamError {
  readonly statusCode: number;

  constructor(code: string, statusCode: number, message: string) {
    super(code, message);
    this.statusCode = statusCode;
  }
}

/** The error of a bucket that does not exist. */
export function noSuchBucket(bucket: string): S3Error {
  return new S3Error('NoSuchBucket', 404, `The specified bucket does not exist: ${bucket}`);
}

/** The error of an object that does not exist. */
export function noSuchKey(key: string): S3Error {
  return new S3Error('NoSuchKey', 404, `The specified key does not exist: ${key}`);
}
