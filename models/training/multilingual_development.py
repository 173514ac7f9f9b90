"""What the multilingual model does on the development sets: figures to watch training by, and its calibration."""

import random
from typing import NamedTuple

import torch
from tokenizers import Tokenizer
from torch.nn import functional

from development import best, overconfidence, run_rows
from english_data import ENTITIES, IGNORED, Example
from multilingual_data import TOKEN_HEADS, WORD_TAGS, Row, collate, encode, gold_spans

MARKED = {"PER", "ORG", "LOC"}
WATCHED = 150  # examples of each development set that a round ends with
# Whether the label of a row may be followed by that of a column.
FOLLOWS = {head: torch.tensor([[after[0] != "I" or (before[0] in "BI" and before[2:] == after[2:]) for after in labels]
                               for before in labels]) for head, labels in TOKEN_HEADS.items()}


class Read(NamedTuple):
    """An example, its row, and its logits by head [pieces, labels], special tokens left out."""

    example: Example
    row: Row
    logits: dict[str, torch.Tensor]


def read(logits_of, examples: list[Example], tokenizer: Tokenizer) -> list[Read]:
    """What is given for the examples by `logits_of(input_ids, attention_mask)`."""
    rows = [encode(example, tokenizer, 0.0, random.Random(0), 512) for example in examples]
    return [Read(examples[i], rows[i], {head: each[1:-1] for head, each in logits.items()})
            for i, logits in run_rows(logits_of, rows, collate)]


def figures(model, sources, tokenizer: Tokenizer, most: int | None = WATCHED) -> dict[str, float]:
    """Of the first `most` examples of each development set: F1 of PER, ORG and LOC, and Japanese words' share of right tags."""
    reads = {name: read(model, parts["dev"][:most], tokenizer) for name, parts in sources.items()}
    return {**{name: entity_f1(each) for name, each in reads.items()}, "tags": tag_share(reads["ja-gsd"])}


def entity_f1(reads: list[Read]) -> float:
    right = said = gold = 0
    for each in reads:
        found = {span for span in found_entities(each) if span[0] in MARKED}
        known = {span for span in gold_spans(each.example) if span[0] in MARKED}
        right, said, gold = right + len(found & known), said + len(found), gold + len(known)
    return 2 * right / max(1, said + gold)


def found_entities(each: Read, temperature: float = 1.0) -> dict[tuple[str, int, int], float]:
    """(type, start, end) in characters with the mean of how probable the type is of its pieces, as the engine gives them."""
    shares = (each.logits["entities"] / temperature).softmax(-1)
    labels = [ENTITIES[i] for i in best_sequence(shares, FOLLOWS["entities"])]
    found, scores = [], []
    for label, share, (start, end) in zip(labels, shares, each.row.spans[1:-1]):
        if label == "O":
            continue
        begin = ENTITIES.index("B-" + label[2:])
        score = float(share[begin] + share[begin + 1])
        if label[0] == "B":
            found.append([label[2:], start, end])
            scores.append([score])
        else:
            found[-1][2] = end
            scores[-1].append(score)
    text = each.row.text
    trimmed = [(kind, end - len(text[start:end].lstrip()), end) for kind, start, end in found]
    return {span: sum(those) / len(those) for span, those in zip(trimmed, scores) if span[1] < span[2]}


def best_sequence(shares: torch.Tensor, follows: torch.Tensor) -> list[int]:
    """The most probable sequence of labels in which each may follow the one before; none continues at the beginning."""
    begins = follows.all(0)
    free = shares.argmax(-1).tolist()
    if not free or (begins[free[0]] and all(follows[a][b] for a, b in zip(free, free[1:]))):
        return free
    barred = torch.where(follows, 0.0, -torch.inf)
    logs = shares.clamp_min(1e-30).log()
    total, came = logs[0] + torch.where(begins, 0.0, -torch.inf), []
    for row in logs[1:]:
        best, by = (total[:, None] + barred).max(0)
        came.append(by)
        total = best + row
    chosen = [int(total.argmax())]
    for by in reversed(came):
        chosen.append(int(by[chosen[-1]]))
    return chosen[::-1]


def temperatures(sets: dict[str, list[Read]]) -> dict[str, float]:
    """For each head the number that its logits are to be divided by, so that scores say how often they are right."""
    gold = {name: _of_all(reads, lambda each: {span: 1.0 for span in gold_spans(each.example)}) for name, reads in sets.items()}

    def entity_loss(temperature: float) -> float:
        found = {name: _of_all(reads, lambda each: found_entities(each, temperature)) for name, reads in sets.items()}
        return sum(overconfidence(found[name], set(gold[name])) for name in sets)

    tags = torch.cat([torch.tensor(each.row.tags[1:-1]) for each in sets["ja-gsd"]])
    logits = torch.cat([each.logits["tags"] for each in sets["ja-gsd"]])
    return {"entities": best(entity_loss),
            "tags": best(lambda t: functional.cross_entropy(logits / t, tags, ignore_index=IGNORED))}


def _of_all(reads: list[Read], entities_of) -> dict[tuple, float]:
    """The entities of all texts, numbered by text, of the types that every data set marks."""
    return {(number, *span): score for number, each in enumerate(reads)
            for span, score in entities_of(each).items() if span[0] in MARKED}


def tag_share(reads: list[Read]) -> float:
    """Of words whose first piece's tag is known, the share given right: of the word found over its first character."""
    right = total = 0
    for each in reads:
        said = [WORD_TAGS[i][2:] for i in best_sequence(each.logits["tags"].softmax(-1), FOLLOWS["tags"])]
        for tag, gold in zip(said, each.row.tags[1:-1]):
            if gold != IGNORED and WORD_TAGS[gold][0] == "B":
                total += 1
                right += tag == WORD_TAGS[gold][2:]
    return right / max(1, total)
