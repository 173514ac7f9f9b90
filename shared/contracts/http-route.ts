import * as z from 'zod';

/** One call of the API: its route, checks and description, and the gateway's model of its body, follow from this. */
export interface HttpOperation {
  readonly method: 'GET' | 'POST';
  /** Resource as API Gateway writes it, such as `/v1/records/{id}`. */
  readonly path: string;
  readonly summary: string;
  readonly pathParameters?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodObject;
  /** Fields by which a body that came without a path, in a direct invocation, is known as one of this call. */
  readonly knownBy?: readonly string[];
  readonly answer: z.ZodObject;
  /** Error statuses besides 500. */
  readonly errors: readonly number[];
}

/**
 * JSON schema (draft 4) that API Gateway checks a body by before it calls the function: the fields' names, and which are
 * required. What its validator says of a wrong value names no field, so values are left to the function.
 */
interface Model {
  readonly $schema: string;
  readonly type: 'object';
  readonly properties: Readonly<Record<string, object>>;
  readonly required?: readonly string[];
  readonly additionalProperties: false;
}

/** A call as the function takes it apart, and as any gateway in front of it knows it. */
export interface HttpRoute<Name extends string = string> extends HttpOperation {
  readonly operation: Name;
  /** Parameters of the query, and whether the call must have them. */
  readonly parameters?: Readonly<Record<string, boolean>>;
  readonly model?: Model;
}

/** The fields of a schema, and whether each must be there. */
const requiredOf = ({ shape }: z.ZodObject): Record<string, boolean> =>
  Object.fromEntries(
    Object.entries(shape).map(([name, schema]) => [name, !z.safeParse(schema, undefined).success]),
  );

function modelOf(body: z.ZodObject): Model {
  const fields = Object.entries(requiredOf(body));
  const required = fields.flatMap(([name, isRequired]) => (isRequired ? name : []));
  return {
    $schema: 'http://json-schema.org/draft-04/schema#',
    type: 'object',
    properties: Object.fromEntries(fields.map(([name]) => [name, {}])),
    // Draft 4 allows no empty list.
    ...(required.length > 0 && { required }),
    additionalProperties: false,
  };
}

/** A table's entries as routes, in its order. */
export function routesOf<Name extends string>(
  table: Readonly<Record<Name, HttpOperation>>,
): readonly HttpRoute<Name>[] {
  return Object.entries<HttpOperation>(table).map(([operation, entry]) => ({
    ...entry,
    operation: operation as Name,
    ...(entry.query && { parameters: requiredOf(entry.query) }),
    ...(entry.body && { model: modelOf(entry.body) }),
  }));
}

/**
 * What a path gives for the parameters of a resource, percent-encoded as it came; undefined where it is another path. A
 * trailing slash is ignored.
 */
export function matchPath(resource: string, path: string): Record<string, string> | undefined {
  const wanted = resource.split('/');
  const given = path.replace(/(.)\/$/, '$1').split('/', wanted.length + 1);
  if (wanted.length !== given.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const value = given[index] ?? '';
    if (part.startsWith('{') && value !== '') parameters[part.slice(1, -1)] = value;
    else if (part !== value) return undefined;
  }
  return parameters;
}
