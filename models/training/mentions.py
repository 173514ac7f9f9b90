"""Names, numbers and other words of a text that another of their type may stand for, found by their form."""

import random
import re
from dataclasses import dataclass

# Words of which any may stand for another.
CLOSED = [words.split() for words in (
    "January February March April May June July August September October November December",
    "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
    "two three four five six seven eight nine ten eleven twelve twenty thirty fifty hundred thousand million billion",
    "first second third fourth fifth sixth seventh eighth ninth tenth last",
    "north south east west", "northern southern eastern western", "north-east north-west south-east south-west",
    "white black red blue green yellow gold silver brown grey",
    "spring summer autumn winter", "day week month year decade century",
)]
CLOSED_TYPE = {word.casefold(): number for number, words in enumerate(CLOSED) for word in words}
NOT_NAMES = set(
    "a an the this that these those he she it they we you i his her its their our your my in on at by for from with without of to as "
    "and or but if when while where who whom whose which what how why after before during since until although though because "
    "despite there here some many most all both each every other another no not one however also more such only despite "
    "between among under over into through then thus according ad bc bce ce am pm".split()
)
NAME = r"(?:[A-Z]\.|[A-Z][\w'’&-]*[\w&])(?:\s(?:(?:of|the|de|von|van|and)\s){0,2}(?:[A-Z]\.|[A-Z0-9][\w'’&-]*))*"
NUMBER = r"[$€£]?\d[\d,]*(?:\.\d+)?(?:st|nd|rd|th|s)?%?"
WORD = r"[A-Za-z-]+"
PIECE = re.compile(rf"(?P<number>(?<![\w.,]){NUMBER})|(?P<name>\b{NAME})|(?P<word>\b{WORD})")
AFTER = re.compile(r"\b(?:the|a|an|of|their|his|her|its|many)\s+$", re.IGNORECASE)


@dataclass(frozen=True)
class Mention:
    """`text` from character `start` on; mentions of equal `type` may stand for each other."""

    text: str
    start: int
    type: str

    @property
    def end(self) -> int:
        return self.start + len(self.text)


def find_mentions(text: str) -> list[Mention]:
    """The mentions of `text` in its order: names, numbers, years, words of closed sets, nouns after an article."""
    found = []
    for match in PIECE.finditer(text):
        mention = _mention(match, text)
        if mention:
            found.append(mention)
    return found


def _mention(match: re.Match, text: str) -> Mention | None:
    piece, start = match.group(), match.start()
    if match.lastgroup == "number":
        return Mention(piece, start, "year" if re.fullmatch(r"1\d{3}|20\d\d", piece) else "number")
    if piece.casefold() in CLOSED_TYPE:
        return Mention(piece, start, f"closed {CLOSED_TYPE[piece.casefold()]}")
    if match.lastgroup == "name":
        return _name(piece, start, text)
    if len(piece) > 3 and AFTER.search(text[max(0, start - 12) : start]):
        return Mention(piece, start, "nouns" if piece.endswith("s") else "noun")
    return None


def _name(piece: str, start: int, text: str) -> Mention | None:
    """A name without the function word before it; one word that begins a sentence only if it is a name elsewhere."""
    while piece.split(" ")[0].casefold() in NOT_NAMES:
        word, _, piece = piece.partition(" ")
        start += len(word) + 1
    piece = re.sub(r"['’]s?$", "", piece)
    begins = not text[:start].strip() or text[:start].rstrip()[-1] in ".!?\"“"
    if not piece or (begins and " " not in piece and not re.search(rf"[a-z,] {re.escape(piece)}\b", text)):
        return None
    return Mention(piece, start, "name") if piece[0].isupper() else None


def another(mention: Mention, text: str, without: str, dice: random.Random) -> str | None:
    """What may stand for `mention`: one of its type in `text` or its set, no word of which is in `without`; else None."""
    taken = set(re.findall(r"\w+", f"{without} {mention.text}".casefold()))
    others = [each.text for each in find_mentions(text) if each.type == mention.type]
    if mention.type.startswith("closed"):
        others += [word if mention.text[0].islower() else word.capitalize() for word in CLOSED[int(mention.type[7:])]]
    fit = sorted({other for other in others if not taken & set(re.findall(r"\w+", other.casefold()))})
    if fit:
        return dice.choice(fit)
    return _other_number(mention, dice) if mention.type in ("year", "number") else None


def _other_number(mention: Mention, dice: random.Random) -> str:
    """The same number with one digit changed, not the first."""
    digits = [place for place, c in enumerate(mention.text) if c.isdigit()]
    place = dice.choice(digits[1:] or digits)
    digit = dice.choice([d for d in "123456789" if d != mention.text[place]])
    return mention.text[:place] + digit + mention.text[place + 1 :]
