/** Keys of the store. Those of dynalite are `table~`, `item-T~`, `index-…~`, `tag-T~`; ours start with `spanstream-`. */
export const keys = {
  table: (table: string) => `table~${table}`,
  item: (table: string, key = '') => `item-${table}~${key}`,
  index: (type: string, table: string, index: string, key = '') =>
    `index-${type.toLowerCase()}~${table}~${index}~${key}`,
  timeToLive: (table = '') => `spanstream-ttl~${table}`,
  stream: (arn = '') => `spanstream-stream~${arn}`,
  record: (arn: string, shardId: string, sequenceNumber = '') =>
    `spanstream-record~${arn}~${shardId}~${sequenceNumber}`,
  sequence: 'spanstream-sequence',
} as const;

/** The range of all keys that start so; every key is ASCII. */
export function startingWith(prefix: string) {
  return { gte: prefix, lt: `${prefix}\u007f` };
}
