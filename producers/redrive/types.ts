import type { PutReport } from '../producer.ts';
import type { Blob } from '../put-records.ts';
import type { FailureReason, ParkedFailure } from './parked-failure.ts';

/** What a marker object says of a failure: claimed, and sent where it has `sentAt`. */
export interface Marker {
  readonly reason: FailureReason;
  /** ISO 8601. */
  readonly claimedAt: string;
  /** ISO 8601; absent where nobody knows whether it was sent. */
  readonly sentAt?: string | undefined;
  /** What changes with every write of the marker. */
  readonly tag: string;
}

/** An object of the failures bucket, with its marker where it has one. */
export interface ListedFailure {
  readonly key: string;
  /** Bytes of the object. */
  readonly size: number;
  /** Epoch milliseconds. */
  readonly parkedAt: number;
  readonly marker?: Marker | undefined;
}

/** A blob that remembers which object it came from. */
export interface KeyedBlob extends Blob {
  readonly key: string;
}

/** What a redrive works on. */
export interface RedriveDeps {
  /** Everything parked, oldest first. */
  list(): Promise<readonly ListedFailure[]>;
  /** Reads one object; throws where it cannot be read or understood. */
  read(key: string): Promise<ParkedFailure>;
  /**
   * Claims an object before it is sent. False where another run was first: where a marker is there although none was
   * expected, or where it is no longer the one of `previousTag`.
   */
  putMarker(key: string, reason: FailureReason, previousTag?: string): Promise<boolean>;
  /** Says in the marker that the object was sent. */
  completeMarker(key: string, reason: FailureReason): Promise<void>;
  /** Puts blobs on the stream. */
  send(blobs: readonly KeyedBlob[]): Promise<Pick<PutReport<KeyedBlob>, 'stranded' | 'stopped'>>;
}
