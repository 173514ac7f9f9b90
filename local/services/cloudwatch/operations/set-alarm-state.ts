import { z } from 'zod';
import { parseInput } from '../../parse-input.ts';
import { ServiceError } from '../../service-error.ts';
import { changeState } from '../change-state.ts';
import type { Operation } from '../context.ts';

const schema = z.object({
  AlarmName: z.string().min(1).max(255),
  StateValue: z.enum(['OK', 'ALARM', 'INSUFFICIENT_DATA']),
  StateReason: z.string().max(1023),
});

/** SetAlarmState; it lasts until the next evaluation. */
export const setAlarmState: Operation = async (context, input) => {
  const wanted = parseInput(schema, input, 'ValidationError');
  const alarm = context.alarms.get(wanted.AlarmName);
  if (alarm === undefined) {
    throw new ServiceError('ResourceNotFound', `AlarmName: no such alarm: ${wanted.AlarmName}`);
  }
  await changeState(context, alarm, { state: wanted.StateValue, reason: wanted.StateReason });
  return {};
};
