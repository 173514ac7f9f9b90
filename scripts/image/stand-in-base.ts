import { execFile } from 'node:child_process';
import { copyFile, mkdir, readdir, realpath, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { bundleBootstrap } from '#local/lambda/bundle.ts';
import type { Buildah } from './buildah.ts';

const run = promisify(execFile);

/** Name of the stand-in in the storage. */
const STAND_IN_BASE = 'localhost/lambda-nodejs-stand-in';

const entry = `process.env._HANDLER = process.argv[2];
process.env.LAMBDA_TASK_ROOT ??= '/var/task';
await import('/var/runtime/index.mjs');
`;

const dockerfile = `FROM scratch
COPY rootfs/ /
ENV PATH=/usr/local/bin LAMBDA_TASK_ROOT=/var/task
WORKDIR /var/task
ENTRYPOINT ["/usr/local/bin/node", "/var/runtime/entry.mjs"]
`;

/**
 * Makes a base image of nothing but this machine's Node, the libraries it is linked to and our Runtime API client: what
 * Lambda's own base is to the functions, without a registry.
 */
export async function buildStandInBase(buildah: Buildah, folder: string): Promise<string> {
  const rootfs = join(folder, 'base', 'rootfs');
  const put = async (from: string, to: string) => {
    await mkdir(dirname(join(rootfs, to)), { recursive: true });
    await copyFile(await realpath(from), join(rootfs, to));
  };
  await put(process.execPath, '/usr/local/bin/node');
  for (const program of [process.execPath, ...(await modelRuntime())]) {
    for (const library of await librariesOf(program)) await put(library, library);
  }
  await bundleBootstrap(join(rootfs, 'var/runtime'));
  await writeFile(join(rootfs, 'var/runtime/entry.mjs'), entry);
  for (const empty of ['tmp', 'var/task', 'etc', 'proc', 'sys', 'dev']) {
    await mkdir(join(rootfs, empty), { recursive: true });
  }
  await writeFile(join(rootfs, 'etc/passwd'), 'root:x:0:0::/:\nnobody:x:65534:65534::/:\n');
  await writeFile(join(rootfs, 'etc/group'), 'root:x:0:\nnobody:x:65534:\n');
  await writeFile(join(folder, 'base', 'Dockerfile'), dockerfile);
  await buildah.run('build', '--isolation', 'chroot', '--tag', STAND_IN_BASE, join(folder, 'base'));
  return STAND_IN_BASE;
}

/** The native parts of ONNX Runtime, which need more of the system than Node does. */
async function modelRuntime(): Promise<string[]> {
  const folder = join(
    dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json')),
    'bin/napi-v6/linux',
    process.arch,
  );
  return (await readdir(folder)).map((name) => join(folder, name));
}

/** Shared libraries of the system that a program or library is linked to, the loader among them. */
async function librariesOf(program: string): Promise<string[]> {
  const { stdout } = await run('ldd', [program]);
  return [...stdout.matchAll(/(\/\S+) \(0x/g)]
    .map((match) => String(match[1]))
    .filter((path) => !path.includes('onnxruntime'));
}
