import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, open, readFile, rename, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { freePorts } from '#test/chaos/free-ports.ts';
import { waitFor } from '#test/conformance/support/wait-for.ts';

/** The release that the tests and the table of differences were made with. */
export const ministackVersion = '1.5.33';
const INSTALL_MS = 180_000;
const START_MS = 60_000;
const STOP_MS = 10_000;
const run = promisify(execFile);
/** MiniStack, which ends with all that it started once nobody holds its standard input: however its owner ended, it does too. */
const program = `
import os, sys, threading
def end_with_owner():
    sys.stdin.buffer.read()
    os.killpg(0, 9)
threading.Thread(target=end_with_owner, daemon=True).start()
from ministack.app import main
main()
`;

/** Where MiniStack can be started from, or why it cannot. */
export type MinistackInstall = { readonly python: string } | { readonly missing: string };

/** A MiniStack that listens. */
export interface Ministack {
  readonly endpoint: string;
  /** Ids of the processes in which it runs the function of that name now. */
  processes(functionName: string): Promise<number[]>;
  /** Ends it and what it started, and removes what it kept; harmless twice. */
  stop(): Promise<void>;
}

/**
 * Makes MiniStack's virtual environment in the user's cache, once for a release: needs Python 3.10 and a package index.
 * Several may ask at once.
 */
export async function installMinistack(): Promise<MinistackInstall> {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const folder = join(cache, 'spanstream', `ministack-${ministackVersion}`);
  const python = join(folder, 'bin', 'python');
  if (existsSync(python)) return { python };
  await mkdir(dirname(folder), { recursive: true });
  // Made aside and renamed when whole: neither an interrupted run nor another test may leave or meet half of one.
  const made = await mkdtemp(`${folder}-`);
  try {
    await run('python3', ['-m', 'venv', made], { timeout: INSTALL_MS });
    const pip = [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--disable-pip-version-check',
      '--retries',
      '1',
    ];
    await run(join(made, 'bin', 'python'), [...pip, `ministack==${ministackVersion}`], {
      timeout: INSTALL_MS,
    });
    // One whose Python is gone is in the way.
    if (!existsSync(python)) await rm(folder, { recursive: true, force: true });
    await rename(made, folder);
    return { python };
  } catch (error) {
    if (existsSync(python)) return { python };
    return { missing: `MiniStack ${ministackVersion} cannot be installed: ${lastLine(error)}` };
  } finally {
    await rm(made, { recursive: true, force: true });
  }
}

/**
 * Starts MiniStack on a free port of 127.0.0.1, with nothing of this environment but the path to programs and what
 * `environment` adds; it keeps all in memory and in a temporary folder.
 *
 * @throws {Error} That ends with what it said, where it cannot be installed or does not start.
 */
export async function startMinistack(
  environment: Readonly<Record<string, string>> = {},
): Promise<Ministack> {
  const install = await installMinistack();
  if ('missing' in install) throw new Error(install.missing);
  const { port } = await freePorts(['port']);
  const endpoint = `http://127.0.0.1:${port}`;
  const folder = await mkdtemp(join(tmpdir(), 'spanstream-ministack-'));
  const log = await open(join(folder, 'ministack.log'), 'w');
  // A group of its own: what it starts for functions ends with it, and Ctrl-C reaches it through `stop` alone.
  const child = spawn(install.python, ['-c', program], {
    cwd: folder,
    detached: true,
    stdio: ['pipe', log.fd, log.fd],
    env: {
      PATH: process.env.PATH,
      HOME: folder,
      TMPDIR: folder,
      S3_DATA_DIR: join(folder, 's3'),
      STATE_DIR: join(folder, 'state'),
      IOT_MTLS_ENABLED: '0',
      SFTP_ENABLED: '0',
      LOG_LEVEL: 'WARNING',
      ...environment,
      BIND_HOST: '127.0.0.1',
      GATEWAY_PORT: String(port),
    },
  });
  const ended = once(child, 'close');
  const kill = () => signalGroup(child.pid, 'SIGKILL');
  process.once('exit', kill);
  const stop = async () => {
    process.off('exit', kill);
    signalGroup(child.pid, 'SIGTERM');
    const late = setTimeout(kill, STOP_MS);
    await ended;
    clearTimeout(late);
    kill();
    await log.close();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    await waitFor(
      async () => {
        if (child.exitCode !== null) throw new Error('MiniStack ended at once');
        return isReady(endpoint);
      },
      { what: 'MiniStack', timeoutMs: START_MS, everyMs: 50 },
    );
    return {
      endpoint,
      processes: (name) => processesIn(join(folder, `ministack-lambda-${name}-`)),
      stop,
    };
  } catch (error) {
    const said = await readFile(join(folder, 'ministack.log'), 'utf8');
    await stop();
    throw new Error(`${(error as Error).message}: ${said.slice(-2_000)}`, { cause: error });
  }
}

async function isReady(endpoint: string): Promise<boolean> {
  try {
    return (await fetch(`${endpoint}/_ministack/ready`)).ok;
  } catch {
    return false;
  }
}

/** It runs the code of each process from a folder of its own. */
async function processesIn(folder: string): Promise<number[]> {
  const { stdout } = await run('ps', ['-axo', 'pid=,args=']);
  const lines = stdout.split('\n').filter((line) => line.includes(folder));
  return lines.map((line) => Number.parseInt(line, 10));
}

/** Signals a process and what it started; those that are gone are none. */
function signalGroup(pid: number | undefined, signal: NodeJS.Signals) {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function lastLine(error: unknown): string {
  const { stderr, message } = error as { stderr?: string; message: string };
  return (stderr || message).trim().split('\n').at(-1) ?? '';
}
