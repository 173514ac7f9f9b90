import type { Invocation, Invoke } from '#local/lambda/invocation.ts';
import { parseSettings } from '#shared/settings.ts';
import type { WrapInvoke } from '#stacks/local/stack.ts';
import { type LocalStack, startLocalStack } from '#stacks/local/stack.ts';

/** What the process is started with. */
export interface StackInput {
  readonly directory: string;
  readonly bundleDirectory: string;
  readonly modelsDirectory: string;
  readonly settings: unknown;
  /** The inference function dies while it works on the batch of this number, from 1, or on the next it can. */
  readonly killFunctionAt?: number;
  /** The whole stack dies when the batch of this number is done, before that is written down; never before the function did. */
  readonly killStackAt?: number;
}

/** What the process tells; it is asked for `idle` with any message. */
export type StackNews =
  | { readonly kind: 'ready'; readonly environment: Readonly<Record<string, string>> }
  | { readonly kind: 'function-failed'; readonly ended: Invocation }
  | { readonly kind: 'dying'; readonly functions: readonly number[] }
  | { readonly kind: 'idle'; readonly idle: boolean };

const input = JSON.parse(process.argv[2] ?? '{}') as StackInput;
const tell = (news: StackNews, then?: () => void) => process.send?.(news, () => then?.());
let stack: LocalStack | undefined;
let batches = 0;
let functionFailed = false;

const wrapInvoke: WrapInvoke = (name, invoke) => {
  if (name !== 'inference') return invoke;
  const deadly: Invoke = async (payload) => {
    batches += 1;
    const number = batches;
    const answer = invoke(payload);
    // Between its answer and its next call the process works on nothing: then a later batch's kill must do.
    if (input.killFunctionAt !== undefined && number >= input.killFunctionAt && !functionFailed) {
      for (const pid of stack?.functions.inference.pids() ?? []) process.kill(pid, 'SIGKILL');
    }
    const answered = await answer;
    // With one process for all shards the batch that dies may be another shard's.
    if (!answered.ok) {
      functionFailed = true;
      tell({ kind: 'function-failed', ended: answered });
    }
    const mayDie = functionFailed || input.killFunctionAt === undefined;
    if (input.killStackAt !== undefined && number >= input.killStackAt && mayDie) await die();
    return answered;
  };
  return deadly;
};

function die(): Promise<never> {
  const functions = Object.values(stack?.functions ?? {}).flatMap((one) => one.pids());
  tell({ kind: 'dying', functions }, () => process.kill(process.pid, 'SIGKILL'));
  return new Promise(() => undefined);
}

stack = await startLocalStack({
  directory: input.directory,
  bundleDirectory: input.bundleDirectory,
  modelsDirectory: input.modelsDirectory,
  settings: parseSettings(input.settings),
  wrapInvoke,
});
const { environment } = stack;
process.on('message', (since: number) => tell({ kind: 'idle', idle: stack?.idle(since) === true }));
process.on('disconnect', () => process.exit(1));
tell({ kind: 'ready', environment });
