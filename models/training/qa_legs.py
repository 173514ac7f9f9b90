"""What each part of the answers' training is given: questions of which files, how many, changed how, in which batches."""

import random
from functools import lru_cache
from pathlib import Path

import torch
from tokenizers import Tokenizer

from loop import batches_by_length, pad
from qa_data import encode, glue, read_squad, read_written
from unanswerable import make_near_misses, make_unanswerable

SEED = 20
TOKENS_PER_BATCH = 2048
HELD_OUT = 400  # last questions of squad-train-val5pct: the null threshold is chosen on them
# Articles of squad2-train-ten-articles that are not trained on: the null threshold is chosen on some, others are measured.
FOR_THRESHOLD = frozenset({"IPod", "Solar_energy"})
FOR_FIGURES = frozenset({"Spectre_(2015_film)", "To_Kill_a_Mockingbird"})

# Two legs learn to answer, the second from the averaged weights of the first. A stage says how many questions
# are taken of each file: short contexts first, whole paragraphs last. `longest` is a stage's longest row in tokens,
# `rounded` the first stage that feels int8's rounding.
LEGS = [
    {
        "rates": {"encoder": 2e-4, "new": 1e-3},
        "no answer": 0.22,
        "rounded": None,
        "longest": [160, 160],
        "stages": [
            {"squad-train-sentences": 14_500, "qamr": 1_200, "tweetqa": 1_000},
            {"nq-open-oracle": 500, "tydiqa-en": 500, "squadshifts-wiki": 4_000, "squad-emptycity": 3_984,
             "squad-train-val5pct": 3_856},
        ],
    },
    {
        "rates": {"encoder": 1.5e-4, "new": 1.5e-4},
        "no answer": 0.12,
        "rounded": 1,
        "longest": [160, 320],
        "stages": [
            {"squad-train-sentences": 12_000, "squadshifts-reddit": 1_500, "squadshifts-amazon": 1_500,
             "squadshifts-wiki": 7_738, "squad-emptycity": 3_984, "squad-train-val5pct": 3_856},
            {"squadshifts-wiki": 5_000, "squad-emptycity": 3_984, "squad-train-val5pct": 3_856},
        ],
    },
]
SINGLE_SENTENCES = {"squad-train-sentences", "qamr"}
# Going on from a bundled model learns to decline: questions written for it, with and without an answer, others that people
# wrote to have none, near misses made by rules, and many that are answered, in whole paragraphs.
DECLINING = {
    "minutes": 100,
    "kept": 0.3,  # share of the bundled weights that is mixed in again
    "rates": {"encoder": 1e-4, "new": 1e-4},
    "tokens": 1536,
    "written": 5_500,
    "written by people": 3,  # times that a round takes a question which people wrote to have no answer
    "near misses": 0.1,
    "changed together": 0.05,
    "longest": 320,
    "questions": {"squadshifts-wiki": 2_000, "squad-emptycity": 2_000, "squad-train-val5pct": 1_500,
                  "squad2-train-ten-articles": 1_200},
}
WRITTEN = Path(__file__).parent / "data/written-questions.jsonl"


def training_questions(folder: Path, name: str) -> list:
    """A file's questions without those that are kept apart, which other files hold too."""
    questions = read_squad(folder / f"{name}.json", lambda title: title not in FOR_THRESHOLD | FOR_FIGURES)
    apart = {q.text for q in articles(folder, FOR_THRESHOLD | FOR_FIGURES)}
    questions = [q for q in questions if q.text not in apart]
    return questions[:-HELD_OUT] if name == "squad-train-val5pct" else questions


@lru_cache(maxsize=None)
def articles(folder: Path, titles: frozenset[str]) -> list:
    return read_squad(folder / "squad2-train-ten-articles.json", titles.__contains__)


def held_out_questions(folder: Path) -> list:
    return read_squad(folder / "squad-train-val5pct.json")[-HELD_OUT:] + articles(folder, FOR_THRESHOLD)


def stage_questions(folder: Path, stage: dict[str, int], no_answer: float, dice: random.Random) -> list:
    """A sample of each file, some of it unanswerable, single sentences among others."""
    questions = []
    for name, count in stage.items():
        chosen = make_unanswerable(_some(training_questions(folder, name), count, dice), no_answer, dice)
        questions += glue(chosen, dice) if name in SINGLE_SENTENCES else chosen
    return questions


def training_batches(folder: Path, tokenizer: Tokenizer, number: int):
    """A function from stage number to its batches of model arguments, of one leg."""
    leg = LEGS[number]

    @lru_cache(maxsize=None)
    def batches_of(stage: int):
        dice = random.Random(SEED + 100 * number + stage)
        questions = stage_questions(folder, leg["stages"][stage], leg["no answer"], dice)
        return batches_of_rows(questions, tokenizer, leg["longest"][stage], TOKENS_PER_BATCH, dice)

    return batches_of


def written_questions(folder: Path) -> list:
    """The questions that were written for this training, of paragraphs that are not kept apart."""
    apart = {q.context for q in articles(folder, FOR_THRESHOLD | FOR_FIGURES)}
    return [q for q in read_written(WRITTEN, folder) if q.context not in apart]


def declining_questions(folder: Path, number: int) -> list:
    """The questions of a round of learning to decline."""
    dice = random.Random(SEED + 1_000 + number)
    questions = [q for name, count in DECLINING["questions"].items()
                 for q in _some([q for q in training_questions(folder, name) if q.answer], count, dice)]
    people = [q for q in training_questions(folder, "squad2-train-ten-articles") if not q.answer]
    return [*make_near_misses(questions, DECLINING["near misses"], DECLINING["changed together"], dice),
            *_some(written_questions(folder), DECLINING["written"], dice), *people * DECLINING["written by people"]]


def rounds_of_declining(folder: Path, tokenizer: Tokenizer):
    """A function from round number to its batches, of learning to decline."""

    @lru_cache(maxsize=1)
    def rounds(number: int):
        dice = random.Random(SEED + 2_000 + number)
        return batches_of_rows(declining_questions(folder, number), tokenizer, DECLINING["longest"], DECLINING["tokens"], dice)

    return rounds


def batches_of_rows(questions: list, tokenizer: Tokenizer, longest: int, tokens: int, dice: random.Random) -> list:
    rows = encode(questions, tokenizer, longest, dice)
    groups = batches_by_length([len(row.ids) for row in rows], tokens, dice)
    return [collate([rows[i] for i in group]) for group in groups]


def _some(questions: list, count: int, dice: random.Random) -> list:
    return dice.sample(questions, min(count, len(questions)))


def collate(rows) -> dict[str, torch.Tensor]:
    return {
        "input_ids": pad([row.ids for row in rows], 0),
        "attention_mask": pad([[1] * len(row.ids) for row in rows], 0),
        "token_type_ids": pad([[0] * row.second + [1] * (len(row.ids) - row.second) for row in rows], 0),
        "start_positions": torch.tensor([row.first_token for row in rows]),
        "end_positions": torch.tensor([row.last_token for row in rows]),
    }
