import { SingleBar } from 'cli-progress';

/** Shows how far a long job is: a bar on a terminal, a plain line every tenth elsewhere. Writes to standard error. */
export interface Progress {
  /** Sets how much is done, in the units of `total`. */
  update(done: number, note?: string): void;
  /** Ends the display. */
  stop(): void;
}

/** Starts a progress display for `total` units of work. */
export function createProgress(options: {
  label: string;
  total: number;
  unit?: string;
  stream?: NodeJS.WriteStream;
}): Progress {
  const stream = options.stream ?? process.stderr;
  return stream.isTTY ? terminalBar(options, stream) : plainLines(options, stream);
}

type Options = Parameters<typeof createProgress>[0];

function terminalBar(options: Options, stream: NodeJS.WriteStream): Progress {
  const unit = options.unit ?? '';
  const bar = new SingleBar({
    stream,
    format: `${options.label} [{bar}] {percentage}% | {value}/{total} ${unit} | {duration_formatted} {note}`,
    barsize: 30,
    hideCursor: true,
    etaBuffer: 50,
  });
  bar.start(options.total, 0, { note: '' });
  return {
    update: (done, note = '') => bar.update(done, { note }),
    stop: () => bar.stop(),
  };
}

function plainLines(options: Options, stream: NodeJS.WriteStream): Progress {
  let shown = -1;
  return {
    update(done, note = '') {
      const tenth = options.total === 0 ? 10 : Math.floor((done / options.total) * 10);
      if (tenth <= shown) return;
      shown = tenth;
      stream.write(
        `${options.label}: ${done}/${options.total} ${options.unit ?? ''} ${note}`
          .trimEnd()
          .concat('\n'),
      );
    },
    stop() {},
  };
}
