/** A window that waits to be run. */
export interface PendingWindow {
  /** Which model runs it. */
  readonly model: number;
  /** Tokens, special ones counted. */
  readonly length: number;
}

/** Windows that run together, by their index in what was planned. */
export interface PlannedBatch {
  readonly model: number;
  /** Padded tokens of each row. */
  readonly length: number;
  readonly windows: readonly number[];
}

/**
 * Which windows of a model may run together, so that none changes what another gives: any, only those that need no
 * padding, or none.
 */
export type Batching = 'any' | 'equal lengths' | 'none';

/** Fewer padded tokens than this are not worth a batch of their own. */
const SMALLEST_BUDGET = 64;

/**
 * Sorts windows by length and cuts them by padded tokens, the batches that take longest first, so
 * that the workers end together. Work for less than a full batch each is shared out evenly.
 *
 * @param tokenBudget padded tokens of a batch at most; a longer window runs alone
 */
export function planBatches(
  windows: readonly PendingWindow[],
  options: {
    tokenBudget: number;
    workers: number;
    /** By model. */
    batching?: (model: number) => Batching;
  },
): PlannedBatch[] {
  const total = windows.reduce((sum, window) => sum + window.length, 0);
  const share = Math.max(Math.ceil(total / options.workers), SMALLEST_BUDGET);
  const budget = Math.min(options.tokenBudget, share);
  const order = windows
    .map((window, index) => ({ ...window, index }))
    .sort((a, b) => a.model - b.model || b.length - a.length || a.index - b.index);
  const batches: { model: number; length: number; windows: number[] }[] = [];
  for (const { model, length, index } of order) {
    const open = batches.at(-1);
    const fits = open?.model === model && (open.windows.length + 1) * open.length <= budget;
    if (open && fits && mayJoin(open.length, length, options.batching?.(model))) {
      open.windows.push(index);
    } else {
      batches.push({ model, length, windows: [index] });
    }
  }
  const cost = (batch: PlannedBatch): number => batch.length * batch.windows.length;
  return batches.sort((a, b) => cost(b) - cost(a));
}

function mayJoin(longest: number, length: number, batching: Batching = 'any'): boolean {
  return batching === 'any' || (batching === 'equal lengths' && length === longest);
}
