import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ICruiseResult } from 'dependency-cruiser';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const inRepository = (path: string): string =>
  fileURLToPath(new URL(`../${path}`, import.meta.url));

const sources = {
  'package.json': '{"type":"module","imports":{"#shared/*":"./shared/*","#local/*":"./local/*"}}',
  'shared/errors.ts': 'export const one = 1;',
  'shared/climbs.ts': "export { two } from '#local/two.ts';",
  'shared/infers.ts': "export { Tensor } from 'onnxruntime-node';",
  'shared/nlp/onnx.ts': "export { Tensor } from 'onnxruntime-node';",
  'shared/nlp/calls.ts': "import 'node:http'; export { one } from '../errors.ts';",
  'shared/nlp/names.ts': "export { names } from '#shared/names.ts';",
  'shared/names.ts': "export const names = 'names'; export type { Ring } from './ring.ts';",
  'shared/ring.ts': "import type { names } from './names.ts'; export type Ring = typeof names;",
  'shared/alone.ts': 'export {};',
  'local/two.ts': "export { one as two } from '#shared/errors.ts'; import 'node:http';",
  'local/knows.ts': "export { names } from '#shared/names.ts';",
  'stacks/local/runs.ts': "export { two } from '#local/two.ts';",
  'stacks/two.ts': "export { two } from '#local/two.ts';",
  'consumers/http/asks.ts': "export { one } from '../metrics/counts.ts';",
  'consumers/metrics/counts.ts': "export { one } from '#shared/errors.ts';",
  'producers/wires.ts': "export { App } from 'aws-cdk-lib';",
  'stacks/wires.ts': "export { App } from 'aws-cdk-lib';",
};

describe('the import rules', () => {
  let folder: string;
  let found: string[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'spanstream-imports-'));
    for (const [path, source] of Object.entries(sources)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), source);
    }
    const rooms = [
      ...new Set(Object.keys(sources).flatMap((path) => path.match(/^\w+(?=\/)/) ?? [])),
    ];
    const output = await new Promise<string>((resolve) => {
      execFile(
        process.execPath,
        [
          inRepository('node_modules/dependency-cruiser/bin/dependency-cruise.mjs'),
          ...rooms,
          ...['--output-type', 'json', '--config', inRepository('.dependency-cruiser.mjs')],
        ],
        { cwd: folder },
        // It ends with the number of errors, which are wanted here.
        (_error, stdout) => resolve(stdout),
      );
    });
    const { summary } = JSON.parse(output) as ICruiseResult;
    found = summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`).sort();
  });

  afterAll(() => rm(folder, { recursive: true }));

  it('report what the table does not allow, and nothing else', () => {
    expect(found.filter((line) => line.startsWith('not-in-allowed'))).toEqual([
      'not-in-allowed: consumers/http/asks.ts -> consumers/metrics/counts.ts',
      'not-in-allowed: local/knows.ts -> shared/names.ts',
      'not-in-allowed: producers/wires.ts -> aws-cdk-lib',
      'not-in-allowed: shared/climbs.ts -> local/two.ts',
      'not-in-allowed: shared/infers.ts -> onnxruntime-node',
      'not-in-allowed: shared/nlp/calls.ts -> http',
      'not-in-allowed: shared/nlp/names.ts -> shared/names.ts',
      'not-in-allowed: stacks/two.ts -> local/two.ts',
    ]);
  });

  it('report a circle of types', () => {
    const circles = found.filter((line) => line.startsWith('no-circles'));
    expect(circles).toHaveLength(1);
    expect(circles[0]).toMatch(/shared\/(names|ring)\.ts -> shared\/(names|ring)\.ts/);
  });

  it('report a file that imports nothing and that nothing imports', () => {
    expect(found.filter((line) => line.startsWith('no-orphans'))).toEqual([
      'no-orphans: shared/alone.ts -> shared/alone.ts',
    ]);
  });
});
