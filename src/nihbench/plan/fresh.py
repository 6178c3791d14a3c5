"""Values drawn anew for every placement, so that an answer can't have been memorised."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from nihbench.types import Needle, Trial


def fresh_values(needle: Needle, trial: Trial, seed: int, *, distinct: bool = True) -> dict[str, str]:
    """Draw the needle's fresh values for a trial: numbers of the given digits, never beginning with 0.

    They depend on seed, needle, length, depth and repeat and on nothing else, so that every prompt and every model is
    asked for the same value at the same place.

    Args:
        needle: whose values.
        trial: for which they are drawn.
        seed: of the draws.
        distinct: whether no two repeats of a cell have the same, as long as there are as many numbers; older runs
            took what was drawn.
    """
    values = {}
    for name, digits in needle.fresh.items():
        lowest = 10 ** (digits - 1)
        cell = f"{seed}|{needle.name}|{name}|{trial.length}|{trial.depth_percent:.2f}"
        numbers = 9 * lowest
        drawn = _distinct(cell, numbers).of(trial.repeat) if distinct else _offset(cell, trial.repeat, numbers)
        values[name] = str(lowest + drawn)
    return values


def _offset(cell: str, draw: int, numbers: int) -> int:
    digest = hashlib.sha256(f"{cell}|{draw}".encode()).digest()
    return int.from_bytes(digest[:16], "big") % numbers


class _Distinct:
    """What is drawn for the repeats of one cell: what a repeat before has had, the next free number takes."""

    def __init__(self, cell: str, numbers: int) -> None:
        self._cell, self._numbers = cell, numbers
        self._drawn: list[int] = []
        self._used: set[int] = set()

    def of(self, repeat: int) -> int:
        while len(self._drawn) <= repeat:
            if len(self._used) == self._numbers:  # every number was had once
                self._used.clear()
            offset = _offset(self._cell, len(self._drawn), self._numbers)
            while offset in self._used:
                offset = (offset + 1) % self._numbers
            self._used.add(offset)
            self._drawn.append(offset)
        return self._drawn[repeat]


@lru_cache(maxsize=4096)
def _distinct(cell: str, numbers: int) -> _Distinct:
    """Keep a cell's draws: an adaptive run asks for those of hundreds of repeats, one after the other."""
    return _Distinct(cell, numbers)


def fill(needle: Needle, values: Mapping[str, str]) -> Needle:
    """Return the needle with its {placeholders} replaced in statements, question, answer and facts.

    A needle without any comes back as it is, so that what is prepared for it serves all its trials.
    """
    if not values and not needle.fresh:
        return needle

    def put(text: str) -> str:
        for name, value in values.items():
            text = text.replace("{" + name + "}", value)
        return text

    return replace(
        needle,
        statements=tuple(put(text) for text in needle.statements),
        question=put(needle.question),
        questions={name: put(text) for name, text in needle.questions.items()},
        answer=put(needle.answer),
        facts=tuple(replace(f, text=put(f.text), aliases=tuple(put(a) for a in f.aliases)) for f in needle.facts),
        fresh={},
    )


def fact_words(filled: Needle) -> dict[str, str]:
    """Return what the needle's facts say, by their names: a reader knows the words, and not the names."""
    return {"answer": filled.answer} | {fact.name: fact.text for fact in filled.facts}
