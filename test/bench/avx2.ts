import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { SpanstreamError } from '#shared/errors.ts';

const PREFIX = 'spanstream-avx2-';
const LIBRARY = 'libonnxruntime.so.1';
/** `xgetbv; mov eax, eax; shl rdx, 32; or rdx, rax`: which registers the system keeps. */
const ASKS = Buffer.from('0f01d089c048c1e2204809c2', 'hex');
/** The same with `and eax, 0x1f; nop` in place of the shift: AVX's registers are kept, those of AVX-512 and AMX are not. */
const HIDES = Buffer.from('0f01d089c083e01f904809c2', 'hex');

/** Whether this process is one that `rerunOnAvx2` started. */
export const isOnAvx2 = (): boolean =>
  basename(process.env.LD_LIBRARY_PATH ?? '').startsWith(PREFIX);

/**
 * Runs this program again with the same arguments as on a processor without AVX-512 and VNNI, and gives its exit status: on a
 * copy of ONNX Runtime, in a temporary folder, that takes these instructions for not there. What it computes then is what it
 * computes on such a processor, from the same kernels; how fast the others of its instructions are is this processor's.
 *
 * @throws {SpanstreamError} where there is no such library (it is of Linux on x86-64), or it asks for instructions in another way
 */
export async function rerunOnAvx2(signal: AbortSignal): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), PREFIX));
  try {
    await writeFile(join(folder, LIBRARY), await withoutAvx512());
    const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
      stdio: 'inherit',
      signal,
      // spaCy's products are BLIS's, which is told in its own way.
      env: { ...process.env, LD_LIBRARY_PATH: folder, BLIS_ARCH_TYPE: 'haswell' },
    });
    const [code] = (await once(child, 'exit')) as [number | null];
    return code ?? 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function withoutAvx512(): Promise<Buffer> {
  const entry = createRequire(import.meta.url).resolve('onnxruntime-node');
  const path = join(dirname(entry), '..', 'bin/napi-v6/linux/x64', LIBRARY);
  const library = await readFile(path).catch((cause: unknown) => {
    throw new SpanstreamError('bench', `${path} cannot be read: --avx2 is for Linux on x86-64`, {
      cause,
    });
  });
  let at = library.indexOf(ASKS);
  if (at === -1)
    throw new SpanstreamError('bench', `${path} asks for instructions in an unknown way`);
  for (; at !== -1; at = library.indexOf(ASKS, at)) HIDES.copy(library, at);
  return library;
}
