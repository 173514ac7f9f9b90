import type { Frame, FramePart, ModelWindow } from '../types.ts';

/** Tokens that a frame adds. */
export function frameLength({ prefix, middle, suffix }: Frame): number {
  return prefix.ids.length + middle.ids.length + suffix.ids.length;
}

/** Puts a frame around tokens: of a text, or of a question and the text that it is about. */
export function frameWindow(frame: Frame, first: Int32Array, second?: Int32Array): ModelWindow {
  const length = first.length + (second?.length ?? 0) + frameLength(frame);
  const ids = new Int32Array(length);
  const typeIds = new Int32Array(length);
  let at = 0;
  const addTokens = (tokens: Int32Array, type: number): void => {
    ids.set(tokens, at);
    if (type !== 0) typeIds.fill(type, at, at + tokens.length);
    at += tokens.length;
  };
  const addPart = (part: FramePart): void => {
    ids.set(part.ids, at);
    typeIds.set(part.typeIds, at);
    at += part.ids.length;
  };
  addPart(frame.prefix);
  addTokens(first, frame.first);
  addPart(frame.middle);
  if (second) addTokens(second, frame.second);
  addPart(frame.suffix);
  return { ids, typeIds };
}
