import {
  CloudWatchClient,
  GetMetricDataCommand,
  GetMetricStatisticsCommand,
  ListMetricsCommand,
  type MetricDatum,
  type MetricStat,
  PutMetricDataCommand,
  type StandardUnit,
} from '@aws-sdk/client-cloudwatch';
import { startCloudWatch } from '#local/services/cloudwatch/index.ts';
import { adaptersBeside, clientConfig, uniqueName } from '../support/adapter.ts';
import { describeFacts, type Fact, refusal } from './facts.ts';

const TESTS = 'cloudwatch/test_cloudwatch.py::TestCloudwatch::';
const MINUTE = 60_000;
/** A whole minute that is over. */
const minute = new Date(Math.floor(Date.now() / MINUTE) * MINUTE - 20 * MINUTE);
const later = (minutes: number) => new Date(minute.getTime() + minutes * MINUTE);

const connect = (endpoint: string | undefined) => {
  const client = new CloudWatchClient(clientConfig(endpoint));
  return { client, destroy: async () => client.destroy() };
};
type Connection = ReturnType<typeof connect>;

/** What is put: at the minute, of the metric `metric`, unless it says otherwise. */
type Given = Partial<MetricDatum>;

/** A namespace of its own with such data in it. */
async function namespaceOf({ client }: Connection, data: readonly Given[]) {
  const Namespace = uniqueName('Recorded');
  const MetricData = data.map((datum) => ({ MetricName: 'metric', Timestamp: minute, ...datum }));
  await client.send(new PutMetricDataCommand({ Namespace, MetricData }));
  return {
    Namespace,
    /** Label, values and, where there are any, messages of each query. */
    async read(queries: readonly (Partial<MetricStat> & { name?: string })[], given = {}) {
      const { MetricDataResults = [] } = await client.send(
        new GetMetricDataCommand({
          StartTime: minute,
          EndTime: later(20),
          ...given,
          MetricDataQueries: queries.map(
            ({ name: MetricName = 'metric', Metric, ...query }, at) => ({
              Id: `q${at}`,
              MetricStat: {
                Metric: { Namespace, MetricName, ...Metric },
                Period: 60,
                Stat: 'Sum',
                ...query,
              },
            }),
          ),
        }),
      );
      return MetricDataResults;
    },
    async statistics(Statistics: ('Average' | 'Sum' | 'Minimum' | 'Maximum' | 'SampleCount')[]) {
      const { Datapoints = [], Label } = await client.send(
        new GetMetricStatisticsCommand({
          ...{ Namespace, MetricName: 'metric', StartTime: minute, EndTime: later(1) },
          ...{ Period: 60, Statistics },
        }),
      );
      return { Label, points: Datapoints.map(({ Timestamp: _, ...point }) => point) };
    },
  };
}

/** Values of each query, once there are any. */
const valuesFact = (
  fact: string,
  recording: string,
  data: readonly Given[],
  queries: readonly (Partial<MetricStat> & { name?: string })[],
  expected: readonly (readonly number[])[],
): Fact<Connection> => ({
  fact,
  recording: `${TESTS}${recording}`,
  ask: async (connection) => {
    const { read } = await namespaceOf(connection, data);
    return async () => (await read(queries)).map(({ Values }) => Values);
  },
  expected,
});

const Seconds = { Unit: 'Seconds' as const };
const SET = { SampleCount: 10, Sum: 55, Minimum: 1, Maximum: 10 };
const dimension = (Value: string) => ({ Dimensions: [{ Name: 'InstanceId', Value }] });

/** What is refused, by which code. */
const refused: [what: string, datum: Given, code: string][] = [
  [
    'a value beside values',
    { Value: 1.5, Values: [1, 10], Unit: 'Count' },
    'InvalidParameterCombination',
  ],
  ['other counts than values', { Values: [1, 10], Counts: [2, 4, 5] }, 'InvalidParameterValue'],
  [
    'a value beside statistics',
    { Value: 1.5, StatisticValues: SET },
    'InvalidParameterCombination',
  ],
];

type Pair = [stat: string, period: number, unit: StandardUnit];
const SUM: Pair = ['Sum', 60, 'Seconds'];
/** How two queries of one metric are told apart, and the second one's values. */
const labels: [second: Pair, labels: [string, string], values: number[]][] = [
  [['Minimum', 30, 'Seconds'], ['metric Sum 60', 'metric Minimum 30'], [0]],
  [['Minimum', 60, 'Seconds'], ['metric Sum', 'metric Minimum'], [0]],
  [['Sum', 30, 'Seconds'], ['metric 60', 'metric 30'], [109]],
  [['Minimum', 30, 'Milliseconds'], ['metric Sum 60', 'metric Minimum 30'], []],
  [['Minimum', 60, 'Milliseconds'], ['metric Sum', 'metric Minimum'], []],
  [['Sum', 30, 'Milliseconds'], ['metric 60', 'metric 30'], []],
  [['Sum', 60, 'Milliseconds'], ['metric', 'metric'], []],
];

/** Data in several units without a unit in the query: the first in CloudWatch's own order of units counts. */
const MIXED: Given[] = [
  { Value: 60_000, Unit: 'Milliseconds' },
  { Value: 60, Unit: 'Seconds' },
];
const units: [data: Given[], value: number, found: string][] = [
  [MIXED, 60_000, 'Milliseconds, Seconds'],
  [[...MIXED, ...MIXED], 120_000, 'Milliseconds, Seconds'],
  [[...MIXED, ...MIXED, { Value: 5, Unit: 'Count' }], 5, 'Count, Milliseconds, Seconds'],
];

const facts: Fact<Connection>[] = [
  {
    fact: 'adds up values by their counts',
    recording: `${TESTS}test_put_metric_data_values_list`,
    ask: async (connection) => {
      const { statistics } = await namespaceOf(connection, [
        { Values: [1, 10], Counts: [2, 4], Unit: 'Count' },
      ]);
      return async () => (await statistics(['SampleCount', 'Sum', 'Maximum'])).points;
    },
    expected: [{ SampleCount: 6, Sum: 42, Maximum: 10, Unit: 'Count' }],
  },
  {
    fact: 'gives every statistic of single values, in no unit',
    recording: `${TESTS}test_get_metric_statistics`,
    ask: async (connection) => {
      const data = Array.from({ length: 10 }, (_, Value) => ({ Value }));
      const { statistics } = await namespaceOf(connection, data);
      return () => statistics(['Average', 'Sum', 'Minimum', 'Maximum', 'SampleCount']);
    },
    expected: {
      Label: 'metric',
      points: [{ Average: 4.5, Maximum: 9, Minimum: 0, SampleCount: 10, Sum: 45, Unit: 'None' }],
    },
  },
  {
    fact: 'gives a datapoint for each unit',
    recording: `${TESTS}test_handle_different_units`,
    ask: async (connection) => {
      const { statistics } = await namespaceOf(connection, [
        { Value: 1, Unit: 'Seconds' },
        { Value: 5, Unit: 'Count' },
        { Value: 10 },
      ]);
      return async () => {
        const { points } = await statistics(['Average']);
        return points.map(({ Average, Unit }) => `${Average} ${Unit}`).sort();
      };
    },
    expected: ['1 Seconds', '10 None', '5 Count'],
  },
  ...refused.map(
    ([what, datum, code]): Fact<Connection> => ({
      fact: `refuses ${what}`,
      recording: `${TESTS}test_put_metric_data_validation`,
      ask: (connection) => refusal(namespaceOf(connection, [datum])),
      expected: [code, 400],
    }),
  ),
  {
    fact: 'takes values beside statistics',
    recording: `${TESTS}test_put_metric_data_validation`,
    ask: async (connection) => {
      const datum = { Values: [1, 10], StatisticValues: SET, Unit: 'Count' as const };
      return typeof (await namespaceOf(connection, [datum])).Namespace;
    },
    expected: 'string',
  },
  ...(
    [
      ['Sum', 66],
      ['SampleCount', 11],
      ['Minimum', 1],
      ['Maximum', 11],
      ['Average', 6],
    ] as const
  ).map(([Stat, value]) =>
    valuesFact(
      `takes a value and a set of statistics together: ${Stat}`,
      `test_get_metric_data_stats[${Stat}]`,
      [
        { Value: 11, ...Seconds },
        { StatisticValues: SET, ...Seconds },
      ],
      [{ Stat }],
      [[value]],
    ),
  ),
  valuesFact(
    'answers several metrics in one call',
    'test_get_metric_data_for_multiple_metrics',
    [
      { MetricName: 'metric1', Value: 50, ...Seconds },
      { MetricName: 'metric2', Value: 25, ...Seconds },
      { MetricName: 'metric3', StatisticValues: SET, ...Seconds },
    ],
    [{ name: 'metric1' }, { name: 'metric2' }, { name: 'metric3' }],
    [[50], [25], [55]],
  ),
  valuesFact(
    'counts a zero, and a fraction',
    'test_get_metric_data_with_zero_and_labels',
    [0, 2, 4, 3.5, 7, 100].map((Value) => ({ Value, ...Seconds })),
    ['Average', 'Sum', 'Minimum', 'Maximum'].map((Stat) => ({ Stat })),
    [[19.416666666666668], [116.5], [0], [100]],
  ),
  valuesFact(
    'takes the dimensions that are named, and no others',
    'test_get_metric_data_with_dimensions',
    [
      { Value: 11, ...Seconds, ...dimension('one') },
      { Value: 11, ...Seconds, ...dimension('two') },
      { StatisticValues: SET, ...Seconds },
    ],
    [{ Metric: dimension('one') }],
    [[11]],
  ),
  valuesFact(
    'finds nothing without dimensions where all data have some',
    'test_get_metric_with_null_dimensions',
    [
      { Value: 1, ...Seconds, Dimensions: [{ Name: 'foo', Value: 'bar' }] },
      { MetricName: 'other', Value: 1 },
    ],
    [{ Metric: { Dimensions: [] } }, { name: 'other' }],
    [[], [1]],
  ),
  valuesFact(
    'takes the data of one unit where the query names it',
    'test_get_metric_data_with_different_units',
    [
      { Value: 1, ...Seconds },
      { Value: 1, Unit: 'Count' },
    ],
    [{ Unit: 'Seconds' }],
    [[1]],
  ),
  {
    fact: 'answers a query that finds nothing as complete',
    recording: `${TESTS}test_get_metric_with_no_results`,
    ask: async (connection) => {
      const { read } = await namespaceOf(connection, [{ Value: 1 }]);
      const [found] = await read([{ Metric: { Dimensions: [{ Name: 'foo', Value: 'bar' }] } }]);
      return [found?.StatusCode, found?.Values, found?.Timestamps];
    },
    expected: ['Complete', [], []],
  },
  ...labels.map(
    ([[Stat, Period, Unit], names, values]): Fact<Connection> => ({
      fact: `tells ${SUM.join(' ')} and ${Stat} ${Period} ${Unit} apart by their labels`,
      recording: `${TESTS}test_label_generation`,
      ask: async (connection) => {
        const data = [0, 2, 7, 100].map((Value) => ({ Value, ...Seconds }));
        const { read } = await namespaceOf(connection, data);
        return async () => {
          const [first, second] = await read([Seconds, { Stat, Period, Unit }]);
          return [[first?.Label, second?.Label], first?.Values, second?.Values];
        };
      },
      expected: [names, [109], values],
    }),
  ),
  ...units.map(([data, value, found]) =>
    valuesFact(
      `takes one unit of ${found} where the query names none: ${value}`,
      'test_get_metric_data_different_units_no_unit_in_query',
      data,
      [{}],
      [[value]],
    ),
  ),
  {
    fact: 'says so where one of several units was taken',
    recording: `${TESTS}test_get_metric_data_different_units_no_unit_in_query[metric_data0]`,
    ask: async (connection) => {
      const { read } = await namespaceOf(connection, MIXED);
      return async () => (await read([{}]))[0]?.Messages?.map(({ Code }) => Code);
    },
    expected: ['MultipleUnits'],
  },
  {
    fact: 'gives the newest first unless asked otherwise',
    recording: `${TESTS}test_default_ordering`,
    ask: async (connection) => {
      const data = Array.from({ length: 10 }, (_, at) => ({ Value: at, Timestamp: later(at) }));
      const { read } = await namespaceOf(connection, data);
      return async () =>
        Promise.all(
          [{}, { ScanBy: 'TimestampDescending' }, { ScanBy: 'TimestampAscending' }].map(
            async (given) => (await read([{}], given))[0]?.Values?.join(' '),
          ),
        );
    },
    expected: ['9 8 7 6 5 4 3 2 1 0', '9 8 7 6 5 4 3 2 1 0', '0 1 2 3 4 5 6 7 8 9'],
  },
  {
    fact: 'gives as many datapoints as are asked for, and a token for the rest',
    recording: `${TESTS}test_get_metric_data_pagination`,
    ask: async (connection) => {
      const data = Array.from({ length: 20 }, (_, at) => ({ Value: at, Timestamp: later(at) }));
      const { Namespace } = await namespaceOf(connection, data);
      const Metric = { Namespace, MetricName: 'metric' };
      return async () => {
        const { MetricDataResults, NextToken } = await connection.client.send(
          new GetMetricDataCommand({
            ...{ StartTime: minute, EndTime: later(20), MaxDatapoints: 10 },
            MetricDataQueries: [{ Id: 'm1', MetricStat: { Metric, Period: 60, Stat: 'Sum' } }],
          }),
        );
        return [MetricDataResults?.[0]?.Values?.length, NextToken !== undefined];
      };
    },
    expected: [10, true],
  },
  {
    fact: 'lists 500 metrics on a page',
    recording: `${TESTS}test_list_metrics_pagination`,
    ask: async (connection) => {
      const names = Array.from({ length: 501 }, (_, at) => ({ MetricName: `m${at}`, Value: 21 }));
      const { Namespace } = await namespaceOf(connection, names);
      return async () => {
        const { Metrics, NextToken } = await connection.client.send(
          new ListMetricsCommand({ Namespace }),
        );
        return [Metrics?.length, NextToken !== undefined];
      };
    },
    expected: [500, true],
  },
  {
    fact: 'lists a metric once, however often it was put',
    recording: `${TESTS}test_list_metrics_uniqueness`,
    ask: async (connection) => {
      const { Namespace } = await namespaceOf(connection, [
        { MetricName: 'CPUUtilization', ...dimension('one'), Value: 15 },
        { MetricName: 'MemoryUtilization', ...dimension('one'), Value: 30 },
        { MetricName: 'MemoryUtilization', ...dimension('one'), Value: 15 },
      ]);
      return async () =>
        (await connection.client.send(new ListMetricsCommand({ Namespace }))).Metrics?.length;
    },
    expected: 2,
  },
  {
    fact: 'finds metrics by name, by the name of a dimension and by its value',
    recording: `${TESTS}test_list_metrics_with_filters`,
    ask: async (connection) => {
      const { Namespace } = await namespaceOf(connection, [
        { MetricName: 'CPUUtilization', Value: 15 },
        { MetricName: 'MemoryUtilization', ...dimension('one'), Value: 30 },
        { MetricName: 'DiskReadOps', ...dimension('two'), Value: 15 },
        { MetricName: 'DiskWriteOps', ...dimension('two'), StatisticValues: SET },
      ]);
      const filters = [
        {},
        { MetricName: 'CPUUtilization' },
        { Dimensions: [{ Name: 'InstanceId' }] },
        { Dimensions: [{ Name: 'InstanceId', Value: 'two' }] },
      ];
      return () =>
        Promise.all(
          filters.map(async (filter) => {
            const asked = new ListMetricsCommand({ Namespace, ...filter });
            return (await connection.client.send(asked)).Metrics?.length;
          }),
        );
    },
    expected: [4, 1, 3, 2],
  },
];

describeFacts('Metrics', await adaptersBeside(() => startCloudWatch()), connect, facts);
