import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { waitFor } from '#test/conformance/support/wait-for.ts';

const root = new URL('../../../', import.meta.url);
// By its path, since a command may run in a folder that has no modules.
const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
const PATIENCE_MS = 120_000;

/** How a command is run. */
export interface CommandInput {
  readonly cwd?: string;
  /** All that it finds in its environment beside the path to programs. */
  readonly env?: Readonly<Record<string, string>>;
  /** Text of its standard input; it is left open where that is `open`. */
  readonly input?: string | { readonly open: string };
  /** A stream that nobody reads, from the first byte on. */
  readonly closed?: 'out' | 'said';
  /** When it is killed. */
  readonly timeoutMs?: number;
}

/** How a command ended. */
export interface CommandEnd {
  /** Exit code, or the name of the signal that killed it. */
  readonly code: number | string | null;
  /** Standard output. */
  readonly out: string;
  /** Standard error. */
  readonly said: string;
}

/** Starts a command of the project by its path, as its script in `package.json` does, with nothing of this environment. */
export function startCommand(
  script: string,
  args: readonly string[],
  {
    cwd = fileURLToPath(root),
    env = {},
    input = '',
    closed,
    timeoutMs = PATIENCE_MS,
  }: CommandInput = {},
) {
  const child = spawn(
    process.execPath,
    ['--import', tsx, fileURLToPath(new URL(script, root)), ...args],
    {
      cwd,
      // Libraries keep caches at home: neither in this repository nor in anybody's own.
      env: { PATH: process.env.PATH ?? '', HOME: tmpdir(), ...env },
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    },
  );
  let out = '';
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  if (closed !== undefined) (closed === 'out' ? child.stdout : child.stderr).destroy();
  // One that ends without reading all of its input is no fault of the test's.
  child.stdin.on('error', () => undefined);
  if (typeof input === 'string') child.stdin.end(input);
  else child.stdin.write(input.open);
  const ended = new Promise<CommandEnd>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code: code ?? signal, out, said }));
  });
  return {
    ended,
    /** Writes more to a standard input that was left open. */
    write: (text: string) => void child.stdin.write(text),
    /** What Ctrl-C does. */
    interrupt: () => void child.kill('SIGINT'),
    signal: (name: NodeJS.Signals) => void child.kill(name),
    /** Reads no more of what it prints. */
    closeOutput: () => void child.stdout.destroy(),
    /** Waits until it has printed something on standard output. */
    printing: (what: RegExp) =>
      waitFor(async () => what.test(out), {
        what: `${what} on standard output`,
        timeoutMs,
      }),
    /** Waits until it has said something on standard error; gives all that it has said. */
    saying: (what: RegExp) =>
      waitFor(async () => what.test(said) && said, {
        what: `${what} on standard error`,
        timeoutMs,
      }),
  };
}

/** Runs a command to its end. */
export const runCommand = (script: string, args: readonly string[], input?: CommandInput) =>
  startCommand(script, args, input).ended;

/** The last line of a text, read as JSON. */
export const lastJson = (text: string): unknown =>
  JSON.parse(text.trimEnd().split('\n').at(-1) ?? '');
