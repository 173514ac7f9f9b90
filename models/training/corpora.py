"""The English corpora: reading them, and calling their types as CoNLL-2003 calls them."""

import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

from english_data import SENTIMENT, Example, to_iob2

# By numbers of GoEmotions, as its paper groups them (Demszky et al. 2020, arXiv:2005.00547).
SENTIMENT_OF_EMOTION = [SENTIMENT.index({"p": "positive", "n": "negative", "a": "ambiguous", "-": "neutral"}[group])
                        for group in "ppnnppaapnnnnpnpnppnppapnna-"]

# Types of other data as CoNLL-2003 calls them. Several: the data does not tell them apart as CoNLL-2003 does, so that
# any of them is right.
TYPES = {
    **{kind: kind for kind in ("PER", "ORG", "LOC", "MISC")},
    # Universal NER
    "OTH": "MISC",
    # WNUT-17
    "person": "PER", "location": "LOC", "corporation": "ORG", "group": "ORG", "product": "MISC",
    "creative-work": "MISC",
    # CrossNER
    "organisation": "ORG", "university": "ORG", "country": "LOC", "misc": "MISC", "event": "MISC", "election": "MISC",
    "award": "MISC", "conference": "MISC", "album": "MISC", "song": "MISC", "programlang": "MISC", "band": "ORG",
    "politicalparty": "ORG", "politician": "PER", "musicalartist": "PER", "scientist": "PER", "researcher": "PER",
    "academicjournal": "ORG|MISC", "astronomicalobject": "LOC|MISC",
    **{kind: "O|MISC" for kind in ("musicgenre", "musicalinstrument", "chemicalelement", "chemicalcompound", "protein",
                                   "enzyme", "discipline", "theory", "field", "task", "algorithm", "metrics")},
}

WRITTEN = Path(__file__).parent / "data/written-names.tsv"
HELD_OUT = 10  # one of so many of the texts written for the training is for development
PART = re.compile(r"\[(PER|ORG|LOC|MISC) ([^\[\]]+)\]|([^\[\]]+)")
WORD = re.compile(r"\\n|['’]\w{1,2}\b|[@#]?\w+(?:[-.&'’]\w+)*|\S")


def read_columns(path: Path) -> list[Example]:
    """A column file: word first, entity tag last, a blank line between sentences; IOB1 and IOB2 come out as IOB2."""
    examples, words, tags, document = [], [], [], 0
    for line in [*path.read_text(encoding="utf-8").splitlines(), ""]:
        columns = line.strip().split("\t") if "\t" in line else line.split()
        if line.startswith("-DOCSTART-"):
            document += 1
        elif len(columns) > 1:
            words.append(columns[0].strip())
            tags.append(columns[-1].strip())
        elif words:
            examples.append(Example(tuple(words), tuple(to_iob2(tags)), document=document))
            words, tags = [], []
    return examples


def as_conll(example: Example, unsure=lambda position, word: False, types=TYPES) -> Example:
    """The example with CoNLL-2003's types by `types`; words outside names for which `unsure` holds may be MISC as well."""

    def convert(position: int, tag: str) -> str:
        if tag == "O":
            return "O|B-MISC|I-MISC" if unsure(position, example.words[position]) else tag
        kinds = types[tag[2:]].split("|")
        return "|".join(kind if kind == "O" else tag[:2] + kind for kind in kinds)

    return replace(example, entities=tuple(convert(*each) for each in enumerate(example.entities)))


def demonyms(examples: list[Example]) -> set[str]:
    """Words that are mostly MISC, such as nationalities: much data does not mark them."""
    every = Counter(word for example in examples for word in example.words)
    marked = Counter(word for example in examples for word, tag in zip(example.words, example.entities)
                     if tag.endswith("MISC"))
    return {word for word, count in marked.items() if count >= 3 and count > 0.8 * every[word]}


def read_tags(path: Path) -> list[Example]:
    """Parts of speech: word and UPOS parted by tabs, `# text = ` before a sentence."""
    examples, words, tags, text = [], [], [], ""
    for line in [*path.read_text(encoding="utf-8").splitlines(), ""]:
        if line.startswith("# text = "):
            text = line.removeprefix("# text = ")
        elif line.strip():
            word, tag = line.split("\t")[:2]
            words.append(word)
            tags.append(tag)
        elif words:
            examples.append(Example(tuple(words), tags=tuple(tags), glued=_glued(words, text)))
            words, tags = [], []
    return examples


def _glued(words: list[str], text: str) -> frozenset[int]:
    """Which words follow the one before without white space; none where the words are not those of the text."""
    glued, at = set(), 0
    for number, word in enumerate(words):
        start = text.find(word, at)
        if start < 0 or text[at:start].strip():
            return frozenset()
        if number and start == at:
            glued.add(number)
        at = start + len(word)
    return frozenset(glued)


def merge(tagged: list[Example], named: list[Example]) -> list[Example]:
    """Both kinds of labels on one sentence where both have it."""
    entities = {example.words: example.entities for example in named}
    both = [replace(example, entities=entities.pop(example.words, None)) for example in tagged]
    return both + [Example(words, labels) for words, labels in entities.items()]


def read_sentiment(path: Path) -> list[Example]:
    """GoEmotions: text and numbers of emotions, parted by tabs."""
    examples = []
    for line in path.read_text(encoding="utf-8").splitlines():
        text, numbers = line.split("\t")[:2]
        groups = {SENTIMENT_OF_EMOTION[int(number)] for number in numbers.split(",")}
        examples.append(Example(tuple(text.split()), sentiment=tuple(int(i in groups) for i in range(len(SENTIMENT)))))
    return examples


def read_marked() -> list[Example]:
    """The texts that were written for this training: a line each, its kind, a tab, and the text, as in `[PER Ada] slept.`

    A line break within a text is `\\n`. Whether words with @ or # before them are names is left open. Each kind is a document.
    """
    lines = [line.split("\t") for line in WRITTEN.read_text(encoding="utf-8").splitlines()]
    kinds = sorted({kind for kind, _ in lines})
    return [_marked(text, kinds.index(kind)) for kind, text in lines]


def _marked(text: str, document: int) -> Example:
    words, plain = [], ""
    for part in PART.finditer(text):
        kind, name, other = part.groups()
        found = re.finditer(r"\S+", name) if kind else WORD.finditer(other)
        words += [(len(plain) + each.start(), each.group(), _label(kind, number, each.group())) for number, each in enumerate(found)]
        plain += name or other
    starts, words, labels = zip(*[each for each in words if each[1] != r"\n"])
    glued = {i for i in range(1, len(words)) if starts[i] == starts[i - 1] + len(words[i - 1])}
    return Example(words, labels, glued=frozenset(glued), document=document)


def _label(kind: str | None, number: int, word: str) -> str:
    if kind:
        return f"{'I' if number else 'B'}-{kind}"
    return "" if word[0] in "@#" else "O"


def read_everything(data: Path) -> dict[str, dict[str, list[Example]]]:
    """The examples of each source, by what they are for: `train` and `dev`."""
    ner, pos, classes = data / "ner", data / "pos", data / "classification"
    conll = {part: read_columns(ner / f"conll2003/eng.{name}") for part, name in (("train", "train"), ("dev", "testa"))}
    national = demonyms(conll["train"])

    def unmarked(_, word: str) -> bool:
        return word in national

    def perhaps(position: int, word: str) -> bool:
        return word in national or (position > 0 and word[:1].isupper())

    def columns(name: str, unsure=lambda position, word: False) -> list[Example]:
        return [as_conll(example, unsure) for example in read_columns(ner / name)]

    domains = ["ai", "music", "politics", "science"]
    gum = ["academic", "bio", "news", "voyage"]
    texts = read_marked()
    return {
        "conll": conll,
        "ewt": {
            "train": merge(read_tags(pos / "ud-en-ewt/train.tsv"), columns("uner/en-ewt/train.conll", perhaps)),
            "dev": merge(read_tags(pos / "ud-en-ewt/dev.tsv"), columns("uner/en-ewt/dev.conll")),
        },
        "gum": {"train": [each for genre in gum for each in read_tags(pos / f"gum/{genre}.tsv")]},
        "wnut": {"train": columns("wnut17/wnut17train.conll", unmarked), "dev": columns("wnut17/emerging.dev.conll")},
        "tweebank": {"train": columns("tweebank/train.bio"), "dev": columns("tweebank/dev.bio")},
        "crossner": {"train": [each for domain in domains for part in ("train", "dev")
                               for each in columns(f"crossner/{domain}/{part}.txt")]},
        "written": {"train": [each for number, each in enumerate(texts) if number % HELD_OUT],
                    "dev": texts[::HELD_OUT]},
        "goemotions": {"train": read_sentiment(classes / "goemotions/train.tsv"),
                       "dev": read_sentiment(classes / "goemotions/dev.tsv")},
    }


def weighted_texts(data: Path):
    """What the vocabulary is counted on: (text, weight), news counted five times."""
    for example in read_columns(data / "ner/conll2003/eng.train"):
        yield " ".join(example.words), 5
    for example in read_columns(data / "ner/wnut17/wnut17train.conll"):
        yield " ".join(example.words), 1
    for path in sorted((data / "qa/train").glob("*.json")):
        for article in json.loads(path.read_text(encoding="utf-8"))["data"]:
            for paragraph in article["paragraphs"]:
                yield paragraph["context"], 1
