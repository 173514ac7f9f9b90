export type { TextRecord, TextRecordInput } from '#shared/contracts/text-record.ts';
export { type ClientOptions, createKinesisClient } from './kinesis-client.ts';
export {
  createProducer,
  createProducerOn,
  type ProduceReport,
  type Producer,
  type ProducerOptions,
  type PutCallOptions,
} from './producer.ts';
export type { PutCounts, PutOptions, PutReport } from './put-blobs.ts';
export type { Blob, PutRecords } from './put-records.ts';
