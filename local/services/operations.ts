import * as z from 'zod';
import { SpanstreamError } from '#shared/errors.ts';

/** An error answer of an AWS service: the exception's name, its status and any members beside the message. */
export class ServiceError extends SpanstreamError {
  readonly type: string;
  readonly statusCode: number;
  readonly members: Readonly<Record<string, unknown>>;

  constructor(
    type: string,
    message: string,
    options: Partial<Pick<ServiceError, 'statusCode' | 'members'>> = {},
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

/** The error of a request for what is not there. */
export function resourceNotFound(message: string): ServiceError {
  return new ServiceError('ResourceNotFoundException', message);
}

/** One operation of a service: input as it came in, output as it goes out. */
export type Operation<Context> = (context: Context, input: unknown) => Promise<unknown>;

/** A service's operations by name. */
export type Operations<Context> = Readonly<Record<string, Operation<Context>>>;

/** An operation whose input is checked before it runs; `errorType` names the error of input that breaks a rule. */
export function operation<Context, Schema extends z.ZodType>(
  schema: Schema,
  run: (context: Context, input: z.output<Schema>) => unknown,
  errorType?: string,
): Operation<Context> {
  return async (context, input) => run(context, parseInput(schema, input, errorType));
}

/** A list whose length is looked at before its members are: a million wrong ones make no million complaints. */
export function listOf<Member extends z.ZodType>(member: Member, most: number, least = 0) {
  return z.array(z.unknown()).min(least).max(most).pipe(z.array(member));
}

/** Things in the order of their names, which is that of the names' bytes. */
export function inOrder<Item>(items: readonly Item[], nameOf: (item: Item) => string): Item[] {
  const named = items.map((item) => ({ item, name: Buffer.from(nameOf(item)) }));
  return named.sort((a, b) => a.name.compare(b.name)).map(({ item }) => item);
}

/** Of things in that order those behind one, as many as asked for, and the last one's name where more follow. */
export function pageOf<Item>(
  items: readonly Item[],
  nameOf: (item: Item) => string,
  after: string | null | undefined,
  most: number,
) {
  const place = Buffer.from(after ?? '');
  const rest = items.filter((item) => Buffer.from(nameOf(item)).compare(place) > 0);
  const page = inOrder(rest, nameOf).slice(0, most);
  return { page, last: page.length < rest.length ? page.map(nameOf).at(-1) : undefined };
}

/**
 * Checks an operation's input.
 *
 * @throws {ServiceError} of the given name, naming every member at fault
 */
export function parseInput<Schema extends z.ZodType>(
  schema: Schema,
  input: unknown,
  errorType = 'ValidationException',
): z.output<Schema> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues
    .slice(0, 10)
    .map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`));
  throw new ServiceError(errorType, faults.join('; '));
}
