"""What a model of several heads does on the development sets: figures to watch training by, and its calibration."""

import random
from pathlib import Path
from typing import NamedTuple

import torch
from tokenizers import Tokenizer
from torch.nn import functional

from answers import open_session
from english_data import ENTITIES, IGNORED, SENTIMENT, Example, Row, collate, encode, entities
from loop import batches_by_length
from many_headed import OUTPUTS, TEXT_HEADS, TOKEN_HEADS, ManyHeaded

# Sets that do not mark all types: others that are found there count neither way.
MARKED = {"ewt": {"PER", "ORG", "LOC"}}
NAMED = ["conll", "ewt", "wnut", "tweebank", "written"]
# CoNLL-2003's testa was trained on by the weights that training begins with: scores there are too high to learn from.
CALIBRATED_ON = ["ewt", "wnut", "tweebank"]
HIGH = 0.8  # scores from which on entities are taken for sure
TEMPERATURES = [round(0.6 + step / 20, 2) for step in range(41)]
THRESHOLDS = [step / 100 for step in range(5, 81)]


class Read(NamedTuple):
    """A row with its logits by head; of tokens [pieces, labels], of texts [labels]."""

    row: Row
    logits: dict[str, torch.Tensor]


def read(logits_of, examples: list[Example], tokenizer: Tokenizer) -> list[Read]:
    """What is given for the examples by `logits_of(input_ids, attention_mask)`, a model or `graph_logits`."""
    rows = [encode(example, tokenizer, 0.0, random.Random(0), 512) for example in examples]
    return [Read(rows[i], logits) for i, logits in run_rows(logits_of, rows, collate)]


@torch.no_grad()
def run_rows(logits_of, rows: list, collate) -> list[tuple[int, dict[str, torch.Tensor]]]:
    """The number of each row with its logits by head, without padding; rows of like length run together."""
    done = []
    for group in batches_by_length([len(row.ids) for row in rows], 2048, random.Random(0)):
        batch = collate([rows[i] for i in group])
        logits = logits_of(batch["input_ids"], batch["attention_mask"])
        for line, i in enumerate(group):
            length = len(rows[i].ids)
            done.append((i, {head: each[line, :length] if each.dim() == 3 else each[line] for head, each in logits.items()}))
    return done


def graph_logits(path: Path, names=tuple(TOKEN_HEADS | TEXT_HEADS), threads: int = 2):
    """The logits of the heads of these `names` that a graph gives."""
    session = open_session(path, threads)
    given = {each.name for each in session.get_outputs()}
    heads = {OUTPUTS[head]: head for head in names if OUTPUTS[head] in given}

    def logits_of(input_ids: torch.Tensor, attention_mask: torch.Tensor) -> dict[str, torch.Tensor]:
        feeds = {"input_ids": input_ids, "attention_mask": attention_mask, "token_type_ids": torch.zeros_like(input_ids)}
        outputs = session.run(list(heads), {name: value.numpy() for name, value in feeds.items()})
        return {head: torch.from_numpy(output) for head, output in zip(heads.values(), outputs)}

    return logits_of


def figures(model: ManyHeaded, sources, tokenizer: Tokenizer, most: int | None = None) -> dict[str, float]:
    """Of the first `most` examples of each development set: F1 of entities, share of right tags, best macro F1."""
    sets = {name: read(model, sources[name]["dev"][:most], tokenizer) for name in (*NAMED, "goemotions")}
    return {
        **{name: entity_f1(sets[name], MARKED.get(name)) for name in NAMED},
        "tags": _mean([logits.argmax(-1) == gold for logits, gold in _tagged(sets["ewt"])]),
        "sentiment": sum(max(_f1s(scores, gold)) for scores, gold in _by_sentiment(sets["goemotions"])) / len(SENTIMENT),
    }


def entity_f1(reads: list[Read], marked: set[str] | None) -> float:
    said, gold = set(found_entities(reads, 1.0, marked)), gold_entities(reads)
    return 2 * len(said & gold) / max(1, len(said) + len(gold))


def found_entities(reads: list[Read], temperature: float, marked: set[str] | None = None) -> dict[tuple, float]:
    """Entities by words, numbered through all texts with one number between two of them, each with its score.

    A score is the mean of how probable its type is of an entity's words, which is the mean of their pieces'.
    """
    starts = _starts(reads)
    words = torch.cat([torch.tensor(row.words) + start for (row, _), start in zip(reads, starts)])
    known = torch.cat([(torch.tensor(row.words) >= 0) & (torch.tensor(row.entities) > 0) for row, _ in reads])
    pieces = (torch.cat([logits["entities"] for _, logits in reads])[known] / temperature).softmax(-1)
    words = words[known]
    sums = torch.zeros(starts[-1], len(ENTITIES)).index_add_(0, words, pieces)
    shares = sums / torch.bincount(words, minlength=len(sums)).clamp_min(1)[:, None]
    best = shares.argmax(-1)
    begins = (best - 1) // 2 * 2 + 1  # the label that begins an entity of the same type
    scores = torch.where(best > 0, sum(shares.gather(1, (begins + i).clamp_min(0)[:, None])[:, 0] for i in (0, 1)), 0.0)
    return {(kind, a, b): float(scores[a:b].mean()) for kind, a, b in entities([ENTITIES[i] for i in best])
            if marked is None or kind in marked}


def gold_entities(reads: list[Read]) -> set[tuple[str, int, int]]:
    """The entities that are right, by words as `found_entities` numbers them: of each word its first piece's label."""
    labels = {}
    for (row, _), start in zip(reads, _starts(reads)):
        for word, bits in zip(row.words, row.entities):
            if word >= 0:
                labels.setdefault(start + word, ENTITIES[bits.bit_length() - 1] if bits else "O")
    return entities([labels.get(word, "O") for word in range(max(labels, default=-1) + 1)])


def _starts(reads: list[Read]) -> list[int]:
    """The number of each text's first word, and of the one after the last text's."""
    starts = [0]
    for row, _ in reads:
        starts.append(starts[-1] + max(row.words) + 2)
    return starts


def temperatures(sets: dict[str, list[Read]]) -> dict[str, float]:
    """For each head the number that its logits are to be divided by, so that scores say how often they are right."""
    by_tag = [torch.cat(each) for each in zip(*_tagged(sets["ewt"]))]
    moods = [torch.stack(each) for each in zip(*[(read.logits["sentiment"], torch.tensor(read.row.sentiment))
                                                 for read in sets["goemotions"]])]
    return {
        "entities": best(lambda t: _entity_loss(sets, t)),
        "tags": best(lambda t: functional.cross_entropy(by_tag[0] / t, by_tag[1])),
        "sentiment": best(lambda t: functional.binary_cross_entropy_with_logits(moods[0] / t, moods[1])),
    }


def best(loss) -> float:
    """The temperature of the smallest loss."""
    return min(TEMPERATURES, key=lambda temperature: float(loss(temperature)))


def _entity_loss(sets: dict[str, list[Read]], temperature: float) -> float:
    """How far high scores are from how often such entities are right, type and both ends; every set counts alike.

    High ones alone, since those are relied on, and since no one temperature suits all: where a set's types are not quite
    the model's, much is wrong whatever its score.
    """
    return sum(overconfidence(found_entities(sets[name], temperature, MARKED.get(name)), gold_entities(sets[name]))
               for name in CALIBRATED_ON) / len(CALIBRATED_ON)


def overconfidence(found: dict[tuple, float], gold: set[tuple]) -> float:
    """How far the mean of high scores is from the share of such entities that are right."""
    judged = [(score, entity in gold) for entity, score in found.items() if score >= HIGH]
    score, right = torch.tensor(judged, dtype=torch.float32).reshape(-1, 2).mean(dim=0).tolist() if judged else (1, 0)
    return abs(score - right)


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


def _mean(shares: list[torch.Tensor]) -> float:
    return float(torch.cat(shares).float().mean())
