"""What acceptability is learnt from: CoLA, and sentences of other data sets, as they are and spoiled, with a teacher's word."""

import json
import random
import re
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer

from english_data import IGNORED
from loop import pad
from spoiling import Spoiler

COLA = "classification/cola"
JUDGED = Path(__file__).parent / "data/judged-sentences.tsv"
SOURCES = ["fairytaleqa", "squad-emptycity", "squad-train-val5pct", "squadshifts-wiki", "squad-train-sentences", "tydiqa-en",
           "squadshifts-reddit", "squadshifts-amazon", "nq-open-oracle"]
END = re.compile(r"(?<=[.!?])[\"”']?\s+(?=[\"“]?[A-Z])")
PLAIN = re.compile(r"^[\"“A-Z][A-Za-z0-9 ,.'’\"“”;:?!()-]*[.?!][\"”]?$")
WORDS = range(4, 23)  # how many a sentence may have
CAPITALS = 0.4  # share of a sentence's words that may begin with one


@dataclass(frozen=True)
class Sentence:
    """A sentence, and what is known of it: whether it is acceptable (1 or 0), what the teacher says, and where it is wrong."""

    text: str
    label: int = IGNORED
    taught: float = -1.0
    wrong: tuple[tuple[int, int], ...] | None = None


@dataclass(frozen=True)
class Row:
    """A sentence as pieces: `wrong` has 1 for those of a word that was spoiled."""

    ids: list[int]
    wrong: list[int]
    label: int
    taught: float


def read_cola(path: Path) -> list[Sentence]:
    """CoLA: source, 0 or 1, mark, sentence, parted by tabs."""
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    return [Sentence(text, int(label)) for _, label, _, text in rows]


def read_judged() -> list[Sentence]:
    """The sentences that were written and judged for this training: 0 or 1, a tab, the sentence."""
    rows = [line.split("\t") for line in JUDGED.read_text(encoding="utf-8").splitlines()]
    return [Sentence(text, int(label)) for label, text in rows]


def plain_sentences(folder: Path) -> list[str]:
    """Sentences and questions of the answers' training sets, of a few to some twenty words, without rare marks."""
    texts = []
    for name in SOURCES:
        for article in json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))["data"]:
            for paragraph in article["paragraphs"]:
                texts += END.split(paragraph["context"].replace("\n", " "))
                texts += [qa["question"] for qa in paragraph["qas"]]
    tidy = (re.sub(r" (?=[.,?]|'s\b)", "", text.strip()) for text in texts)
    return [text for text in dict.fromkeys(tidy) if _is_plain(text)]


def _is_plain(text: str) -> bool:
    words = text.split()
    return len(words) in WORDS and bool(PLAIN.match(text)) and \
        sum(word[0].isupper() for word in words) <= CAPITALS * len(words)


def half_spoiled(texts: list[str], spoiler: Spoiler, dice: random.Random) -> list[Sentence]:
    """Each of the texts, as it is or spoiled."""
    made = [spoiler.spoil(text, dice) if dice.random() < 0.55 else None for text in texts]
    return [Sentence(spoiled.text, wrong=tuple(spoiled.wrong)) if spoiled else Sentence(text, wrong=())
            for text, spoiled in zip(texts, made)]


def encode(sentences: list[Sentence], tokenizer: Tokenizer, longest: int) -> list[Row]:
    encodings = tokenizer.encode_batch([each.text for each in sentences])
    return [Row(encoding.ids[:longest], _wrong(each, encoding)[:longest], each.label, each.taught)
            for each, encoding in zip(sentences, encodings)]


def _wrong(sentence: Sentence, encoding) -> list[int]:
    if sentence.wrong is None:
        return [IGNORED] * len(encoding.ids)
    return [IGNORED if special else int(any(a < end and b > start for a, b in sentence.wrong))
            for special, (start, end) in zip(encoding.special_tokens_mask, encoding.offsets)]


def collate(rows: list[Row]) -> dict[str, torch.Tensor]:
    return {
        "input_ids": pad([row.ids for row in rows], 0),
        "attention_mask": pad([[1] * len(row.ids) for row in rows], 0),
        "wrong": pad([row.wrong for row in rows], IGNORED),
        "label": torch.tensor([row.label for row in rows]),
        "taught": torch.tensor([row.taught for row in rows]),
    }
