import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { resourceNames } from '#shared/names.ts';
import { audit } from '#test/chaos/audit.ts';
import { waitFor } from '#test/conformance/support/wait-for.ts';
import { clientsOf } from './support/clients.ts';
import { type Folders, makeFolders, tinyModels } from './support/folders.ts';
import { startStack } from './support/start-stack.ts';

const settings = {
  environmentName: 'restart',
  inference: { mapping: { batchSize: 10, batchingWindowSeconds: 0 } },
  metrics: { mapping: { batchingWindowSeconds: 0 } },
};
const names = resourceNames(settings.environmentName);
const records = Array.from({ length: 300 }, (_, index) => ({
  id: `restart-${index}`,
  text: `Letter ${index} went from Ada in London to Emil in Hamburg on a Monday.`,
}));
const startCommand = fileURLToPath(new URL('../../scripts/start.ts', import.meta.url));

describe('a stack that is killed and started again', () => {
  let folders: Folders;
  const closers: (() => unknown)[] = [];

  const start = async (kills: { killFunctionAt?: number; killStackAt?: number }) => {
    const stack = await startStack({ ...folders, modelsDirectory: tinyModels, settings, ...kills });
    closers.push(stack.kill);
    const clients = clientsOf(stack.environment);
    closers.push(clients.destroy);
    return { stack, clients };
  };

  beforeAll(async () => {
    folders = await makeFolders();
  });
  afterAll(async () => {
    for (const close of closers.reverse()) await close();
    vi.unstubAllEnvs();
    await folders.remove();
  });

  it('keeps others out of its folder, loses nothing and counts nothing twice', async () => {
    // Prepare
    const since = new Date();
    const first = await start({ killFunctionAt: 6, killStackAt: 14 });

    // Act
    const put = await first.clients.kinesis.send(
      new PutRecordsCommand({
        StreamName: names.stream,
        Records: records.map((record) => ({
          Data: Buffer.from(JSON.stringify(record)),
          PartitionKey: record.id,
        })),
      }),
    );
    const { ended } = await first.stack.told('function-failed');
    const { functions } = await first.stack.told('dying');
    const [, signal] = await first.stack.ended;
    await waitFor(async () => (await liveOnes(functions)).length === 0, {
      what: 'the functions to end with their stack',
      timeoutMs: 60_000,
    });
    const again = await start({});
    const [second] = await Promise.all([startCommandIn(folders.directory), again.stack.settled()]);

    // Assess
    expect(second.code).not.toBe(0);
    expect(second.said).toContain(
      `${folders.directory} is in use by a stack that runs as process ${again.stack.pid}`,
    );
    expect(put.FailedRecordCount).toBe(0);
    expect(ended).toMatchObject({ ok: false, kind: 'crash' });
    expect(signal).toBe('SIGKILL');
    expect(functions.length).toBeGreaterThan(0);
    const report = await audit(
      records.map((record) => ({
        data: Buffer.from(JSON.stringify(record)),
        partitionKey: record.id,
        expected: { id: record.id },
      })),
      again.clients,
      names,
      since,
    );
    expect(report).toMatchObject({ onStream: 300, results: 300, rejected: 0 });
    expect(report.lost).toEqual([]);
    expect(report.doubled).toEqual([]);
    expect(report.metrics.RecordsProcessed).toEqual({ published: 300, table: 300 });
    for (const { published, table } of Object.values(report.metrics)) expect(published).toBe(table);
  });
});

/** Starts another stack in a folder as `npm start` does, and waits for its end. */
function startCommandIn(directory: string): Promise<{ code: unknown; said: string }> {
  const ports = ['kinesis', 'dynamodb', 'cloudwatch', 's3', 'http', 'console'].flatMap(
    (service) => [`--port-${service}`, '0'],
  );
  const flags = [startCommand, '--directory', directory, '--models', tinyModels, ...ports];
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--import', 'tsx', ...flags],
      { timeout: 60_000, killSignal: 'SIGKILL' },
      (error, _out, said) => resolve({ code: error?.code ?? 0, said }),
    );
  });
}

/** Those of the processes that run; one that has ended and waits to be reaped does not. */
function liveOnes(pids: readonly number[]): Promise<string[]> {
  return new Promise((resolve) => {
    execFile('ps', ['-o', 'stat=', '-p', pids.join(',')], (_error, out) =>
      resolve(out.split('\n').filter((state) => state !== '' && !state.startsWith('Z'))),
    );
  });
}
