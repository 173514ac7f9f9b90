import type { TableRecord, WireItem } from '../dynalite.ts';

/** Which images a stream's records carry. */
export type StreamViewType = 'KEYS_ONLY' | 'NEW_IMAGE' | 'OLD_IMAGE' | 'NEW_AND_OLD_IMAGES';

/** A shard: one slot of the hash space for a stretch of time. */
export interface Shard {
  shardId: string;
  slot: number;
  parentShardId?: string;
  startingSequenceNumber: string;
  /** Set once the shard is closed: the last number that it may hold. */
  endingSequenceNumber?: string;
  createdAt: number;
  closedAt?: number;
  /** Records up to this number are trimmed away. */
  trimmedThrough?: string;
}

/** A table's stream. */
export interface Stream {
  arn: string;
  label: string;
  tableName: string;
  viewType: StreamViewType;
  keySchema: TableRecord['KeySchema'];
  enabled: boolean;
  createdAt: number;
  disabledAt?: number;
  slots: number;
  shards: Shard[];
}

/** What happened to one item. */
export interface ItemChange {
  before: WireItem | undefined;
  after: WireItem | undefined;
  /** The service that made the change, where no caller did. */
  principal?: string;
}

/** A stream record as GetRecords answers it. */
export interface StreamRecord {
  eventID: string;
  eventName: 'INSERT' | 'MODIFY' | 'REMOVE';
  eventVersion: '1.1';
  eventSource: 'aws:dynamodb';
  awsRegion: string;
  dynamodb: {
    ApproximateCreationDateTime: number;
    Keys: WireItem;
    NewImage?: WireItem;
    OldImage?: WireItem;
    SequenceNumber: string;
    SizeBytes: number;
    StreamViewType: StreamViewType;
  };
  userIdentity?: { PrincipalId: string; Type: 'Service' };
}
