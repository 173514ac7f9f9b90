"""The corpora of several languages: reading them, and calling their types PER, ORG, LOC and MISC."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

from corpora import as_conll, read_columns, read_tags
from english_data import Example

# Folders of Universal NER by the language's tag.
UNER = {"pt": "pt-bosque", "zh": "zh-gsd", "sv": "sv-talbanken", "da": "da-ddt", "hr": "hr-set", "en": "en-ewt"}
# Written without spaces between words.
UNSPACED = {"ja", "zh"}
# Capitalised words outside names may be MISC where no data set of the language marks that type.
MARKS_NO_MISC = {"pt", "sv", "da"}

# Several: the data set tells them apart, others of its language do not, so that any of them is right.
TYPES = {
    "PER": "PER", "ORG": "ORG", "LOC": "LOC", "OTH": "MISC",
    # Stockmark's Japanese Wikipedia
    "人名": "PER", "法人名": "ORG", "政治的組織名": "ORG", "その他の組織名": "ORG", "地名": "LOC",
    "施設名": "MISC", "製品名": "MISC", "イベント名": "MISC",
    # Japanese GSD
    "PERSON": "PER", "GPE": "LOC", "PET_NAME": "PER|MISC",
    **{kind: "MISC" for kind in ("FAC", "PRODUCT", "WORK_OF_ART", "EVENT")},
    **{kind: "O|MISC" for kind in ("NORP", "MOVEMENT", "LANGUAGE", "LAW")},
    **{kind: "O" for kind in ("DATE", "TIME", "QUANTITY", "ORDINAL", "CARDINAL", "MONEY", "PERCENT", "PHONE", "TITLE_AFFIX")},
}


def read_everything(data: Path) -> dict[str, dict[str, list[Example]]]:
    """The examples of each source, by what they are for: `train` and `dev`. No test set is read."""
    sources = {}
    for tag, name in UNER.items():
        sources[tag] = {part: [_named(each, tag) for each in read_columns(data / f"ner/uner/{name}/{part}.conll")]
                        for part in ("train", "dev")}
    parts = japanese_wikipedia(data / "ner/ja-wikipedia/ner.json")
    tested = {each["text"] for each in parts["test"]}
    named = {each.words: each for each in read_columns(data / "ner/ja-gsd/train.bio")}
    gsd = [replace(_named(named[each.words], "ja"), tags=each.tags) for each in read_tags(data / "pos/ud-ja-gsd/train.tsv")]
    sources["ja-gsd"] = {"train": [each for each in gsd if share_of("".join(each.words)) >= 0.05 and "".join(each.words) not in tested],
                         "dev": [each for each in gsd if share_of("".join(each.words)) < 0.05]}
    kept_apart = {"".join(each.words) for part in ("train", "dev") for each in read_columns(data / f"ner/ja-gsd/{part}.bio")}
    sources["ja-wikipedia"] = {"train": [_marked(each) for each in parts["train"] if each["text"] not in kept_apart],
                               "dev": [_marked(each) for each in parts["dev"]]}
    return sources


def japanese_wikipedia(path: Path) -> dict[str, list[dict]]:
    """Stockmark's texts, parted for good by their articles: a fifth for `test`, a tenth for `dev`, the rest for `train`."""
    parts = {"train": [], "dev": [], "test": []}
    for each in json.loads(path.read_text(encoding="utf-8")):
        share = share_of(each["curid"])
        parts["test" if share < 0.2 else "dev" if share < 0.3 else "train"].append(each)
    return parts


def share_of(name: str) -> float:
    """A number from 0 to 1 that a name always has: the first four bytes of its SHA-256."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") / 2**32


def glue(example: Example) -> Example:
    """The words with nothing between them."""
    return replace(example, glued=frozenset(range(1, len(example.words))))


def _named(example: Example, tag: str) -> Example:
    """The example with types as they are called here."""
    named = as_conll(example, lambda i, word: tag in MARKS_NO_MISC and i > 0 and word[:1].isupper(), TYPES)
    return glue(named) if tag in UNSPACED else named


def _marked(given: dict) -> Example:
    """A text with entities by offsets, its characters taken for words."""
    labels = ["O"] * len(given["text"])
    for entity in given["entities"]:
        start, end = entity["span"]
        kinds = TYPES[entity["type"]]
        labels[start:end] = ["B-" + kinds] + ["I-" + kinds] * (end - start - 1)
    return glue(Example(tuple(given["text"]), tuple(labels)))
