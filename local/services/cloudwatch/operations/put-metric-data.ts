import { z } from 'zod';
import { parseInput } from '../../parse-input.ts';
import type { Operation } from '../context.ts';
import type { Datum } from '../metric-store.ts';
import { dimensionsSchema } from '../query.ts';

const TWO_WEEKS_SECONDS = 14 * 86_400;
const TWO_HOURS_SECONDS = 2 * 3_600;
const value = z
  .number()
  .min(-(2 ** 360))
  .max(2 ** 360);

const datumSchema = z
  .object({
    MetricName: z.string().min(1).max(255),
    Dimensions: dimensionsSchema.nullish(),
    Timestamp: z.number().nullish(),
    Value: value.nullish(),
    Values: z.array(value).min(1).max(150).nullish(),
    Counts: z.array(z.number().min(0)).max(150).nullish(),
    StatisticValues: z
      .object({ SampleCount: z.number().min(0), Sum: value, Minimum: value, Maximum: value })
      .nullish(),
    Unit: z.string().nullish(),
    StorageResolution: z.union([z.literal(1), z.literal(60)]).nullish(),
  })
  .refine((d) => [d.Value, d.Values, d.StatisticValues].filter((v) => v != null).length === 1, {
    error: 'needs exactly one of Value, Values and StatisticValues',
  })
  .refine((d) => d.Counts == null || d.Counts.length === d.Values?.length, {
    error: 'must be as many as Values',
    path: ['Counts'],
  });

const schema = z.object({
  Namespace: z
    .string()
    .min(1)
    .max(255)
    .regex(/^[^:]/, 'must not start with a colon')
    .refine((name) => !name.startsWith('AWS/'), 'must not start with AWS/'),
  MetricData: z.array(datumSchema).max(1_000),
});

/** PutMetricData; all of a call is kept or none. */
export const putMetricData: Operation = async (context, input) => {
  const now = context.now() / 1_000;
  const timed = schema.superRefine(({ MetricData }, check) => {
    for (const [index, { Timestamp: at }] of MetricData.entries()) {
      if (at == null || (at >= now - TWO_WEEKS_SECONDS && at <= now + TWO_HOURS_SECONDS)) continue;
      check.addIssue({
        code: 'custom',
        path: ['MetricData', index, 'Timestamp'],
        message: 'must be at most two weeks past and two hours ahead',
      });
    }
  });
  const { Namespace, MetricData } = parseInput(timed, input, 'InvalidParameterValueException');
  await context.commit({ put: MetricData.map((datum) => toDatum(Namespace, datum, now)) });
  return {};
};

function toDatum(Namespace: string, input: z.output<typeof datumSchema>, now: number): Datum {
  const resolution = input.StorageResolution ?? 60;
  const values = input.Value == null ? input.Values : [input.Value];
  const set = input.StatisticValues;
  const base = {
    Namespace,
    MetricName: input.MetricName,
    Dimensions: input.Dimensions ?? [],
    second: Math.floor((input.Timestamp ?? now) / resolution) * resolution,
    unit: input.Unit ?? 'None',
  };
  if (set != null) {
    const { SampleCount, Sum, Minimum, Maximum } = set;
    return SampleCount === 1 || Minimum === Maximum
      ? { ...base, values: [[Maximum, SampleCount]] }
      : {
          ...base,
          set: { sampleCount: SampleCount, sum: Sum, minimum: Minimum, maximum: Maximum },
        };
  }
  return {
    ...base,
    values: (values ?? []).map((one, index): [number, number] => [one, input.Counts?.[index] ?? 1]),
  };
}
