import { fork } from 'node:child_process';
import { once } from 'node:events';
import { SpanstreamError } from '#shared/errors.ts';
import type { LocalStack } from '#stacks/local/stack.ts';
import type { StackNews, StackOptions, StackOrder, StackStatus } from './stack-process.ts';

const PATIENCE_MS = 60_000;
const GRACE_MS = 20_000;

/** A local stack in a process of its own. */
export interface StackChild {
  readonly endpoints: LocalStack['endpoints'];
  /** Tells it to do something; nothing where it has ended. */
  order(order: StackOrder): void;
  /** How far it is; `idle` says whether all that had arrived by `since` (epoch milliseconds) is processed. */
  status(since?: number): Promise<StackStatus>;
  /** kill -9. */
  kill(): Promise<void>;
  /** Ends it in good order. */
  close(): Promise<void>;
}

/**
 * Starts a stack in a process of its own, which may be killed, and whose memory is its own.
 *
 * @throws {SpanstreamError} where it ends before it is ready; later, its `status` throws where it ended or does not answer
 */
export async function startStackChild(options: StackOptions): Promise<StackChild> {
  const child = fork(new URL('./stack-process.ts', import.meta.url), {
    execArgv: ['--import', 'tsx'],
    env: { ...process.env, CHAOS_STACK: JSON.stringify(options) },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const ended = once(child, 'exit');
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  const order = (what: StackOrder) => {
    if (child.connected) child.send(what, () => undefined);
  };

  function told<Kind extends StackNews['kind']>(kind: Kind, patienceMs?: number) {
    return new Promise<Extract<StackNews, { kind: Kind }>>((resolve, reject) => {
      const settle = (end: () => void) => {
        clearTimeout(timer);
        child.off('message', listen);
        child.off('exit', fail);
        end();
      };
      const listen = (news: StackNews) => {
        if (news.kind === kind) settle(() => resolve(news as Extract<StackNews, { kind: Kind }>));
      };
      const fail = () =>
        settle(() => reject(new SpanstreamError('stack-lost', `the stack gave no news: ${kind}`)));
      const timer = patienceMs === undefined ? undefined : setTimeout(fail, patienceMs);
      child.on('message', listen);
      child.once('exit', fail);
      if (hasEnded()) fail();
    });
  }

  const { endpoints } = await told('ready');
  return {
    endpoints,
    order,
    status(since) {
      const status = told('status', PATIENCE_MS);
      order({ kind: 'status', ...(since !== undefined && { since }) });
      return status;
    },
    async kill() {
      child.kill('SIGKILL');
      if (!hasEnded()) await ended;
    },
    async close() {
      order({ kind: 'close' });
      const timer = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
      if (!hasEnded()) await ended;
      clearTimeout(timer);
    },
  };
}
