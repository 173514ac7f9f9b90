import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { codeBlocks } from './code-blocks.ts';

const root = resolve(import.meta.dirname, '../..');
const run = promisify(execFile);
const outOfReach = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENOTCACHED/;

/** The strictest a reader's own project may be: also the packages' declarations are checked. */
const compilerOptions = {
  target: 'ES2024',
  module: 'NodeNext',
  types: ['node'],
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: false,
  outDir: 'out',
};

describe('a packed package, installed into an empty project', () => {
  let packed: Readonly<Record<string, string>>;
  const projects: string[] = [];

  beforeAll(async () => {
    const { stdout } = await run(
      process.execPath,
      ['--import', 'tsx', 'scripts/pack.ts', '--json'],
      { cwd: root },
    );
    packed = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '').packages;
  });

  afterAll(async () => {
    for (const project of projects) await rm(project, { recursive: true });
  });

  async function install(name: string, context: TestContext): Promise<string> {
    const project = await mkdtemp(join(tmpdir(), 'spanstream-package-'));
    projects.push(project);
    const { devDependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
    const tools = ['typescript', '@types/node'].map((tool) => `${tool}@${devDependencies[tool]}`);
    await writeFile(join(project, 'package.json'), '{ "private": true, "type": "module" }');
    await run(
      'npm',
      [
        ...['install', '--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund'],
        ...[packed[name] ?? name, ...tools],
      ],
      { cwd: project },
    ).catch((error: { stderr: string }) => {
      if (outOfReach.test(error.stderr)) context.skip('the package registry cannot be reached');
      throw error;
    });
    await access(join(project, 'node_modules', name, 'LICENSE'));
    return project;
  }

  /** Compiles the README's first program in the project and runs it. */
  async function runProgram(
    project: string,
    name: string,
    { args = [], env = {} }: { args?: string[]; env?: Record<string, string> } = {},
  ): Promise<string[]> {
    const readme = await readFile(join(project, 'node_modules', name, 'README.md'), 'utf8');
    await writeFile(join(project, 'program.ts'), codeBlocks(readme)[0] ?? '');
    const files = ['program.ts'];
    await writeFile(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
    await run(process.execPath, ['node_modules/typescript/bin/tsc'], { cwd: project });
    const { stdout } = await run(process.execPath, ['out/program.js', ...args], {
      cwd: project,
      env: { PATH: process.env.PATH, ...env },
    });
    return stdout.trimEnd().split('\n');
  }

  it('@spanstream/producer puts what is valid, and says what is not', async (context) => {
    const project = await install('@spanstream/producer', context);
    const stream = await serveStream();
    const lines = await runProgram(project, '@spanstream/producer', {
      env: {
        AWS_ENDPOINT_URL_KINESIS: `http://127.0.0.1:${(stream.address() as AddressInfo).port}`,
        ...{ AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'a' },
      },
    }).finally(() => stream.close());
    expect(lines).toEqual(['put 1 of 2', expect.stringMatching(/^ticket-2: text /)]);
  });

  it('@spanstream/nlp finds entities and answers with a folder of models', async (context) => {
    const project = await install('@spanstream/nlp', context);
    const lines = await runProgram(project, '@spanstream/nlp', { args: [join(root, 'models')] });
    expect(lines).toEqual(['PER Ada Lovelace', 'LOC London', 'Where did she live? London']);
  });

  it('@spanstream/local delivers a record of a stream to a function', async (context) => {
    const project = await install('@spanstream/local', context);
    expect(await runProgram(project, '@spanstream/local')).toEqual(['1 for me']);
  });

  it('spanstream runs the demo where there is nothing but the package', async (context) => {
    const project = await install('spanstream', context);
    const command = join(project, 'node_modules/.bin/spanstream');
    const spanstream = async (...args: string[]) =>
      (await run(command, args, { cwd: project })).stdout;
    expect(await spanstream('--help')).toMatch(/demo .*\n[\s\S]*produce .*\n/);
    expect(await spanstream('models', '--help')).toMatch(/^Usage: spanstream models /);
    expect(await spanstream('produce', '--help')).not.toContain('npm ');
    expect(await spanstream('models', 'list')).toMatch(/^minilm-l6-en /m);
    expect(JSON.parse(await spanstream('produce', '--dry-run', '--json'))).toMatchObject({
      read: 2223,
      put: 0,
    });
    const demo = await spanstream('demo', '--records', '40', '--json');
    expect(JSON.parse(demo.trimEnd().split('\n').at(-1) ?? '')).toMatchObject({
      results: 42,
      rejected: 11,
      lost: 0,
      duplicated: 0,
    });
  });
});

/** A stream that takes everything. */
async function serveStream(): Promise<Server> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { Records } = JSON.parse(Buffer.concat(chunks).toString()) as { Records: unknown[] };
    const taken = Records.map((_, index) => ({ ShardId: 'shard', SequenceNumber: `${index}` }));
    response.setHeader('content-type', 'application/x-amz-json-1.1');
    response.end(JSON.stringify({ FailedRecordCount: 0, Records: taken }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}
