"""Cut a Unigram vocabulary to the pieces of some scripts, and its tokenizer with it.

What is left out is spelled by smaller pieces, so that nothing is lost but the length of the texts.
"""

import json
import unicodedata
from collections import Counter
from functools import lru_cache

from tokenizers import Tokenizer

SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
SPACE = "▁"
IDEOGRAPHS = "CJK"
# Scripts by the first word of a character's name; what is no letter belongs to all of them.
SCRIPTS = {"LATIN", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", IDEOGRAPHS, "IDEOGRAPHIC"}
CROSSING = 0.1  # share of a piece's occurrences that may lie across a border of words
PASSES = 3  # in each of which pieces that cross are left out, since others take their place


@lru_cache(maxsize=None)
def _script(character: str) -> str:
    name = unicodedata.name(character, "")
    if unicodedata.category(character)[0] == "L" or name.startswith(("HIRAGANA", "KATAKANA", "IDEOGRAPHIC ITER")):
        return name.split(" ")[0]
    # digits and signs of other scripts: only what everybody writes
    return "" if ord(character) < 0x250 or 0x2000 <= ord(character) < 0x3100 else "OTHER"


def is_wanted(piece: str) -> bool:
    """Whether all letters of a piece are of the scripts that are kept."""
    return all(_script(character) in SCRIPTS | {""} for character in piece if character != SPACE)


def is_unspaced(piece: str) -> bool:
    """Whether a piece is written in a script that has no spaces between words."""
    return any(_script(character) not in {"LATIN", "", "OTHER"} for character in piece)


def has_endings(piece: str) -> bool:
    """Whether a piece has hiragana, in which particles and endings are written."""
    return any(_script(character) == "HIRAGANA" for character in piece)


def cut(whole: dict, texts: list[tuple[str, frozenset[int] | None]], size: int) -> list[int]:
    """The numbers of the pieces to keep, in order.

    `whole`: a tokenizer.json; `texts`: each with the offsets at which its words begin, None where they are not known. Kept are
    all single characters, what the texts are made of, and then the most frequent pieces, up to `size`. Left out is, of
    scripts without spaces, what often lies across a border of words, or may, since no text shows that it does not.
    """
    pieces = whole["model"]["vocab"]
    wanted = {i for i, (piece, _) in enumerate(pieces) if piece in SPECIAL or is_wanted(piece)}
    single = {i for i in wanted if pieces[i][0] in SPECIAL or len(pieces[i][0].removeprefix(SPACE)) <= 1}
    for _ in range(PASSES):
        kept = sorted(wanted)
        tokenizer = tokenizer_of(whole, kept)
        seen, known, crossed = Counter(), Counter(), Counter()
        for (_, begins), encoding in zip(texts, tokenizer.encode_batch([text for text, _ in texts])):
            ids = [kept[piece] for piece in encoding.ids]
            seen.update(ids)
            if begins is not None:
                known.update(ids)
                crossed.update(piece for piece, (start, end) in zip(ids, encoding.offsets)
                               if not begins.isdisjoint(range(start + 1, end)))
        wanted -= {i for i in wanted - single if is_unspaced(pieces[i][0]) and crossed[i] > CROSSING * known[i]}
    wanted -= {i for i in wanted - single if not known[i] and has_endings(pieces[i][0])}
    ranked = [*sorted(single), *(i for i, _ in seen.most_common() if i in wanted), *sorted(wanted)]
    return sorted(list(dict.fromkeys(ranked))[:size])


def tokenizer_of(whole: dict, kept: list[int]) -> Tokenizer:
    """The tokenizer with these pieces only, numbered anew, neither padding nor truncating."""
    pieces = whole["model"]["vocab"]
    number = {pieces[i][0]: new for new, i in enumerate(kept)}
    cut_down = {**whole, "truncation": None, "padding": None,
                "added_tokens": [{**token, "id": number[token["content"]]} for token in whole["added_tokens"]],
                "model": {**whole["model"], "unk_id": number["<unk>"], "vocab": [pieces[i] for i in kept]}}
    post = json.loads(json.dumps(whole["post_processor"]))
    for name, token in post["special_tokens"].items():
        token["ids"] = [number[name]]
    return Tokenizer.from_str(json.dumps({**cut_down, "post_processor": post}))
