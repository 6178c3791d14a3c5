"""Answers to be graded, from a run's records or from a file of rows: each with its needle, ready for any scorer.

A file's row is one JSON object: {"id", "needle", "answer"}, optionally "expected", "question", "finish_reason",
"fresh", and what people gave: "band", "outcome". Further keys are passed over. A file is read whole before anything
is made of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, get_args

from nihbench.catalog.lookup import Catalog
from nihbench.errors import UsageError
from nihbench.lang.messages import t
from nihbench.languages.base import shown_by
from nihbench.plan.fresh import fill
from nihbench.run.store import RunFolder
from nihbench.score.match import NeedleKey
from nihbench.score.rules import SCORER, VERSION, grade
from nihbench.tasks.family import Answer
from nihbench.tasks.task import Task
from nihbench.types import PERCENT_BANDS, Completion, Grade, Needle, OutcomeClass, Planted, Record

_OUTCOMES = get_args(OutcomeClass)


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """An answer and what it is graded against; the needle's placeholders are filled.

    `needle` is what a judge is shown. `task` grades by what it `planted`; None: the needle is graded by the rules.
    """

    id: str
    needle: Needle
    text: str
    question: str = ""
    expected: str = ""
    finish_reason: str | None = None
    task: Task | None = None
    planted: Planted | None = None

    def by_rules(self, haystack: str = "") -> Grade:
        """Return the task's grade; in `haystack` the source of a wrong answer is looked for."""
        if self.task is not None and self.planted is not None:
            answer = Answer(text=self.text, finish_reason=self.finish_reason, haystack=haystack)
            given = self.task.grade(self.planted, answer)
            return replace(given, scorer=SCORER, version=grading_version(self.task))
        return _by_rules(NeedleKey(self.needle), self.text, self.expected, self.question, self.finish_reason, haystack)


def grading_version(task: Task) -> str:
    """Return the version in which a task's answers are graded: the rules', or its own."""
    return VERSION if task.is_single else f"{task.name} {task.version}"


@lru_cache(maxsize=4096)
def _by_rules(
    key: NeedleKey, text: str, expected: str, question: str, finish_reason: str | None, haystack: str
) -> Grade:
    """Grade the same words once: most answers of a run are one of a few."""
    return grade(text, key.needle, expected=expected, finish_reason=finish_reason, question=question, haystack=haystack)


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A row of a file; `band` (percent) and `outcome` are what people gave, None where the row does not say."""

    answered: Answered
    band: int | None = None
    outcome: str | None = None


def answers_of(run: RunFolder, records: Mapping[str, Record]) -> tuple[Answered, ...]:
    """Return the answers of a run, failures left out."""
    task = run.manifest.task
    answers = (answer_of(task, record) for record in records.values())
    return tuple(answer for answer in answers if answer is not None)


def answer_of(task: Task, record: Record) -> Answered | None:
    """Return the answer of one record of a run of a task; None for a failure."""
    if not isinstance(record.outcome, Completion):
        return None
    planted = task.recorded(record)
    return Answered(
        id=record.id,
        needle=task.key(planted),
        text=record.outcome.text,
        question=planted.question,
        finish_reason=record.outcome.finish_reason,
        # Of the single needle the same words are graded once, by the rules themselves.
        task=None if task.is_single else task,
        planted=planted,
    )


def read_rows(data: bytes, name: str, catalog: Catalog) -> tuple[Row, ...]:
    """Read a file of rows.

    Args:
        data: the file's bytes, UTF-8, with or without a byte order mark.
        name: how errors call the file.
        catalog: knows the needles.

    Raises:
        UsageError: a row is wrong; the message is "name:line: what is wrong; the mend".
    """
    rows: list[Row] = []
    lines: dict[str, int] = {}
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            row = _row(_plain(line), catalog)
            if row.answered.id in lines:
                raise ValueError(t("run.id_stands_line_already", id=row.answered.id, lines=lines[row.answered.id]))
        except (ValueError, UsageError) as error:
            raise UsageError(t("run.name_number_error", name=name, number=number, error=error)) from error
        lines[row.answered.id] = number
        rows.append(row)
    if not rows:
        raise UsageError(t("run.holds_no_rows_write", name=name))
    return tuple(rows)


def _plain(line: bytes) -> dict[str, Any]:
    mend = t("run.write_one_line_utf")
    try:
        plain = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise ValueError(t("run.line_not_utf_8", mend=mend)) from error
    except (ValueError, RecursionError) as error:
        raise ValueError(t("run.line_no_json", mend=mend)) from error
    if not isinstance(plain, dict):
        raise ValueError(t("run.line_no_json_object", mend=mend))
    return plain


def row_of(plain: Mapping[str, Any], catalog: Catalog) -> Row:
    """Return one row, which stands in no file.

    Raises:
        UsageError: it is wrong.
    """
    try:
        return _row(plain, catalog)
    except ValueError as error:
        raise UsageError(*error.args) from error


def _row(plain: Mapping[str, Any], catalog: Catalog) -> Row:
    identity = plain.get("id")
    if isinstance(identity, bool) or not isinstance(identity, str | int):
        raise ValueError(t("run.row_no_id_text"))
    answer = plain.get("answer")
    if not isinstance(answer, str):
        raise ValueError(t("run.answer_must_text_empty"))
    expected, question = _text(plain, "expected"), _text(plain, "question")
    answered = Answered(
        id=str(identity),
        needle=_needle(plain, catalog, expected, question),
        text=answer,
        question=question,
        expected=expected,
        finish_reason=_text(plain, "finish_reason") or None,
    )
    return Row(answered=answered, band=_band(plain.get("band")), outcome=_outcome(plain.get("outcome")))


def _text(plain: Mapping[str, Any], key: str) -> str:
    value = plain.get(key)
    if value is not None and not isinstance(value, str):
        raise ValueError(t("run.must_text_put_quotes", key=key))
    return value or ""


def _needle(plain: Mapping[str, Any], catalog: Catalog, expected: str, question: str) -> Needle:
    """Return the catalog's needle of that name, its placeholders filled; else one made of what the row expects."""
    name = _text(plain, "needle")
    if name in catalog.needles or (name and not expected):
        return _filled(catalog.needle(name), plain.get("fresh"))
    if not expected:
        raise ValueError(t("run.row_neither_needle_nor"))
    language = shown_by(expected + question)
    return Needle(
        name=name or "expected", language=language, statements=(expected,), question=question, answer=expected
    )


def _filled(needle: Needle, fresh: Any) -> Needle:
    if not needle.fresh:
        return needle
    given = fresh if isinstance(fresh, dict) else {}
    if not all(isinstance(given.get(name), str) for name in needle.fresh):
        example = ", ".join(f'"{name}": "{"1234567890"[:digits]}"' for name, digits in needle.fresh.items())
        raise ValueError(t("run.needle_drawn_values_add", needle_name=needle.name, example=example))
    return fill(needle, {name: given[name] for name in needle.fresh})


def _band(value: Any) -> int | None:
    """Read a person's band, in percent or as a value from 0 to 1."""
    if value is None:
        return None
    if not isinstance(value, bool) and isinstance(value, int | float):
        for band in PERCENT_BANDS:
            if value in (band, band / 100):
                return band
    raise ValueError(t("run.band_must_one_100"))


def _outcome(value: Any) -> str | None:
    if value is None or (isinstance(value, str) and value in _OUTCOMES):
        return value
    raise ValueError(t("run.outcome_must_one_mend", outcomes=tuple(_OUTCOMES)))
