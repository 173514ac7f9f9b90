import { hashOf, randomFrom } from './random.ts';

/** Services that a fault can stand in front of. */
export type Service = 'kinesis' | 'dynamodb' | 'cloudwatch' | 's3';

/** What a proxy does to one request. */
export type RequestFault =
  /** Refused with the service's throttling error; nothing was done. */
  | 'throttle'
  /** Answered 500; nothing was done. */
  | 'internal-error'
  /** Done in part: PutRecords and BatchWriteItem leave the rest to the caller. */
  | 'partial'
  /** Done whole, but the answer never arrives. */
  | 'lose-response'
  /** Done whole, then the function that asked is killed before it can answer. */
  | 'kill-after'
  /** GetRecords says that the iterator has expired. */
  | 'expired-iterator'
  /** Refused for good, as for a datum that is wrong; nothing was done. */
  | 'refuse'
  /** Answered late. */
  | 'delay';

const eventKinds = {
  'kill-inference': 6,
  'kill-metrics': 4,
  /** The worker threads inside the inference function end; its process goes on. */
  'kill-workers': 4,
  'restart-stack': 2,
  'split-shard': 2,
  'merge-shards': 1,
  /** Longer than the function's time-out, so that a delivery runs into it. */
  'stall-dynamodb': 2,
  'redeliver-batches': 6,
  /** Nothing arrives until all is processed; then reads of the shards fail. */
  'fail-idle-reads': 2,
  /** Somebody puts items of another kind into the results table, with odd numbers. */
  'foreign-items': 3,
} as const;

/** Something that happens once, when `at` of the records have been put (0 to 1). */
export interface PlannedEvent {
  readonly at: number;
  readonly kind: keyof typeof eventKinds | 's3-outage-begins' | 's3-outage-ends';
}

/** The faults of a run; the same seed gives the same plan. */
export interface FaultPlan {
  readonly seed: number;
  readonly events: readonly PlannedEvent[];
  /** The fault for the `n`-th request (from 0) of an operation, or none. */
  faultFor(service: Service, operation: string, n: number): RequestFault | undefined;
}

type Odds = Readonly<Partial<Record<RequestFault, number>>>;

/** By service and operation: how likely a fault is for one request. */
export const odds: Readonly<Record<string, Odds>> = {
  'kinesis:PutRecords': {
    throttle: 0.03,
    partial: 0.1,
    'internal-error': 0.02,
    'lose-response': 0.02,
  },
  'kinesis:GetRecords': { throttle: 0.02, 'expired-iterator': 0.02, 'internal-error': 0.01 },
  'kinesis:GetShardIterator': { throttle: 0.02 },
  'dynamodb:BatchWriteItem': {
    throttle: 0.02,
    partial: 0.04,
    'internal-error': 0.02,
    'lose-response': 0.02,
    'kill-after': 0.004,
    delay: 0.01,
  },
  'dynamodb:BatchGetItem': {
    throttle: 0.02,
    'internal-error': 0.02,
    'lose-response': 0.02,
    'kill-after': 0.004,
    delay: 0.01,
  },
  'dynamodb:UpdateItem': {
    throttle: 0.03,
    'internal-error': 0.02,
    'lose-response': 0.03,
    'kill-after': 0.03,
  },
  'dynamodb:PutItem': {
    throttle: 0.03,
    'internal-error': 0.02,
    'lose-response': 0.03,
    'kill-after': 0.03,
  },
  'dynamodb:GetItem': { throttle: 0.03 },
  'dynamodb:Query': { throttle: 0.03, 'internal-error': 0.02, 'lose-response': 0.02 },
  'dynamodb:GetRecords': { throttle: 0.02, 'expired-iterator': 0.02, 'internal-error': 0.01 },
  'cloudwatch:PutMetricData': {
    throttle: 0.08,
    'internal-error': 0.04,
    'lose-response': 0.06,
    'kill-after': 0.04,
  },
  's3:PutObject': { throttle: 0.05, 'internal-error': 0.03, 'lose-response': 0.03 },
};

function plannedEvents(seed: number): PlannedEvent[] {
  const random = randomFrom(seed ^ hashOf('events'));
  // The very first reads find nothing, at `LATEST`.
  const events: PlannedEvent[] = [{ at: 0, kind: 'fail-idle-reads' }];
  for (const [kind, times] of Object.entries(eventKinds)) {
    for (let count = 0; count < times; count++) {
      events.push({ at: 0.05 + 0.9 * random(), kind: kind as keyof typeof eventKinds });
    }
  }
  const outage = 0.2 + 0.5 * random();
  events.push(
    { at: outage, kind: 's3-outage-begins' },
    { at: outage + 0.05, kind: 's3-outage-ends' },
  );
  return events.sort((a, b) => a.at - b.at);
}

/** Draws a plan from a seed. */
export function createPlan(seed: number): FaultPlan {
  return {
    seed,
    events: plannedEvents(seed),
    faultFor(service, operation, n) {
      const chances = odds[`${service}:${operation}`];
      if (chances === undefined) return undefined;
      let draw = randomFrom(seed ^ hashOf(`${service}:${operation}:${n}`))();
      for (const [fault, chance] of Object.entries(chances)) {
        draw -= chance;
        if (draw < 0) return fault as RequestFault;
      }
      return undefined;
    },
  };
}
