"""Words of treebanks written as people write them: without the spaces that data sets put in, and contracted."""

import random
from dataclasses import replace

from english_data import Example

CLOSING, OPENING = set(".,;:!?)]}»”’%…"), set("([{«“‘¿¡")
# Portuguese prepositions with the articles and pronouns that they are written together with.
_DETERMINERS = "o a os as este esta estes estas esse essa esses essas aquele aquela aqueles aquelas isto isso aquilo ele ela eles elas"
CONTRACTIONS = {
    **{("de", word): "d" + word for word in _DETERMINERS.split()},
    **{("em", word): "n" + word for word in [*_DETERMINERS.split(), "um", "uma", "uns", "umas"]},
    **{("por", word): "pel" + word for word in ("o", "a", "os", "as")},
    ("a", "o"): "ao", ("a", "os"): "aos", ("a", "a"): "à", ("a", "as"): "às", ("a", "aquele"): "àquele", ("a", "aquela"): "àquela",
}


def contract(example: Example) -> Example:
    """Portuguese words joined as they are written, but where a name begins or ends between them."""
    words, labels = [], []
    for word, label in zip(example.words, example.entities):
        joined = words and CONTRACTIONS.get((words[-1].lower(), word))
        if joined and label[:1] != "B" and label[2:] == labels[-1][2:]:
            words[-1] = joined.capitalize() if words[-1][0].isupper() else joined
        else:
            words.append(word)
            labels.append(label)
    return Example(tuple(words), tuple(labels), document=example.document)


def without_spaces(example: Example, dice: random.Random) -> Example:
    """Most often without white space before and after punctuation marks where nobody writes any."""
    if dice.random() < 0.4:
        return example
    glued, quoted = set(), False
    for number, word in enumerate(example.words):
        if word in CLOSING or (number and example.words[number - 1] in OPENING):
            glued.add(number)
        if word == '"':
            glued.add(number if quoted else number + 1)
            quoted = not quoted
    return replace(example, glued=frozenset(glued - {0, len(example.words)}))
