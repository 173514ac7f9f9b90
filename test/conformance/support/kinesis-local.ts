import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { connect, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import type { Adapter } from './adapter.ts';
import { waitFor } from './wait-for.ts';

/** The `kinesis-local` package in a process of its own: another hand's reading of the same service. */
export function kinesisLocalAdapter(): Adapter {
  return { name: 'kinesis-local', start };
}

async function start() {
  const folder = dirname(createRequire(import.meta.url).resolve('kinesis-local/package.json'));
  const [plain, secure] = [await freePort(), await freePort()];
  const child = spawn(process.execPath, [join(folder, 'main.js')], {
    stdio: 'ignore',
    env: {
      ...process.env,
      KINESIS_MOCK_CERT_PATH: join(folder, 'server.json'),
      KINESIS_MOCK_PLAIN_PORT: String(plain),
      KINESIS_MOCK_TLS_PORT: String(secure),
      KINESIS_MOCK_HOSTNAME: '127.0.0.1',
      CREATE_STREAM_DURATION: '10ms',
      DELETE_STREAM_DURATION: '10ms',
      LOG_LEVEL: 'ERROR',
    },
  });
  const ended = once(child, 'exit');
  await waitFor(() => accepts(plain), { what: 'kinesis-local', timeoutMs: 40_000, everyMs: 100 });
  return {
    endpoint: `http://127.0.0.1:${plain}`,
    close: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
