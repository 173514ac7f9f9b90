import { copyFile, mkdir, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { App, AssetStaging, IgnoreMode, Stack } from 'aws-cdk-lib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseSettings } from '#shared/settings.ts';
import { modelZip } from '#stacks/parts/model-code.ts';
import { stackContext } from '#stacks/parts/stack-context.ts';
import { contentFaults, copiedFiles, listFiles } from '../../../scripts/image/contents.ts';

const ours = [
  'consumers/Dockerfile',
  'dist/inference/index.mjs',
  'dist/inference/worker.mjs',
  'dist/http/index.mjs',
  'models/manifest.json',
  'models/minilm-l6-ner/tokenizer.json',
  'models/minilm-l6-ner/onnx/model_quantized.onnx',
  'models/minilm-l6-ner/onnx/model_quantized.onnx_data',
  'node_modules/onnxruntime-common/package.json',
  'node_modules/onnxruntime-common/dist/cjs/index.js',
  'node_modules/onnxruntime-node/package.json',
  'node_modules/onnxruntime-node/dist/index.js',
  'node_modules/onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime.so.1',
  'node_modules/onnxruntime-node/bin/napi-v6/linux/x64/onnxruntime_binding.node',
  'node_modules/onnxruntime-node/bin/napi-v6/linux/arm64/libonnxruntime.so.1',
  'node_modules/onnxruntime-node/bin/napi-v6/linux/arm64/onnxruntime_binding.node',
];
const foreign = [
  '.env',
  '.git/config',
  'README.md',
  'cdk.out/asset.1/index.mjs',
  'consumers/inference/handler.ts',
  'dist/inference/index.mjs.map',
  'dist/metrics/index.mjs',
  'models/minilm-l6-ner/onnx/model.onnx',
  'models/training/train.py',
  'node_modules/aws-cdk-lib/package.json',
  'node_modules/onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime_providers_cuda.so',
  'node_modules/onnxruntime-node/bin/napi-v6/darwin/arm64/libonnxruntime.dylib',
  'node_modules/onnxruntime-node/bin/napi-v6/win32/x64/onnxruntime.dll',
  'node_modules/onnxruntime-node/dist/index.d.ts',
  'node_modules/typescript/package.json',
];

const root = resolve(import.meta.dirname, '..', '..', '..');
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spanstream-context-'));
  for (const path of [...ours, ...foreign]) {
    await mkdir(dirname(join(folder, 'tree', path)), { recursive: true });
    await writeFile(join(folder, 'tree', path), path);
  }
  await copyFile(join(root, '.dockerignore'), join(folder, 'tree', '.dockerignore'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** What a staged folder holds, in order. */
const pathsIn = async (staged: string) => (await listFiles(staged)).map(({ path }) => path).sort();
const newStack = () => new Stack(new App({ outdir: join(folder, 'out') }), 'Stack');

describe('.dockerignore', () => {
  it('lets into the image what the functions load, and nothing else', async () => {
    const rules = (await readFile(join(root, '.dockerignore'), 'utf8')).split('\n');

    const staged = new AssetStaging(newStack(), 'Context', {
      sourcePath: join(folder, 'tree'),
      ignoreMode: IgnoreMode.DOCKER,
      exclude: rules.filter((rule) => rule !== '' && !rule.startsWith('#')),
    });

    expect(await pathsIn(staged.absoluteStagedPath)).toEqual([...ours].sort());
  });
});

describe('the zip', () => {
  type Architecture = 'x86_64' | 'arm64';
  /** The folder that is zipped. */
  const stagedZip = (architecture: Architecture = 'x86_64') => {
    const stack = newStack();
    const settings = parseSettings({ architecture, inference: { package: 'zip' } });
    modelZip(stack, stackContext(settings, join(folder, 'tree')));
    return (stack.node.findChild('Staged') as AssetStaging).absoluteStagedPath;
  };

  it.each([
    ['x86_64', 'x64'],
    ['arm64', 'arm64'],
  ] as const)(
    'holds on %s what the image holds beyond its base, at the same paths',
    async (architecture, processor) => {
      const dockerfile = await readFile(join(root, 'consumers', 'Dockerfile'), 'utf8');

      const inZip = await pathsIn(stagedZip(architecture));

      const inImage = copiedFiles(dockerfile, ours, processor).map(({ to }) => to);
      expect(inZip).toEqual(inImage.sort());
      expect(
        contentFaults(
          inZip.map((path) => ({ path, bytes: 1 })),
          processor,
        ),
      ).toEqual([]);
    },
  );

  it('is another one where a file changes, and only then', async () => {
    const first = stagedZip();
    const again = stagedZip();
    await writeFile(join(folder, 'tree', 'models/training/train.py'), 'other');
    AssetStaging.clearAssetHashCache();
    const beside = stagedZip();
    await writeFile(join(folder, 'tree', 'models/manifest.json'), 'other');
    // CDK remembers what it has hashed.
    AssetStaging.clearAssetHashCache();
    const other = stagedZip();

    expect(again).toBe(first);
    expect(beside).toBe(first);
    expect(other).not.toBe(first);
  });

  it('is refused where Lambda would refuse it', async () => {
    await truncate(join(folder, 'tree', 'models/manifest.json'), 251 * 1024 * 1024);

    expect(() => stagedZip()).toThrow(
      /inference\.package is zip, .* unpacked, where Lambda takes 262144000/,
    );
  });
});

describe('contentFaults', () => {
  const file = (path: string, bytes = 1) => ({ path, bytes });
  const sound = [
    'dist/inference/index.mjs',
    'dist/http/index.mjs',
    'models/manifest.json',
    'models/minilm-l6-ner/onnx/model_quantized.onnx',
    'node_modules/onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime.so.1',
  ].map((path) => file(path));

  it('finds nothing wrong with what belongs in the image', () => {
    expect(contentFaults(sound, 'x64')).toEqual([]);
  });

  it.each([
    ['node_modules/typescript/package.json', 'a package that the functions do not load'],
    ['node_modules/onnxruntime-node/bin/napi-v6/win32/x64/onnxruntime.dll', 'another platform'],
    ['node_modules/onnxruntime-node/bin/napi-v6/linux/arm64/a.node', 'another processor'],
    ['node_modules/onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime_providers_cuda.so', 'GPU'],
    ['dist/inference/index.mjs.map', 'a source or its map'],
    ['models/training/train.py', 'training material'],
    ['models/minilm-l6-ner/onnx/model.onnx', 'full precision'],
  ])('names %s', (path, fault) => {
    const faults = contentFaults([...sound, file(path)], 'x64');

    expect(faults).not.toEqual([]);
    expect(faults.every((found) => found.startsWith(path))).toBe(true);
    expect(faults.join()).toContain(fault);
  });

  it('names what is missing and what is too much', () => {
    const large = file('models/minilm-l6-ner/weights.bin', 251 * 1024 * 1024);

    const faults = contentFaults([...sound.slice(1), large], 'x64');

    expect(faults).toContainEqual('dist/inference/index.mjs: missing');
    expect(faults).toContainEqual(expect.stringContaining('bytes in all'));
  });
});
