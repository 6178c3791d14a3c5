"""Not one needle but a bank of them: five of each of twelve types of answer, each asked in three wordings.

Every cell reads another needle, by a Latin square (`squares`), so that a result is about models and not about one
sentence. Whom a needle is about, its value and its place are drawn anew for every trial; sentences are our own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from random import Random
from typing import Any

from nihbench.errors import UsageError
from nihbench.lang.messages import Note, t
from nihbench.tasks import words
from nihbench.tasks.bank_needles import ALONE, LISTS, NEEDLES, PLACES, UNITS, BankNeedle, Kind, Spoken, place
from nihbench.tasks.family import Answer, Draw, Grade, Insert, Item, Planted
from nihbench.tasks.planting import CONDITIONS, Cast, Shared, depths_from
from nihbench.tasks.squares import square, wordings
from nihbench.types import Needle

KINDS: tuple[Kind, ...] = tuple(dict.fromkeys(needle.kind for needle in NEEDLES))
PER_KIND = len(NEEDLES) // len(KINDS)
_TYPES: Mapping[Kind, str] = {"person": "", "place": "phrase"}
"""By which type answers are compared, where it is called otherwise; "": it is found by itself."""
_WORDINGS = ("1", "2", "3", "all")
_DURATIONS: Mapping[str, tuple[Spoken, Spoken, tuple[int, int], int]] = {
    "years": (("years", "年"), ("months", "个月"), (3, 60), 12),
    "days": (("days", "天"), ("hours", "小时"), (3, 60), 24),
    "hours": (("hours", "小时"), ("minutes", "分钟"), (2, 24), 60),
    "minutes": (("minutes", "分钟"), ("seconds", "秒"), (2, 60), 60),
}
_MONTHS = "January February March April May June July August September October November December".split()


# ---- values: a text that is the same in every language, and how it is said ------------------------------------------


def draw_value(needle: BankNeedle, cast: Cast) -> str:
    """Draw a needle's value: its parts, joined by |."""

    def several(*parts: int) -> str:
        return "|".join(map(str, parts))

    draws: Mapping[Kind, Callable[[Random], str]] = {
        "number": lambda random: several(random.randrange(10_000, 100_000)),
        "money": lambda random: several(random.randrange(1_001, 100_000)),
        "quantity": lambda random: several(random.randrange(1_001, 10_000)),
        "duration": lambda random: several(*_duration(needle.unit, random)),
        "date": lambda random: several(random.randrange(1700, 2000), random.randrange(1, 13), random.randrange(1, 29)),
        "time": lambda random: several(random.randrange(10, 22), random.randrange(1, 60)),
        "code": lambda random: words.code(random),
        "place": lambda random: several(random.randrange(PLACES)),
        "email": lambda random: f"{words.made_up(random, 3)}@{words.made_up(random, 3)}.example",
        "phone": lambda random: f"0555 {random.randrange(100, 1000)} {random.randrange(1000, 10_000)}",
        "list": lambda random: several(*sorted(random.sample(range(len(LISTS[needle.unit])), 3))),
    }
    if needle.kind == "person":
        return several(cast.person())
    return cast.value(draws[needle.kind])


def _duration(unit: str, random: Random) -> tuple[int, int]:
    _, _, (least, most), lesser = _DURATIONS[unit]
    return random.randrange(least, most), random.randrange(2, lesser)


def say_value(needle: BankNeedle, value: str, language: str) -> str:
    """Return how a value is said; every language says the same."""
    if needle.kind in ("code", "email", "phone"):
        return value
    return _SAID[needle.kind](needle, [int(part) for part in value.split("|")], int(language == "zh"))


def _counted(needle: BankNeedle, parts: Sequence[int], at: int) -> str:
    return str(parts[0]) if at else f"{parts[0]:,}"


def _measured(needle: BankNeedle, parts: Sequence[int], at: int) -> str:
    return f"{_counted(needle, parts, at)}{'' if at else ' '}{UNITS[needle.unit][at]}"


def _lasting(needle: BankNeedle, parts: Sequence[int], at: int) -> str:
    units = _DURATIONS[needle.unit]
    first, second = (f"{part}{'' if at else ' '}{unit[at]}" for part, unit in zip(parts, units[:2], strict=True))
    return first + second if at else f"{first} and {second}"


def _dated(needle: BankNeedle, parts: Sequence[int], at: int) -> str:
    year, month, day = parts
    return f"{year}年{month}月{day}日" if at else f"{day} {_MONTHS[month - 1]} {year}"


def _listed(needle: BankNeedle, parts: Sequence[int], at: int) -> str:
    named = [LISTS[needle.unit][part][at] for part in parts]
    return "{}、{}和{}".format(*named) if at else "{}, {} and {}".format(*named)


_SAID: Mapping[Kind, Callable[[BankNeedle, Sequence[int], int], str]] = {
    "number": _counted,
    "money": _measured,
    "quantity": _measured,
    "duration": _lasting,
    "date": _dated,
    "time": lambda needle, parts, at: f"{parts[0]}:{parts[1]:02}",
    "person": lambda needle, parts, at: words.person(parts[0], ("en", "zh")[at]),
    "place": lambda needle, parts, at: place(parts[0], ("en", "zh")[at]),
    "list": _listed,
}


# ---- the task --------------------------------------------------------------------------------------------------------


class Bank(Shared):
    """A needle of the bank at its depth; which one, and in which wording it is asked for, differs from cell to cell."""

    name = "bank"
    version = "1"
    title = Note("task_bank")
    options = {"needles": str(len(NEEDLES)), "wording": "all", **CONDITIONS}
    by_grid = True

    def does(self, row: float) -> Note:
        """Say that facts differ; at which depth they stand is no rung."""
        return Note("does_bank")

    def plant(self, draw: Draw) -> Planted:
        """Draw whom the needle is about and its value; what stands beside it comes after."""
        at, wording = self.cell(draw)
        needle, cast = NEEDLES[at], Cast(draw, f"cast|{draw.point:g}")
        about, value = self._about(needle, cast), say_value(needle, draw_value(needle, cast), self.language)
        depth = min(max(draw.trial.depth_percent, 0.0), 100.0)
        _, *others = depths_from(depth, 1 + self.asked_distractors(draw), draw.stream(f"places|{draw.point:g}"))
        zh = int(self.language == "zh")
        made = self.finished(
            draw,
            _Form(draw, f"others|{draw.point:g}", needle, beside=cast),
            [Insert(text=needle.said[zh].format(about, value), depth_percent=depth, value=value)],
            others,
            question=needle.asked[wording][zh].format(about) + ALONE[needle.kind][zh],
            items=[Item(name="value", text=value)],
            expected=value,
        )
        return replace(made, fresh={**made.fresh, "needle": _name(at), "wording": str(wording + 1)})

    def cell(self, draw: Draw) -> tuple[int, int]:
        """Return which needle a cell reads and in which wording it is asked for, both from 0.

        A Latin square over the grid's rows, columns and repeats; a cell of no known grid has what is drawn for it.
        """
        needles, several = self._needles(draw.seed), self._asked_wordings()
        seed, repeats = f"{draw.seed}|{self.name}", max(draw.repeats, 1)
        if draw.point in draw.rows and draw.trial.length in draw.lengths:
            block, repeat = divmod(draw.repeat, repeats)
            rows, columns = len(draw.rows), len(draw.lengths)
            at = (draw.rows.index(draw.point) * columns + draw.lengths.index(draw.trial.length)) * repeats + repeat
            size = (f"{seed}|{block}", rows, columns, repeats, len(needles))
            needle, wording = square(*size)[at], wordings(*size, len(several))[at]
        else:
            lot = draw.stream(f"cell|{draw.point:g}")
            needle, wording = lot.randrange(len(needles)), lot.randrange(len(several))
        return needles[needle], several[wording]

    def _needles(self, seed: int) -> tuple[int, ...]:
        """Return the needles of a run: all, or as many of each type as make up their number."""
        count, kinds = self.whole("needles", least=len(KINDS), most=len(NEEDLES)), len(KINDS)
        if count % kinds:
            raise UsageError(t("tasks.bank_needles", count=count, kinds=kinds, most=len(NEEDLES)))
        return _chosen(seed, count // kinds)

    def _asked_wordings(self) -> tuple[int, ...]:
        wording = self.chosen["wording"]
        if wording not in _WORDINGS:
            raise UsageError(t("tasks.no_choice", name="wording", value=wording, known=_WORDINGS))
        return (0, 1, 2) if wording == "all" else (int(wording) - 1,)

    def _about(self, needle: BankNeedle, cast: Cast) -> str:
        if needle.about == "person":
            return words.person(cast.person(), self.language)
        return words.thing(cast.thing(), self.language)

    def other(self, cast: Cast) -> tuple[str, str]:
        """Return the needle's sentence about somebody or something else."""
        needle = cast.needle if isinstance(cast, _Form) else NEEDLES[self.cell(cast.draw)[0]]
        about, value = self._about(needle, cast), say_value(needle, draw_value(needle, cast), self.language)
        return needle.said[int(self.language == "zh")].format(about, value), value

    def fillers(self, draw: Draw, known: Planted | None = None) -> Iterator[tuple[str, str]]:
        """Give sentences of the needle's form; of which needle, a record knows without the grid."""
        needle = _named(known) if known is not None else NEEDLES[self.cell(draw)[0]]
        return iter(()) if needle is None else self.filled(draw, _Form(draw, "filler", needle, filler=True))

    def key(self, planted: Planted) -> Needle:
        """Return the needle with its value, compared by its type."""
        needle = _named(planted)
        kind = _TYPES.get(needle.kind, str(needle.kind)) if needle is not None else ""
        return replace(super().key(planted), facts=(), answer_type=kind)

    def grade(self, planted: Planted, answer: Answer) -> Grade:
        """Grade by the rules, as the single needle is; a wrong value is traced to where it stands."""
        from nihbench.tasks.grading import grade_value  # who only plans loads no scorer

        return grade_value(planted, self.key(planted), answer, self.reading(planted)["filler"])


class _Form(Cast):
    """Who and what distractors of a needle are about."""

    def __init__(self, draw: Draw, purpose: str, needle: BankNeedle, **known: Any) -> None:
        super().__init__(draw, purpose, **known)
        self.needle = needle


@lru_cache(maxsize=64)
def _chosen(seed: int, each: int) -> tuple[int, ...]:
    """Return the places in `NEEDLES` of so many of each type."""
    lot = Random(f"{seed}|bank|needles")
    parts = [[at for at, needle in enumerate(NEEDLES) if needle.kind == kind] for kind in KINDS]
    return tuple(at for part in parts for at in sorted(lot.sample(part, each)))


def _name(at: int) -> str:
    return f"{NEEDLES[at].kind}-{at % PER_KIND + 1}"


_BY_NAME = {_name(at): needle for at, needle in enumerate(NEEDLES)}


def _named(planted: Planted) -> BankNeedle | None:
    """Return which needle a trial planted, as its record says."""
    return _BY_NAME.get(planted.fresh.get("needle", ""))
