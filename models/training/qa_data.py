"""Questions with their contexts: reading, windowing and encoding them."""

import json
import random
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from tokenizers import Tokenizer

from lookalikes import Lookalikes

LONGEST_QUESTION = 64


@dataclass(frozen=True)
class Question:
    """`start` is the answer's first character in `context`; an empty `answer` means the context does not say.

    Of a question without an answer, `start` is where a hasty reader would see one, if that is known, else 0.
    """

    text: str
    context: str
    answer: str
    start: int


def read_squad(path: Path, within=lambda title: True) -> list[Question]:
    """The questions of a file in SQuAD's shape (1.1 or 2.0), each with its first answer; of the articles `within`."""
    articles = json.loads(path.read_text(encoding="utf-8"))["data"]
    return [_question(qa, paragraph["context"]) for article in articles if within(article["title"])
            for paragraph in article["paragraphs"] for qa in paragraph["qas"]]


def read_written(path: Path, folder: Path) -> list[Question]:
    """The questions of a file of paragraphs' questions, which names each paragraph by its file in `folder` and its SHA-256."""
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    contexts = {sha256(q.context.encode()).hexdigest(): q.context
                for name in {each["file"] for each in lines} for q in read_squad(folder / f"{name}.json")}
    return [Question(text, context, answer or "", context.index(answer) if answer else 0)
            for each in lines for context in [contexts[each["context"]]]
            for text, answer in each["questions"]]


def _question(qa: dict, context: str) -> Question:
    answer = (qa["answers"] or qa.get("plausible_answers") or [{"answer_start": 0}])[0]
    return Question(qa["question"].strip(), context, answer["text"] if qa["answers"] else "", answer["answer_start"])


def glue(questions, dice: random.Random) -> list[Question]:
    """Put one or two look-alike sentences around a context that is a single sentence."""
    lookalikes = Lookalikes(q.context for q in questions)
    return [_surround(q, lookalikes, dice) for q in questions]


def _surround(question, lookalikes, dice) -> Question:
    before, after = dice.choice([(0, 1), (1, 0), (0, 1), (1, 0), (1, 1)])
    pick = [lookalikes.find(question.text, question.answer or question.context, dice) for _ in range(before + after)]
    head = "".join(sentence + " " for sentence in pick[:before])
    tail = "".join(" " + sentence for sentence in pick[before:])
    return replace(question, context=head + question.context + tail, start=question.start + len(head))


@dataclass(frozen=True)
class Row:
    """Token ids of '[CLS] question [SEP] window [SEP]', where the second part begins, and the answer's tokens."""

    ids: list[int]
    second: int
    first_token: int
    last_token: int


def encode(questions, tokenizer: Tokenizer, longest: int, dice: random.Random) -> list[Row]:
    """One row a question: a window of its context at random, yet with the answer in it; [CLS] is 'no answer'."""
    texts = tokenizer.encode_batch([q.text for q in questions], add_special_tokens=False)
    contexts = list(dict.fromkeys(q.context for q in questions))
    encoded = dict(zip(contexts, tokenizer.encode_batch(contexts, add_special_tokens=False)))
    rows = [_row(q, text.ids[:LONGEST_QUESTION], encoded[q.context], longest, dice)
            for q, text in zip(questions, texts)]
    return [row for row in rows if row is not None]


def _row(question, text, context, longest, dice, cls=101, sep=102) -> Row | None:
    room = longest - len(text) - 3
    span = _answer_tokens(question, context.offsets) if question.answer else None
    if question.answer and (span is None or span[1] - span[0] >= room):
        return None
    latest = max(0, len(context.ids) - room)
    low, high = (max(0, span[1] - room + 1), min(latest, span[0])) if span else (0, latest)
    begin = dice.randint(min(low, high), high)
    ids = [cls, *text, sep, *context.ids[begin : begin + room], sep]
    second = len(text) + 2
    first, last = (span[0] - begin + second, span[1] - begin + second) if span else (0, 0)
    return Row(ids, second, first, last)


def _answer_tokens(question, offsets) -> tuple[int, int] | None:
    end = question.start + len(question.answer)
    inside = [i for i, (a, b) in enumerate(offsets) if a < end and b > question.start]
    return (inside[0], inside[-1]) if inside else None
