"""Answers of an ONNX model and their F1 by SQuAD's rules, to choose the null threshold by.

The figures of the model cards are not from here: the project's own evaluation makes them (figures.py).
"""

import random
import re
import string
from collections import Counter
from pathlib import Path

import numpy as np
import onnxruntime

from loop import batches_by_length

WINDOW, STRIDE, LONGEST_ANSWER, LONGEST_QUESTION = 384, 128, 30, 64


def open_session(path: Path, threads: int = 2) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def run_rows(session, rows: list[tuple[list[int], int]], budget: int = 1024):
    """Yield (row number, outputs of that row alone); rows are (ids, where the second part begins)."""
    for group in batches_by_length([len(ids) for ids, _ in rows], budget, random.Random(0)):
        longest = max(len(rows[i][0]) for i in group)
        ids, mask, types = (np.zeros((len(group), longest), np.int64) for _ in range(3))
        for line, i in enumerate(group):
            row, second = rows[i]
            ids[line, : len(row)], mask[line, : len(row)], types[line, second : len(row)] = row, 1, 1
        feeds = {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}
        outputs = session.run(None, feeds)
        for line, i in enumerate(group):
            yield i, [output[line, : len(rows[i][0])] for output in outputs]


def score_answers(answers, examples, threshold: float | None) -> dict:
    """EM and F1 in per cent of `answers` (of `predict`) to `examples` (question, context, gold answers).

    With a threshold, 'no answer' is said where it is more probable than the best span by more than that.
    """
    exact = f1 = 0.0
    for (text, _, lead), (_, _, gold) in zip(answers, examples):
        said = "" if threshold is not None and lead > threshold else text
        exact += max(_normal(said) == _normal(answer) for answer in gold)
        f1 += max(_word_f1(said, answer) for answer in gold)
    return {"exactMatch": 100 * exact / len(examples), "f1": 100 * f1 / len(examples), "examples": len(examples)}


def predict(session, tokenizer, pairs) -> list[tuple[str, float, float]]:
    """(best answer, its probability, by how much 'no answer' is more probable) for each (question, context)."""
    windows, rows = [], []
    for number, (question, context) in enumerate(pairs):
        for row, second, offsets in _windows(tokenizer, question, context):
            windows.append((number, second, offsets))
            rows.append((row, second))
    best, null = [(-1.0, 0, 0)] * len(pairs), [1.0] * len(pairs)
    for i, logits in run_rows(session, rows, 2048):
        number, second, offsets = windows[i]
        start, end = (_probabilities(each, second) for each in logits)
        score, first, last = _best_span(start[1:], end[1:])
        best[number] = max(best[number], (score, offsets[first][0], offsets[last][1]))
        null[number] = min(null[number], float(start[0] * end[0]))
    return [(context[a:b], score, none - score) for (_, context), (score, a, b), none in zip(pairs, best, null)]


def _probabilities(logits: np.ndarray, second: int) -> np.ndarray:
    """Softmax over [CLS] and the context's tokens, which begin at `second` and end before the last [SEP]."""
    kept = np.append(logits[:1], logits[second:-1])
    powers = np.exp(kept - kept.max())
    return powers / powers.sum()


def _windows(tokenizer, question, context):
    text = tokenizer.encode(question.strip(), add_special_tokens=False).ids[:LONGEST_QUESTION]
    encoded = tokenizer.encode(context, add_special_tokens=False)
    room = WINDOW - len(text) - 3
    begin = 0
    while True:
        ids = encoded.ids[begin : begin + room]
        yield [101, *text, 102, *ids, 102], len(text) + 2, encoded.offsets[begin : begin + room]
        if begin + room >= len(encoded.ids):
            return
        begin += room - STRIDE


def _best_span(start: np.ndarray, end: np.ndarray) -> tuple[float, int, int]:
    """The best start x end with start <= end < start + LONGEST_ANSWER."""
    scores = np.tril(np.triu(np.outer(start, end)), LONGEST_ANSWER - 1)
    first, last = np.unravel_index(scores.argmax(), scores.shape)
    return float(scores[first, last]), int(first), int(last)


def _normal(text: str) -> str:
    """SQuAD's: lower case, no punctuation, no articles, single spaces."""
    text = "".join(c for c in text.lower() if c not in string.punctuation)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())


def _word_f1(said: str, gold: str) -> float:
    a, b = _normal(said).split(), _normal(gold).split()
    if not a or not b:
        return float(a == b)
    same = (Counter(a) & Counter(b)).total()
    return 2 * same / (len(a) + len(b))
