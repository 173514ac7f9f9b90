import { z } from 'zod';
import { parseInput } from '../../parse-input.ts';
import type { Operation } from '../context.ts';
import { pageOf } from '../page.ts';

const schema = z.object({
  AlarmName: z.string().nullish(),
  HistoryItemType: z.enum(['ConfigurationUpdate', 'StateUpdate', 'Action']).nullish(),
  StartDate: z.number().nullish(),
  EndDate: z.number().nullish(),
  MaxRecords: z.int().min(1).max(100).nullish(),
  NextToken: z.string().nullish(),
  ScanBy: z.enum(['TimestampDescending', 'TimestampAscending']).nullish(),
});

/** DescribeAlarmHistory, newest first unless asked otherwise. */
export const describeAlarmHistory: Operation = async ({ alarms }, input) => {
  const wanted = parseInput(schema, input, 'ValidationError');
  const found = alarms
    .history()
    .filter(
      (item) =>
        (!wanted.AlarmName || item.alarmName === wanted.AlarmName) &&
        (!wanted.HistoryItemType || item.type === wanted.HistoryItemType) &&
        item.at >= (wanted.StartDate ?? 0) * 1_000 &&
        item.at <= (wanted.EndDate ?? Number.POSITIVE_INFINITY) * 1_000,
    );
  const ordered = wanted.ScanBy === 'TimestampAscending' ? found : found.toReversed();
  const { items, next } = pageOf(ordered, wanted.MaxRecords ?? 100, wanted.NextToken);
  return {
    AlarmHistoryItems: items.map((item) => ({
      AlarmName: item.alarmName,
      AlarmType: 'MetricAlarm',
      Timestamp: item.at / 1_000,
      HistoryItemType: item.type,
      HistorySummary: item.summary,
      HistoryData: item.data,
    })),
    ...next,
  };
};
