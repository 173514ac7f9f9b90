import { z } from 'zod';
import { parseInput } from '../../parse-input.ts';
import { ServiceError, validationException } from '../../service-error.ts';
import type { Context, Operation } from '../context.ts';
import type { TableRecord } from '../dynalite.ts';
import { runAction, validateInput } from '../dynalite.ts';
import { keys } from '../keys.ts';
import { streamSpecificationSchema } from './stream-specification.ts';

const schema = z.object({
  TableName: z.string(),
  StreamSpecification: streamSpecificationSchema,
});
type Specification = NonNullable<z.output<typeof streamSpecificationSchema>>;

/** UpdateTable; switching the stream on or off is done here, the rest by dynalite. */
export const updateTable: Operation = async (context, input) => {
  const { StreamSpecification: specification, TableName } = parseInput(schema, input);
  const { StreamSpecification: _, ...rest } = input as Record<string, unknown>;
  if (!specification) {
    return runAction(
      context.store,
      'UpdateTable',
      validateInput(context.store, 'UpdateTable', rest),
    );
  }
  const others = Object.keys(rest).filter(
    (name) => !['TableName', 'AttributeDefinitions'].includes(name),
  );
  const data = others.length > 0 ? validateInput(context.store, 'UpdateTable', rest) : undefined;
  const table = await switchStream(context, TableName, specification);
  return data === undefined
    ? { TableDescription: table }
    : runAction(context.store, 'UpdateTable', data);
};

async function switchStream(context: Context, name: string, specification: Specification) {
  const { store, streams, queue } = context;
  const table = (await store.db.get(keys.table(name))) as TableRecord | undefined;
  if (table === undefined) {
    throw new ServiceError(
      'ResourceNotFoundException',
      `Requested resource not found: Table: ${name} not found`,
    );
  }
  if (table.TableStatus !== 'ACTIVE') {
    throw new ServiceError('ResourceInUseException', `Table is ${table.TableStatus}: ${name}`);
  }
  if (specification.StreamEnabled === (streams.forTable(name) !== undefined)) {
    throw validationException(
      specification.StreamEnabled
        ? `Table already has an enabled stream: TableName: ${name}`
        : `Table already has a disabled stream: TableName: ${name}`,
    );
  }
  if (specification.StreamEnabled) {
    const { stream, operations } = streams.open(table, specification.StreamViewType);
    table.StreamSpecification = specification;
    table.LatestStreamArn = stream.arn;
    table.LatestStreamLabel = stream.label;
    await queue.commit([{ type: 'put', key: keys.table(name), value: table }, ...operations]);
  } else {
    delete table.StreamSpecification;
    const operations = streams.disable(name);
    await queue.commit([{ type: 'put', key: keys.table(name), value: table }, ...operations]);
  }
  return table;
}
