import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { bundleFunction, linkModules } from '#local/lambda/bundle.ts';
import { startFunction } from '#local/lambda/lambda-function.ts';
import { bundle, findModelRuntime } from '#stacks/local/bundle.ts';

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'spanstream-bundle-'));
});
afterEach(() => rm(directory, { recursive: true }));

const source = async (name: string, code: string) => {
  await writeFile(join(directory, name), code);
  return join(directory, name);
};

it('bundles into a folder outside the repository, where ONNX Runtime is still found', async () => {
  const { bootstrap = '' } = await bundle({ outdir: directory });
  const entry = await source(
    'handler.ts',
    `import { InferenceSession } from 'onnxruntime-node';
     export const handler = async (): Promise<string> => typeof InferenceSession.create;`,
  );
  await bundleFunction({
    name: 'with',
    entries: { index: entry },
    outdir: join(directory, 'with'),
    external: ['onnxruntime-node'],
  });
  const lambda = startFunction({
    name: 'with-models',
    bundleDirectory: join(directory, 'with'),
    environment: {},
    timeoutSeconds: 15,
    memoryMb: 512,
    maximumConcurrency: 1,
  });

  const invocation = await lambda.invoke({});
  await lambda.close();

  expect(bootstrap).toBe(join(directory, 'bootstrap'));
  expect(await readFile(join(bootstrap, 'index.mjs.map'), 'utf8')).toContain('bootstrap.ts');
  expect(invocation).toMatchObject({ ok: true, payload: 'function' });
});

it('mends the link of a folder that was made by a checkout which has moved', async () => {
  const link = join(directory, 'node_modules');
  await symlink(join(directory, 'where-it-was'), link);

  await linkModules(directory, resolve('node_modules'));
  await linkModules(directory, resolve('node_modules'));

  expect(await readdir(link)).toContain('onnxruntime-node');
});

it('finds who would carry ONNX Runtime into a bundle', async () => {
  await mkdir(join(directory, 'inner'));
  await source('inner/session.ts', `export { InferenceSession } from 'onnxruntime-node';`);
  const carrier = await source('carrier.ts', `export * from './inner/session.ts';`);
  const clean = await source(
    'clean.ts',
    `import type { InferenceSession } from 'onnxruntime-node'; export type S = InferenceSession; export const n = 1;`,
  );

  const [found, none] = await Promise.all(
    [carrier, clean].map(async (index) =>
      findModelRuntime(
        await bundleFunction({
          name: 'either',
          entries: { index },
          outdir: join(directory, 'out'),
          external: ['onnxruntime-node'],
        }),
      ),
    ),
  );

  expect(found).toMatch(/inner\/session\.ts$/);
  expect(none).toBeUndefined();
});

it('has no function evaluate what only some texts need before there is one', async () => {
  for (const name of ['inference', 'http']) {
    const { inputs } = await bundleFunction({
      name,
      entries: { index: resolve(`consumers/${name}/handler.ts`) },
      outdir: join(directory, name),
      external: ['onnxruntime-node'],
    });
    const evaluated = new Set([`consumers/${name}/handler.ts`]);
    for (const file of evaluated) {
      for (const { path, kind } of inputs[file]?.imports ?? []) {
        if (kind !== 'dynamic-import') evaluated.add(path);
      }
    }
    expect(evaluated).toContain('shared/nlp/index.ts');
    expect(
      [...evaluated].filter((file) => /libphonenumber|rules\/|packed-byte/.test(file)),
    ).toEqual([]);
  }
});
