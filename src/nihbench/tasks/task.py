"""The task of one run: a family with its options, asked for what a trial plants and what an answer is worth.

What a plug-in gives is looked at here before anybody else sees it: it may raise, and it may return anything. A run's
folder says which task it has; its family is looked up when something has to be planted or graded, not before.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeVar

from nihbench.errors import NihError, UsageError
from nihbench.lang.messages import Note, Words, said, stored, t
from nihbench.plan.grid import trial_at
from nihbench.tasks.family import Answer, Draw, Family
from nihbench.tasks.needle import SingleNeedle
from nihbench.tasks.registry import SINGLE_NEEDLE, describe, family, is_axis, package_of
from nihbench.types import (
    DEPTH,
    Axis,
    Evidence,
    Grade,
    Insert,
    Item,
    Needle,
    Planted,
    Record,
    Score,
    Trial,
    Unscored,
)

_OWN = f"{__package__}."
MOST_INSERTS = 2_000
_MOST_CHARACTERS = 20_000
"""Of one insert, and of a question."""
_SPECIMEN_TOKENS = 4_000
_MOST_WORDS = 200
"""Characters of what a task says of itself."""
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Grid:
    """Which cells a run has: its lengths and its rows, ascending, and how often each is measured."""

    lengths: tuple[int, ...] = ()
    rows: tuple[float, ...] = ()
    repeats: int = 0


NO_GRID = Grid()


@dataclass(frozen=True, kw_only=True)
class Task:
    """A task as a run has it. `needle` is what the single needle hides, and a specimen of it for any other."""

    name: str
    version: str
    language: str
    needle: Needle
    axis: Axis = DEPTH
    options: Mapping[str, str] = field(default_factory=dict)
    package: str = "nihbench"

    @property
    def is_single(self) -> bool:
        """Whether it is the single needle, of which run.json says all: its records need hold no more."""
        return self.name == SINGLE_NEEDLE

    @cached_property
    def family(self) -> Family:
        """The family itself.

        Raises:
            UsageError: it is not installed, of another version than the run's, or can't be made.
        """
        if self.is_single:
            return SingleNeedle(self.needle)
        try:
            kind = family(self.name)
        except UsageError as error:
            raise UsageError(t("tasks.install", error=error, package=self.package)) from error
        if kind.version != self.version:
            raise UsageError(
                t("tasks.other_version", name=self.name, version=self.version, here=kind.version, package=self.package)
            )
        return self._asked(lambda: kind(self.language, {**kind.later, **self.options}))

    @cached_property
    def turned(self) -> bool:
        """Whether its haystack is a chat of many turns."""
        return not self.is_single and self.specimens("original")[0].turned

    @property
    def draws(self) -> bool:
        """Whether repeats of one cell plant different texts."""
        return bool(self.needle.fresh) if self.is_single else self.family.draws

    @property
    def by_grid(self) -> bool:
        """Whether what a cell plants depends on the grid's other cells, too."""
        return not self.is_single and self.family.by_grid

    def planted(self, trial: Trial, seed: int, *, distinct: bool = True, grid: Grid = NO_GRID) -> Planted:
        """Return what a trial plants, asks and expects; `grid` is the one that it is a cell of.

        Raises:
            UsageError: the family can't say, or says what can't be planted.
        """
        rows = self.axis.values or grid.rows
        draw = Draw(
            trial=trial, seed=seed, distinct=distinct, name=self.name, rows=rows, lengths=grid.lengths,
            repeats=grid.repeats,
        )  # fmt: skip
        found = self._asked(lambda: self.family.plant(draw))
        if self.is_single:
            return found
        # What comes with this package is held by its tests: to look at each of hundreds of inserts takes its time.
        wrong = None if type(self.family).__module__.startswith(_OWN) else wrong_in(found)
        if wrong is not None:
            raise UsageError(t("tasks.wrong_plant", name=self.name, wrong=wrong))
        # Two that come to one place stand in the order of their depths.
        return replace(found, inserts=tuple(sorted(found.inserts, key=lambda insert: insert.depth_percent)))

    def recorded(self, record: Record) -> Planted:
        """Return what a record's trial planted; of the single needle that follows from its fresh values."""
        return self.again(record.trial, record.fresh, record.planted)

    def again(self, trial: Trial, fresh: Mapping[str, str], planted: Planted | None) -> Planted:
        """Do as `recorded` for what a folder holds of a trial.

        Raises:
            UsageError: the folder does not say what was planted.
        """
        if planted is not None:
            return planted
        if not isinstance(self.family, SingleNeedle):
            raise UsageError(t("tasks.not_recorded", name=self.name))
        return self.family.planted(trial.prompt, trial.depth_percent, fresh)

    def kept(self, planted: Planted) -> Planted | None:
        """Return what a record must hold of what was planted: nothing where run.json and fresh values say all.

        A haystack that the task made is not kept: it is as long as the prompt, and is made again.
        """
        return None if self.is_single else planted

    def specimens(self, prompt: str) -> tuple[Planted, ...]:
        """Return what trials of a prompt plant, one of every row, for how many tokens that takes."""
        if isinstance(self.family, SingleNeedle):
            return (self.family.planted(prompt, 0.0, {}),)
        return tuple(self.planted(trial, 0) for trial in self._specimen_trials(prompt))

    def _specimen_trials(self, prompt: str) -> list[Trial]:
        known = {"experiment": "", "needle": "", "prompt": prompt, "length": _SPECIMEN_TOKENS}
        values = self.axis.values or (50.0,)
        return [trial_at(self.axis.name, value, **known) for value in values]

    def key(self, planted: Planted) -> Needle:
        """Return what a judge is shown of a trial: the needle with its values, or one like what was planted."""
        return self._asked(lambda: self.family.key(planted))

    def does(self, row: float) -> Words:
        """Return what a model can do that finds what a row asks for, behind "can"; the task's name, where it is unsaid.

        The family need not be installed.
        """
        at = Note("does_row", name=self.name, axis=self.axis.title, row=self.axis.label(row))
        usual = Note("does_task", name=self.name) if self.axis.name == DEPTH.name else at
        try:
            found = self._asked(lambda: self.family.does(row))
            text = said(found).strip() if isinstance(found, (str, Note)) else ""
        except NihError:
            return usual
        return usual if found is None or not text or len(text) > _MOST_WORDS else found

    def grade(self, planted: Planted, answer: Answer) -> Grade:
        """Grade an answer.

        Raises:
            UsageError: the family can't, or gives what is no grade.
        """
        found = self._asked(lambda: self.family.grade(planted, answer))
        wrong = None if self.is_single or isinstance(found, Unscored) else _wrong_score(found, planted)
        if wrong is not None:
            raise UsageError(t("tasks.wrong_grade", name=self.name, wrong=wrong))
        return found

    def stored(self) -> dict[str, Any] | None:
        """Return what run.json says of it; None for the single needle, of which it holds the needle."""
        if self.is_single:
            return None
        axis = {"name": self.axis.name, "title": stored(self.axis.title), "unit": self.axis.unit}
        return {
            "name": self.name,
            "version": self.version,
            "package": self.package,
            "language": self.language,
            "options": dict(self.options),
            "axis": axis | {"values": list(self.axis.values)},
        }

    def identity(self) -> dict[str, Any]:
        """Return what of it could change an answer."""
        if self.is_single:
            return {"statements": list(self.needle.statements)}
        names = ("name", "version", "language")
        return {"task": {name: getattr(self, name) for name in names} | {"options": dict(self.options)}}

    def _asked(self, call: Callable[[], _T]) -> _T:
        """Return what a family says; what it raises is one sentence that names it."""
        try:
            return call()
        except NihError:
            raise
        except Exception as error:  # whatever a stranger's family does
            raise UsageError(t("tasks.raised", name=self.name, error=describe(error))) from error


def of_needle(needle: Needle) -> Task:
    """Return the task of hiding one needle."""
    return Task(name=SINGLE_NEEDLE, version=SingleNeedle.version, language=needle.language, needle=needle)


def of_family(name: str, language: str, given: Mapping[str, str]) -> Task:
    """Return the task that a user names.

    Args:
        name: the family's.
        language: of what is planted; one of the family's.
        given: its options, the axis's values under its name.

    Raises:
        UsageError: there is no such family, it has no such option or language, or a value is none.
    """
    kind = family(name)
    if language not in kind.languages:
        raise UsageError(t("tasks.no_language", name=name, language=language, known=tuple(kind.languages)))
    options = dict(kind.options) | {key: value for key, value in given.items() if key != kind.axis.name}
    unknown = next((key for key in options if key not in kind.options and key not in kind.later), None)
    if unknown is not None:
        own = [kind.axis.name] if kind.axis.name != DEPTH.name else []
        offered = (*own, "language", *kind.options, *kind.later)
        raise UsageError(t("tasks.no_option", name=name, option=unknown, known=offered))
    options = {key: value for key, value in options.items() if kind.later.get(key) != value}
    values = _values(kind.axis, given.get(kind.axis.name))
    axis = Axis(name=kind.axis.name, title=kind.axis.title, unit=kind.axis.unit, values=values)
    shell = Needle(name=name, language=language, statements=("-",), question="-")
    task = Task(
        name=name,
        version=kind.version,
        language=language,
        needle=shell,
        axis=axis,
        options=options,
        package=package_of(name),
    )
    return replace(task, needle=task.key(task.specimens("original")[0]))


def _values(axis: Axis, given: str | None) -> tuple[float, ...]:
    """Return the rows: those that were given, or the axis's own."""
    if given is None:
        return tuple(map(float, axis.values))
    try:
        values = tuple(sorted({float(part.strip().removesuffix(axis.unit or "\0")) for part in given.split(",")}))
    except ValueError:
        values = ()
    if not values or not is_axis(Axis(name=axis.name, title=axis.title, values=values)):
        raise UsageError(t("tasks.rows_no_numbers", axis=axis.name, given=given))
    return values


# ---- what a plug-in may give -----------------------------------------------------------------------------------------


def wrong_in(found: object) -> Words | None:
    """Say what keeps an object from being planted; None: nothing does."""
    if not isinstance(found, Planted):
        return Note("plant_no_planted", kind=type(found).__name__)
    lists = (found.inserts, found.items)
    if not all(isinstance(each, tuple) for each in lists) or not _are(found.inserts, Insert) or len(lists[0]) == 0:
        return Note("plant_no_inserts")
    if len(found.inserts) > MOST_INSERTS:
        return Note("plant_many_inserts", count=len(found.inserts), most=MOST_INSERTS)
    if any(_wrong_insert(insert) for insert in found.inserts):
        return Note("plant_wrong_insert")
    if not _is_text(found.question) or not isinstance(found.expected, str):
        return Note("plant_no_question")
    if not _are(found.items, Item) or not all(map(_is_item, found.items)):
        return Note("plant_no_items")
    if not found.items or len({item.name for item in found.items}) < len(found.items):
        return Note("plant_no_items")
    return None if found.haystack is None or _is_long_text(found.haystack) else Note("plant_no_haystack")


def _are(values: tuple[object, ...], kind: type) -> bool:
    return all(isinstance(value, kind) for value in values)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip()) and len(value) <= _MOST_CHARACTERS


def _is_long_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _wrong_insert(insert: Insert) -> bool:
    depth = insert.depth_percent
    sound = isinstance(depth, (int, float)) and math.isfinite(depth) and 0 <= depth <= 100
    return not (sound and _is_text(insert.text) and insert.text == insert.text.strip() and _is_text(insert.role))


def _is_item(item: Item) -> bool:
    return _is_text(item.name) and _is_text(item.text) and all(map(_is_text, item.aliases))


def _wrong_score(found: object, planted: Planted) -> Words | None:
    if not isinstance(found, Score) or not isinstance(found.evidence, Evidence):
        return Note("grade_no_score", kind=type(found).__name__)
    value = found.value
    if not isinstance(value, (int, float)) or not 0 <= value <= 1:
        return Note("grade_no_value")
    names = {item.name for item in planted.items}
    sound = isinstance(found.items, tuple) and all(
        isinstance(each, tuple) and len(each) == 2 and each[0] in names and isinstance(each[1], bool)
        for each in found.items
    )
    return None if sound else Note("grade_no_items")
