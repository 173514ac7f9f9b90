import type { Frame, ModelWindow } from '../types.ts';

/** Tokens that a frame adds. */
export function frameLength({ prefix, middle, suffix }: Frame): number {
  return prefix.length + middle.length + suffix.length;
}

/** Puts a frame around tokens: of a text, or of a question and the text that it is about. */
export function frameWindow(frame: Frame, first: Int32Array, second?: Int32Array): ModelWindow {
  const { prefix, middle, suffix, typeIds } = frame;
  const length = first.length + (second?.length ?? 0) + frameLength(frame);
  const ids = new Int32Array(length);
  const types = new Int32Array(length);
  let at = 0;
  const add = (tokens: ArrayLike<number>, type: number | readonly number[]): void => {
    ids.set(tokens, at);
    if (typeof type !== 'number') types.set(type, at);
    else if (type !== 0) types.fill(type, at, at + tokens.length);
    at += tokens.length;
  };
  add(prefix, typeIds.prefix);
  add(first, typeIds.first);
  add(middle, typeIds.middle);
  if (second) add(second, typeIds.second);
  add(suffix, typeIds.suffix);
  return { ids, typeIds: types };
}
