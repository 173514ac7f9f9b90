/** A function that does as its event says; the runtime's tests run it. */
export async function handler(
  event: { do: string; milliseconds?: number; bytes?: number },
  context: {
    awsRequestId: string;
    getRemainingTimeInMillis(): number;
    memoryLimitInMB: string;
    invokedFunctionArn: string;
  },
): Promise<unknown> {
  console.log(`begins to ${event.do}`);
  switch (event.do) {
    case 'hang':
      return new Promise(() => setInterval(() => undefined, 1000));
    case 'spin':
      for (;;);
    case 'exit':
      return process.exit(7);
    case 'throw':
      throw new TypeError('the text is no text');
    case 'reject-later':
      void Promise.reject(new RangeError('nobody waits for this'));
      return new Promise(() => undefined);
    case 'too-much':
      return 'x'.repeat(event.bytes ?? 0);
    case 'wait':
      await new Promise((resolve) => setTimeout(resolve, event.milliseconds));
      return { pid: process.pid };
    case 'eat-memory': {
      const eaten: unknown[] = [];
      for (;;) eaten.push(new Array(100_000).fill(eaten.length));
    }
    case 'flood': {
      const line = 'x'.repeat(event.bytes ?? 0);
      for (let written = 0; written < 64 * 1024 * 1024; written += line.length + 1) {
        if (!process.stdout.write(event.milliseconds === 0 ? line : `${line}\n`)) {
          await new Promise((resolve) => process.stdout.once('drain', resolve));
        }
      }
      return { flooded: true };
    }
    case 'log':
      console.log('one line\nand another');
      console.error('a complaint');
      return null;
    default:
      return {
        event,
        pid: process.pid,
        ppid: process.ppid,
        remaining: context.getRemainingTimeInMillis(),
        requestId: context.awsRequestId,
        memory: context.memoryLimitInMB,
        arn: context.invokedFunctionArn,
        variables: Object.keys(process.env),
        greeting: process.env.GREETING,
      };
  }
}
