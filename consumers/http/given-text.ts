import type { ObjectAddress } from '#shared/contracts/text-bodies.ts';
import { textSchema } from '#shared/contracts/text-record.ts';
import { validate } from '#shared/contracts/validate.ts';
import { ValidationError } from '#shared/errors.ts';
import { statusOf } from '#shared/retry.ts';
import { decodeText, MAXIMUM_OBJECT_BYTES, objectError } from './decode-text.ts';
import type { Bounds, HttpDeps } from './on-demand.ts';
import { unavailable } from './problems.ts';

/** A text that a call is about, and what it is called in errors. */
export interface GivenText {
  readonly text: string;
  readonly field: string;
  /** Attributes of its result: the request's own, and where an object was read its address. */
  readonly attributes?: Record<string, string> | undefined;
}

/** Attribute of a result that says which object its text was read from. */
const ORIGIN = 'file.name';

/**
 * The text of a call: as it stands in the body, or that of the object which the body names.
 *
 * @param field where in the body it may stand
 * @throws {ValidationError} naming `object` where that cannot be read as a text, {HttpError} 503 where S3 is ill
 */
export async function givenText<Field extends string>(
  body: { readonly [Name in Field]?: string | undefined } & {
    readonly object?: ObjectAddress | undefined;
    readonly attributes?: Record<string, string> | undefined;
  },
  field: Field,
  deps: HttpDeps,
  bounds: Bounds,
): Promise<GivenText> {
  const { object, attributes } = body;
  if (!object) return { text: body[field] ?? '', field, attributes };
  const { bytes, ...headers } = await read(object, deps, bounds);
  const text = textOf('object', decodeText(bytes, headers));
  return { text, field: 'object', attributes: { [ORIGIN]: object.address, ...attributes } };
}

/** @throws {ValidationError} where a text breaks the rule of texts, under the name that it has in the request */
export function textOf(field: string, text: unknown): string {
  try {
    return validate(textSchema, text);
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error;
    const message = error.message.replace('(record)', field);
    throw new ValidationError(field, message, { code: error.code });
  }
}

async function read({ bucket, key }: ObjectAddress, deps: HttpDeps, { signal }: Bounds) {
  const { intake } = deps;
  if (!intake) throw objectError('cannot be read: this deployment has no intake bucket');
  if (bucket !== intake.name) {
    throw objectError(`must be in the intake bucket, ${intake.name}, and not in ${bucket}`);
  }
  signal.throwIfAborted();
  try {
    return await intake.get(key, MAXIMUM_OBJECT_BYTES, signal);
  } catch (cause) {
    if (cause instanceof ValidationError) throw cause;
    signal.throwIfAborted();
    throw faultOf(cause, deps);
  }
}

/** Without the right to list the bucket, which the function has not, S3 says of a key that is not there what it says of a secret one. */
function faultOf(cause: unknown, { log }: HttpDeps): Error {
  const name = cause instanceof Error ? cause.name : '';
  const status = statusOf(cause);
  if (name === 'NoSuchKey') return objectError('is not there', { cause });
  if (name === 'InvalidObjectState') return objectError('is archived: restore it first', { cause });
  if (status === 403) return objectError('is not there, or may not be read', { cause });
  return unavailable('The intake bucket cannot be read', log, cause);
}
