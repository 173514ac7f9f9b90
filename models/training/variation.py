"""Texts as they are met in the wild, made of the corpora's sentences."""

import random
from dataclasses import replace

from english_data import Example, entities

STREETS = "Street Road Avenue Lane Drive Square Way Close Boulevard St. Ave. Rd".split()


def so_often(examples: list[Example], times: float, dice: random.Random) -> list[list[Example]]:
    """The examples so often; of a part, those that follow each other are kept together."""
    start = dice.randrange(len(examples))
    part = (examples[start:] + examples[:start])[: int(times % 1 * len(examples))]
    return [examples] * int(times) + [part] * bool(part)


def vary(examples: list[Example], dice: random.Random, joined: list[int]) -> list[Example]:
    """Texts as they are met in the wild: several sentences in one, other case, typing errors, no full stop.

    `joined` weighs how many sentences of a document make one text: its first number for one, the next for two, and so on.
    """
    varied, i = [], 0
    while i < len(examples):
        count = dice.choices(range(1, len(joined) + 1), joined)[0]
        group = [example for example in examples[i : i + count] if example.document == examples[i].document]
        i += len(group)
        example = _clip(_join(group), dice)
        recase = dice.choices([None, str.lower, str.upper, str.title], [0.86, 0.07, 0.04, 0.03])[0]
        if recase:
            example = replace(example, words=tuple(map(recase, example.words)))
        elif dice.random() < 0.06:
            example = replace(example, words=tuple(_mistype(word, dice) for word in example.words))
        varied.append(_reglue(example, dice))
    return varied


def _join(group: list[Example]) -> Example:
    """One text of several; what is not known of all of them is known of none of its words."""
    if len(group) == 1:
        return group[0]
    starts = [sum(len(example.words) for example in group[:i]) for i in range(len(group))]
    return Example(
        tuple(word for example in group for word in example.words),
        tuple(tag for example in group for tag in example.entities or [""] * len(example.words)),
        tuple(tag for example in group for tag in example.tags or ["_"] * len(example.words)),
        frozenset(start + i for start, example in zip(starts, group) for i in example.glued),
    )


def _clip(example: Example, dice: random.Random) -> Example:
    """At times without the full stop, so that a line that ends is no surprise."""
    if len(example.words) < 3 or example.words[-1] != "." or dice.random() > 0.15:
        return example
    return replace(example, words=example.words[:-1], glued=example.glued - {len(example.words) - 1},
                   entities=example.entities and example.entities[:-1], tags=example.tags and example.tags[:-1])


def _mistype(word: str, dice: random.Random) -> str:
    """At times a letter left out, doubled or exchanged for its neighbour."""
    if len(word) < 4 or not word.isalpha() or dice.random() > 0.1:
        return word
    at = dice.randrange(1, len(word) - 1)
    return word[:at] + dice.choice(["", word[at] * 2, word[at + 1] + word[at]]) + word[at + 1 :]


def _reglue(example: Example, dice: random.Random) -> Example:
    """Written as people write or, as often, with white space between all words, as data sets have it."""
    if dice.random() < 0.5:
        return replace(example, glued=frozenset())
    contracted = {i for i, word in enumerate(example.words) if i and word.lower() in ("n't", "n’t")}
    return replace(example, glued=example.glued | contracted)


def swap_names(examples: list[Example], names: dict[str, list], share: float, dice: random.Random) -> list[Example]:
    """Put another name of the same type in the place of a share of the names, so that context must tell."""
    return [_swap(example, names, share, dice) if example.entities else example for example in examples]


def names_of(examples: list[Example]) -> dict[str, list[tuple[str, ...]]]:
    """The names of each type, as often as they occur."""
    names = {}
    for example in examples:
        for kind, a, b in sorted(entities(example.entities or ())):
            names.setdefault(kind, []).append(example.words[a:b])
    return names


def _swap(example, names, share, dice) -> Example:
    words, labels, tags = list(example.words), list(example.entities), list(example.tags or ())
    found = sorted(entities(labels), key=lambda entity: -entity[1])
    chosen = [entity for entity in found if entity[0] in names and dice.random() < share]
    for kind, a, b in chosen:
        name = dice.choice(names[kind])
        words[a:b] = name
        labels[a:b] = ["B-" + kind] + ["I-" + kind] * (len(name) - 1)
        if tags:
            tags[a:b] = ["_"] * len(name)
    if not chosen:
        return example
    return replace(example, words=tuple(words), entities=tuple(labels), tags=tuple(tags) or None, glued=frozenset())


def address_blocks(names: dict[str, list], count: int, dice: random.Random) -> list[Example]:
    """Letterheads and signatures: names on lines of their own, with no sentence around them.

    Whether a street is a place is left open, since data sets differ.
    """
    blocks = []
    for _ in range(count):
        words, labels = [], []
        street = "O|B-LOC|I-LOC"
        number = str(dice.randint(1, 999))
        lines = [("PER", dice.choice(names["PER"])), ("ORG", dice.choice(names["ORG"])),
                 (street, (number, dice.choice(names["PER"])[-1], dice.choice(STREETS))),
                 ("LOC", dice.choice(names["LOC"])), ("O", (f"{dice.randint(1000, 99999)}",)),
                 ("LOC", dice.choice(names["LOC"]))]
        for kind, line in [line for line in lines if dice.random() < 0.75]:
            words += line
            named = kind in ("PER", "ORG", "LOC")
            labels += ["B-" + kind] + ["I-" + kind] * (len(line) - 1) if named else [kind] * len(line)
            if dice.random() < 0.25:
                words.append(",")
                labels.append("O")
        if words:
            blocks.append(Example(tuple(words), tuple(labels)))
    return blocks
