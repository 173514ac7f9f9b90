import { resolve } from 'node:path';
import { startLocalStack } from '#local/stack.ts';
import { parseSettings } from '#shared/settings.ts';
import { randomFrom } from './random.ts';

/** What the chaos run tells the process that holds the stack. */
export type StackOrder =
  | { readonly kind: 'kill'; readonly name: 'inference' | 'metrics' }
  | { readonly kind: 'redeliver'; readonly seed: number }
  | { readonly kind: 'status' };

/** What the process that holds the stack tells the chaos run. */
export type StackNews =
  | { readonly kind: 'ready' }
  | { readonly kind: 'killed'; readonly name: string; readonly count: number }
  | { readonly kind: 'redelivered'; readonly count: number }
  | { readonly kind: 'status'; readonly idle: boolean };

/** How the process is started: ports are fixed, so that a restarted stack is found where it was. */
export interface StackOptions {
  readonly directory: string;
  readonly modelsDirectory?: string;
  readonly settings: unknown;
  readonly ports: Readonly<Record<'kinesis' | 'dynamodb' | 'cloudwatch' | 's3' | 'http', number>>;
  /** Endpoints that the functions and mappings use instead of the services': the fault proxies. */
  readonly proxies: Readonly<Record<string, string>>;
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
  const stack = await startLocalStack({
    directory: resolve(options.directory),
    settings: parseSettings(options.settings),
    ports: options.ports,
    ...(options.modelsDirectory === undefined ? {} : { modelsDirectory: options.modelsDirectory }),
    clientEndpoints: options.proxies,
    wrapInvoke: (_name, invoke) => remember(invoke),
  });
  const tell = (news: StackNews) => process.send?.(news);

  const orders = {
    kill({ name }: Extract<StackOrder, { kind: 'kill' }>) {
      const pids = stack.functions[name].pids();
      for (const pid of pids) process.kill(pid, 'SIGKILL');
      tell({ kind: 'killed', name, count: pids.length });
    },
    async redeliver({ seed }: Extract<StackOrder, { kind: 'redeliver' }>) {
      const random = randomFrom(seed);
      const chosen = [...remembered].filter(() => random() < 0.1).reverse();
      await Promise.allSettled(chosen.map(({ invoke, payload }) => invoke(payload)));
      tell({ kind: 'redelivered', count: chosen.length });
    },
    status() {
      tell({ kind: 'status', idle: stack.idle() });
    },
  };
  process.on('message', (order: StackOrder) => {
    void (orders[order.kind] as (order: StackOrder) => void)(order);
  });
  process.on('disconnect', () => process.exit(1));
  tell({ kind: 'ready' });
}

await main(JSON.parse(process.env.CHAOS_STACK ?? '{}') as StackOptions);
