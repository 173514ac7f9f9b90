import { ModelError } from '#shared/errors.ts';
import type { Frame, FramePart } from '../../types.ts';
import type { PostProcessorFile, TemplatePiece } from './file.ts';

/** What stands around one sequence and around two. */
export interface Frames {
  readonly single: Frame;
  readonly pair: Frame;
}

const none = part([], []);
/** Without a post-processor two sequences stand side by side, the second as segment 1. */
const bare: Frames = {
  single: { prefix: none, middle: none, suffix: none, first: 0, second: 0 },
  pair: { prefix: none, middle: none, suffix: none, first: 0, second: 1 },
};

/**
 * Reads what a post-processor puts around sequences.
 *
 * @throws {ModelError} where it frames twice, or puts the sequences in another order than they come in.
 */
export function readFrames(processors: readonly PostProcessorFile[]): Frames {
  const frames = processors.flatMap((processor) => framesOf(processor) ?? []);
  if (frames.length > 1) throw new ModelError('tokenizer.json: post_processor frames texts twice');
  return frames[0] ?? bare;
}

function framesOf(processor: PostProcessorFile): Frames | undefined {
  if (processor.type === 'ByteLevel' || processor.type === 'Sequence') return undefined;
  if (processor.type === 'TemplateProcessing') {
    const { single, pair, special_tokens: special } = processor;
    const idsOf = (name: string): readonly number[] => {
      const ids = special[name]?.ids;
      if (ids) return ids;
      const token = JSON.stringify(name);
      throw new ModelError(`tokenizer.json: post_processor.special_tokens has no ${token}`);
    };
    return { single: readTemplate(single, ['A'], idsOf), pair: readPair(pair, idsOf) };
  }
  const [cls, sep] = [processor.cls[1], processor.sep[1]];
  const roberta = processor.type === 'RobertaProcessing';
  const second = roberta ? 0 : 1;
  return {
    single: {
      prefix: part([cls], [0]),
      middle: none,
      suffix: part([sep], [0]),
      first: 0,
      second: 0,
    },
    pair: {
      prefix: part([cls], [0]),
      middle: roberta ? part([sep, sep], [0, 0]) : part([sep], [0]),
      suffix: part([sep], [second]),
      first: 0,
      second,
    },
  };
}

/** A template without a place for the second sequence is never asked for a pair by its own library either. */
function readPair(
  pieces: readonly TemplatePiece[],
  idsOf: (name: string) => readonly number[],
): Frame {
  return pieces.length === 0 ? bare.pair : readTemplate(pieces, ['A', 'B'], idsOf);
}

function readTemplate(
  pieces: readonly TemplatePiece[],
  sequences: readonly string[],
  idsOf: (name: string) => readonly number[],
): Frame {
  const typeIds: number[] = [];
  const parts: { ids: number[]; typeIds: number[] }[] = [{ ids: [], typeIds: [] }];
  for (const piece of pieces) {
    if ('Sequence' in piece) {
      if (piece.Sequence.id !== sequences[typeIds.length]) throw new ModelError(wrongOrder);
      typeIds.push(piece.Sequence.type_id);
      parts.push({ ids: [], typeIds: [] });
    } else {
      const { id, type_id: typeId } = piece.SpecialToken;
      const ids = idsOf(id);
      parts.at(-1)?.ids.push(...ids);
      parts.at(-1)?.typeIds.push(...ids.map(() => typeId));
    }
  }
  if (typeIds.length !== sequences.length) throw new ModelError(wrongOrder);
  const made = parts.map(({ ids, typeIds: types }) => part(ids, types));
  const [first = 0, second = first] = typeIds;
  return {
    prefix: made[0] ?? none,
    middle: sequences.length === 2 ? (made[1] ?? none) : none,
    suffix: made.at(-1) ?? none,
    first,
    second,
  };
}

const wrongOrder =
  'tokenizer.json: post_processor must hold each sequence once, the first before the second';

function part(ids: readonly number[], typeIds: readonly number[]): FramePart {
  return { ids: Int32Array.from(ids), typeIds: Int32Array.from(typeIds) };
}
