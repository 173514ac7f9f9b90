import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { waitFor } from '#test/conformance/support/wait-for.ts';
import type { StackInput, StackNews } from './stack-process.ts';

const PATIENCE_MS = 120_000;

/** Starts a stack in a process of its own, which may be killed. */
export async function startStack(input: StackInput) {
  const child = fork(
    fileURLToPath(new URL('./stack-process.ts', import.meta.url)),
    [JSON.stringify(input)],
    { execArgv: ['--import', 'tsx'] },
  );
  const news: StackNews[] = [];
  child.on('message', (one: StackNews) => news.push(one));
  const ended = once(child, 'exit');
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;

  /** The first news of a kind, once there is any. */
  const told = <Kind extends StackNews['kind']>(kind: Kind) =>
    waitFor(
      async () => {
        const found = news.find((one) => one.kind === kind);
        if (!found && hasEnded()) throw new Error(`the stack ended without being ${kind}`);
        return found as Extract<StackNews, { kind: Kind }> | undefined;
      },
      { what: `news of the kind ${kind}`, timeoutMs: PATIENCE_MS },
    );
  const kill = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  const { environment } = await told('ready').catch(async (error: unknown) => {
    await kill();
    throw error;
  });
  return {
    pid: child.pid,
    environment,
    told,
    kill,
    ended,
    /** Waits until all that had arrived by now is processed and counted. */
    async settled() {
      const since = Date.now();
      const isIdle = async () => {
        const answer = once(child, 'message') as Promise<[StackNews]>;
        child.send(since);
        const [said] = await answer;
        return said.kind === 'idle' && said.idle;
      };
      await waitFor(isIdle, { what: 'the stack to be idle', timeoutMs: PATIENCE_MS, everyMs: 100 });
    },
  };
}
