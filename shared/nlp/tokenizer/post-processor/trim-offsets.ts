import type { Vocabulary } from '#shared/nlp/types.ts';
import { byteSpace } from '../byte-alphabet.ts';
import type { TokenList } from '../token-list.ts';
import { propertiesOf, property } from '../unicode/properties.ts';
import type { PostProcessorFile } from './file.ts';

/** White space at the ends of one token, in characters. */
interface Edges {
  readonly leading: number;
  readonly trailing: number;
}

const noEdges: Edges = { leading: 0, trailing: 0 };

/**
 * Makes what takes white space at the ends of tokens out of their spans, as many characters as a token's spelling has; a
 * single space at the start of the text stays where one had been put there. Undefined where no post-processor does so.
 */
export function createTrimmer(
  processors: readonly PostProcessorFile[],
  vocabulary: Vocabulary,
): ((text: string, tokens: TokenList) => void) | undefined {
  const trims = processors.flatMap((processor) => {
    const can = processor.type === 'ByteLevel' || processor.type === 'RobertaProcessing';
    return can && processor.trim_offsets ? [processor.add_prefix_space] : [];
  });
  if (trims.length === 0) return undefined;
  let known: Map<number, Edges> | undefined;
  return (text, tokens) => {
    known ??= findEdges(vocabulary);
    const { values, length } = tokens.values;
    for (const prefixed of trims) {
      for (let t = 0; t < length; t += 3) {
        const added = tokens.added.get(t);
        const edges = added === undefined ? known.get(values[t] ?? 0) : edgesOf(added);
        if (edges) trimToken(text, values, t, edges, prefixed);
      }
    }
  };
}

function trimToken(
  text: string,
  values: Int32Array,
  at: number,
  { leading, trailing }: Edges,
  prefixed: boolean,
): void {
  let [start = 0, end = 0] = [values[at + 1], values[at + 2]];
  const kept = prefixed && leading === 1 && (at === 0 || start === 0);
  for (let left = kept ? 0 : leading; left > 0 && start < end; left--) {
    start += (text.codePointAt(start) ?? 0) > 0xffff ? 2 : 1;
  }
  if (end >= trailing) {
    for (let left = trailing; left > 0 && end > start; left--) {
      end -= end > 1 && (text.codePointAt(end - 2) ?? 0) > 0xffff ? 2 : 1;
    }
  }
  values[at + 1] = start;
  values[at + 2] = end;
}

/** The tokens of a vocabulary that have white space at their ends, by id. */
function findEdges({ tokens, ids }: Vocabulary): Map<number, Edges> {
  const known = new Map<number, Edges>();
  tokens.forEach((token, index) => {
    const edges = edgesOf(token);
    if (edges !== noEdges) known.set(ids[index] ?? 0, edges);
  });
  return known;
}

function edgesOf(text: string): Edges {
  let leading = 0;
  while (leading < text.length && isBlank(text.charCodeAt(leading))) leading++;
  let trailing = 0;
  while (trailing < text.length && isBlank(text.charCodeAt(text.length - 1 - trailing))) trailing++;
  return leading + trailing === 0 ? noEdges : { leading, trailing };
}

function isBlank(unit: number): boolean {
  return unit === byteSpace || (propertiesOf(unit) & property.space) !== 0;
}
