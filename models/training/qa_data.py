"""Questions with their contexts: reading, making some unanswerable, windowing and encoding them."""

import json
import math
import random
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from pathlib import Path

from tokenizers import Tokenizer

LONGEST_QUESTION = 64


@dataclass(frozen=True)
class Question:
    """`start` is the answer's first character in `context`; an empty `answer` means the context does not say."""

    text: str
    context: str
    answer: str
    start: int


def read_squad(path: Path) -> list[Question]:
    """The questions of a file in SQuAD 1.1's shape, each with its first answer."""
    questions = []
    for article in json.loads(path.read_text(encoding="utf-8"))["data"]:
        for paragraph in article["paragraphs"]:
            for qa in paragraph["qas"]:
                answer = qa["answers"][0]
                questions.append(Question(qa["question"].strip(), paragraph["context"], answer["text"],
                                          answer["answer_start"]))
    return questions


class Lookalikes:
    """Finds the contexts that share the rarest words with a question: hard ones to tell from the right one."""

    def __init__(self, contexts):
        self.contexts = list(dict.fromkeys(contexts))
        self.holders = defaultdict(list)
        for number, context in enumerate(self.contexts):
            for word in _words(context):
                self.holders[word].append(number)

    def find(self, text: str, without: str, dice: random.Random, among: int = 6) -> str:
        """One of the `among` contexts nearest to `text` that do not contain the words `without`."""
        scores = Counter()
        for word in sorted(_words(text)):
            holders = self.holders.get(word, ())
            if len(holders) < len(self.contexts) / 8:
                weight = math.log(len(self.contexts) / (1 + len(holders)))
                for number in holders:
                    scores[number] += weight
        nearest = [self.contexts[n] for n, _ in scores.most_common(3 * among)]
        fit = [c for c in nearest if without.casefold() not in c.casefold()][:among]
        return dice.choice(fit or self.contexts)


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))


def make_unanswerable(questions, share: float, dice: random.Random) -> list[Question]:
    """Give a share of the questions a look-alike context that does not hold their answer."""
    lookalikes = Lookalikes(q.context for q in questions)
    return [_without_answer(q, lookalikes, dice) if dice.random() < share else q for q in questions]


def _without_answer(question, lookalikes, dice) -> Question:
    context = lookalikes.find(question.text + " " + question.context, question.answer, dice)
    return replace(question, context=context, answer="", start=0)


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
