"""Examples in several languages as pieces of a Unigram vocabulary."""

import random
from bisect import bisect_right
from dataclasses import dataclass

import torch
from tokenizers import Tokenizer

from english_data import ENTITIES, IGNORED, TAGS, Example, bits_of, entities, written
from loop import pad

# A word begins at B- and goes on at I-: so that words come out of labels where no space parts them.
WORD_TAGS = [prefix + tag for tag in TAGS for prefix in ("B-", "I-")]
TOKEN_HEADS = {"entities": ENTITIES, "tags": WORD_TAGS}


@dataclass(frozen=True)
class Row:
    """An example as pieces with their offsets in `text`, in characters.

    `entities` has a bit for each label that may be right, 0 where nothing is known; `tags` are indexes or `IGNORED`.
    """

    text: str
    ids: list[int]
    spans: list[tuple[int, int]]
    entities: list[int]
    tags: list[int]


def encode(example: Example, tokenizer: Tokenizer, hidden: float, dice: random.Random, longest: int = 256) -> Row:
    """Pieces with their labels: a word's first piece carries its label, the others continue it.

    A piece that reaches into a word of another label says nothing. A share of the pieces is `hidden` behind <mask>.
    """
    text, starts = written(example)
    encoding = tokenizer.encode(text)
    spans, bits, tags, previous = [], [], [], -1
    for special, (start, end) in zip(encoding.special_tokens_mask, encoding.offsets):
        while start < end - 1 and text[start] == " ":
            start += 1
        # A space of its own belongs to the word that it announces.
        first = bisect_right(starts, start + (text[start : start + 1] == " ")) - 1
        last = max(first, bisect_right(starts, end - 1) - 1)
        spans.append((start, end))
        if special:
            bits.append(0)
            tags.append(IGNORED)
            continue
        continues = first == previous
        bits.append(_bits(example, first, last, continues))
        tags.append(_tag(example, first, last, continues))
        previous = last
    mask = tokenizer.token_to_id("<mask>")
    ids = [mask if i > 3 and dice.random() < hidden else i for i in encoding.ids] if hidden else encoding.ids
    return Row(text, ids[:longest], spans[:longest], bits[:longest], tags[:longest])


def _bits(example: Example, first: int, last: int, continues: bool) -> int:
    if not example.entities:
        return 0
    bits = bits_of(example.entities[first], continues)
    goes_on = all(bits_of(example.entities[word], False) == bits_of(example.entities[first], True)
                  for word in range(first + 1, last + 1))
    return bits if goes_on else 0


def _tag(example: Example, first: int, last: int, continues: bool) -> int:
    if not example.tags or last > first or example.tags[first] not in TAGS:
        return IGNORED
    return WORD_TAGS.index(("I-" if continues else "B-") + example.tags[first])


def collate(rows: list[Row]) -> dict[str, torch.Tensor]:
    return {
        "input_ids": pad([row.ids for row in rows], 1),
        "attention_mask": pad([[1] * len(row.ids) for row in rows], 0),
        "entities": pad([row.entities for row in rows], 0),
        "tags": pad([row.tags for row in rows], IGNORED),
    }


def gold_spans(example: Example) -> set[tuple[str, int, int]]:
    """The entities that are right for certain: (type, start, end) in characters."""
    _, starts = written(example)
    return {(kind, starts[a], starts[b - 1] + len(example.words[b - 1])) for kind, a, b in entities(example.entities)}
