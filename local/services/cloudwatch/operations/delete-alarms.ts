import { z } from 'zod';
import { parseInput } from '../../parse-input.ts';
import { ServiceError } from '../../service-error.ts';
import type { Operation } from '../context.ts';

const schema = z.object({ AlarmNames: z.array(z.string().min(1)).max(100) });

/** DeleteAlarms; all of them or, where one does not exist, none. */
export const deleteAlarms: Operation = async (context, input) => {
  const { AlarmNames } = parseInput(schema, input, 'ValidationError');
  const unknown = AlarmNames.filter((name) => context.alarms.get(name) === undefined);
  if (unknown.length > 0) {
    throw new ServiceError('ResourceNotFound', `AlarmNames: no such alarm: ${unknown.join(', ')}`);
  }
  await context.commit({ alarmsDeleted: AlarmNames });
  return {};
};
