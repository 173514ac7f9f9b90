import { setTimeout as delay } from 'node:timers/promises';
import { type HttpService, listen } from './http-server.ts';

/** The region that ARNs name. */
export const REGION = process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION ?? 'us-east-1';

/** A running stand-in of one AWS service on 127.0.0.1. */
export interface LocalService {
  /** Base address such as `http://127.0.0.1:43121`, without a trailing slash. */
  readonly endpoint: string;
  /** Stops listening, lets requests in hand finish and closes the storage. */
  close(): Promise<void>;
}

/** What every stand-in takes. */
export interface LocalServiceOptions {
  /** Folder that keeps the data; in memory when left out. */
  directory?: string;
  /** Port on 127.0.0.1; 0 or left out takes any free one. */
  port?: number;
  /** How often it looks after its data (alarms, expiry, retention), in milliseconds: a minute, CloudWatch 10 seconds unless given. */
  intervalMs?: number;
  /** The clock, in epoch milliseconds. */
  now?: () => number;
}

/** What belongs to a service while it runs. */
interface Upkeep {
  readonly port?: number | undefined;
  /** What is done again and again; see {@link repeat}. */
  readonly rounds?: readonly [task: () => Promise<void>, pauseMs: number][];
  /** Closes the storage, after the last request and round; also where the service cannot start. */
  readonly release?: () => Promise<void>;
}

/**
 * Starts a service.
 *
 * @throws {ConfigurationError} where the port cannot be had
 */
export async function serve(service: HttpService, upkeep: Upkeep): Promise<LocalService> {
  const { port, rounds = [], release = async () => undefined } = upkeep;
  const { endpoint, close } = await listen(service, port).catch(async (error: unknown) => {
    await release();
    throw error;
  });
  const running = rounds.map((round) => repeat(...round));
  return {
    endpoint,
    close: async () => {
      await Promise.all([close(), ...running.map(({ stop }) => stop())]);
      await release();
    },
  };
}

/** Rounds take at most one part in so many of the time, however much there is to look through. */
const ONE_PART_IN = 20;

/** Does something again and again, pausing in between, longer where it takes long; what fails in one round is tried in the next. */
export function repeat(task: () => Promise<void>, pauseMs: number) {
  const stopping = new AbortController();
  const paused = (ms: number) =>
    delay(ms, true, { ref: false, signal: stopping.signal }).catch(() => false);
  const rounds = async () => {
    let pause = pauseMs;
    while (await paused(pause)) {
      const began = performance.now();
      await task().catch(() => undefined);
      pause = Math.max(pauseMs, (performance.now() - began) * (ONE_PART_IN - 1));
    }
  };
  const running = rounds();
  return {
    /** Stops after the round in hand. */
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}
