"""Contexts that share the rarest words with a question: hard ones to tell from the right one."""

import math
import random
import re
from collections import Counter, defaultdict


class Lookalikes:
    """Finds them among `contexts`."""

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
