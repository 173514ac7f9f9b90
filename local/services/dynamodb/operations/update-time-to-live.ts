import { z } from 'zod';
import { parseInput } from '../../parse-input.ts';
import { validationException } from '../../service-error.ts';
import type { Operation } from '../context.ts';
import { keys } from '../keys.ts';
import { timeToLiveAttribute } from './time-to-live.ts';

const schema = z.object({
  TableName: z.string().min(3).max(255),
  TimeToLiveSpecification: z.object({
    AttributeName: z.string().min(1).max(255),
    Enabled: z.boolean(),
  }),
});

/** UpdateTimeToLive; takes effect at once. */
export const updateTimeToLive: Operation = async (context, input) => {
  const { TableName: table, TimeToLiveSpecification: wanted } = parseInput(schema, input);
  const current = await timeToLiveAttribute(context, table);
  if (wanted.Enabled && current !== undefined) {
    throw validationException('TimeToLive is already enabled');
  }
  if (!wanted.Enabled && current === undefined) {
    throw validationException('TimeToLive is already disabled');
  }
  if (current !== undefined && current !== wanted.AttributeName) {
    throw validationException(`TimeToLive is active on a different AttributeName: ${current}`);
  }
  const key = keys.timeToLive(table);
  await context.queue.commit([
    wanted.Enabled ? { type: 'put', key, value: wanted.AttributeName } : { type: 'del', key },
  ]);
  return { TimeToLiveSpecification: wanted };
};
