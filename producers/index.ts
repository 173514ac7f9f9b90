export type { TextRecord, TextRecordInput } from '#shared/contracts/text-record.ts';
export { ValidationError } from '#shared/errors.ts';
export { type ClientOptions, createKinesisClient } from './kinesis-client.ts';
export {
  createProducer,
  createProducerOn,
  type InvalidRecord,
  type ProduceReport,
  type Producer,
  type ProducerOptions,
  type PutCallOptions,
  type PutRecordsOptions,
  type PutReport,
  type StrandedRecord,
} from './producer.ts';
export type { PutCounts } from './put-all.ts';
export type { Blob, PutRecords } from './put-records.ts';
