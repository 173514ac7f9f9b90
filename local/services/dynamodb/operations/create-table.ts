import { z } from 'zod';
import { parseInput } from '../../parse-input.ts';
import { extend } from '../captured-store.ts';
import type { Operation } from '../context.ts';
import type { TableRecord } from '../dynalite.ts';
import { runAction, validateInput } from '../dynalite.ts';
import { keys } from '../keys.ts';
import { streamSpecificationSchema } from './stream-specification.ts';

const schema = z.object({ StreamSpecification: streamSpecificationSchema });

/** CreateTable; the table and its stream come to be in one write. */
export const createTable: Operation = (context, input) => {
  const { StreamSpecification: specification } = parseInput(schema, input);
  const data = validateInput(context.store, 'CreateTable', input);
  if (!specification?.StreamEnabled) return runAction(context.store, 'CreateTable', data);

  const { store, queue, streams } = context;
  let opened = false;
  const tableDb = extend(store.tableDb, {
    put: (key, value, callback) => {
      if (opened) return store.tableDb.put(key, value, callback);
      opened = true;
      const table = value as TableRecord;
      const { stream, operations } = streams.open(table, specification.StreamViewType);
      table.StreamSpecification = specification;
      table.LatestStreamArn = stream.arn;
      table.LatestStreamLabel = stream.label;
      const write = { type: 'put' as const, key: keys.table(key), value: structuredClone(table) };
      queue.commit([write, ...operations]).then(() => callback(), callback);
    },
  });
  return runAction(extend(store, { tableDb }), 'CreateTable', data);
};
