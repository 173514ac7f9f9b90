import type { MappingLog } from '#local/event-source-mapping/options.ts';
import type { Invoke } from '#local/lambda/invocation.ts';
import { messageOf } from '#shared/errors.ts';

/**
 * Invokes a function at once and at every multiple of a period of the wall clock, so that a stack that is started again keeps
 * its times. One invocation at a time: while one takes longer, those that come due are left out.
 *
 * @returns ends it; an invocation under way is its function's to end
 */
export function startClock(invoke: Invoke, everyMs: number, log: MappingLog): () => void {
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  async function tick(): Promise<void> {
    const failed = await invoke({}).then(
      (invocation) => (invocation.ok ? undefined : invocation.errorMessage),
      messageOf,
    );
    if (closed) return;
    if (failed !== undefined) log.warn({ why: failed }, 'what the clock invoked failed');
    timer = setTimeout(tick, everyMs - (Date.now() % everyMs));
  }
  void tick();
  return () => {
    closed = true;
    clearTimeout(timer);
  };
}
