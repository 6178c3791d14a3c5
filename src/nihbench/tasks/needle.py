"""The single needle: one sentence of the catalog at a depth, asked for, graded by rules over its key facts."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from nihbench.lang.messages import Note
from nihbench.tasks.family import Answer, Draw, Family
from nihbench.types import Grade, Insert, Item, Needle, Planted, Trial

# ---- values drawn anew for every placement, so that an answer can't have been memorised ------------------------------


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


# ---- the task --------------------------------------------------------------------------------------------------------


class SingleNeedle(Family):
    """One needle of the catalog; its fresh values are drawn for every place."""

    name = "needle"
    version = "1"
    title = Note("task_needle")
    languages = ("en", "zh")

    def __init__(self, needle: Needle) -> None:
        super().__init__(needle.language, {})
        self.needle = needle

    def does(self, row: float) -> Note:
        """Say that it is one fact."""
        return Note("does_needle")

    def plant(self, draw: Draw) -> Planted:
        """Return the needle with the values drawn for its place."""
        values = fresh_values(self.needle, draw.trial, draw.seed, distinct=draw.distinct)
        return self.planted(draw.trial.prompt, draw.trial.depth_percent, values)

    def planted(self, prompt: str, depth_percent: float, values: Mapping[str, str]) -> Planted:
        """Return the needle with values put in, asked for as a prompt variant does; without any, as it is written."""
        filled = self._filled(values)
        return Planted(
            inserts=tuple(Insert(text=text, depth_percent=depth_percent) for text in filled.statements[:1]),
            question=filled.question_for(prompt),
            items=tuple(Item(name=fact.name, text=fact.text, aliases=fact.aliases) for fact in filled.facts),
            expected=filled.answer,
            fresh=values,
        )

    def grade(self, planted: Planted, answer: Answer) -> Grade:
        """Grade by the rules, which look for the source of a wrong answer in the haystack."""
        from nihbench.score.rules import grade  # who only plans loads no scorer

        return grade(
            answer.text,
            self.key(planted),
            finish_reason=answer.finish_reason,
            question=planted.question,
            haystack=answer.haystack,
        )

    def key(self, planted: Planted) -> Needle:
        """Return the needle with the values of a trial; one without any is always the same object."""
        return self._filled(planted.fresh)

    def _filled(self, values: Mapping[str, str]) -> Needle:
        return fill(self.needle, values)
