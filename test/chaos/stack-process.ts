import { resolve } from 'node:path';
import type { Endpoints, ServiceName } from '#local/cloud/services.ts';
import { parseSettings } from '#shared/settings.ts';
import { type LocalStack, startLocalStack } from '#stacks/local/stack.ts';
import { randomFrom } from './random.ts';

/** What a chaos or a soak run tells the process that holds the stack. */
export type StackOrder =
  /** SIGUSR2 ends the worker threads of the inference function, where it has the entry for that. */
  | {
      readonly kind: 'kill';
      readonly name: 'inference' | 'metrics';
      readonly signal?: 'SIGKILL' | 'SIGUSR2';
    }
  | { readonly kind: 'redeliver'; readonly seed: number }
  /** `since`, epoch milliseconds: idle means that all which had arrived by then is processed. */
  | { readonly kind: 'status'; readonly since?: number }
  | { readonly kind: 'close' };

/** What the process that holds the stack tells the run. */
export type StackNews =
  | { readonly kind: 'ready'; readonly endpoints: LocalStack['endpoints'] }
  | { readonly kind: 'killed'; readonly name: string; readonly count: number }
  | { readonly kind: 'redelivered'; readonly count: number }
  | StackStatus;

/** How far the stack is, and which processes it is. */
export interface StackStatus {
  readonly kind: 'status';
  readonly idle: boolean;
  /** Records of the text stream that are processed or parked, since the stack was started. */
  readonly settled: number;
  readonly pids: Readonly<Record<string, readonly number[]>>;
}

/** How the process is started; with fixed ports a restarted stack is found where it was. */
export interface StackOptions {
  readonly directory: string;
  readonly modelsDirectory?: string;
  readonly settings: unknown;
  readonly ports?: Readonly<Record<ServiceName | 'http', number>>;
  /** Bundles that are built already. */
  readonly bundleDirectory?: string;
  /** Services that run already. */
  readonly endpoints?: Partial<Endpoints>;
  /** Endpoints that the functions and mappings use instead of the services': the fault proxies. */
  readonly proxies?: Partial<Endpoints>;
}

type Invoke = (payload: unknown) => Promise<unknown>;

const rememberedBatches = 40;
const remembered: { invoke: Invoke; payload: unknown }[] = [];

/** Keeps what a mapping delivers, so that whole batches can be delivered again, late and out of order. */
function remember<T extends Invoke>(invoke: T): T {
  return (async (payload: unknown, ...rest: []) => {
    remembered.push({ invoke, payload });
    if (remembered.length > rememberedBatches) remembered.shift();
    return invoke(payload, ...rest);
  }) as T;
}

async function main(options: StackOptions): Promise<void> {
  const { settings, proxies, directory, ...given } = options;
  const stack = await startLocalStack({
    ...given,
    directory: resolve(directory),
    settings: parseSettings(settings),
    ...(proxies && { clientEndpoints: proxies }),
    wrapInvoke: (_name, invoke) => remember(invoke),
  });
  const tell = (news: StackNews) => process.send?.(news);

  const orders = {
    kill({ name, signal = 'SIGKILL' }: Extract<StackOrder, { kind: 'kill' }>) {
      const pids = stack.functions[name].pids();
      for (const pid of pids) process.kill(pid, signal);
      tell({ kind: 'killed', name, count: pids.length });
    },
    async redeliver({ seed }: Extract<StackOrder, { kind: 'redeliver' }>) {
      const random = randomFrom(seed);
      const chosen = [...remembered].filter(() => random() < 0.1).reverse();
      await Promise.allSettled(chosen.map(({ invoke, payload }) => invoke(payload)));
      tell({ kind: 'redelivered', count: chosen.length });
    },
    status({ since }: Extract<StackOrder, { kind: 'status' }>) {
      const { shards } = stack.mappings.inference.lag();
      tell({
        kind: 'status',
        idle: stack.idle(since),
        settled: shards.reduce((sum, { acknowledged, parked }) => sum + acknowledged + parked, 0),
        pids: {
          stack: [process.pid],
          ...Object.fromEntries(
            Object.entries(stack.functions).map(([name, one]) => [name, one.pids()]),
          ),
        },
      });
    },
    async close() {
      await stack.close();
      process.exit(0);
    },
  };
  process.on('message', (order: StackOrder) => {
    void (orders[order.kind] as (order: StackOrder) => void)(order);
  });
  // Ctrl-C on a terminal reaches the whole process group; the run decides when its stack ends.
  process.on('SIGINT', () => undefined);
  process.on('disconnect', () => process.exit(1));
  tell({ kind: 'ready', endpoints: stack.endpoints });
}

await main(JSON.parse(process.env.CHAOS_STACK ?? '{}') as StackOptions);
