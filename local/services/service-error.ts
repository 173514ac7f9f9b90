import { SpanstreamError } from '#shared/errors.ts';

/** An error answer of an AWS service: the exception's name, its status and any members beside the message. */
export class ServiceError extends SpanstreamError {
  readonly type: string;
  readonly statusCode: number;
  readonly members: Readonly<Record<string, unknown>>;

  constructor(
    type: string,
    message: string,
    options: { statusCode?: number; members?: Record<string, unknown> } = {},
  ) {
    super(type, message);
    this.type = type;
    this.statusCode = options.statusCode ?? 400;
    this.members = options.members ?? {};
  }
}

/** The error of a request that breaks a rule of its operation. */
export function validationException(message: string): ServiceError {
  return new ServiceError('ValidationException', message);
}
