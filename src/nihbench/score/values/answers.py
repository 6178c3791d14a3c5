"""Yes and no: said at the head of a clause, or by a sentence that says, or denies, what was asked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from nihbench.score.answer import Text
from nihbench.score.grammar import Grammar, Phrase
from nihbench.score.values.base import Place
from nihbench.text.late import late

_NEGATOR = Phrase("@negators@")
_BRIEF = late(
    r"\W*(?:it|they|he|she|that|this|there|you|we) (?:is|are|was|were|do|does|did|can|has|have|will)(?:n't| not)?\b"
)
_SHARE = 0.5  # of the question's words in a sentence that answers it without a yes or a no


@dataclass(frozen=True, slots=True)
class YesNo:
    """An expected yes or no; `asked` are the words of the question that carry it."""

    yes: bool
    asked: frozenset[str]
    kind: str = "yes_no"

    def places(self, answer: Text) -> list[Place]:
        """Return where the first yes or no of an answer stands."""
        m = _said(answer.grammar).search(answer.text)
        if m is not None:
            right = (m["yes"] is not None) == self.yes
            group = "yes" if m["yes"] is not None else "no"
            return [Place(m.start(group), m.end(group), "same" if right else "other", 1.0 if right else 0.0)]
        stems = answer.stems
        if _BRIEF.match(answer.text) and len(answer.words) < 6:
            right = (_NEGATOR(answer.grammar).search(answer.text) is None) == self.yes
            return [Place(0, len(answer.text), "same" if right else "other", 1.0 if right else 0.0)]
        if not self.asked or len([s for s in self.asked if s in stems]) < _SHARE * len(self.asked):
            return []
        denied = _NEGATOR(answer.grammar).search(answer.text) is not None or opposed(answer, self.asked)
        right = denied != self.yes
        end = max(1, len(answer.text))
        return [Place(0, end, "same" if right else "other", 1.0 if right else 0.0)]

    def equals(self, language: str) -> list[str]:
        """Return other ways to say it."""
        if language == "zh":
            return ["是的。", "是"] if self.yes else ["不是。", "否"]
        return ["Yes.", "yes"] if self.yes else ["No.", "no"]


@lru_cache(maxsize=64)
def _said(grammar: Grammar) -> re.Pattern[str]:
    values = [each.values for each in grammar.languages if each.values]
    latin = r"(?![a-z])"
    yes = "|".join(each.yes for each in values if each.yes) or "(?!)"
    no = "|".join(each.no for each in values if each.no) or "(?!)"
    head = r"(?:^|[.,:;!?。\n—{>] ?|\bis |\bsays |答案是?|回答是?)\W{0,3}"
    return re.compile(rf"{head}(?<![a-z])(?:(?P<no>{no})|(?P<yes>{yes})){latin}")


def opposed(answer: Text, stems: frozenset[str]) -> bool:
    """Whether an answer holds the opposite of one of some words and not the word."""
    grammar = answer.grammar
    for each in grammar.languages:
        for groups in each.values.opposites if each.values else ():
            sides = [{grammar.stem(word) for word in side.split("|") if " " not in word} for side in groups]
            asked = [side for side in sides if side & stems]
            others = set().union(*(side for side in sides if not side & stems))
            if len(asked) == 1 and others & set(answer.stems) and not asked[0] & set(answer.stems):
                return True
    return False


def yes_no_of(text: Text, question: Text) -> YesNo | None:
    """Return the yes or no that a text is; None where it is neither."""
    plain = text.text.strip(" .!。")
    values = [each.values for each in text.grammar.languages if each.values]
    yes = any(each.yes and re.fullmatch(each.yes, plain) for each in values)
    no = any(each.no and re.fullmatch(each.no, plain) for each in values)
    if yes == no:
        return None
    grammar = text.grammar
    asked = frozenset(s for s in grammar.content_stems(question.text) if s not in grammar.empty)
    return YesNo(yes=yes, asked=asked)
