/** A function whose init throws. */
export function handler(): void {}

throw new Error('SPANSTREAM_RESULTS_TABLE is required');
