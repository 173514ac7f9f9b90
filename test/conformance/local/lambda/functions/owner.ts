import { setTimeout } from 'node:timers/promises';
import { startFunction } from '#local/lambda/lambda-function.ts';

/** A stack of one function, to be killed: prints the ids of its processes, one of them busy for ever or yet to begin. */
const [bundleDirectory = '', action = '', INIT_MS = ''] = process.argv.slice(2);
const lambda = startFunction({
  name: 'orphan',
  bundleDirectory,
  environment: { INIT_MS },
  timeoutSeconds: 600,
  memoryMb: 256,
  maximumConcurrency: 2,
});
if (action === 'load') {
  void lambda.invoke({});
  while (lambda.pids().length === 0) await setTimeout(10);
} else {
  await lambda.invoke({ do: 'report' });
  void lambda.invoke({ do: action });
  await lambda.invoke({ do: 'report' });
}
process.stdout.write(`${JSON.stringify(lambda.pids())}\n`);
