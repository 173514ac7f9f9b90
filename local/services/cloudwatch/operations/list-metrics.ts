import { z } from 'zod';
import { parseInput } from '../../parse-input.ts';
import type { Operation } from '../context.ts';
import { pageOf } from '../page.ts';

const schema = z.object({
  Namespace: z.string().min(1).max(255).nullish(),
  MetricName: z.string().min(1).max(255).nullish(),
  Dimensions: z
    .array(z.object({ Name: z.string().min(1), Value: z.string().nullish() }))
    .max(10)
    .nullish(),
  NextToken: z.string().nullish(),
});

/** ListMetrics, 500 a page. */
export const listMetrics: Operation = async ({ metrics }, input) => {
  const wanted = parseInput(schema, input, 'InvalidParameterValueException');
  const found = metrics
    .names()
    .filter(
      (name) =>
        (!wanted.Namespace || wanted.Namespace === name.Namespace) &&
        (!wanted.MetricName || wanted.MetricName === name.MetricName) &&
        (wanted.Dimensions ?? []).every(({ Name, Value }) =>
          name.Dimensions.some((d) => d.Name === Name && (Value == null || d.Value === Value)),
        ),
    );
  const { items, next } = pageOf(found, 500, wanted.NextToken);
  return { Metrics: items, ...next };
};
