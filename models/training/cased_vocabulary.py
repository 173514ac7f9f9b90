"""A cased WordPiece vocabulary for an uncased encoder.

Names are told by their capitals, yet the encoder knows lower-case pieces only. So each of its pieces gets
variants, one for every way text was seen to write it ("paris", "Paris", "PARIS"), the most frequent ones
are kept, and a variant's embedding is that of its lower-case piece plus a vector for its kind of case.
"""

from collections import Counter
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
CASES = ["lower", "title", "upper", "mixed"]
HEADLINE_SHARE = 0.04  # of a capitalised piece's score, lent to its upper-case form: headlines shout names
LATIN = {*range(0x250), *range(0x2000, 0x2100)}  # and the punctuation that goes with it
LETTERS = [chr(c) for first in "aA" for c in range(ord(first), ord(first) + 26)]

_normalizer = normalizers.BertNormalizer(lowercase=False, strip_accents=True)
_pre_tokenizer = pre_tokenizers.BertPreTokenizer()


def basic_words(text: str) -> list[str]:
    """Words and punctuation marks of `text`, as BERT's own tokenizer splits it, case kept."""
    return [word for word, _ in _pre_tokenizer.pre_tokenize_str(_normalizer.normalize_str(text))]


def case_of(piece: str) -> str:
    """The kind of case of a piece (without its '##')."""
    if piece == piece.lower():
        return "lower"
    if piece[0].isupper() and piece[1:] == piece[1:].lower():
        return "title"
    return "upper" if piece == piece.upper() else "mixed"


def build_vocabulary(base: list[str], weighted_texts, size: int) -> tuple[list[str], list[int], list[int]]:
    """Choose `size` cased pieces; returns them, their base piece's index and the index of their case.

    `weighted_texts` yields (text, weight): a piece's score is the weight of the texts it occurs in.
    """
    index = {piece: i for i, piece in enumerate(base)}
    score = Counter()
    for word, weight in _count_words(weighted_texts).items():
        for piece in _cased_pieces(word, index):
            score[piece] += weight
    for (written, lower), count in list(score.items()):
        if case_of(written) == "title":
            score[written.upper(), lower] += HEADLINE_SHARE * count
    for piece in score:
        score[piece] *= 3 if case_of(piece[0].removeprefix("##")) == "title" else 1
    must = [(prefix + letter, prefix + letter.lower()) for letter in LETTERS for prefix in ("", "##")]
    ranked = sorted(score, key=lambda piece: (-score[piece], index[piece[1]], piece[0]))
    chosen = dict.fromkeys(must + ranked)
    kept = sorted(list(chosen)[: size - len(SPECIAL)], key=lambda piece: (index[piece[1]], piece[0]))
    pieces = SPECIAL + [piece for piece, _ in kept]
    bases = [index[piece] for piece in SPECIAL] + [index[lower] for _, lower in kept]
    cases = [0] * len(SPECIAL) + [CASES.index(case_of(piece.removeprefix("##"))) for piece, _ in kept]
    return pieces, bases, cases


def _count_words(weighted_texts) -> Counter:
    words = Counter()
    for text, weight in weighted_texts:
        for word in basic_words(text):
            words[word] += weight
    return words


def _cased_pieces(word: str, index: dict[str, int]) -> list[tuple[str, str]]:
    """Split `word` as the uncased model would; pairs of (piece as written, lower-case piece)."""
    lower = word.lower()
    if len(lower) != len(word) or len(word) > 100:
        return []
    pieces, start = [], 0
    while start < len(word):
        prefix = "##" if start else ""
        end = next((e for e in range(len(word), start, -1) if prefix + lower[start:e] in index), None)
        if end is None:
            return []
        pieces.append((prefix + word[start:end], prefix + lower[start:end]))
        start = end
    return pieces


def most_frequent(tokenizer: Tokenizer, texts: list[str], size: int) -> list[int]:
    """The numbers, in order, of the `size` pieces to keep: special ones, single characters of Latin text, and the texts' own."""
    pieces = tokenizer.get_vocab().items()
    single = [i for piece, i in pieces if piece in SPECIAL or len(piece.removeprefix("##")) == 1 and ord(piece[-1]) in LATIN]
    seen = Counter(i for encoding in tokenizer.encode_batch(texts) for i in encoding.ids)
    return sorted([*dict.fromkeys([*single, *(i for i, _ in seen.most_common())])][:size])


class CasedEmbedding(torch.nn.Module):
    """Embeds cased piece ids [...] as base[lower-case piece] + case[kind]; `folded` gives the plain table."""

    def __init__(self, base: torch.Tensor, bases: list[int], cases: list[int]):
        super().__init__()
        self.register_buffer("bases", torch.tensor(bases))
        self.register_buffer("cases", torch.tensor(cases))
        self.base = torch.nn.Embedding.from_pretrained(base, freeze=False, sparse=True)
        self.case = torch.nn.Embedding(len(CASES), base.shape[1])
        torch.nn.init.normal_(self.case.weight, std=0.01)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.base(self.bases[ids]) + self.case(self.cases[ids])

    @torch.no_grad()
    def folded(self) -> torch.Tensor:
        """The table [pieces, width] that a plain BERT looks its ids up in."""
        return self.base.weight[self.bases] + self.case.weight[self.cases]


def read_vocabulary(path: Path) -> list[str]:
    """The pieces of a vocab.txt, one a line."""
    return path.read_text(encoding="utf-8").rstrip("\n").split("\n")


def make_tokenizer(pieces: list[str], lower_case=False) -> Tokenizer:
    """BERT's tokenizer, with accents dropped and case kept unless it is to be lost."""
    vocabulary = {piece: i for i, piece in enumerate(pieces)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lower_case, strip_accents=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    ends = [(token, vocabulary[token]) for token in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0", pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1", special_tokens=ends
    )
    tokenizer.add_special_tokens(SPECIAL)
    return tokenizer
