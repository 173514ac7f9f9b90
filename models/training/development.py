"""What a model of several heads does on the development sets: figures to watch training by, and its calibration."""

import random
from typing import NamedTuple

import torch
from tokenizers import Tokenizer
from torch.nn import functional

from english_data import ENTITIES, IGNORED, SENTIMENT, Example, Row, collate, encode, entities
from loop import batches_by_length
from many_headed import ManyHeaded

# Sets that do not mark all types: others that are found there count neither way.
MARKED = {"ewt": {"PER", "ORG", "LOC"}}
NAMED = ["conll", "ewt", "wnut", "tweebank"]
# CoNLL-2003's testa was trained on by the weights that training begins with: scores there are too high to learn from.
CALIBRATED_ON = ["ewt", "wnut", "tweebank"]
TEMPERATURES = [0.5 + step / 40 for step in range(101)]
THRESHOLDS = [step / 100 for step in range(5, 81)]


class Read(NamedTuple):
    """A row with its logits by head; of tokens [pieces, labels], of texts [labels]."""

    row: Row
    logits: dict[str, torch.Tensor]


@torch.no_grad()
def read(model: ManyHeaded, examples: list[Example], tokenizer: Tokenizer) -> list[Read]:
    """What the model gives for the examples."""
    dice = random.Random(0)
    rows = [encode(example, tokenizer, 0.0, dice, 512) for example in examples]
    done = []
    for group in batches_by_length([len(row.ids) for row in rows], 2048, dice):
        batch = collate([rows[i] for i in group])
        logits = model(batch["input_ids"], batch["attention_mask"])
        for line, i in enumerate(group):
            length = len(rows[i].ids)
            done.append(Read(rows[i], {head: each[line, :length] if each.dim() == 3 else each[line]
                                       for head, each in logits.items()}))
    return done


def figures(model: ManyHeaded, sources, tokenizer: Tokenizer, most: int | None = None) -> dict[str, float]:
    """Of the first `most` examples of each development set: F1 of entities, share of right tags, best macro F1, Matthews."""
    sets = {name: read(model, sources[name]["dev"][:most], tokenizer) for name in (*NAMED, "goemotions", "cola")}
    return {
        **{name: entity_f1(sets[name], MARKED.get(name)) for name in NAMED},
        "tags": _mean([logits.argmax(-1) == gold for logits, gold in _tagged(sets["ewt"])]),
        "sentiment": sum(max(_f1s(scores, gold)) for scores, gold in _by_sentiment(sets["goemotions"])) / len(SENTIMENT),
        "acceptability": _matthews(*_accepted(sets["cola"])),
    }


def entity_f1(reads: list[Read], marked: set[str] | None) -> float:
    right = found = true = 0
    for each in reads:
        said, gold = set(found_entities(each, 1.0, marked)), gold_entities(each.row)
        right, found, true = right + len(said & gold), found + len(said), true + len(gold)
    return 2 * right / max(1, found + true)


def found_entities(each: Read, temperature: float, marked: set[str] | None = None) -> dict[tuple, float]:
    """Entities by words, each with its score: its words' mean probability, a word's being the mean of its pieces'."""
    words = torch.tensor(each.row.words)
    known = (words >= 0) & (torch.tensor(each.row.entities) > 0)
    if not known.any():
        return {}
    words = words[known]
    pieces = (each.logits["entities"][known] / temperature).softmax(-1)
    sums = torch.zeros(int(words.max()) + 1, len(ENTITIES)).index_add_(0, words, pieces)
    scores, best = (sums / torch.bincount(words, minlength=len(sums)).clamp_min(1)[:, None]).max(-1)
    return {(kind, a, b): float(scores[a:b].mean()) for kind, a, b in entities([ENTITIES[i] for i in best])
            if marked is None or kind in marked}


def gold_entities(row: Row) -> set[tuple[str, int, int]]:
    """The row's entities by words: of each word its first piece's label."""
    labels = {}
    for word, bits in zip(row.words, row.entities):
        if word >= 0:
            labels.setdefault(word, ENTITIES[bits.bit_length() - 1] if bits else "O")
    return entities([labels.get(word, "O") for word in range(max(labels, default=-1) + 1)])


def temperatures(sets: dict[str, list[Read]]) -> dict[str, float]:
    """For each head the number that its logits are to be divided by, so that scores say how often they are right."""
    by_tag = [torch.cat(each) for each in zip(*_tagged(sets["ewt"]))]
    moods = [torch.stack(each) for each in zip(*[(read.logits["sentiment"], torch.tensor(read.row.sentiment))
                                                 for read in sets["goemotions"]])]
    accepted = [torch.stack([each.logits["acceptability"] for each in sets["cola"]]), _accepted(sets["cola"])[1]]
    return {
        "entities": _best(lambda t: _entity_loss(sets, t)),
        "tags": _best(lambda t: functional.cross_entropy(by_tag[0] / t, by_tag[1])),
        "sentiment": _best(lambda t: functional.binary_cross_entropy_with_logits(moods[0] / t, moods[1])),
        "acceptability": _best(lambda t: functional.cross_entropy(accepted[0] / t, accepted[1])),
    }


def _best(loss) -> float:
    return min(TEMPERATURES, key=lambda temperature: float(loss(temperature)))


def _entity_loss(sets: dict[str, list[Read]], temperature: float) -> float:
    """How badly scores say which entities are right, types and both ends; every set counts alike."""
    losses = []
    for name in CALIBRATED_ON:
        judged = [(score, entity in gold) for each in sets[name] for gold in [gold_entities(each.row)]
                  for entity, score in found_entities(each, temperature, MARKED.get(name)).items()]
        scores, right = (torch.tensor(column, dtype=torch.float32) for column in zip(*judged))
        losses.append(functional.binary_cross_entropy(scores.clamp(1e-4, 1 - 1e-4), right))
    return sum(losses) / len(losses)


def thresholds(reads: list[Read], temperature: float) -> dict[str, float]:
    """For each sentiment the score from which on it is given: the one of the best F1."""
    chosen = {}
    for name, (scores, gold) in zip(SENTIMENT, _by_sentiment(reads, temperature)):
        f1s = _f1s(scores, gold)
        chosen[name] = THRESHOLDS[f1s.index(max(f1s))]
    return chosen


def _tagged(reads: list[Read]) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """(logits, tag) of the first piece of each word whose tag is known."""
    pairs = []
    for row, logits in reads:
        first = torch.tensor([word != before and tag != IGNORED
                              for word, before, tag in zip(row.words, [-1, *row.words], row.tags)])
        pairs.append((logits["tags"][first], torch.tensor(row.tags)[first]))
    return pairs


def _by_sentiment(reads: list[Read], temperature: float = 1.0) -> list[tuple[torch.Tensor, torch.Tensor]]:
    scores = (torch.stack([each.logits["sentiment"] for each in reads]) / temperature).sigmoid()
    gold = torch.tensor([each.row.sentiment for each in reads]) > 0
    return list(zip(scores.T, gold.T))


def _f1s(scores: torch.Tensor, gold: torch.Tensor) -> list[float]:
    """F1 at each of the thresholds."""
    return [float(2 * ((scores >= t) & gold).sum() / ((scores >= t).sum() + gold.sum()).clamp_min(1)) for t in THRESHOLDS]


def _accepted(reads: list[Read]) -> tuple[torch.Tensor, torch.Tensor]:
    said = torch.stack([each.logits["acceptability"] for each in reads]).argmax(-1)
    return said, torch.tensor([each.row.acceptability for each in reads])


def _matthews(said: torch.Tensor, gold: torch.Tensor) -> float:
    return float(torch.corrcoef(torch.stack([said.float(), gold.float()]))[0, 1].nan_to_num())


def _mean(shares: list[torch.Tensor]) -> float:
    return float(torch.cat(shares).float().mean())
