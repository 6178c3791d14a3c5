"""Every answer below full marks, grouped by what went wrong and clustered by what the model said.

Pure: records and grades in, cases out. What stood around the needle is added by whoever has the corpus.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nihbench.analysis.table import UNSCORED
from nihbench.errors import UsageError
from nihbench.lang.messages import Note, Words, stored, t
from nihbench.score.grammar import grammar_for
from nihbench.tasks.needle import fact_words, fill
from nihbench.types import (
    DEPTH,
    Axis,
    Completion,
    Failure,
    Grade,
    GradedElsewhere,
    Needle,
    Placement,
    Record,
    Score,
    Unscored,
)

ORDER = (
    "hallucinated", "abstained", "refused", "off_task", "hedged", "partial", "correct", "truncated", "empty", "unknown",
)  # fmt: skip
"""Outcome classes in the order in which they are told; failures and unscored answers come after them."""
_ALIKE = 92.0
"""From this ratio on (of rapidfuzz, 100: the same) two normalised texts count as one saying."""
_LOOKED_AT = 2_000
_COMPARED = 500
"""Characters of a text that are compared; how it begins is what it says."""
_BEGINNING = 128
"""Characters of two texts that are looked at first: how far they are apart there bounds how like the texts can be."""
_MOST_LEADERS = 200
"""Texts that others may join: what is like none of so many stands alone, so that time grows with the cases alone."""
_DIGITS = re.compile(r"\d+")
_NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")
_NAMING = frozenset(("negated", "part_of_fact"))
"""Notes that name a fact."""
_QUOTES = frozenset(("words", "cue", "number", "said"))
"""Fields of notes that hold the answer's own wording: reasons of one kind differ in them."""
_SAME = {"second_number_after": "second_number_before", "second_value_after": "second_value_before",
         "asks_back_words": "asks_back",
         "filter_stopped_text": "filter_stopped"}  # fmt: skip
"""Notes that say the same of an answer as others, but for what they quote."""
_FOLD = grammar_for("en").fold
_GAP = "\0"
_SAID = 80
"""Characters of a reason that stand for its kind."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One trial below full marks. `kind` is the score's outcome, a failure's kind, or `UNSCORED`.

    `value` is None where there is no score; `answer` is None where there is none (a failure) or none was kept.
    `reason` is the grader's cue, a failure's message, or why there is no score. `missing` names the
    facts that were not given, `lacks` is what they say. `hint` is the haystack's sentence that the answer comes from,
    where that can be shown. `point` is its value on the task's own axis, None on depths; `items` are those that the
    answer was to give, each with whether it did, and `errors` what is wrong with them.
    """

    id: str
    prompt: str
    length: int
    depth_percent: float
    achieved_depth_percent: float | None
    repeat: int
    kind: str
    value: float | None
    answer: str | None
    expected: str
    reason: Words
    missing: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    hint: str = ""
    point: float | None = None
    items: tuple[tuple[str, bool], ...] = ()
    errors: tuple[Note, ...] = ()

    @property
    def row(self) -> float:
        """Where it stands on the task's axis."""
        return self.depth_percent if self.point is None else self.point


@dataclass(frozen=True, kw_only=True, slots=True)
class Cluster:
    """Cases in which nearly the same was said; the first one's answer stands for all. Most frequent texts first."""

    cases: tuple[Case, ...]

    @property
    def said(self) -> str | None:
        """What was said; None where no answer is at hand."""
        return self.cases[0].answer


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """The cases of one kind; `scored` is False for failures and unscored answers, which count for nothing."""

    kind: str
    scored: bool
    clusters: tuple[Cluster, ...]

    @property
    def cases(self) -> tuple[Case, ...]:
        """All cases of the group."""
        return tuple(case for cluster in self.clusters for case in cluster.cases)

    @property
    def reasons(self) -> tuple[tuple[str, int], ...]:
        """The graders' reasons in English, those of one kind taken together, the commonest first."""
        return self.reasons_in(str)

    def reasons_in(self, words: Callable[[object], str]) -> tuple[tuple[str, int], ...]:
        """Return the reasons as `words` gives them (`said` in the process's language), without what they quote."""
        kinds: dict[object, list[Words]] = {}
        for case in self.cases:
            kinds.setdefault(_kind(case.reason), []).append(case.reason)
        told = [(_as_one(reasons, words), len(reasons)) for reasons in kinds.values()]
        return tuple(sorted(told, key=lambda each: -each[1]))


@dataclass(frozen=True, kw_only=True, slots=True)
class Cases:
    """The cases of a run that a filter leaves; `measured` and `full` count all trials that it leaves.

    `extra` of these are an adaptive run's further draws, of which more lie where the needle is missed.
    """

    groups: tuple[Group, ...]
    trials: int
    measured: int
    full: int
    extra: int = 0
    axis: Axis = DEPTH
    """What the rows of the run's grid are."""

    @property
    def below(self) -> int:
        """Measured trials below full marks."""
        return self.measured - self.full


@dataclass(frozen=True, kw_only=True, slots=True)
class Filter:
    """Which trials are looked at; None lets all pass. Depths are nominal, one of a trial's is enough.

    `only` are trials by their ids.
    """

    outcome: str | None = None
    failure: str | None = None
    prompt: str | None = None
    min_length: int | None = None
    max_length: int | None = None
    min_depth: float | None = None
    max_depth: float | None = None
    only: frozenset[str] | None = None

    def lets(self, record: Record) -> bool:
        """Say whether a record's trial is looked at, whatever came of it. Controls never are."""
        trial = record.trial
        return (
            trial.control is None
            and (self.only is None or record.id in self.only)
            and (self.prompt is None or trial.prompt == self.prompt)
            and (self.min_length is None or trial.length >= self.min_length)
            and (self.max_length is None or trial.length <= self.max_length)
            and any(
                (self.min_depth is None or depth >= self.min_depth)
                and (self.max_depth is None or depth <= self.max_depth)
                for depth in _depths(record)
            )
        )

    def keeps(self, case: Case) -> bool:
        """Say whether a case is of the kinds that were asked for (no kind: all)."""
        wanted = {self.outcome, self.failure} - {None}
        return not wanted or case.kind in wanted


def _depths(record: Record) -> tuple[float, ...]:
    """Return a trial's nominal depths; on another axis, where its asked needle landed."""
    if record.trial.point is None:
        return record.trial.rows
    return (record.placement.achieved_depth_percent,) if isinstance(record.placement, Placement) else (0.0,)


def find_cases(
    records: Mapping[str, Record],
    grades: Mapping[str, Grade],
    chosen: Filter | None = None,
    axis: Axis = DEPTH,
    needle: Needle | None = None,
) -> Cases:
    """Collect the cases of a run.

    Args:
        records: the run's, by their ids.
        grades: those of its answers.
        chosen: which of them are looked at; None: all.
        axis: what the rows of its grid are.
        needle: in whose words facts are told; None: by their names.

    Raises:
        UsageError: the filter names a prompt, outcome or failure of which the run has none; the message lists them.
    """
    chosen = chosen or Filter()
    prompts = sorted({record.trial.prompt for record in records.values()})
    if chosen.prompt is not None and chosen.prompt not in prompts:
        raise UsageError(
            t("analysis.run_no_prompt", prompt=chosen.prompt, prompts=tuple(prompts) or t("analysis.none"))
        )
    looked = {key: record for key, record in records.items() if chosen.lets(record)}
    values = [grade.value for key in looked if isinstance(grade := grades.get(key), Score)]
    found = [case for key, record in looked.items() if (case := _case(record, grades.get(key), needle)) is not None]
    kept = [case for case in found if chosen.keeps(case)]
    kinds = sorted({case.kind for case in kept}, key=_rank)
    return Cases(
        groups=tuple(_group(kind, [case for case in kept if case.kind == kind]) for kind in kinds),
        trials=len(looked),
        measured=len(values),
        full=sum(value == 1.0 for value in values),
        extra=sum(record.trial.extra for record in looked.values()),
        axis=axis,
    )


def _case(record: Record, grade: Grade | None, needle: Needle | None) -> Case | None:
    outcome = record.outcome
    if isinstance(grade, Score) and grade.value == 1.0 and not isinstance(outcome, Failure):
        return None
    kind, reason, missing, hint, value = _judged(outcome, grade)
    trial, placement = record.trial, record.placement
    facts = fact_words(fill(needle, record.fresh)) if needle else {}
    return Case(
        id=record.id,
        prompt=trial.prompt,
        length=trial.length,
        depth_percent=trial.depth_percent,
        achieved_depth_percent=placement.achieved_depth_percent if isinstance(placement, Placement) else None,
        repeat=trial.repeat,
        kind=kind,
        value=value,
        answer=outcome.text if isinstance(outcome, Completion) else None,
        expected=record.expected,
        reason=in_fact_words(reason, facts),
        missing=missing,
        lacks=tuple(facts.get(name, name) for name in missing),
        hint=hint,
        point=trial.point,
        items=grade.items if isinstance(grade, Score) else (),
        errors=grade.evidence.errors if isinstance(grade, Score) else (),
    )


def in_fact_words(cue: Words, facts: Mapping[str, str]) -> Words:
    """Return a grader's cue with what a fact says in place of its name, where it names one."""
    if isinstance(cue, Note) and cue.code in _NAMING:
        return cue.mapped(lambda name: facts.get(name, name))
    return cue


def _judged(
    outcome: Completion | Failure | GradedElsewhere, grade: Grade | None
) -> tuple[str, Words, tuple[str, ...], str, float | None]:
    if isinstance(outcome, Failure):
        return outcome.kind, outcome.message, (), "", None
    if grade is None:
        return UNSCORED, Note("no_score"), (), "", None
    if isinstance(grade, Unscored):
        return UNSCORED, grade.reason, (), "", None
    return grade.outcome, grade.evidence.cue, grade.evidence.missing, grade.misled, grade.value


def _rank(kind: str) -> tuple[int, str]:
    return (ORDER.index(kind) if kind in ORDER else len(ORDER), kind)


def _group(kind: str, cases: Sequence[Case]) -> Group:
    return Group(kind=kind, scored=cases[0].value is not None, clusters=cluster(cases))


def _kind(reason: Any) -> object:
    """Return what reasons of one kind have in common: all but their numbers, and what they quote of the answer."""
    if isinstance(reason, Note):
        told = {name: _kind(value) for name, value in reason.fields.items() if name not in _QUOTES}
        return _SAME.get(reason.code, reason.code), *(pair for pair in told.items() if pair[1] != "#")
    return _NUMBER.sub("#", _beginning(str(reason)))


def _beginning(text: str) -> str:
    """Return how somebody else's words begin: before a colon they mostly say what it is about."""
    return re.split("[:：]", text)[0][:_SAID].strip()


def _as_one(reasons: Sequence[Words], words: Callable[[object], str]) -> str:
    """Return reasons of one kind in words, their numbers as ranges: "1–2 of 3 facts"."""
    if not isinstance(reasons[0], Note):
        return _ranged([_beginning(words(reason)) for reason in reasons])
    text = words(_joined(reasons))
    named = text.partition(_GAP)[0].rstrip(" :：,，(（")
    return named[:_SAID] or text.replace(_GAP, "…")[:_SAID]


def _joined(values: Sequence[Any]) -> Any:
    """Return notes of one kind as one with ranges for numbers, and gaps for what they quote."""
    first = values[0]
    if not isinstance(first, Note):
        return _ranged([f"{value:,}" if isinstance(value, int) else str(value) for value in values])
    same = [value for value in values if isinstance(value, Note) and value.fields.keys() == first.fields.keys()]
    of = {name: [value.fields[name] for value in same] for name in first.fields}
    return Note(first.code, **{name: _GAP if name in _QUOTES else _joined(each) for name, each in of.items()})


def _ranged(texts: Sequence[str]) -> str:
    """Return texts that differ in their numbers alone as one."""
    ranges = []
    for numbers in zip(*map(_NUMBER.findall, texts), strict=True):
        least, most = min(numbers, key=_value), max(numbers, key=_value)
        ranges.append(least if _value(least) == _value(most) else f"{least}–{most}")
    return "".join(text + number for text, number in zip(_NUMBER.split(texts[0]), [*ranges, ""], strict=True))


def _value(number: str) -> float:
    return float(number.replace(",", ""))


# ---- clusters --------------------------------------------------------------------------------------------------


def cluster(cases: Iterable[Case]) -> tuple[Cluster, ...]:
    """Put together what says nearly the same; the largest cluster first, cases in the order of the grid.

    Texts that are equal when folded are one; then each text joins, of the most frequent ones, that which it is most
    like. Texts with different numbers are never one: a wrong number is what such an answer is about.
    """
    by_text: dict[str, list[Case]] = {}
    for case in cases:
        by_text.setdefault(_normal(case), []).append(case)
    leaders: defaultdict[tuple[str, ...], _Leaders] = defaultdict(_Leaders)
    members: dict[str, list[Case]] = {}
    for text in sorted(by_text, key=lambda t: (-len(by_text[t]), t)):
        known = leaders[tuple(_DIGITS.findall(text))]
        leader = known.leader_of(text)
        members.setdefault(text if leader is None else leader, []).extend(by_text[text])
        if leader is None:
            known.add(text)
    clusters = [Cluster(cases=_in_order(cases)) for cases in members.values()]
    return tuple(sorted(clusters, key=lambda c: -len(c.cases)))


class _Leaders:
    """Texts that others may join, the most frequent first."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._begins: list[str] = []
        self._lengths: list[int] = []

    def add(self, text: str) -> None:
        """Let others join a text, if there is room."""
        if len(self._texts) < _MOST_LEADERS:
            self._texts.append(text)
            self._begins.append(text[:_BEGINNING])
            self._lengths.append(min(len(text), _COMPARED))

    def leader_of(self, text: str) -> str | None:
        """Return the one that a text is most like, None where it is like none."""
        from rapidfuzz import fuzz, process

        compared = {at: self._texts[at][:_COMPARED] for at in self._maybe_like(text[:_COMPARED])}
        found = process.extractOne(text[:_COMPARED], compared, scorer=fuzz.ratio, score_cutoff=_ALIKE)
        return self._texts[found[2]] if found else None

    def _maybe_like(self, text: str) -> Iterable[int]:
        """Leave out those that can't be like a text, mostly all, by a few of their characters.

        Say that d insertions and deletions make one text of another, and that their lengths differ by e. Then at most
        d + e make the first k characters of one those of the other: as many more as one beginning is longer for some of
        the d, the rest has to make up for by as many others, or e.
        """
        if len(text) <= 2 * _BEGINNING or not self._texts:
            return range(len(self._texts))
        from rapidfuzz import process
        from rapidfuzz.distance import Indel

        lengths = np.array(self._lengths)
        apart = process.cdist([text[:_BEGINNING]], self._begins, scorer=Indel.distance)[0]
        most = (1.0 - _ALIKE / 100) * (len(text) + lengths) + abs(len(text) - lengths)
        return np.flatnonzero(apart <= most + 1).tolist()


def _in_order(cases: Sequence[Case]) -> tuple[Case, ...]:
    """Sort cases by their place, led by one of the most frequent text."""
    first = cases[0]
    rest = sorted(cases[1:], key=lambda c: (c.prompt, c.length, c.row, c.repeat))
    return (first, *rest)


def _normal(case: Case) -> str:
    # A failure's message, or why there is no text, is what its kind says.
    text = case.answer if case.answer is not None else f"\0{stored(case.reason)}"
    return " ".join(_FOLD(text[:_LOOKED_AT]).text.split()).strip(" .!。！")
