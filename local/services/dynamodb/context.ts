import type { CaptureDeps } from './captured-store.ts';

/** What every operation works on. */
export interface Context extends CaptureDeps {
  now: () => number;
  iteratorLifetimeMs: number;
}

/** One operation: input as it came in, output as it goes out. */
export type Operation = (context: Context, input: unknown) => Promise<unknown>;
