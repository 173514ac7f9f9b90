"""English examples for several heads at once: reading, varying and encoding them."""

import random
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache

import torch
from tokenizers import Tokenizer

from loop import pad

ENTITIES = ["O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC", "B-MISC", "I-MISC"]
TAGS = ["ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "INTJ", "NOUN", "NUM", "PART", "PRON", "PROPN", "PUNCT", "SCONJ",
        "SYM", "VERB", "X"]
SENTIMENT = ["positive", "negative", "neutral", "ambiguous"]
IGNORED = -100
MASK = 4

@dataclass(frozen=True)
class Example:
    """A text by its words, and what is known of it.

    `entities`: for each word the labels of `ENTITIES` that may be right, parted by bars; `tags`: its UPOS or `_`;
    `glued`: words with no white space before them; `sentiment`: which of `SENTIMENT` are right.
    """

    words: tuple[str, ...]
    entities: tuple[str, ...] | None = None
    tags: tuple[str, ...] | None = None
    glued: frozenset[int] = frozenset()
    sentiment: tuple[int, ...] | None = None
    document: int = 0


@dataclass(frozen=True)
class Row:
    """An example as pieces: `entities` has a bit for each label that may be right, 0 where nothing is known.

    `words`: the number of the word that a piece is of, -1 for special tokens.
    """

    ids: list[int]
    words: list[int]
    entities: list[int]
    tags: list[int]
    sentiment: list[float]


def to_iob2(tags: list[str]) -> list[str]:
    """Let every entity begin with B-; reads IOB1 (a B- only between neighbours of one type) and IOB2 alike."""
    result, previous = [], "O"
    for tag in tags:
        if tag.startswith("I-") and previous[2:] != tag[2:]:
            tag = "B-" + tag[2:]
        result.append(tag)
        previous = tag
    return result


def entities(labels) -> set[tuple[str, int, int]]:
    """(type, first word, word after the last) of each entity; an I- that continues nothing begins one."""
    found, start = set(), None
    fixed = [*to_iob2([label if "|" not in label and label else "O" for label in labels]), "O"]
    for i, tag in enumerate(fixed):
        if start is not None and not tag.startswith("I-"):
            found.add((fixed[start][2:], start, i))
            start = None
        if tag.startswith("B-"):
            start = i
    return found


@lru_cache(maxsize=None)
def bits_of(label: str, continues: bool) -> int:
    """A bit for each label that may be right for a piece that begins a word or continues it."""
    bits = 0
    for each in label.split("|") if label else ():
        bits |= 1 << ENTITIES.index("I-" + each[2:] if continues and each.startswith("B-") else each)
    return bits


def written(example: Example) -> tuple[str, list[int]]:
    """The text of an example, and where its words begin."""
    starts, text = [], ""
    for number, word in enumerate(example.words):
        text += "" if number == 0 or number in example.glued else " "
        starts.append(len(text))
        text += word
    return text, starts


def encode(example: Example, tokenizer: Tokenizer, hidden: float, dice: random.Random, longest: int = 256) -> Row:
    """Pieces with their labels: a word's first piece carries its label, the others continue it.

    A share of the pieces is `hidden` behind [MASK].
    """
    text, starts = written(example)
    encoding = tokenizer.encode(text)
    words, bits, tags, previous = [], [], [], -1
    for special, (start, _) in zip(encoding.special_tokens_mask, encoding.offsets):
        if special:
            words.append(-1)
            bits.append(0)
            tags.append(IGNORED)
            continue
        word = bisect_right(starts, start) - 1
        words.append(word)
        bits.append(bits_of(example.entities[word], word == previous) if example.entities else 0)
        tags.append(_tag(example.tags[word]) if example.tags else IGNORED)
        previous = word
    ids = [MASK if i > MASK and dice.random() < hidden else i for i in encoding.ids] if hidden else encoding.ids
    sentiment = [float(x) for x in example.sentiment] if example.sentiment else [-1.0] * len(SENTIMENT)
    return Row(ids[:longest], words[:longest], bits[:longest], tags[:longest], sentiment)


def collate(rows: list[Row]) -> dict[str, torch.Tensor]:
    return {
        "input_ids": pad([row.ids for row in rows], 0),
        "attention_mask": pad([[1] * len(row.ids) for row in rows], 0),
        "entities": pad([row.entities for row in rows], 0),
        "tags": pad([row.tags for row in rows], IGNORED),
        "sentiment": torch.tensor([row.sentiment for row in rows]),
    }


def _tag(tag: str) -> int:
    return TAGS.index(tag) if tag in TAGS else IGNORED
