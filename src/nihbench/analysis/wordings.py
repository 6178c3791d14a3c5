"""How the words of a needle's questions meet the needle's own: which it lacks, and whether both make one judgement.

Pure. It sees words, not meanings.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from nihbench.score.rivals import core, judgements, subject_pattern, terms
from nihbench.types import Needle

_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]")
_RUN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]+|[^\\W_\u3400-\u4dbf\u4e00-\u9fff]+")
_STOP = re.compile("[的了在是里中上下就和与什么哪谁多少吗呢几]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Wording:
    """How a question's words meet the needle's. `asked` and `told` are words of judgement of one and the other.

    `share`: of the question's content words (subject included), how many the needle holds.
    """

    prompt: str
    question: str
    share: float
    lacking: tuple[str, ...]
    asked: tuple[str, ...]
    told: tuple[str, ...]

    @property
    def mismatch(self) -> bool:
        """Whether the question asks for another judgement than the needle makes."""
        return bool(self.asked and self.told and not set(self.asked) & set(self.told))


def wordings_of(needle: Needle) -> tuple[Wording, ...]:
    """Return how each wording of the question meets the needle's words."""
    return tuple(_wording(needle, name, question) for name, question in _questions(needle).items())


def _questions(needle: Needle) -> dict[str, str]:
    """Return the question's wordings by the prompt that they belong to, those that ask the same only once."""
    wordings: dict[str, str] = {}
    for name, question in {"": needle.question, **needle.questions}.items():
        if core(question) not in map(core, wordings.values()):
            wordings[name] = question
    return wordings


def _wording(needle: Needle, prompt: str, question: str) -> Wording:
    asked, told = core(question), " ".join(needle.statements)
    pattern = subject_pattern(needle.subject) if needle.subject else None
    named = bool(pattern and pattern.search(asked))
    rest, told_rest = (pattern.sub(" ", text) if pattern else text for text in (asked, told))
    held = set(terms(told_rest))
    words = _words(rest)
    lacking = tuple(word for word in words if not set(terms(word)) <= held)
    units = len(words) + named
    have = len(words) - len(lacking) + (named and bool(pattern and pattern.search(told)))
    return Wording(
        prompt=prompt,
        question=question,
        share=have / units if units else 0.0,
        lacking=lacking,
        asked=judgements(asked),
        told=judgements(told),
    )


def _words(text: str) -> tuple[str, ...]:
    """Return a question's content words as they are written; in Chinese the runs between function words."""
    found = _RUN.findall(text)
    pieces = [p for word in found for p in (_STOP.split(word) if _HAN.search(word) else [word])]
    return tuple(dict.fromkeys(piece for piece in pieces if terms(piece)))
