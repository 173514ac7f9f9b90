import type { Encoding, ModelWindow, OutputRow, Tokenizer, WindowOutput } from '../types.ts';
import { frameLength, frameWindow } from './frame-window.ts';
import { type TokenWindow, tokenWindows } from './token-windows.ts';

/** A model as its heads know it. */
export interface TextModel {
  readonly tokenizer: Tokenizer;
  /** Tokens of a window, special tokens counted. */
  readonly maximumLength: number;
  /** Tokens that consecutive windows of a long text share. */
  readonly overlap: number;
}

/** A text as one model reads it; all heads of the model share it. */
export interface Reading {
  readonly text: string;
  readonly encoding: Encoding;
  /** The whole text, in as many windows as it takes; made when first asked for, so that all who ask run the same. */
  readonly windows: readonly TextWindow[];
}

/** A window of a text, and which of its tokens it holds. */
export interface TextWindow extends ModelWindow, TokenWindow {
  /** Row of the model's output that belongs to `from`. */
  readonly firstRow: number;
}

/** Has a model read a text. */
export function readText(
  model: TextModel,
  text: string,
  encoding: Encoding = model.tokenizer.encode(text),
): Reading {
  let windows: TextWindow[] | undefined;
  return {
    text,
    encoding,
    get windows() {
      windows ??= cut(model, encoding.ids);
      return windows;
    },
  };
}

function cut({ tokenizer, maximumLength, overlap }: TextModel, ids: Int32Array): TextWindow[] {
  const { single } = tokenizer;
  const capacity = maximumLength - frameLength(single);
  const firstRow = single.prefix.ids.length;
  return tokenWindows(ids.length, capacity, overlap).map((range) => ({
    ...range,
    ...frameWindow(single, ids.subarray(range.from, range.to)),
    firstRow,
  }));
}

/**
 * An output of the model for each token of a text, from the window that owns it: `tokens x width` values.
 *
 * @param outputs one for each of the reading's windows
 * @throws {RangeError} where the model gave no such output, or one of another width
 */
export function tokenValues(
  { encoding, windows }: Reading,
  outputs: readonly WindowOutput[],
  name: string,
  width: number,
): Float32Array {
  const values = new Float32Array(encoding.ids.length * width);
  windows.forEach(({ from, owns, firstRow }, index) => {
    const row = outputOf(outputs[index], name, width);
    const first = (owns.from - from + firstRow) * width;
    const count = (owns.to - owns.from) * width;
    values.set(row.subarray(first, first + count), owns.from * width);
  });
  return values;
}

/** @throws {RangeError} where the model gave no such output, or one of another width */
export function outputOf(
  output: WindowOutput | undefined,
  name: string,
  width: number,
): Float32Array {
  const row: OutputRow | undefined = output?.[name];
  if (row?.width === width) return row.values;
  const given = row ? `of ${row.width} columns` : 'missing';
  throw new RangeError(`the model's output ${name} is ${given}, where ${width} are needed`);
}
