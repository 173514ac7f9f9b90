import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** Starts one of the stand-ins on a folder in a process of its own, to be ended without warning. */
export async function startInProcess(service: string, directory: string) {
  const child = fork(fileURLToPath(new URL('./serve.ts', import.meta.url)), [service, directory], {
    execArgv: ['--import', 'tsx'],
  });
  const [endpoint] = await once(child, 'message');
  return {
    endpoint: String(endpoint),
    /** Ends the process as `kill -9` does. */
    kill: async () => {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}
