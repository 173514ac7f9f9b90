import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Most bytes that the image may add to its base. */
const MAXIMUM_ADDED_BYTES = 250 * 1024 * 1024;

/** A file of the image, by its path under the task's folder. */
export interface ImageFile {
  readonly path: string;
  readonly bytes: number;
}

/** Every file under a folder. */
export async function listFiles(folder: string): Promise<ImageFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return Promise.all(
    files.map(async (entry) => {
      const path = join(entry.parentPath, entry.name);
      return { path: path.slice(folder.length + 1), bytes: (await stat(path)).size };
    }),
  );
}

/**
 * The files that a Dockerfile copies into its first stage, of those that the build's context has, by their paths there and in
 * the stage's folder.
 *
 * @param architecture what the build is told of the processor
 */
export function copiedFiles(
  dockerfile: string,
  context: readonly string[],
  architecture: 'x64' | 'arm64',
): { from: string; to: string }[] {
  const [, stage = ''] = dockerfile.split(/^FROM .*$/m);
  const lines = stage
    .replace(/\$\{ONNX_ARCHITECTURE\}/g, architecture)
    .matchAll(/^COPY (\S+) (\S+)$/gm);
  return [...lines].flatMap(([, source = '', target = '']) =>
    context
      .filter((path) => path === source || path.startsWith(`${source}/`))
      .map((path) => ({ from: path, to: target + path.slice(source.length) })),
  );
}

const runtime = 'node_modules/onnxruntime-node/bin/napi-v6/linux';

const rules: readonly { readonly fault: string; readonly broken: (path: string) => boolean }[] = [
  {
    fault: 'a package that the functions do not load',
    broken: (path) =>
      path.startsWith('node_modules/') && !/^node_modules\/onnxruntime-(node|common)\//.test(path),
  },
  {
    fault: 'a binary of another platform',
    broken: (path) =>
      /\.(dll|dylib|exe|lib)$/.test(path) ||
      (/onnxruntime-node\/bin\//.test(path) && !path.startsWith(`${runtime}/`)),
  },
  { fault: 'a GPU provider', broken: (path) => /cuda|tensorrt|directml|webgpu/i.test(path) },
  { fault: 'a source or its map', broken: (path) => /\.(ts|mts|cts|map)$/.test(path) },
  { fault: 'training material', broken: (path) => path.startsWith('models/training/') },
  {
    fault: 'a model in full precision',
    broken: (path) => path.startsWith('models/') && path.endsWith('/model.onnx'),
  },
];

/** What is wrong with the files that an image holds; `architecture` is the one whose runtime belongs in. */
export function contentFaults(
  files: readonly ImageFile[],
  architecture: 'x64' | 'arm64',
): string[] {
  const faults = files.flatMap(({ path }) => {
    const foreign =
      path.startsWith(`${runtime}/`) && !path.startsWith(`${runtime}/${architecture}/`);
    const broken = rules.filter((rule) => rule.broken(path)).map((rule) => rule.fault);
    return [...broken, ...(foreign ? ['a binary of another processor'] : [])].map(
      (fault) => `${path}: ${fault}`,
    );
  });
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  if (bytes > MAXIMUM_ADDED_BYTES) {
    faults.push(`${bytes} bytes in all: more than ${MAXIMUM_ADDED_BYTES}`);
  }
  const wanted = ['dist/inference/index.mjs', 'dist/http/index.mjs', 'models/manifest.json'];
  const paths = new Set(files.map((file) => file.path));
  return [
    ...faults,
    ...wanted.filter((path) => !paths.has(path)).map((path) => `${path}: missing`),
  ];
}
