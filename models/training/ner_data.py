"""Sentences with named entities: reading, relabelling, varying and encoding them."""

import random
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer

LABELS = ["O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC", "B-MISC", "I-MISC"]
LABEL_ID = {label: i for i, label in enumerate(LABELS)}
IGNORED = -100


@dataclass(frozen=True)
class Sentence:
    words: list[str]
    tags: list[str]
    document: int = 0


def read_conll(path: Path) -> list[Sentence]:
    """Read a column file (word first, tag last, blank line between sentences); tags come out as IOB2."""
    sentences, words, tags, document = [], [], [], 0
    for line in [*path.read_text(encoding="utf-8").splitlines(), ""]:
        columns = line.split()
        if line.startswith("-DOCSTART-"):
            document += 1
        elif columns:
            words.append(columns[0])
            tags.append(columns[-1])
        elif words:
            sentences.append(Sentence(words, to_iob2(tags), document))
            words, tags = [], []
    return sentences


def to_iob2(tags: list[str]) -> list[str]:
    """Let every entity begin with B-; reads IOB1 (a B- only between neighbours of one type) and IOB2 alike."""
    result, previous = [], "O"
    for tag in tags:
        if tag.startswith("I-") and previous[2:] != tag[2:]:
            tag = "B-" + tag[2:]
        result.append(tag)
        previous = tag
    return result


def entities(tags: list[str]) -> set[tuple[str, int, int]]:
    """(type, first word, word after the last) of each entity; an I- that continues nothing begins one."""
    found, start = set(), None
    fixed = [*to_iob2(tags), "O"]
    for i, tag in enumerate(fixed):
        if start is not None and not tag.startswith("I-"):
            found.add((fixed[start][2:], start, i))
            start = None
        if tag.startswith("B-"):
            start = i
    return found


def vary(sentences: list[Sentence], dice: random.Random, joined: list[int]) -> list[Sentence]:
    """One epoch's texts: sentences alone or joined with those that follow, some in another case.

    `joined` weighs how many make one: its first number for one sentence, the next for two, and so on.
    """
    epoch, i = [], 0
    while i < len(sentences):
        count = dice.choices(range(1, len(joined) + 1), joined)[0]
        group = [s for s in sentences[i : i + count] if s.document == sentences[i].document]
        i += len(group)
        words = [word for s in group for word in s.words]
        tags = [tag for s in group for tag in s.tags]
        recase = dice.choices([None, str.lower, str.upper, str.title], [0.91, 0.04, 0.03, 0.02])[0]
        epoch.append(Sentence([recase(word) for word in words] if recase else words, tags))
    return epoch


def swap_names(sentences: list[Sentence], share: float, dice: random.Random) -> list[Sentence]:
    """Put another name of the same type in the place of a share of the names, so that context must tell."""
    names = {}
    for sentence in sentences:
        for kind, a, b in sorted(entities(sentence.tags)):
            names.setdefault(kind, []).append(sentence.words[a:b])
    return [_swap(sentence, names, share, dice) for sentence in sentences]


def _swap(sentence, names, share, dice) -> Sentence:
    words, tags = list(sentence.words), list(sentence.tags)
    for kind, a, b in sorted(entities(tags), key=lambda entity: -entity[1]):
        if dice.random() < share:
            name = dice.choice(names[kind])
            words[a:b] = name
            tags[a:b] = ["B-" + kind] + ["I-" + kind] * (len(name) - 1)
    return Sentence(words, tags, sentence.document)


def encode(sentence: Sentence, tokenizer: Tokenizer, longest: int = 256) -> tuple[list[int], list[int]]:
    """Ids and label ids of a sentence: a word's first piece carries its label, the others continue it."""
    encoding = tokenizer.encode(sentence.words, is_pretokenized=True)
    labels, previous = [], None
    for word in encoding.word_ids:
        tag = "" if word is None else sentence.tags[word]
        continued = "I-" + tag[2:] if tag.startswith("B-") and word == previous else tag
        labels.append(LABEL_ID.get(continued, IGNORED))
        previous = word
    return encoding.ids[:longest], labels[:longest]
