import { startFunction } from '#local/lambda/lambda-function.ts';

/** A stack of one function, to be killed: prints the ids of its processes, one of them busy for ever. */
const [bundleDirectory = '', action = ''] = process.argv.slice(2);
const lambda = startFunction({
  name: 'orphan',
  bundleDirectory,
  environment: {},
  timeoutSeconds: 600,
  memoryMb: 256,
  maximumConcurrency: 2,
});
await lambda.invoke({ do: 'report' });
void lambda.invoke({ do: action });
await lambda.invoke({ do: 'report' });
process.stdout.write(`${JSON.stringify(lambda.pids())}\n`);
