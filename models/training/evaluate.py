"""Entity F1 and answer EM/F1 of an ONNX model, by the rules of conlleval and of SQuAD."""

import json
import random
import re
import string
from collections import Counter
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from loop import batches_by_length
from ner_data import LABELS, entities, read_conll

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


def evaluate_ner(session, tokenizer: Tokenizer, path: Path, mapping=None) -> dict:
    """Precision, recall, F1 over exact entity spans, in all and by type; a sentence is its words joined by spaces.

    A word's first piece speaks for it. `mapping` renames the file's types; types it leaves out do not count.
    """
    sentences = read_conll(path)
    encodings = [tokenizer.encode(" ".join(sentence.words)) for sentence in sentences]
    rows = [(encoding.ids[:512], 512) for encoding in encodings]
    counts = {"right": Counter(), "found": Counter(), "true": Counter()}
    for i, (logits,) in run_rows(session, rows):
        said = _spans(encodings[i], logits.argmax(-1))
        gold = _gold_spans(sentences[i])
        if mapping is not None:
            gold = {(mapping[kind], a, b) for kind, a, b in gold if kind in mapping}
        for name, spans in (("right", said & gold), ("found", said), ("true", gold)):
            counts[name].update(kind for kind, _, _ in spans)
    kinds = {kind: _scores(*(counts[name][kind] for name in counts)) for kind in sorted(counts["true"])}
    return {**_scores(*(counts[name].total() for name in counts)), "sentences": len(sentences), "types": kinds}


def _spans(encoding, best) -> set[tuple[str, int, int]]:
    """(type, first character, character after the last) of what the labels `best` of the tokens say."""
    words = []
    for token, (start, end), label in zip(encoding.tokens[1:-1], encoding.offsets[1:-1], best[1:]):
        if token.startswith("##"):
            words[-1][1] = end
        else:
            words.append([start, end, LABELS[label]])
    return {(kind, words[a][0], words[b - 1][1]) for kind, a, b in entities([label for _, _, label in words])}


def _gold_spans(sentence) -> set[tuple[str, int, int]]:
    starts, position = [], 0
    for word in sentence.words:
        starts.append(position)
        position += len(word) + 1
    return {(kind, starts[a], starts[b - 1] + len(sentence.words[b - 1])) for kind, a, b in entities(sentence.tags)}


def _scores(right: int, found: int, true: int) -> dict:
    precision, recall = right / max(1, found), right / max(1, true)
    return {"precision": precision, "recall": recall, "f1": 2 * right / max(1, found + true)}


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


def read_examples(path: Path) -> list[tuple[str, str, list[str]]]:
    articles = json.loads(path.read_text(encoding="utf-8"))["data"]
    return [(qa["question"], paragraph["context"], [answer["text"] for answer in qa["answers"]])
            for article in articles for paragraph in article["paragraphs"] for qa in paragraph["qas"]]


def unanswerable_examples(path: Path, dice: random.Random) -> list[tuple[str, str, list[str]]]:
    """Each question with another paragraph of its article that holds none of its answers."""
    examples = []
    for article in json.loads(path.read_text(encoding="utf-8"))["data"]:
        contexts = [paragraph["context"] for paragraph in article["paragraphs"]]
        for paragraph in article["paragraphs"]:
            for qa in paragraph["qas"]:
                golds = [answer["text"].casefold() for answer in qa["answers"]]
                others = [c for c in contexts if c != paragraph["context"]
                          and not any(gold in c.casefold() for gold in golds)]
                if others:
                    examples.append((qa["question"], dice.choice(others), []))
    return examples


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
