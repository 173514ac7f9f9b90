import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CloudWatchClient, SetAlarmStateCommand } from '@aws-sdk/client-cloudwatch';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { clientConfig } from '#test/conformance/support/adapter.ts';
import { waitFor } from '#test/conformance/support/wait-for.ts';
import { makeFolder, tinyModels } from './support/folders.ts';

const command = fileURLToPath(new URL('../../scripts/start.ts', import.meta.url));
const anyPorts = ['kinesis', 'dynamodb', 'cloudwatch', 's3', 'http', 'console'].flatMap(
  (service) => [`--port-${service}`, '0'],
);

describe('the start command', () => {
  let folder: Awaited<ReturnType<typeof makeFolder>>;
  const running: ChildProcess[] = [];
  beforeEach(async () => {
    folder = await makeFolder();
  });
  afterEach(async () => {
    for (const child of running.splice(0)) child.kill('SIGKILL');
    await folder.remove();
  });

  function start(directory: string, ...flags: string[]) {
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', command, '--directory', directory, '--models', tinyModels].concat(
        anyPorts,
        flags,
      ),
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    running.push(child);
    const said = { out: '', err: '' };
    child.stdout.on('data', (chunk) => {
      said.out += chunk;
    });
    child.stderr.on('data', (chunk) => {
      said.err += chunk;
    });
    const ready = () =>
      waitFor(
        async () => {
          if (child.exitCode !== null) throw new Error(`it ended: ${said.err}`);
          const line = said.out.trimEnd().split('\n').at(-1) ?? '';
          return line.startsWith('{') && (JSON.parse(line) as Record<string, string>);
        },
        { what: 'the addresses', timeoutMs: 60_000 },
      );
    return { child, said, ready, ended: once(child, 'close') };
  }

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'prints its addresses, answers there, and ends in good order: %s',
    async (signal) => {
      // Prepare
      const directory = join(folder.path, 'stack');
      const stack = start(directory, '--json');
      const endpoints = await stack.ready();

      // Act
      const health = await fetch(`${endpoints.SPANSTREAM_HTTP_URL}/v1/health`);
      const kept = JSON.parse(await readFile(join(directory, 'endpoints.json'), 'utf8'));
      stack.child.kill(signal);
      const [code] = await stack.ended;

      // Assess
      expect(health.status).toBe(200);
      expect(kept).toEqual(endpoints);
      expect(stack.said.out).toContain(
        `export AWS_ENDPOINT_URL_S3=${endpoints.AWS_ENDPOINT_URL_S3}`,
      );
      const err = stack.said.err.replaceAll(/^alarm .*\n/gm, '');
      expect({ code, err }).toEqual({
        code: 0,
        err: 'ending; batches under way are finished first\n',
      });
      const left = await readdir(directory);
      expect(left).not.toContain('endpoints.json');
      expect(left).not.toContain('stack.pid');
    },
  );

  it('runs the models that it is told to, by name or folder, and no other', async () => {
    const folderOfModel = relative(process.cwd(), join(tinyModels, 'tiny-ner'));
    const byName = start(join(folder.path, 'name'), '--json', '--model', 'tiny-qa');
    const byFolder = start(join(folder.path, 'folder'), '--json', '--model', `./${folderOfModel}`);

    const names = await Promise.all(
      [byName, byFolder].map(async (stack) => {
        const { SPANSTREAM_HTTP_URL } = await stack.ready();
        const health = await fetch(`${SPANSTREAM_HTTP_URL}/v1/health`);
        const { models } = (await health.json()) as { models: { name: string }[] };
        return models.map(({ name }) => name);
      }),
    );

    expect(names).toEqual([['tiny-qa'], ['tiny-ner']]);
  });

  it('says what its alarms tell', async () => {
    // Prepare
    const stack = start(join(folder.path, 'stack'), '--json');
    const { AWS_ENDPOINT_URL_CLOUDWATCH = '' } = await stack.ready();
    const client = new CloudWatchClient(clientConfig(AWS_ENDPOINT_URL_CLOUDWATCH));
    const AlarmName = 'spanstream-dev-rejected-records';

    // Act
    const state = { AlarmName, StateValue: 'ALARM', StateReason: 'by hand' } as const;
    await client.send(new SetAlarmStateCommand(state));
    client.destroy();
    await waitFor(async () => stack.said.err.includes('by hand'), { what: 'the notification' });

    // Assess
    expect(stack.said.err).toContain(`alarm ${AlarmName}: ALARM: by hand\n`);
  });

  it('uses the service that it is given, and ends its own alone', async () => {
    // Prepare
    const first = start(join(folder.path, 'first'), '--json');
    const { AWS_ENDPOINT_URL_CLOUDWATCH: cloudwatch = '' } = await first.ready();

    // Act
    const second = start(
      join(folder.path, 'second'),
      '--json',
      '--use',
      `cloudwatch=${cloudwatch}`,
    );
    const endpoints = await second.ready();
    second.child.kill('SIGINT');
    const [code] = await second.ended;

    // Assess
    expect(code).toBe(0);
    expect(endpoints.AWS_ENDPOINT_URL_CLOUDWATCH).toBe(cloudwatch);
    await expect(fetch(cloudwatch, { method: 'POST' })).resolves.toBeInstanceOf(Response);
  });

  it.each(['cloudwatch', 'cloudwatch=nowhere', 'sqs=http://127.0.0.1:1', '=http://127.0.0.1:1'])(
    'says what is wrong with a service that it is given: %s',
    async (wrong) => {
      const { said, ended } = start(join(folder.path, 'stack'), '--use', wrong);

      const [code] = await ended;

      expect(code).toBe(2);
      expect(said.err).toMatch(
        /^start: .*--use.*it must be kinesis, dynamodb, cloudwatch, s3, then =/,
      );
    },
  );
});
