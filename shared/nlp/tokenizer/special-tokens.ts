import type { Frame, SpecialTokens } from '../types.ts';

/** What the token that fills windows is called, where the file does not say. */
const padNames = ['[PAD]', '<pad>', '<|padding|>', '<|pad|>', '<|endoftext|>'];

/**
 * Finds the special tokens.
 *
 * @param idOf the id of a token; undefined where there is none of that name
 * @param padding the id that the file names
 */
export function findSpecialTokens(
  single: Frame,
  unk: number | undefined,
  padding: number | undefined,
  idOf: (token: string) => number | undefined,
): SpecialTokens {
  const pad = padding ?? padNames.map(idOf).find((id) => id !== undefined) ?? 0;
  return { cls: single.prefix.ids[0] ?? pad, sep: single.suffix.ids.at(-1) ?? pad, pad, unk };
}
