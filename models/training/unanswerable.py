"""Questions that their context does not answer, made by rules of ones that it does.

The rules follow what people do who write such questions (Rajpurkar et al. 2018, arXiv:1806.03822): they put another
entity for one, an antonym, a negation, or ask for what the paragraph does not say. Half of them change the context in
place of the question, so that the question still reads as people write; and some questions are changed together with
their context and keep their answer, so that a change alone tells nothing.
"""

import random
import re
from dataclasses import replace

from antonyms import ANTONYMS
from lookalikes import Lookalikes
from mentions import Mention, another, find_mentions
from qa_data import Question

AUXILIARY = re.compile(r"\b(did|does|do|was|were|is|are|has|have|had|could|would|should)\b(?! n['o]t)", re.IGNORECASE)
SENTENCE_END = re.compile(r"(?<=[.!?])[\"”)]*\s+(?=[\"“(]?[A-Z0-9])")


def make_unanswerable(questions, share: float, dice: random.Random) -> list[Question]:
    """Give a share of the questions a look-alike context that does not hold their answer."""
    lookalikes = Lookalikes(q.context for q in questions)
    return [_elsewhere(q, lookalikes, dice) if q.answer and dice.random() < share else q for q in questions]


def make_near_misses(questions, share: float, together: float, dice: random.Random) -> list[Question]:
    """Make a share of the questions unanswerable by the rules; change another share together with their contexts."""
    lookalikes = Lookalikes(q.context for q in questions)
    return [_near_miss(q, share, together, lookalikes, dice) if q.answer else q for q in questions]


def _near_miss(question, share, together, lookalikes, dice) -> Question:
    throw = dice.random()
    if throw < share:
        rules = list(RULES)
        while rules:
            rule = dice.choices(rules, [RULES[each] for each in rules])[0]
            made = rule(question, lookalikes, dice)
            if made:
                return made
            rules.remove(rule)
    elif throw < share + together:
        return _swapped_in_both(question, lookalikes, dice) or question
    return question


def _elsewhere(question, lookalikes, dice) -> Question:
    """Asked of a look-alike context."""
    return _unanswered(question, context=lookalikes.find(f"{question.text} {question.context}", question.answer, dice))


def _cut_out(question, lookalikes, dice) -> Question | None:
    """Asked of its context without the sentence that answers it."""
    begin, end = _sentence(question)
    rest = f"{question.context[:begin]} {question.context[end:]}".strip()
    if len(rest) < 80 or question.answer.casefold() in rest.casefold():
        return None
    return _unanswered(question, context=rest)


def _swapped_in_question(question, lookalikes, dice) -> Question | None:
    """With another entity, number or noun of the context, or of one like it, in the question."""
    mention = _any_mention(question.text, dice)
    near = question.context if dice.random() < 0.8 else lookalikes.find(question.context, question.answer, dice)
    other = mention and another(mention, near, f"{question.text} {question.answer}", dice)
    return other and _unanswered(question, text=_put(question.text, mention, other))


def _swapped_in_context(question, lookalikes, dice) -> Question | None:
    """With another entity, number or noun in the context for one of the question's."""
    swap = _swap_of_context(question, lookalikes, dice)
    return swap and _unanswered(question, context=_put_all(question.context, *swap))


def _swapped_in_both(question, lookalikes, dice) -> Question | None:
    """With another entity in question and context: still answered."""
    swap = _swap_of_context(question, lookalikes, dice)
    if not swap:
        return None
    end = question.start + len(question.answer)
    head = _put_all(question.context[: question.start], *swap)
    context = head + question.answer + _put_all(question.context[end:], *swap)
    return replace(question, text=_put_all(question.text, *swap), context=context, start=len(head))


def _swap_of_context(question, lookalikes, dice) -> tuple[str, str] | None:
    """A mention of the question that stands in the context too, not in the answer; and one for it from elsewhere."""
    shared = [each for each in find_mentions(question.text)
              if re.search(rf"\b{re.escape(each.text)}\b", question.context)
              and each.text.casefold() not in question.answer.casefold()]
    if not shared:
        return None
    mention = _weighed(shared, dice)
    near = lookalikes.find(question.context, question.answer, dice)
    other = another(mention, near, f"{question.context} {question.text}", dice)
    return other and (mention.text, other)


def _opposed(question, lookalikes, dice) -> Question | None:
    """With an antonym in the question, or in the sentence that answers it."""
    begin, end = _sentence(question)
    kept = (question.start - begin, question.start - begin + len(question.answer))
    for in_question in dice.sample([True, True, False], 3):
        text = question.text if in_question else question.context[begin:end]
        places = [each for each in re.finditer(r"[A-Za-z]+", text) if each.group().casefold() in ANTONYMS
                  and (in_question or each.end() <= kept[0] or each.start() >= kept[1])]
        if places:
            place = dice.choice(places)
            opposite = dice.choice(ANTONYMS[place.group().casefold()])
            opposite = opposite.capitalize() if place.group()[0].isupper() else opposite
            text = text[: place.start()] + opposite + text[place.end() :]
            if in_question:
                return _unanswered(question, text=text)
            return _unanswered(question, context=question.context[:begin] + text + question.context[end:])
    return None


def _negated(question, lookalikes, dice) -> Question | None:
    """With a negation in the question."""
    auxiliary = AUXILIARY.search(question.text)
    if not auxiliary:
        return None
    negation = dice.choice(["n't", "n't", " not", " never"])
    return _unanswered(question, text=question.text[: auxiliary.end()] + negation + question.text[auxiliary.end() :])


RULES = {_swapped_in_question: 0.36, _swapped_in_context: 0.16, _cut_out: 0.16, _elsewhere: 0.1, _opposed: 0.14,
         _negated: 0.08}


def _unanswered(question, **changes) -> Question:
    return replace(question, answer="", start=0, **changes)


def _any_mention(text: str, dice) -> Mention | None:
    found = find_mentions(text)
    return _weighed(found, dice) if found else None


def _weighed(mentions, dice) -> Mention:
    """One at random, names and numbers before nouns."""
    return dice.choices(mentions, [1 if each.type.startswith("noun") else 3 for each in mentions])[0]


def _put(text: str, mention: Mention, other: str) -> str:
    return text[: mention.start] + other + text[mention.end :]


def _put_all(text: str, word: str, other: str) -> str:
    return re.sub(rf"\b{re.escape(word)}(?!\w)", lambda _: other, text)


def _sentence(question) -> tuple[int, int]:
    """Where the sentences that hold the answer begin and end in the context."""
    cuts = _cuts(question.context)
    begin = max(cut for cut in cuts if cut <= question.start)
    end = min(cut for cut in cuts if cut >= question.start + len(question.answer))
    return begin, end


def _cuts(context: str) -> list[int]:
    """Where sentences begin and end, from the first to the last."""
    return [0, *(each.end() for each in SENTENCE_END.finditer(context)), len(context)]
