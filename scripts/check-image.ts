import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createCommand, print, runCommand, say } from '#shared/cli/run-command.ts';
import { SpanstreamError } from '#shared/errors.ts';
import { type Buildah, createBuildah, requireBuildah } from './image/buildah.ts';
import { contentFaults, listFiles } from './image/contents.ts';
import { driveImage } from './image/drive.ts';
import { buildStandInBase } from './image/stand-in-base.ts';

const IMAGE = 'localhost/spanstream';
const root = resolve(import.meta.dirname, '..');

async function checkContents(buildah: Buildah, container: string): Promise<number> {
  const mounted = await buildah.run('mount', container);
  const files = await listFiles(join(mounted, 'var', 'task'));
  const faults = contentFaults(files, process.arch === 'arm64' ? 'arm64' : 'x64');
  if (faults.length > 0) throw new SpanstreamError('image-failed', faults.join('\n'));
  return files.reduce((sum, file) => sum + file.bytes, 0);
}

async function check(options: { base?: string; json?: boolean }): Promise<void> {
  await requireBuildah();
  const folder = await mkdtemp(join(tmpdir(), 'spanstream-image-'));
  const buildah = createBuildah(folder);
  try {
    const base = options.base ?? (await buildStandInBase(buildah, folder));
    say(`base: ${base}`);
    await buildah.run(
      'build',
      '--isolation',
      'chroot',
      ...['--build-arg', `BASE=${base}`],
      ...['--build-arg', `ONNX_ARCHITECTURE=${process.arch === 'arm64' ? 'arm64' : 'x64'}`],
      ...['--file', join(root, 'consumers', 'Dockerfile')],
      ...['--tag', IMAGE],
      root,
    );
    const container = await buildah.run('from', '--pull-never', IMAGE);
    const bytes = await checkContents(buildah, container);
    say(
      `image: ${(bytes / 1024 / 1024).toFixed(1)} MiB beyond its base, nothing in it that does not belong`,
    );
    const driven = await driveImage(buildah, container, IMAGE, folder);
    say(
      `stream: ${driven.results} result and ${driven.parked} parked record, ready after ${driven.streamInitMilliseconds} ms`,
    );
    say(`http: ${driven.entities} entities, ready after ${driven.httpInitMilliseconds} ms`);
    print([], options.json && { bytes, ...driven });
  } finally {
    await buildah.run('rm', '--all').catch(() => undefined);
    await rm(folder, { recursive: true, force: true });
  }
}

await runCommand(
  createCommand(
    'image',
    'Builds the container image with buildah (as root, no Docker, no registry) and drives both of its functions.',
  )
    .option('--base <image>', 'base image; a stand-in is made of this machine’s Node unless given')
    .action(check),
);
