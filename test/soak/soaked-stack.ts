import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { Endpoints } from '#local/cloud/services.ts';
import { SpanstreamError } from '#shared/errors.ts';
import type {
  StackNews,
  StackOptions,
  StackOrder,
  StackStatus,
} from '#test/chaos/stack-process.ts';

const PATIENCE_MS = 60_000;
const GRACE_MS = 20_000;

/** A local stack in a process of its own. */
export interface SoakedStack {
  readonly endpoints: Endpoints;
  /** How far it is; `idle` says whether all that had arrived by `since` (epoch milliseconds) is processed. */
  status(since: number): Promise<StackStatus>;
  close(): Promise<void>;
}

/**
 * Starts a stack in a process of its own, so that its memory is its own.
 *
 * @throws {SpanstreamError} where it ends before it is ready; later, its `status` throws where it ended or does not answer
 */
export async function startSoakedStack(
  options: Pick<StackOptions, 'directory' | 'modelsDirectory' | 'settings'>,
): Promise<SoakedStack> {
  const stack: StackOptions = { ...options, proxies: {} };
  const child = fork(new URL('../chaos/stack-process.ts', import.meta.url), {
    execArgv: ['--import', 'tsx'],
    env: { ...process.env, CHAOS_STACK: JSON.stringify(stack) },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const ended = once(child, 'exit');
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
      if (child.exitCode !== null || child.signalCode !== null) fail();
    });
  }

  const { endpoints } = await told('ready');
  return {
    endpoints,
    status(since) {
      const status = told('status', PATIENCE_MS);
      order({ kind: 'status', since });
      return status;
    },
    async close() {
      order({ kind: 'close' });
      const timer = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
      if (child.exitCode === null && child.signalCode === null) await ended;
      clearTimeout(timer);
    },
  };
}
