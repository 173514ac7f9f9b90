import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Megabytes (10^6 bytes) of memory that a process holds, or none where it has ended. */
export async function residentMb(pid: number): Promise<number | undefined> {
  return existsSync('/proc/self/status') ? residentByProc(pid) : residentByPs(pid);
}

/** As `residentMb`, from the process file system: `status` says kilobytes, where `statm` counts pages of any size. */
export async function residentByProc(pid: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return megabytes(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]);
}

/** As `residentMb`, from `ps`, for systems without a process file system. */
export async function residentByPs(pid: number): Promise<number | undefined> {
  const said = await run('ps', ['-o', 'rss=', '-p', String(pid)]).catch(() => undefined);
  return megabytes(said?.stdout.trim());
}

function megabytes(kibibytes: string | undefined): number | undefined {
  const value = Number(kibibytes ?? 0) * 1_024;
  return value > 0 ? value / 1e6 : undefined;
}
