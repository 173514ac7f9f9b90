import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { CreateStreamCommand, KinesisClient, PutRecordCommand } from '@aws-sdk/client-kinesis';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { clientConfig } from '#test/conformance/support/adapter.ts';
import { waitFor } from '#test/conformance/support/wait-for.ts';
import { makeFolder, tinyModels } from './support/folders.ts';

/** Twice what a stack that does nothing has open. */
const MOST_OPEN_FILES = 160;
const patience = { timeoutMs: 60_000, everyMs: 100 };
const stream = 'spanstream-dev-text';
const anyPorts = ['kinesis', 'dynamodb', 'cloudwatch', 's3', 'http', 'console']
  .map((service) => `--port-${service} 0`)
  .join(' ');

/** Connects to a port again and again, until nothing more can be opened there, and as soon as something can. */
function takeAllFiles(port: number) {
  const sockets = new Set<Socket>();
  let taking = true;
  const take = () => {
    if (!taking) return;
    const socket = connect(port, '127.0.0.1');
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => {
      sockets.delete(socket);
      setTimeout(take, 10);
    });
  };
  for (let count = 0; count < MOST_OPEN_FILES; count++) take();
  return () => {
    taking = false;
    for (const socket of sockets) socket.destroy();
  };
}

describe.skipIf(process.platform !== 'linux')('a stack that can open no more files', () => {
  let folder: Awaited<ReturnType<typeof makeFolder>>;
  let kill = () => {};
  let release = () => {};
  beforeEach(async () => {
    folder = await makeFolder();
  });
  afterEach(async () => {
    release();
    kill();
    await folder.remove();
  });

  async function start() {
    const directory = join(folder.path, 'stack');
    const command = `exec node --import tsx scripts/start.ts --json --directory ${directory} --models ${tinyModels} ${anyPorts}`;
    const child = spawn('bash', ['-c', `ulimit -n ${MOST_OPEN_FILES}; ${command}`], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    kill = () => void child.kill('SIGKILL');
    let out = '';
    child.stdout.on('data', (chunk) => {
      out += chunk;
    });
    const lastLine = async () => {
      const line = out.trimEnd().split('\n').at(-1) ?? '';
      return line.startsWith('{') && (JSON.parse(line) as Record<string, string>);
    };
    const endpoints = await waitFor(lastLine, { what: 'the addresses', ...patience });
    return { child, endpoints };
  }

  it('says so, and goes on when it can', async () => {
    // Prepare: connections that are there before.
    const { child, endpoints } = await start();
    const agent = () =>
      new NodeHttpHandler({ httpAgent: new Agent({ keepAlive: true, maxSockets: 1 }) });
    const configOf = (endpoint: string | undefined) => ({
      ...clientConfig(endpoint),
      requestHandler: agent(),
      maxAttempts: 1,
    });
    const kinesis = new KinesisClient(configOf(endpoints.AWS_ENDPOINT_URL_KINESIS));
    const s3 = new S3Client({
      ...configOf(endpoints.AWS_ENDPOINT_URL_S3),
      forcePathStyle: true,
    });
    const put = (StreamName: string, Data: string) =>
      kinesis.send(
        new PutRecordCommand({ StreamName, PartitionKey: 'k', Data: Buffer.from(Data) }),
      );
    const keep = () =>
      s3.send(new PutObjectCommand({ Bucket: 'spanstream-dev-failures', Key: 'k', Body: 'x' }));
    const outcomeOf = (call: Promise<unknown>) => call.then(() => 'done', String);
    await kinesis.send(new CreateStreamCommand({ StreamName: 'spare', ShardCount: 1 }));
    await keep();

    // Act: take what is left, and write more than fits the files that are open.
    release = takeAllFiles(Number(new URL(endpoints.AWS_ENDPOINT_URL_CLOUDWATCH ?? '').port));
    const refused = async () => {
      const outcome = await outcomeOf(keep());
      return outcome !== 'done' && outcome;
    };
    const said = await waitFor(refused, { what: 'a refusal', ...patience });
    const puts: string[] = [];
    for (let count = 0; count < 150; count++) {
      puts.push(await outcomeOf(put('spare', 'x'.repeat(100_000))));
    }
    release();

    // Assess
    expect(said).toContain('EMFILE');
    expect(child.exitCode).toBeNull();
    const record = JSON.stringify({ id: 'after', text: 'Ada lived in London.' });
    const isPut = async () => (await outcomeOf(put(stream, record))) === 'done';
    await waitFor(isPut, {
      what: `a put, after ${puts.find((one) => one !== 'done')}`,
      ...patience,
    });
    await waitFor(async () => (await outcomeOf(keep())) === 'done', { what: 'S3', ...patience });
    const result = () => fetch(`${endpoints.SPANSTREAM_HTTP_URL}/v1/records/after`);
    await waitFor(async () => (await result()).ok, { what: 'the result', ...patience });
    child.kill('SIGINT');
    expect(await once(child, 'close')).toEqual([0, null]);
    kinesis.destroy();
    s3.destroy();
  });
});
