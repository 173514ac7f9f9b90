import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { parseSettings } from '#shared/settings.ts';
import { type LocalStack, startLocalStack } from '#stacks/local/stack.ts';
import { type Folders, makeFolder, makeFolders, tinyModels } from './support/folders.ts';
import { lastJson, runCommand } from './support/run-command.ts';

const settings = {
  environmentName: 'smoke',
  inference: { mapping: { batchingWindowSeconds: 0 } },
  metrics: { mapping: { batchingWindowSeconds: 0 } },
};
const reportSchema = z.strictObject({
  target: z.literal('local'),
  id: z.string().startsWith('smoke-'),
  entities: z.int().min(1),
  secondsToStored: z.number().min(0),
  secondsToMetric: z.number().min(0),
});

/** A folder as `npm start` makes one for the commands that run beside it: settings, and where the stack listens. */
async function layOut(folder: string, environment: Readonly<Record<string, string>>) {
  await mkdir(join(folder, '.spanstream'), { recursive: true });
  await writeFile(join(folder, 'spanstream.config.json'), JSON.stringify(settings));
  await writeFile(join(folder, '.spanstream', 'endpoints.json'), JSON.stringify(environment));
}

/** Runs the command in a folder, with nothing in its environment that names another stack. */
const smokeIn = (cwd: string) =>
  runCommand('scripts/smoke.ts', ['--target', 'local', '--timeout', '60', '--json'], { cwd });

/** A port of this machine on which nothing listens. */
async function deadPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = z.object({ port: z.number() }).parse(server.address());
  await new Promise((closed) => server.close(closed));
  return port;
}

describe('the smoke command beside a running stack', () => {
  let folders: Folders;
  let stack: LocalStack;

  beforeAll(async () => {
    folders = await makeFolders();
    stack = await startLocalStack({
      ...folders,
      settings: parseSettings(settings),
      modelsDirectory: tinyModels,
    });
  });
  afterAll(async () => {
    await stack?.close();
    await folders?.remove();
  });

  it('sends a record through, ends with 0 and one JSON object', async () => {
    // Prepare
    await layOut(folders.directory, {
      ...stack.environment,
      SPANSTREAM_HTTP_URL: stack.endpoints.http,
    });

    // Act
    const { code, out, said } = await smokeIn(folders.directory);

    // Assess
    expect({ code, said }).toEqual({ code: 0, said: expect.stringContaining('counted after') });
    const report = reportSchema.parse(lastJson(out));
    expect(report.secondsToMetric).toBeGreaterThanOrEqual(report.secondsToStored);
    const answer = await fetch(`${stack.endpoints.http}/v1/records/${report.id}`);
    const stored = z
      .object({ results: z.tuple([z.object({ entities: z.array(z.unknown()) })]) })
      .parse(await answer.json());
    expect(stored.results[0].entities).toHaveLength(report.entities);
  });
});

describe('the smoke command where no stack answers', () => {
  let folder: Awaited<ReturnType<typeof makeFolder>>;
  beforeAll(async () => {
    folder = await makeFolder();
  });
  afterAll(() => folder.remove());

  it('says that none was started here', async () => {
    const { code, out, said } = await smokeIn(folder.path);

    expect(code).toBe(1);
    expect(out).toBe('');
    expect(said.trim()).toMatch(/^smoke: no local stack runs here .*: start one with npm start/);
    expect(said.trim().split('\n')).toHaveLength(1);
  });

  it('says which step failed where the stack that was started has gone', async () => {
    // Prepare
    const gone = `http://127.0.0.1:${await deadPort()}`;
    await layOut(folder.path, {
      AWS_ENDPOINT_URL_KINESIS: gone,
      AWS_ENDPOINT_URL_DYNAMODB: gone,
      AWS_ENDPOINT_URL_CLOUDWATCH: gone,
      AWS_ENDPOINT_URL_S3: gone,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      SPANSTREAM_HTTP_URL: gone,
    });

    // Act
    const { code, out, said } = await smokeIn(folder.path);

    // Assess
    expect(code).toBe(1);
    expect(out).toBe('');
    expect(said.trim()).toMatch(/^smoke: the metric cannot be read: .*ECONNREFUSED/);
    expect(said.trim().split('\n')).toHaveLength(1);
  });
});
