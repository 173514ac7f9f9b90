import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { messageOf, SpanstreamError } from '#shared/errors.ts';

const run = promisify(execFile);

/** Buildah with a storage of its own, in need of no daemon and no registry. */
export type Buildah = ReturnType<typeof createBuildah>;

/**
 * Makes sure that buildah can be used here.
 *
 * @throws {SpanstreamError} where it is not installed, or this is not root, which its isolation by chroot needs
 */
export async function requireBuildah(): Promise<void> {
  try {
    await run('buildah', ['--version']);
  } catch (cause) {
    throw new SpanstreamError(
      'image-failed',
      'the check needs buildah, which runs on Linux: on Debian or Ubuntu, apt-get install buildah',
      { cause },
    );
  }
  if (process.getuid?.() !== 0) {
    throw new SpanstreamError('image-failed', 'the check must run as root: start it with sudo');
  }
}

/** Buildah that keeps everything in `folder`; as root, which its isolation by chroot needs. */
export function createBuildah(folder: string) {
  const roots = ['--root', join(folder, 'storage'), '--runroot', join(folder, 'run')];
  const global = ['--storage-driver', 'vfs', ...roots];
  return {
    /** Arguments before a subcommand's own. */
    global,
    /** Runs a subcommand; returns its standard output. */
    async run(...args: string[]): Promise<string> {
      try {
        const { stdout } = await run('buildah', [...global, ...args], {
          maxBuffer: 64 * 1024 * 1024,
        });
        return stdout.trim();
      } catch (cause) {
        const output = (cause as { stderr?: string }).stderr?.trim().split('\n').slice(-15);
        throw new SpanstreamError(
          'image-failed',
          `buildah ${args[0]}: ${output?.join('\n') || messageOf(cause)}`,
          { cause },
        );
      }
    },
  };
}
