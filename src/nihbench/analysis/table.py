"""Records and their scores as one pandas table, a row a trial; everything else in `analysis` starts from it.

It joins and types, it aggregates nothing. pandas is imported when a table is made, not before.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any, Protocol

from nihbench.errors import UsageError
from nihbench.lang.messages import t
from nihbench.run.stored import Manifest
from nihbench.stats.overlap import ONE_TEXT, linked, overlaps
from nihbench.text.source import GLUE
from nihbench.types import Bare, Failure, Grade, GradedElsewhere, Outcome, Placement, Record, Unscored

if TYPE_CHECKING:
    import pandas as pd

# ---- texts -----------------------------------------------------------------------------------------------------------
# Which text each record's haystack is part of at its length: haystacks that overlap by more than a tenth are one.
#
# By what run.json says that every two have in common; older runs don't say it, and then by where the haystacks stand.

Haystack = tuple[int, int]
"""A length, and the character of the corpus at which the haystack begins."""


def text_numbers(records: Sequence[Record], content: Manifest | None) -> dict[Haystack, int]:
    """Number the texts of every length, each number once.

    Args:
        records: those of one run.
        content: its run.json; None: nothing is known but what records say.
    """
    placed = [(record.trial, record.placement) for record in records if record.placement]
    reach: dict[int, dict[int, int]] = {}
    for trial, place in placed:
        here = reach.setdefault(trial.length, {})
        here[place.source_start] = max(here.get(place.source_start, 0), place.end)
    begins = {trial.repeat: place.source_start for trial, place in placed if trial.control is None}
    told = content.overlaps if content else {}
    around = _around(records, content)
    numbers, fresh = {}, count()
    for length, ends in reach.items():
        joined = _joined(ends, around, {
            (begins[one], begins[other]): share
            for (one, other), share in told.get(length, {}).items()
            if one in begins and other in begins
        })  # fmt: skip
        known: dict[int, int] = {}
        for start, group in zip(ends, joined, strict=True):
            numbers[length, start] = known[group] if group in known else known.setdefault(group, next(fresh))
    return numbers


def _joined(ends: Mapping[int, int], around: int, told: Mapping[tuple[int, int], float]) -> list[int]:
    """Return the group of each haystack of one length, which are given by their beginnings and ends."""
    starts = list(ends)
    shares = overlaps(starts, list(ends.values()), around)
    at = {start: number for number, start in enumerate(starts)}
    for (one, other), share in told.items():
        if one in at and other in at and one != other:
            shares[at[one], at[other]] = shares[at[other], at[one]] = share
    groups: list[int] = linked(shares > ONE_TEXT).tolist()
    return groups


def _around(records: Iterable[Record], content: Manifest | None) -> int:
    """Return the characters from the corpus's beginning to where it begins again.

    Where its length is not known no haystack is taken to go round its end; but a corpus that is repeated to fill the
    longest haystack is one text there, and is taken to be as short as that tells.
    """
    known = content.characters if content else None
    if known:
        return known + len(GLUE)
    places = [record.placement for record in records if record.placement]
    repeated = [place for place in places if place.source_copies > 1]
    if repeated:
        return max(max(place.source_start + 1, math.ceil(place.end / place.source_copies)) for place in repeated)
    return max((place.source_start + place.end for place in places), default=1) or 1


UNSCORED = "unscored"
_HALF = re.compile("[\ud800-\udfff]")

COLUMNS: Mapping[str, str] = {
    "id": "string",  # the trial's identity
    "experiment": "string",
    "needle": "string",
    "prompt": "string",
    "length": "int64",  # nominal, tokens of the length unit
    "depth_percent": "float64",  # nominal; NaN of a control without a needle
    "also_depths": "string",  # further nominal depths at which the prompt is the same, by spaces; missing where none
    "achieved_depth_percent": "float64",
    "repeat": "int64",
    "control": "string",  # missing for a trial that counts
    "extra": "bool",  # an adaptive run's further draw, which only its cell counts
    "value": "float64",  # 0..1; NaN exactly where `failure` is set
    "band": "Int64",  # the value in percent: 100, 70, 50, 30, 0
    "found": "boolean",
    "outcome": "string",  # outcome class of the score
    "identifying": "string",
    "subject": "string",
    "cue": "string",  # what decided the score, or why there is none
    "scorer": "string",
    "scorer_version": "string",
    "decided_by": "string",  # the scorer that decided, where `scorer` is a set of two
    "failure": "string",  # the failure's kind, or "unscored" for an answer without a score; missing where measured
    "finish_reason": "string",
    "haystack": "Int64",  # the character of the corpus that the text begins at; missing where no placement is recorded
    "text": "Int64",  # numbers the texts of its length: haystacks that overlap are one; missing likewise
    "needle_at": "Int64",  # the character of the haystack's text that the needle stands before
    "prompt_sha256": "string",
    "total_tokens": "Int64",  # the whole request as the tool counted it; missing where no placement is recorded
    "prompt_tokens": "Int64",  # this and the next two as the server said
    "completion_tokens": "Int64",
    "cached_tokens": "Int64",
    "latency_s": "float64",
    "attempts": "Int64",
    "started_at": "string",
    "axis": "float64",  # the row of the grid: the nominal depth, or a point of the task's own axis; NaN as there
    "items": "string",  # of a task with several: JSON, [name, found] for each item; missing else
    "bank_needle": "string",  # of a task that has a bank of needles: which it read; missing else
    "bank_wording": "string",  # and in which wording it was asked
}
"""The table's columns in order, each with its pandas dtype."""


class Table(Protocol):
    """Columns by name, each with an entry a trial: what `columns` or `frame` returns."""

    def __getitem__(self, name: str, /) -> Any:
        """Return one column."""
        ...


def columns(
    records: Sequence[Record], scores: Mapping[str, Grade], *, content: Manifest | None = None
) -> dict[str, list[Any]]:
    """Return the columns of `COLUMNS` as plain lists, None where a value is missing: the table without pandas.

    Args and meaning as in `frame`. Importing pandas takes longer than drawing a figure.
    """
    graders = sorted({f"{grade.scorer} {grade.version}" for grade in scores.values()})
    if len(graders) > 1:
        raise UsageError(t("analysis.scores_cant_stand_one", graders=tuple(graders)))
    latest = {record.id: record for record in records}
    texts = text_numbers(tuple(latest.values()), content)
    rows = [_row(record, scores.get(record.id), texts) for record in latest.values()]
    return {name: [row[name] for row in rows] for name in COLUMNS}


def frame(records: Sequence[Record], scores: Mapping[str, Grade], *, content: Manifest | None = None) -> pd.DataFrame:
    """Return one row a trial with the columns of `COLUMNS`.

    A failure keeps value NaN whatever `scores` holds for it, and so does an answer without a score. Where an id comes
    more than once (a failed trial tried again later) its last record counts.

    Args:
        records: The records of one run, in the order they were written.
        scores: Grades of one scorer by trial id; ids without a record are ignored.
        content: The run's run.json, for what haystacks have in common; None: as far as records tell.

    Raises:
        UsageError: The grades are of several scorers or versions, which no table mixes.
    """
    import pandas as pd

    lists = columns(records, scores, content=content)
    return pd.DataFrame({name: series(lists[name], kind) for name, kind in COLUMNS.items()})


def series(values: Sequence[object], kind: str) -> pd.Series:
    """Return a column of a table.

    Half a character (a lone surrogate, which JSON can write and UTF-8 can't) is stored as it came; in a table, whose
    texts are UTF-8, it is the sign for a character that is lost.
    """
    import pandas as pd

    if kind == "string":
        values = [_HALF.sub("\ufffd", value) if isinstance(value, str) else value for value in values]
    return pd.Series(values, dtype=kind)


def pairs(frame: pd.DataFrame) -> tuple[tuple[str, str], ...]:
    """Return the (experiment, prompt) pairs of a table, controls left out, in order of first appearance."""
    counting = frame[frame["control"].isna()]
    return tuple(dict.fromkeys(zip(counting["experiment"], counting["prompt"], strict=True)))


def _row(record: Record, grade: Grade | None, texts: Mapping[Haystack, int]) -> dict[str, object]:
    trial, placement, outcome = record.trial, record.placement, record.outcome
    nowhere = float("nan")
    row: dict[str, object] = {
        "id": record.id,
        "experiment": trial.experiment,
        "needle": trial.needle,
        "prompt": trial.prompt,
        "length": trial.length,
        "depth_percent": nowhere if isinstance(placement, Bare) or trial.point is not None else trial.depth_percent,
        "axis": nowhere if isinstance(placement, Bare) else trial.row,
        "also_depths": " ".join(f"{depth:g}" for depth in trial.also_depths) or None,
        "achieved_depth_percent": placement.achieved_depth_percent
        if isinstance(placement, Placement)
        else float("nan"),
        "repeat": trial.repeat,
        "control": trial.control,
        "extra": trial.extra,
        "total_tokens": placement.total_tokens if placement else None,
        "started_at": record.started_at,
        "failure": outcome.kind
        if isinstance(outcome, Failure)
        else (UNSCORED if grade is None or isinstance(grade, Unscored) else None),
    }
    given = None if isinstance(outcome, Failure) else grade
    drawn = record.planted.fresh if record.planted is not None else {}
    row |= {"bank_needle": drawn.get("needle"), "bank_wording": drawn.get("wording")}
    return row | _text_columns(trial.length, placement, texts) | _call_columns(outcome) | _score_columns(given)


def _text_columns(length: int, placement: Placement | Bare | None, texts: Mapping[Haystack, int]) -> dict[str, object]:
    return {
        "haystack": placement.source_start if placement else None,
        "text": texts[length, placement.source_start] if placement else None,
        "needle_at": placement.at if isinstance(placement, Placement) else None,
        "prompt_sha256": placement.prompt_sha256 if placement else None,
    }


def _call_columns(outcome: Outcome | GradedElsewhere) -> dict[str, object]:
    """Return what is known of the call; nothing is where another tool made it."""
    if isinstance(outcome, GradedElsewhere):
        names = ("finish_reason", "prompt_tokens", "completion_tokens", "cached_tokens", "attempts")
        return {**dict.fromkeys(names), "latency_s": float("nan")}
    return {
        "finish_reason": None if isinstance(outcome, Failure) else outcome.finish_reason,
        "prompt_tokens": outcome.usage.prompt_tokens,
        "completion_tokens": outcome.usage.completion_tokens,
        "cached_tokens": outcome.usage.cached_tokens,
        "latency_s": outcome.latency_s,
        "attempts": outcome.attempts,
    }


def _score_columns(score: Grade | None) -> dict[str, object]:
    names = (
        "band", "found", "outcome", "identifying", "subject", "cue", "scorer", "scorer_version", "decided_by",
        "items",
    )  # fmt: skip
    if score is None:
        return {"value": float("nan"), **dict.fromkeys(names)}
    if isinstance(score, Unscored):
        known = {"cue": str(score.reason), "scorer": score.scorer, "scorer_version": score.version}
        return {"value": float("nan"), **dict.fromkeys(names), **known}
    return {
        "value": score.value,
        "band": round(score.value * 100),
        "found": score.found,
        "outcome": score.outcome,
        "identifying": score.identifying,
        "subject": score.subject,
        "cue": str(score.evidence.cue),
        "scorer": score.scorer,
        "scorer_version": score.version,
        "decided_by": score.decided_by or None,
        "items": json.dumps(score.items, ensure_ascii=False) if score.items else None,
    }
