import { SingleBar } from 'cli-progress';

/** How often a plain display of an unknown total says how far it is. */
const EVERY_MS = 10_000;

/** Shows how far a long job is: a bar on a terminal, a plain line every tenth elsewhere. Writes to standard error. */
export interface Progress {
  /** Sets how much is done, in the units of `total`. */
  update(done: number, note?: string): void;
  /** Writes a line of its own, above a bar. */
  say(line: string): void;
  /** Ends the display. */
  stop(): void;
}

/** Starts a progress display for `total` units of work, or for nobody knows how many. */
export function createProgress(options: {
  label: string;
  total?: number | undefined;
  unit?: string;
  stream?: NodeJS.WriteStream;
}): Progress {
  const stream = options.stream ?? process.stderr;
  return stream.isTTY ? terminalBar(options, stream) : plainLines(options, stream);
}

type Options = Parameters<typeof createProgress>[0];

function terminalBar(options: Options, stream: NodeJS.WriteStream): Progress {
  const unit = options.unit ?? '';
  const share = options.total === undefined ? '{value}' : '[{bar}] {percentage}% | {value}/{total}';
  const bar = new SingleBar({
    stream,
    format: `${options.label} ${share} ${unit} | {duration_formatted} {note}`,
    barsize: 30,
    hideCursor: true,
    etaBuffer: 50,
  });
  bar.start(options.total ?? 0, 0, { note: '' });
  return {
    update: (done, note = '') => bar.update(done, { note }),
    say(line) {
      // The bar is drawn anew on the line below.
      stream.write(`\r\u001b[K${line}\n`);
    },
    stop: () => bar.stop(),
  };
}

function plainLines(options: Options, stream: NodeJS.WriteStream): Progress {
  const { label, total, unit = '' } = options;
  let shown = total === undefined ? Date.now() + EVERY_MS : 0;
  const isDue = (done: number): boolean => {
    // Times where the total is unknown, else tenths of it.
    const reached =
      total === undefined ? Date.now() : total === 0 ? 11 : Math.floor((done / total) * 10) + 1;
    if (reached <= shown) return false;
    shown = total === undefined ? reached + EVERY_MS : reached;
    return true;
  };
  return {
    update(done, note = '') {
      if (!isDue(done)) return;
      const share = total === undefined ? `${done}` : `${done}/${total}`;
      stream.write(`${`${label}: ${share} ${unit} ${note}`.trimEnd()}\n`);
    },
    say(line) {
      stream.write(`${line}\n`);
    },
    stop() {},
  };
}
