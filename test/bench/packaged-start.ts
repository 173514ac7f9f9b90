import { copyFile, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { App, type AssetStaging, Stack } from 'aws-cdk-lib';
import { startFunction } from '#local/lambda/lambda-function.ts';
import { SpanstreamError } from '#shared/errors.ts';
import { functionEnvironments } from '#shared/function-environment.ts';
import { resourceNames } from '#shared/names.ts';
import { parseSettings } from '#shared/settings.ts';
import { bundle } from '#stacks/local/bundle.ts';
import { modelZip } from '#stacks/parts/model-code.ts';
import { stackContext } from '#stacks/parts/stack-context.ts';
import { copiedFiles, listFiles } from '../../scripts/image/contents.ts';
import { median } from './children.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const processor = process.arch === 'arm64' ? 'arm64' : 'x64';
const settings = parseSettings({ architecture: processor === 'arm64' ? 'arm64' : 'x86_64' });

/** Milliseconds by where the function lies: as in the image, as in the zip, and as a local stack has it. */
export type PackagedStarts = Readonly<Record<'image' | 'zip' | 'local', number>>;

/**
 * Milliseconds from the start of the HTTP function's process to its first answer, with the bundled models: the bundle that is
 * deployed, under the runtime client, laid out as in the image, as in the zip, and as a local stack has it. Medians of runs in
 * turns. What AWS does before there is a process, which fetches an image and unpacks a zip, is not in it.
 */
export async function measurePackagedStarts(rounds: number): Promise<PackagedStarts> {
  const folder = await mkdtemp(join(tmpdir(), 'spanstream-packaged-'));
  try {
    await bundle({ outdir: join(root, 'dist') });
    const stack = new Stack(new App({ outdir: join(folder, 'out') }), 'Packages');
    modelZip(stack, stackContext(settings, root));
    const zip = (stack.node.findChild('Staged') as AssetStaging).absoluteStagedPath;
    const image = await layOutImage(zip, join(folder, 'image'));
    const places = { image, zip, local: root };
    const times: Record<keyof typeof places, number[]> = { image: [], zip: [], local: [] };
    for (let round = 0; round < rounds; round += 1) {
      for (const place of ['image', 'zip', 'local'] as const) {
        times[place].push(await firstAnswer(join(places[place], 'dist/http')));
      }
    }
    return { image: median(times.image), zip: median(times.zip), local: median(times.local) };
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Copies files as the Dockerfile does; gives the folder. */
async function layOutImage(context: string, folder: string): Promise<string> {
  const dockerfile = await readFile(join(root, 'consumers/Dockerfile'), 'utf8');
  const paths = (await listFiles(context)).map(({ path }) => path);
  for (const { from, to } of copiedFiles(dockerfile, paths, processor)) {
    await mkdir(dirname(join(folder, to)), { recursive: true });
    await copyFile(join(context, from), join(folder, to));
  }
  return folder;
}

async function firstAnswer(bundleDirectory: string): Promise<number> {
  const started = performance.now();
  const http = startFunction({
    ...{ name: 'http', bundleDirectory, timeoutSeconds: 60, memoryMb: settings.http.memoryMb },
    bootstrap: join(root, 'dist/bootstrap/index.mjs'),
    environment: {
      ...functionEnvironments(settings, resourceNames(settings.environmentName)).http,
      ORT_DISABLE_TELEMETRY: '1',
      // Where the runtime's library is another one, see avx2.ts.
      ...(process.env.LD_LIBRARY_PATH && { LD_LIBRARY_PATH: process.env.LD_LIBRARY_PATH }),
      AWS_ACCESS_KEY_ID: 'none',
      AWS_SECRET_ACCESS_KEY: 'none',
    },
  });
  try {
    const text = 'Ada Lovelace wrote to Charles Babbage.';
    const body = JSON.stringify({ text, store: false });
    const event = { httpMethod: 'POST', path: '/v1/entities', resource: '/v1/entities', body };
    const answer = await http.invoke(event);
    const milliseconds = performance.now() - started;
    const { statusCode } = answer.ok ? (answer.payload as { statusCode?: number }) : {};
    if (statusCode !== 200) throw new SpanstreamError('bench', JSON.stringify(answer));
    return milliseconds;
  } finally {
    await http.close();
  }
}
