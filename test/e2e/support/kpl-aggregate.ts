import { createHash } from 'node:crypto';
import { Writer } from 'protobufjs/minimal.js';

/** Packs records of one partition key as the Kinesis Producer Library does, after its published format. */
export function aggregateOf(partitionKey: string, records: readonly Uint8Array[]): Uint8Array {
  const message = Writer.create();
  message.uint32((1 << 3) | 2).string(partitionKey);
  for (const data of records) {
    message.uint32((3 << 3) | 2).fork();
    message.uint32(1 << 3).uint64(0);
    message.uint32((3 << 3) | 2).bytes(data);
    message.ldelim();
  }
  const body = message.finish();
  const digest = createHash('md5').update(body).digest();
  return Buffer.concat([Buffer.from('f3899ac2', 'hex'), body, digest]);
}
