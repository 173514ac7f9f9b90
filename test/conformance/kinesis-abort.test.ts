import { once } from 'node:events';
import { connect } from 'node:net';
import { KinesisClient, ListStreamsCommand } from '@aws-sdk/client-kinesis';
import { expect, it } from 'vitest';
import { startKinesis } from '#local/services/kinesis/index.ts';
import { clientConfig } from './support/adapter.ts';

it('outlives a caller that goes away in the middle of a request', async () => {
  const service = await startKinesis();
  const client = new KinesisClient(clientConfig(service.endpoint));
  const socket = connect(Number(new URL(service.endpoint).port), '127.0.0.1');
  await once(socket, 'connect');
  const head = 'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{"half":';
  await new Promise((resolve) => socket.write(head, resolve));
  await client.send(new ListStreamsCommand({}));
  socket.resetAndDestroy();
  await once(socket, 'close');

  const { StreamNames } = await client.send(new ListStreamsCommand({}));
  client.destroy();
  await service.close();

  expect(StreamNames).toEqual([]);
});
