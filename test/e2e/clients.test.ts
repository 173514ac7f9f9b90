import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { parseSettings } from '#shared/settings.ts';
import { type LocalStack, startLocalStack } from '#stacks/local/stack.ts';
import { waitFor } from '#test/conformance/support/wait-for.ts';
import { codeBlocks } from '#test/packages/code-blocks.ts';
import { type Folders, makeFolders } from './support/folders.ts';

const root = resolve(import.meta.dirname, '../..');
const run = promisify(execFile);
const settings = parseSettings({
  inference: { mapping: { batchingWindowSeconds: 0 } },
  metrics: { mapping: { batchingWindowSeconds: 0 } },
});

describe('the programs of docs/clients.md, as they stand', () => {
  let page: string;
  let folders: Folders;
  let programs: string;
  let stack: LocalStack;

  beforeAll(async () => {
    page = await readFile(join(root, 'docs/clients.md'), 'utf8');
    folders = await makeFolders();
    // Inside the repository, where the names of packages lead to their sources.
    await mkdir(join(root, 'dist'), { recursive: true });
    programs = await mkdtemp(join(root, 'dist/clients-'));
    const modelsDirectory = join(root, 'models');
    stack = await startLocalStack({ ...folders, settings, modelsDirectory });
  });
  afterAll(async () => {
    await stack?.close();
    await folders?.remove();
    if (programs) await rm(programs, { recursive: true, force: true });
  });

  const section = (heading: string): string =>
    page.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';

  async function resultOf(id: string): Promise<{ sequenceNumber: string } | undefined> {
    const answer = await fetch(`${stack.endpoints.http}/v1/records/${id}`);
    return answer.ok ? JSON.parse(await answer.text()).results[0] : undefined;
  }

  async function runProgram(command: string, file: string, code: string): Promise<string> {
    const path = join(programs, file);
    await writeFile(path, code.replaceAll('http://127.0.0.1:4571', stack.endpoints.http));
    const args = command === process.execPath ? ['--import', 'tsx', path] : [path];
    const { stdout } = await run(command, args, {
      cwd: root,
      env: {
        PATH: [join(programs, 'venv/bin'), process.env.PATH].join(delimiter),
        HOME: programs,
        AWS_EC2_METADATA_DISABLED: 'true',
        ...stack.environment,
      },
    });
    return stdout;
  }

  /** Runs a section's programs, the first of them until its results are there; both what they print and what the page says. */
  async function runSection(heading: string, language: string, command: string, ids: string[]) {
    const text = section(heading);
    const [first = '', ...rest] = codeBlocks(text, language);
    expect(first).not.toBe('');
    const printed = [await runProgram(command, `first.${language}`, first)];
    for (const id of ids) {
      const patience = { what: `the result of ${id}`, timeoutMs: 60_000, everyMs: 100 };
      await waitFor(() => resultOf(id), patience);
    }
    for (const [index, code] of rest.entries()) {
      printed.push(await runProgram(command, `rest-${index}.${language}`, code));
    }
    return { printed: printed.join(''), said: codeBlocks(text, 'text').join('') };
  }

  async function needs(context: TestContext, ...commands: readonly [string, ...string[]][]) {
    for (const [command, ...args] of commands) {
      await run(command, args).catch(() => context.skip(`${command} is not here`));
    }
  }

  /** Python with packages in a folder of its own, which sees those of the machine too. */
  async function needsPython(context: TestContext, ...packages: string[]) {
    await needs(context, ['python3', '--version']);
    const venv = join(programs, 'venv');
    await run('python3', ['-m', 'venv', '--system-site-packages', venv]);
    const python = join(venv, 'bin/python');
    await run(python, ['-m', 'pip', 'install', '--quiet', ...packages]).catch(() =>
      context.skip(`Python's ${packages.join(', ')} are not here and cannot be installed`),
    );
    return python;
  }

  it('Node', async () => {
    const { printed, said } = await runSection('Node', 'ts', process.execPath, ['node-1']);
    expect(printed).toBe(said);
  });

  it('Python, with an emoji before the spans', async (context) => {
    const python = await needsPython(context, 'boto3');
    const { printed, said } = await runSection('Python', 'python', python, ['python-1']);
    expect(printed).toBe(said);
  });

  it('the AWS CLI', async (context) => {
    await needs(context, ['aws', '--version'], ['bash', '--version']);
    const { printed, said } = await runSection('AWS CLI', 'sh', 'bash', ['cli-1']);
    expect(printed).toBe(said);
  });

  it('curl', async (context) => {
    await needs(context, ['curl', '--version'], ['jq', '--version'], ['bash', '--version']);
    const { printed, said } = await runSection('HTTP', 'sh', 'bash', ['curl-1']);
    expect(printed).toBe(said);
  });

  it('an aggregating producer', async (context) => {
    const python = await needsPython(context, 'boto3', 'aws_kinesis_agg');
    const ids = ['kpl-0', 'kpl-1', 'kpl-2'];
    const { printed, said } = await runSection('Aggregated records', 'python', python, ids);
    expect(printed).toBe(said);
    const places = await Promise.all(ids.map(async (id) => (await resultOf(id))?.sequenceNumber));
    expect(new Set(places).size).toBe(1);
  });
});
