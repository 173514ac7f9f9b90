"""Sentences made unacceptable: words in other forms, left out, put in, exchanged, moved, verbs without what they govern.

What was changed is marked word by word, so that a model may learn where a sentence goes wrong and not only that it does.
"""

import random
import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

WORD = re.compile(r"\w+(?:['’-]\w+)*|[^\w\s]")
TAGGED = ["ud-en-ewt/train", "gum/academic", "gum/news", "gum/bio", "gum/voyage"]
FEWEST = 3  # times that a word is seen in the sentences which may take another's place
# Forms of one word that no rule makes of another.
IRREGULAR = """
am is are was were be been being | have has had having | do does did done doing | go goes went gone going | say says
said saying | get gets got gotten getting | make makes made making | know knows knew known knowing | think thinks
thought thinking | take takes took taken taking | see sees saw seen seeing | come comes came coming | give gives gave
given giving | find finds found finding | tell tells told telling | become becomes became becoming | leave leaves left
leaving | feel feels felt feeling | put puts putting | bring brings brought bringing | begin begins began begun
beginning | keep keeps kept keeping | hold holds held holding | write writes wrote written writing | stand stands stood
standing | hear hears heard hearing | let lets letting | mean means meant meaning | set sets setting | meet meets met
meeting | run runs ran running | pay pays paid paying | sit sits sat sitting | speak speaks spoke spoken speaking | lie
lies lay lain lying | lead leads led leading | read reads reading | grow grows grew grown growing | lose loses lost
losing | fall falls fell fallen falling | send sends sent sending | build builds built building | break breaks broke
broken breaking | eat eats ate eaten eating | draw draws drew drawn drawing | choose chooses chose chosen choosing |
drive drives drove driven driving | sleep sleeps slept sleeping | buy buys bought buying | man men | woman women | child
children | person people | foot feet | wife wives | he him his himself | she her hers herself | they them their
themselves | I me my myself | we us our ourselves | it its itself | you your yourself | who whom whose | good better
best well | many much more most | few little less | this these | that those | a an | some any | every all each | no not
none | other another others
"""
# Words of which one may stand where another does, seldom rightly.
KINDS = [kind.split() for kind in """
in on at to of for from with by about into over under through between after before during without
the a an this that these those some any every no each
can could will would shall should may might must
who what which where when why how whom whose that
that if whether because although while than as so and but or
very too so enough much more most many quite
himself herself themselves myself yourself itself him her them me you it
is are was were has have had does do did been being be
""".strip().split("\n")]
SMALL = [*(word for kind in KINDS for word in kind), "not", "it", "there", "to", "be", "up", "out"]


@dataclass
class Word:
    """A word or mark of a sentence: whether white space is before it, and whether it was spoiled."""

    text: str
    spaced: bool
    wrong: bool = False


@dataclass(frozen=True)
class Spoiled:
    """A spoiled sentence, and from where to where it is wrong."""

    text: str
    wrong: list[tuple[int, int]]


class Spoiler:
    """Spoils sentences with words that others have; `tagged`: the folder of the tagged corpora, whose tags say what words are."""

    def __init__(self, sentences: list[str], tagged: Path):
        self.tags = _usual_tags(tagged)
        self.counts = Counter(word for sentence in sentences for word in WORD.findall(sentence))
        known = {word for word, count in self.counts.items() if count >= FEWEST and word.isalpha() and word.islower()}
        self.forms = self._forms(known)
        self.by_tag = defaultdict(list)
        for word in sorted(known & self.tags.keys()):
            self.by_tag[self.tags[word]].append(word)
        self.ways = {self.form: 25, self.kind: 12, self.left_out: 15, self.put_in: 11, self.exchanged: 9, self.moved: 8,
                     self.verb: 6, self.parts: 6, self.governed: 5}

    def spoil(self, sentence: str, dice: random.Random) -> Spoiled | None:
        """The sentence spoiled once or twice; None where it is too short, or could not be."""
        words = [Word(each.group(), each.start() > 0 and sentence[each.start() - 1] == " ") for each in WORD.finditer(sentence)]
        if len(words) < 4:
            return None
        first = words[0].text
        if first != "I" and not self.tags.get(first.lower(), "NNP").startswith("NNP"):
            words[0].text = first[0].lower() + first[1:]
        for _ in range(1 if dice.random() < 0.75 else 2):
            self._once(words, dice) or self._once(words, dice)
        words[0].text = words[0].text[:1].upper() + words[0].text[1:]
        text, wrong = "", []
        for number, word in enumerate(words):
            text += " " if number and word.spaced else ""
            wrong += [(len(text), len(text) + len(word.text))] if word.wrong else []
            text += word.text
        return Spoiled(text, wrong) if wrong and text != sentence else None

    def _once(self, words: list[Word], dice: random.Random) -> bool:
        places = [i for i, word in enumerate(words) if word.text[0].isalpha()]
        way = dice.choices([*self.ways], [*self.ways.values()])[0]
        return len(places) >= 4 and way(words, places, dice)

    def form(self, words, places, dice) -> bool:
        """A word in another of its forms."""
        return _replace(words, [i for i in places if words[i].text in self.forms], lambda word: self.forms[word], dice)

    def kind(self, words, places, dice) -> bool:
        """A small word of the same kind for another."""
        return _replace(words, [i for i in places if words[i].text in SMALL],
                        lambda word: [other for kind in KINDS if word in kind for other in kind], dice)

    def verb(self, words, places, dice) -> bool:
        """Another verb in the same form, which may govern something else, or another preposition."""
        fitting = [i for i in places if self.tags.get(words[i].text, "")[:2] in ("VB", "IN")]
        return _replace(words, fitting, lambda word: self._some(self.tags[word], dice), dice)

    def left_out(self, words, places, dice) -> bool:
        """A word left out, mostly a small one."""
        fitting = [i for i in places if words[i].text in SMALL or dice.random() < 0.4]
        if fitting:
            at = dice.choice(fitting)
            del words[at]
            words[min(at, len(words) - 1)].wrong = True
        return bool(fitting)

    def put_in(self, words, places, dice) -> bool:
        """A word put in, mostly a small one, or said twice."""
        at = dice.choice(places)
        throw = dice.random()
        new = dice.choice(SMALL) if throw < 0.63 else words[at].text if throw < 0.72 else self._some("NN", dice)[0]
        words.insert(at, Word(new, at > 0, True))
        words[at + 1].spaced = True
        return True

    def exchanged(self, words, places, dice) -> bool:
        """Two neighbours exchanged."""
        fitting = [i for i in places[:-1] if i + 1 in places and words[i].text.lower() != words[i + 1].text.lower()]
        if fitting:
            at = dice.choice(fitting)
            words[at].text, words[at + 1].text = words[at + 1].text, words[at].text
            words[at].wrong = words[at + 1].wrong = True
        return bool(fitting)

    def moved(self, words, places, dice) -> bool:
        """A word somewhere else."""
        start = dice.choice(places)
        end = dice.randrange(len(words) - 2)
        if start == end:
            return False
        words.insert(end, Word(words.pop(start).text, end > 0, True))
        if end == 0:
            words[1].spaced = True
        return True

    def parts(self, words, places, dice) -> bool:
        """Two neighbouring parts of the sentence exchanged."""
        first, middle, end = sorted(dice.sample(places, 3))
        if end - first > 8:
            return False
        changed = words[middle:end] + words[first:middle]
        changed[0].spaced, changed[end - middle].spaced = first > 0, True
        for word in changed:
            word.wrong = True
        words[first:end] = changed
        return True

    def governed(self, words, places, dice) -> bool:
        """A verb without what follows it."""
        fitting = [i for i in places if self.tags.get(words[i].text) in ("VB", "VBD", "VBG", "VBZ")]
        if not fitting:
            return False
        at = end = dice.choice(fitting) + 1
        while end < min(len(words), at + 3) and self.tags.get(words[end].text, "NN")[:2] in ("DT", "PR", "JJ", "NN") \
                and words[end].text[0].isalpha():
            end += 1
        del words[at:end]
        words[min(at, len(words) - 1)].wrong = end > at
        return end > at

    def _some(self, tag: str, dice) -> list[str]:
        """A word of the tag, frequent ones more often."""
        words = self.by_tag[tag]
        return dice.choices(words, [self.counts[word] ** 0.7 for word in words]) if words else []

    def _forms(self, known: set[str]) -> dict[str, list[str]]:
        groups = [group.split() for group in IRREGULAR.split("|")]
        for word in sorted(known):
            if len(word) > 2 and self.tags.get(word, "NN")[:2] in ("VB", "NN", "JJ"):
                made = [word + ending for ending in ("s", "es", "ed", "d", "ing", "ly", word[-1] + "ed", word[-1] + "ing")]
                made += [word[:-1] + "ing"] if word.endswith("e") else []
                made += [word[:-1] + "ies", word[:-1] + "ied"] if word.endswith("y") else []
                groups.append([word, *(form for form in made if form in known)])
        forms = defaultdict(set)
        for group in groups:
            for word in group:
                forms[word].update(other for other in group if other != word)
        return {word: sorted(others) for word, others in forms.items() if others}


def _replace(words: list[Word], places: list[int], others, dice: random.Random) -> bool:
    """Put another of what `others` gives for a word in its place."""
    if not places:
        return False
    word = words[dice.choice(places)]
    choice = [other for other in others(word.text) if other != word.text]
    if choice:
        word.text, word.wrong = dice.choice(choice), True
    return bool(choice)


def _usual_tags(folder: Path) -> dict[str, str]:
    """The usual Penn tag of each word of the tagged corpora, in lower case."""
    seen = defaultdict(Counter)
    for name in TAGGED:
        for line in (folder / f"{name}.tsv").read_text(encoding="utf-8").splitlines():
            columns = line.split("\t")
            if len(columns) >= 3 and columns[0].isalpha():
                seen[columns[0].lower()][columns[2]] += 1
    return {word: tags.most_common(1)[0][0] for word, tags in seen.items()}
