"""Answers to be graded, and a run's scores beside its records: made again by rules, kept where a judge gave them.

A file holds the grades of one scorer in one version; what another version graded is made again (rules) or refused
(a judge, whose verdicts cost money), so that two versions never meet in one figure.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, get_args

from nihbench.catalog.loading import load
from nihbench.catalog.lookup import Catalog
from nihbench.errors import DamagedDataError, NihError, UsageError
from nihbench.fetch.files import is_there, lines_of, parse_json, write_atomic
from nihbench.lang.former import note_in
from nihbench.lang.messages import Words, stored, t
from nihbench.languages.base import shown_by
from nihbench.run.records import adapter
from nihbench.run.store import RunFolder, open_run
from nihbench.run.stored import Manifest, corpus_of
from nihbench.run.texts import stored_corpus
from nihbench.score.judge import VERSION as JUDGE_VERSION
from nihbench.score.match import NeedleKey
from nihbench.score.rivals import rivals, sentences_of
from nihbench.score.rules import SCORER, VERSION, grade
from nihbench.tasks.family import Answer
from nihbench.tasks.needle import fill
from nihbench.tasks.task import Task
from nihbench.types import (
    FOUND_FROM,
    PERCENT_BANDS,
    Completion,
    Evidence,
    Failure,
    Grade,
    GradedElsewhere,
    Needle,
    OutcomeClass,
    Planted,
    Record,
    Score,
    Unscored,
)

# ---- answers to be graded, from a run's records or from a file of rows: each with its needle -------------------------
# A file's row is one JSON object: {"id", "needle", "answer"}, optionally "expected", "question", "finish_reason",
# "fresh", and what people gave: "band", "outcome". Further keys are passed over. A file is read whole before anything
# is made of it.


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


# ---- scores beside the records ---------------------------------------------------------------------------------------


IMPORTED = ("kamradt-judge", "kamradt-match")
"""Scorers of other tools, whose grades come with an import."""
IMPORT_VERSION = "1"
"""Of the reading of their grades as bands; raised when the same grade would become another band."""
COMBINED = f"{SCORER}+"
"""Begins the name of a set in which the rules decided what they were sure of, and a judge the rest."""


def scores_file(run: RunFolder, scorer: str) -> Path:
    """Return where a scorer's grades of a run are kept.

    Raises:
        UsageError: the name, which may be an imported run's, leads elsewhere.
    """
    if "/" in scorer or "\\" in scorer:
        raise UsageError(t("run.no_scorer_name", scorer=scorer))
    return run.path / f"scores.{scorer}.jsonl"


def stored_scorers(run: RunFolder) -> tuple[str, ...]:
    """Return the names of the scorers whose grades are kept, in alphabetical order."""
    files = run.path.glob("scores.*.jsonl")
    return tuple(sorted(file.name.removeprefix("scores.").removesuffix(".jsonl") for file in files))


def default_scorer(run: RunFolder) -> str:
    """Return whose grades count unless another scorer is asked for: the rules', or those that came with an import."""
    return run.manifest.imported.scorer if run.manifest.imported else SCORER


def version_of(scorer: str, content: Manifest | None = None) -> str:
    """Return the version in which a scorer of that name grades now: the rules, by the task of a run's `content`."""
    if scorer == SCORER:
        return VERSION if content is None else grading_version(content.task)
    if scorer in IMPORTED:
        return IMPORT_VERSION
    return f"{VERSION}+{JUDGE_VERSION}" if scorer.startswith(COMBINED) else JUDGE_VERSION


def version_in(grades: Mapping[str, Grade], scorer: str, content: Manifest) -> str:
    """Return the version in which a scorer made these grades of a run: a judge's may be of a former one."""
    return next((grade.version for grade in grades.values()), version_of(scorer, content))


def score_run(run: RunFolder, records: Mapping[str, Record], misleading: Callable[[], str] = str) -> dict[str, Grade]:
    """Grade every answer of a run by rules and store the grades; a failure gets none.

    Args:
        run: the run.
        records: its records.
        misleading: gives the text in which a wrong answer's source is looked for; called only where one is wrong.

    Raises:
        UsageError: the run is an import without answers.
    """
    if records and all(isinstance(record.outcome, GradedElsewhere) for record in records.values()):
        raise UsageError(t("run.answers_not_kept_tool", path=run.path, default_scorer=default_scorer(run)))
    grades: dict[str, Grade] = {}
    haystack = ""  # looked for only where an answer is wrong, and then at hand for all that follow
    for answered in answers_of(run, records):
        given = answered.by_rules(haystack)
        if not haystack and isinstance(given, Score) and given.value < FOUND_FROM and (haystack := misleading()):
            given = answered.by_rules(haystack)
        grades[answered.id] = given
    save_grades(run, SCORER, grades)
    return grades


def grades_of(run: RunFolder, records: Mapping[str, Record], scorer: str | None = None) -> dict[str, Grade]:
    """Return a scorer's grades of `records`, the rules' made (again) where they are missing or stale.

    Without a scorer they are those of `default_scorer`.

    Raises:
        UsageError: another scorer's grades are missing, of several versions, or not of these answers.
        DamagedDataError: their file can't be read.
    """
    scorer = scorer or default_scorer(run)
    if scorer in IMPORTED and scorer == default_scorer(run) and scorer not in stored_scorers(run):
        raise UsageError(t("run.gone_import_run_again", scores_file=scores_file(run, scorer)))
    if scorer != SCORER and scorer not in stored_scorers(run):
        known = tuple(dict.fromkeys((SCORER, *stored_scorers(run))))
        raise UsageError(t("run.no_scores_scorers_nih", path=run.path, scorer=scorer, known=known))
    stored = load_grades(run, records, scorer)
    if stored is not None:
        return stored
    if scorer == SCORER:
        return score_run(run, records)
    raise UsageError(t("run.scores_of_others", scores_file=scores_file(run, scorer)))


def save_grades(run: RunFolder, scorer: str, grades: Mapping[str, Grade]) -> None:
    """Write a scorer's grades, whole or not at all."""
    lines = (json.dumps(grade_row(key, grade), ensure_ascii=False) + "\n" for key, grade in grades.items())
    write_atomic(scores_file(run, scorer), "".join(lines).encode("utf-8", "backslashreplace"))


def grade_row(identity: str, grade: Grade, words: Callable[[Words], Any] = stored) -> dict[str, Any]:
    """Return a grade as JSON values: a score's fields and its band in percent, or why there is no score.

    `words` gives what stands for a note: `stored` its code with its fields, `str` its sentence in English.
    """
    if isinstance(grade, Unscored):
        return {"id": identity, "unscored": words(grade.reason), "scorer": grade.scorer, "version": grade.version}
    evidence = _fields_of(grade.evidence) | {"cue": words(grade.evidence.cue)}
    errors = evidence.pop("errors")
    plain = _fields_of(grade) | {"evidence": evidence | ({"errors": [*map(words, errors)]} if errors else {})}
    kept = {key: plain[key] for key in plain if key not in _WHERE_SAID or plain[key]}
    return {"id": identity, "value": kept.pop("value"), "band": round(grade.value * 100)} | kept


def _fields_of(value: Score | Evidence) -> dict[str, Any]:
    """Return the fields as they are: `asdict` copies all in them, which takes ten times as long."""
    return {each.name: getattr(value, each.name) for each in fields(value)}


_WHERE_SAID = ("misled", "votes", "decided_by", "items")
"""Fields that are left out where they say nothing."""


def load_grades(run: RunFolder, records: Mapping[str, Record], scorer: str = SCORER) -> dict[str, Grade] | None:
    """Read a scorer's stored grades, or None where they must be made (again).

    That is where there are none, or they are not of the answers in `records`, or of several versions, or (the rules',
    which cost nothing) of another version than today's. A judge's grades were paid for: a former version's are read.

    Raises:
        DamagedDataError: the file can't be read.
    """
    path = scores_file(run, scorer)
    if not is_there(path):
        return None
    grades: dict[str, Grade] = {}
    for number, line in enumerate(_lines(path), 1):
        try:
            plain: dict[str, Any] = parse_json(line)
            grades[plain.pop("id")] = _grade(plain)
        except (ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
            raise DamagedDataError(t("run.line_no_score_delete", path=path, number=number)) from error
    # The rules can't read what was not kept, the scorer that came with an import graded it all the same.
    unread = (Failure,) if scorer in IMPORTED else (Failure, GradedElsewhere)
    answered = {trial_id for trial_id, record in records.items() if not isinstance(record.outcome, unread)}
    made = {(grade.scorer, grade.version) for grade in grades.values()}
    if scorer == SCORER:
        fits = made <= {(scorer, version_of(scorer, run.manifest))}
    else:
        fits = len(made) <= 1 and {name for name, _ in made} <= {scorer}
    return grades if fits and grades.keys() == answered else None


def _grade(plain: Mapping[str, Any]) -> Grade:
    grade: Grade
    if "unscored" in plain:
        grade = adapter(Unscored).validate_python({**plain, "reason": note_in(plain["unscored"], "grades")})
    else:
        evidence = plain["evidence"]
        # A judge's reasons are its own words.
        cue = evidence["cue"] if plain.get("votes") else note_in(evidence["cue"], "grades")
        errors = tuple(note_in(error, "grades") for error in evidence.get("errors", ()))
        grade = adapter(Score).validate_python({**plain, "evidence": {**evidence, "cue": cue, "errors": errors}})
    return grade


def _lines(path: Path) -> Iterable[bytes]:
    try:
        yield from (line.rstrip(b"\n") for line in lines_of(path))
    except OSError as error:
        raise DamagedDataError(t("run.cant_read_delete_score", path=path)) from error


# ---- misleading ------------------------------------------------------------------------------------------------------
# The sentences of a run's corpus that could answer its question too: where a wrong answer's source is looked for.


@lru_cache(maxsize=8)
def misleading_text(path: Path) -> str:
    """Return these sentences, one a line, under any wording of the question; empty where the corpus is not here.

    Args:
        path: the run's folder, absolute; what was found for it is kept.
    """
    content = open_run(path).manifest
    needle = content.needle
    if not content.task.is_single:
        return ""
    try:
        catalog = load()
        corpus = stored_corpus(catalog, corpus_of(content, path, catalog), Path.cwd(), content.corpus.sha256)
    except NihError:
        return ""
    sentences = sentences_of(corpus.text, corpus.language)
    questions = dict.fromkeys(needle.question_for(prompt) for prompt in content.prompts)
    found = {rival.start: rival.text for question in questions for rival in rivals(sentences, needle, question)}
    return "\n".join(" ".join(text.split()) for text in found.values())
