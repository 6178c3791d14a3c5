"""What a family of trials is: the one interface that a plug-in is written against (docs/tasks.md).

A family plants, asks and grades; it knows no corpus, no model and no file. Everything random comes from its draw, so
that the same plan plants the same again on every machine.
"""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from random import Random
from typing import Any, ClassVar

from nihbench.errors import UsageError
from nihbench.lang.messages import Words, spelt, t
from nihbench.types import DEPTH, NEEDLE, Axis, Grade, Insert, Item, KeyFact, Needle, Planted, Trial, plain_turns

__all__ = ["DEPTH", "NEEDLE", "Answer", "Axis", "Draw", "Family", "Grade", "Insert", "Item", "Planted", "spelt"]


@dataclass(frozen=True, kw_only=True)
class Draw:
    """For which trial something is planted, and all that is random in it.

    Trials of several prompts and models at one place have the same draw. `distinct`: no two repeats draw the same
    value; runs of older versions took what was drawn.
    """

    trial: Trial
    seed: int = 0
    distinct: bool = True
    name: str = ""
    rows: tuple[float, ...] = ()
    """All rows of the grid, where they are known."""
    lengths: tuple[int, ...] = ()
    """All lengths of the grid, likewise."""
    repeats: int = 0
    """How many measurements each cell of the grid has, likewise."""

    @property
    def point(self) -> float:
        """The value on the family's axis."""
        return self.trial.row

    @property
    def repeat(self) -> int:
        """Which measurement of its cell it is, from 0."""
        return self.trial.repeat

    @cached_property
    def random(self) -> random.Random:
        """The source of what is drawn; the same in every process."""
        place = f"{self.trial.length}|{self.point:g}|{self.repeat}|{self.trial.control or ''}"
        return random.Random(f"{self.seed}|{self.name}|{place}")

    def stream(self, purpose: str) -> Random:
        """Return a source for one purpose, from its beginning: the same in every row, so that rows can be paired."""
        place = f"{self.trial.length}|{self.repeat}|{self.trial.control or ''}"
        return Random(f"{self.seed}|{self.name}|{place}|{purpose}")

    def numbers(self, count: int, digits: int) -> list[str]:
        """Draw numbers that have so many digits, no two alike, and none in another."""
        lowest = 10 ** (digits - 1)
        return [str(lowest + offset) for offset in self.random.sample(range(9 * lowest), count)]

    def depths(self, count: int) -> list[float]:
        """Draw nominal depths in percent, each in a stretch of its own, in no order."""
        found = [100.0 * (at + self.random.random()) / count for at in range(count)]
        self.random.shuffle(found)
        return found


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a model said. `haystack` is a text in which a wrong answer's source may be looked for, "" for none."""

    text: str
    finish_reason: str | None = None
    haystack: str = ""


class Family(ABC):
    """A family of trials. A subclass says what it is in class variables, and plants.

    Args:
        language: of what is planted and asked: one of `languages`.
        options: the values of `options`, as they were given.
    """

    name: ClassVar[str]
    """What it is called on the command line: letters, digits, - and _."""
    version: ClassVar[str]
    """Raised when the same draw would be planted, asked or graded otherwise: a run keeps to the one that began it."""
    title: ClassVar[Words]
    """What it measures, in a few words; `spelt(en=..., zh=...)`."""
    axis: ClassVar[Axis] = DEPTH
    """What the rows of its grid are."""
    languages: ClassVar[tuple[str, ...]] = ("en",)
    options: ClassVar[Mapping[str, str]] = {}
    """What can be chosen beside the axis: names and usual values."""
    by_grid: ClassVar[bool] = False
    """Whether what is planted in a cell depends on which other cells the grid has."""
    needs_text: ClassVar[bool] = True
    """Whether the right answer can come from the text alone; else controls without text or needle say nothing."""
    later: ClassVar[Mapping[str, str]] = {}
    """Options that came with a later release, with what there was before: where that stays, so do the ids of trials."""
    draws: ClassVar[bool] = True
    """Whether repeats of one cell plant different texts."""

    def __init__(self, language: str, options: Mapping[str, str]) -> None:
        self.language = language
        self.chosen = options

    @abstractmethod
    def plant(self, draw: Draw) -> Planted:
        """Return what is planted, asked and expected in one trial: its inserts, its question, its items."""

    def does(self, row: float) -> Words | None:
        """Return what a model can do that finds what a row asks for, as it stands behind "can"; None: it has no words.

        Such as `spelt(en="follow chains of 4 hops", zh="追踪 4 步的链")`; the passport is written in these words.
        """
        return None

    def grade(self, planted: Planted, answer: Answer) -> Grade:
        """Grade an answer; pure. Unless a family says otherwise: the share of its items that the answer holds."""
        from nihbench.tasks.grading import grade_items  # who only plans loads no scorer

        return grade_items(planted, self.key(planted), answer.text, answer.finish_reason, **self.reading(planted))

    def reading(self, planted: Planted) -> Mapping[str, Any]:
        """Return how an answer's items are read, as keywords of `grading.grade_items`; nothing: as they stand there."""
        return {}

    def key(self, planted: Planted) -> Needle:
        """Return what a judge is shown of a trial, and what is looked for in its haystack: a needle like it."""
        names = [insert.text for insert in planted.inserts if insert.role == NEEDLE] or list(planted.texts)
        names = [plain_turns(name) for name in names] if planted.turned else names
        return Needle(
            name=self.name,
            language=self.language,
            statements=tuple(names),
            question=planted.question,
            answer=planted.expected,
            facts=tuple(
                KeyFact(name=item.name, text=item.text, aliases=item.aliases, identifying=True)
                for item in planted.items
            ),
        )

    def whole(self, name: str, *, least: int, most: int) -> int:
        """Return an option's value as a whole number.

        Raises:
            UsageError: it is none between `least` and `most`.
        """
        value = self.chosen[name]
        if not (value.isascii() and value.isdecimal() and len(value) < 9 and least <= int(value) <= most):
            raise UsageError(t("tasks.option_not_whole", name=name, value=value, least=least, most=most))
        return int(value)
