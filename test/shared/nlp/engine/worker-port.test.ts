import { expect, it } from 'vitest';
import { PortLostError } from '#shared/nlp/engine/session-port.ts';
import { openWorkerPort } from '#shared/nlp/engine/worker-port.ts';

const workerFile = new URL('../../../../shared/nlp/worker-development.mjs', import.meta.url);

it('a port on a thread takes nothing any more once it is being closed', async () => {
  const port = openWorkerPort(workerFile);
  const before = port.load(0, []);
  const closing = port.close();
  const [begun, late] = await Promise.allSettled([before, port.load(0, [])]);

  expect(begun).toMatchObject({ reason: { message: 'a model without a graph' } });
  expect(late).toMatchObject({ reason: new PortLostError('the worker thread was closed') });
  await Promise.all([closing, port.close()]);
});
