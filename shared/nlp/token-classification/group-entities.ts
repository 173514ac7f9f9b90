import { softmaxRow } from '../softmax.ts';
import type { Entity } from '../types.ts';
import { trimSpan } from '../windows/trim-span.ts';
import { chooseLabels, type MayFollow } from './label-sequence.ts';
import { OUTSIDE, type TokenLabel } from './labels.ts';
import type { TokenClassificationSettings } from './settings.ts';

/** How token predictions become entities; named as in Hugging Face's Python pipeline. */
export type Aggregation = TokenClassificationSettings['aggregation'];

/** Token predictions of one text: parallel arrays, one element (or one row of `logits`) a token. */
export interface TokenPredictions {
  readonly text: string;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** 1 where a token continues the word before it; read only where words are what gets a label. */
  readonly continues?: Uint8Array;
  /** `tokens x labels` values, row by row. */
  readonly logits: Float32Array;
}

/** A run of tokens with one label. */
interface Piece {
  readonly start: number;
  readonly end: number;
  readonly label: TokenLabel;
  readonly score: number;
}

/**
 * Turns token predictions into entities, equal to the token-classification pipeline of transformers
 * 4.57 for its five strategies. With `none`, types keep their prefix, since nothing is grouped.
 *
 * @param mayFollow beyond that pipeline: the labels of tokens (`simple`) or words are then the most probable sequence
 *   that it allows, instead of each one's best, and a word's score is how probable its type is, wherever in an entity
 */
export function groupEntities(
  predictions: TokenPredictions,
  labels: readonly TokenLabel[],
  aggregation: Aggregation,
  mayFollow?: MayFollow,
): Entity[] {
  const wordwise = aggregation !== 'none' && aggregation !== 'simple';
  const units = wordwise
    ? wordUnits(predictions, labels.length, aggregation)
    : tokenUnits(predictions, labels.length);
  const pieces = labelled(units, labels, aggregation === 'none' ? undefined : mayFollow);
  const entities: Entity[] = [];
  const add = (type: string, from: number, to: number, score: number): void => {
    const { start, end } = trimSpan(predictions.text, from, to);
    const text = predictions.text.slice(start, end);
    if (text !== '') entities.push({ type, text, start, end, score });
  };
  if (aggregation === 'none') {
    for (const { label, start, end, score } of pieces) {
      if (label.name !== OUTSIDE) add(label.name, start, end, score);
    }
    return entities;
  }
  for (const group of groupPieces(pieces)) {
    const total = group.pieces.reduce((sum, piece) => sum + piece.score, 0);
    add(group.type, group.start, group.end, total / group.pieces.length);
  }
  return entities;
}

/** What gets one label, tokens or words, with `units x labels` probabilities. */
interface Units {
  readonly starts: ArrayLike<number>;
  readonly ends: ArrayLike<number>;
  readonly probabilities: Float64Array;
}

function tokenUnits({ starts, ends, logits }: TokenPredictions, width: number): Units {
  const probabilities = new Float64Array(starts.length * width);
  for (let token = 0; token < starts.length; token += 1) {
    softmaxRow(logits, token, probabilities.subarray(token * width, (token + 1) * width));
  }
  return { starts, ends, probabilities };
}

function wordUnits(
  { starts, ends, continues, logits }: TokenPredictions,
  width: number,
  aggregation: 'first' | 'average' | 'max',
): Units {
  const wordStarts: number[] = [];
  const wordEnds: number[] = [];
  const probabilities = new Float64Array(starts.length * width);
  for (let from = 0; from < starts.length; ) {
    let to = from + 1;
    while (to < starts.length && continues?.[to] === 1) to += 1;
    const row = wordStarts.length * width;
    wordProbabilities(logits, from, to, aggregation, probabilities.subarray(row, row + width));
    wordStarts.push(starts[from] ?? 0);
    wordEnds.push(ends[to - 1] ?? 0);
    from = to;
  }
  const used = probabilities.subarray(0, wordStarts.length * width);
  return { starts: wordStarts, ends: wordEnds, probabilities: used };
}

function labelled(
  { starts, ends, probabilities }: Units,
  labels: readonly TokenLabel[],
  mayFollow: MayFollow | undefined,
): Piece[] {
  return Array.from(chooseLabels(probabilities, labels, mayFollow), (index, row) => {
    const label = labels[index];
    if (label === undefined) throw new RangeError(`the model gave no label ${index}`);
    const of = (column: number): number => probabilities[row * labels.length + column] ?? 0;
    // Within a scheme a word's first token begins an entity and the others continue it, so that its type is shared out among
    // its labels.
    const score = mayFollow
      ? labels.reduce((sum, { type }, column) => (type === label.type ? sum + of(column) : sum), 0)
      : of(index);
    return { start: starts[row] ?? 0, end: ends[row] ?? 0, label, score };
  });
}

function wordProbabilities(
  logits: Float32Array,
  from: number,
  to: number,
  aggregation: 'first' | 'average' | 'max',
  into: Float64Array,
): void {
  softmaxRow(logits, from, into);
  if (aggregation === 'first' || to === from + 1) return;
  const other = new Float64Array(into.length);
  let highest = Math.max(...into);
  for (let token = from + 1; token < to; token += 1) {
    softmaxRow(logits, token, other);
    if (aggregation === 'average') {
      for (let i = 0; i < into.length; i += 1) into[i] = (into[i] ?? 0) + (other[i] ?? 0);
    } else if (Math.max(...other) > highest) {
      highest = Math.max(...other);
      into.set(other);
    }
  }
  if (aggregation === 'average') {
    for (let i = 0; i < into.length; i += 1) into[i] = (into[i] ?? 0) / (to - from);
  }
}

interface Group {
  readonly type: string;
  readonly start: number;
  end: number;
  readonly pieces: Piece[];
}

function groupPieces(pieces: readonly Piece[]): Group[] {
  const groups: Group[] = [];
  let last: Piece | undefined;
  for (const piece of pieces) {
    const group = groups.at(-1);
    const { label } = piece;
    const joins = last && label.tag === last.label.tag && !label.begins && !last.label.ends;
    if (group && joins) {
      group.pieces.push(piece);
      group.end = piece.end;
    } else {
      groups.push({ type: label.type, start: piece.start, end: piece.end, pieces: [piece] });
    }
    last = piece;
  }
  return groups.filter(({ type }) => type !== OUTSIDE);
}
