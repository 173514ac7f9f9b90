import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { App, AssetStaging, IgnoreMode, Stack } from 'aws-cdk-lib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { contentFaults, listFiles } from '../../../scripts/image/contents.ts';

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
  'node_modules/onnxruntime-node/bin/napi-v6/linux/arm64/libonnxruntime.so.1',
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
  'node_modules/onnxruntime-node/bin/napi-v6/darwin/arm64/libonnxruntime.dylib',
  'node_modules/onnxruntime-node/bin/napi-v6/win32/x64/onnxruntime.dll',
  'node_modules/onnxruntime-node/dist/index.d.ts',
  'node_modules/typescript/package.json',
];

describe('.dockerignore', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'spanstream-context-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('lets into the image what the functions load, and nothing else', async () => {
    const root = resolve(import.meta.dirname, '..', '..', '..');
    for (const path of [...ours, ...foreign]) {
      await mkdir(dirname(join(folder, 'tree', path)), { recursive: true });
      await writeFile(join(folder, 'tree', path), path);
    }
    const rules = (await readFile(join(root, '.dockerignore'), 'utf8')).split('\n');
    const stack = new Stack(new App({ outdir: join(folder, 'out') }), 'Stack');

    const staged = new AssetStaging(stack, 'Context', {
      sourcePath: join(folder, 'tree'),
      ignoreMode: IgnoreMode.DOCKER,
      exclude: rules.filter((rule) => rule !== '' && !rule.startsWith('#')),
    });

    const files = await listFiles(staged.absoluteStagedPath);
    expect(files.map((file) => file.path).sort()).toEqual([...ours].sort());
  });
});

describe('contentFaults', () => {
  const file = (path: string, bytes = 1) => ({ path, bytes });
  const sound = [
    'inference/index.mjs',
    'http/index.mjs',
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
    ['inference/index.mjs.map', 'a source or its map'],
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

    expect(faults).toContainEqual('inference/index.mjs: missing');
    expect(faults).toContainEqual(expect.stringContaining('bytes in all'));
  });
});
