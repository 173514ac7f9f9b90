import { ModelError } from '#shared/errors.ts';
import type { SpecialTokens } from '../../types.ts';
import type { TokenizerFile } from '../tokenizer-file.ts';

/**
 * Reads the special tokens' ids, and checks that the tokenizer frames texts as BERT does: `[CLS] A [SEP]`, and
 * `[CLS] A [SEP] B [SEP]` with segment 1 from B on.
 *
 * @throws {ModelError} naming what is missing or framed otherwise.
 */
export function readSpecialTokens(file: TokenizerFile): SpecialTokens {
  const processor = file.post_processor;
  const idOf = (content: string): number => {
    const id = file.added_tokens.find((token) => token.content === content)?.id;
    const known = id ?? file.model.vocab[content];
    if (known === undefined) throw new ModelError(`tokenizer.json: no token ${content}`);
    return known;
  };
  const unk = idOf(file.model.unk_token);
  const pad = file.padding?.pad_id ?? idOf('[PAD]');
  if (processor.type === 'BertProcessing') {
    return { cls: processor.cls[1], sep: processor.sep[1], pad, unk };
  }
  const single = processor.single.map(shape);
  const pair = processor.pair.map(shape);
  const [cls = '', sep = ''] = [single[0]?.name, single[2]?.name];
  const wanted = [`${cls}:0`, 'A:0', `${sep}:0`, 'B:1', `${sep}:1`];
  const same = (given: readonly string[], expected: readonly string[]) =>
    given.join(' ') === expected.join(' ');
  if (!same(single.map(label), wanted.slice(0, 3)) || !same(pair.map(label), wanted)) {
    throw new ModelError(
      'tokenizer.json: post_processor must frame texts as [CLS] A [SEP] and [CLS] A [SEP] B [SEP]',
    );
  }
  const id = (name: string) => processor.special_tokens[name]?.ids[0] ?? idOf(name);
  return { cls: id(cls), sep: id(sep), pad, unk };
}

type Piece = Extract<
  TokenizerFile['post_processor'],
  { type: 'TemplateProcessing' }
>['single'][number];

function shape(piece: Piece): { name: string; segment: number } {
  const { id, type_id: segment } = 'SpecialToken' in piece ? piece.SpecialToken : piece.Sequence;
  return { name: id, segment };
}

function label({ name, segment }: { name: string; segment: number }): string {
  return `${name}:${segment}`;
}
