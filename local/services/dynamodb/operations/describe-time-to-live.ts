import { z } from 'zod';
import { parseInput } from '../../parse-input.ts';
import type { Operation } from '../context.ts';
import { timeToLiveAttribute } from './time-to-live.ts';

const schema = z.object({ TableName: z.string().min(3).max(255) });

/** DescribeTimeToLive. */
export const describeTimeToLive: Operation = async (context, input) => {
  const { TableName } = parseInput(schema, input);
  const attribute = await timeToLiveAttribute(context, TableName);
  return {
    TimeToLiveDescription:
      attribute === undefined
        ? { TimeToLiveStatus: 'DISABLED' }
        : { TimeToLiveStatus: 'ENABLED', AttributeName: attribute },
  };
};
