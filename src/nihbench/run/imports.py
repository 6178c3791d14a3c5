"""Runs made of another tool's results: a folder that every command reads, with nothing in it that the source lacks.

No placement is made up (the needle's place and the haystack are not known), no text (an answer that was not kept is
`GradedElsewhere`), no trial (a cell of the grid without a result is owed and stays so). The other tool's grades become
scores of a scorer of its own name: a grade gives the highest band that it reaches, never one above it.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nihbench import __version__
from nihbench.catalog.lookup import Catalog
from nihbench.errors import UsageError
from nihbench.fetch.files import MOST_LINE_BYTES
from nihbench.lang.messages import Note, t
from nihbench.languages.base import shown_by
from nihbench.plan.grid import make_trials
from nihbench.run.kamradt import Form, Row
from nihbench.run.options import RunOptions
from nihbench.run.records import first_line, parse_record, record_line
from nihbench.run.scores import IMPORT_VERSION, IMPORTED, save_grades
from nihbench.run.store import RunFolder, create_run
from nihbench.types import (
    FOUND_FROM,
    Completion,
    Evidence,
    Failure,
    Grade,
    GradedElsewhere,
    Needle,
    PromptTemplate,
    Record,
    Score,
    Trial,
    Unscored,
    Usage,
)

PROMPT = "as-imported"
_JUDGE, _MATCH = IMPORTED
SCORERS: Mapping[Form, str] = {"kamradt-grid": _JUDGE, "kamradt-2023": _JUDGE, "kamradt-2026": _MATCH}
_SCALES: Mapping[str, tuple[tuple[float, float], ...]] = {
    _JUDGE: ((10, 1.0), (7, 0.7), (5, 0.5), (3, 0.3), (1, 0.0)),
    _MATCH: ((1, 1.0), (0.7, 0.7), (0.5, 0.5), (0.3, 0.3), (0, 0.0)),
}
"""The least grade for each band, by scorer: a judge's 1 to 10, and a matched share from 0 to 1."""
_UNIT = "imported"
"""All three forms count the haystack, in tokens of whichever tokenizer the tool used."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Part:
    """The rows that become one run, each with its repeat."""

    model: str
    form: Form
    rows: tuple[tuple[Row, int], ...]


def import_rows(
    rows: Sequence[Row], *, source: str, sha256: str, out: Path, catalog: Catalog, model: str | None, created_at: str
) -> tuple[RunFolder, ...]:
    """Make runs of results: one in `out`, or one in a folder under it for every model and set of the source.

    Args:
        rows: what was read.
        source: how run.json calls where they came from.
        sha256: of the source's bytes.
        out: the folder to make.
        catalog: knows needles, so that a known sentence gets its key facts.
        model: the model's name, where the source does not say it (or says another).
        created_at: the time.

    Raises:
        UsageError: a run is there already, or no model is named anywhere.
    """
    parts = _parts(rows, model)
    made = []
    for name, part in parts.items():
        needle, varies = _needle(part, catalog)
        content = _content(part, needle, created_at) | {
            "import": {
                "form": part.form,
                "source": source,
                "sha256": sha256,
                "scorer": SCORERS[part.form],
                "more": [[r.length, r.depth_percent, repeat] for r, repeat in part.rows if repeat],
            }
        }
        records = {r.id: (r, row) for r, row in ((_record(row, n, part, needle, varies), row) for row, n in part.rows)}
        _check_readable(content, records.values())
        run = create_run(out / name if len(parts) > 1 else out, content)
        with run.writer() as writer:
            failed = [error for error in writer.write([record for record, _ in records.values()]) if error]
        if failed:
            raise failed[0]
        grades = {
            key: _grade(row.grade, SCORERS[part.form])
            for key, (record, row) in records.items()
            if not isinstance(record.outcome, Failure)
        }
        save_grades(run, SCORERS[part.form], grades)
        made.append(run)
    return tuple(made)


def _check_readable(content: Mapping[str, Any], records: Iterable[tuple[Record, Row]]) -> None:
    """Make sure that what is written can be read again, before anything is.

    Raises:
        UsageError: it can't: the grid has too many cells, or a result is beyond what any record holds.
    """
    make_trials(
        experiment=content["experiment"],
        needle=content["needle"]["name"],
        prompts=list(content["prompts"]),
        lengths=content["lengths"],
        depths=content["depths"],
        repeats=1,
    )
    for record, row in records:
        line = record_line(record)
        try:
            if len(line) > MOST_LINE_BYTES:
                raise ValueError(t("run.texts_more_than_mb", most=MOST_LINE_BYTES / 1e6))
            parse_record(line)
        except (ValueError, RecursionError) as error:
            raise UsageError(t("run.result_cant_kept_record", where=row.where, error=first_line(error))) from error


# ---- runs and repeats ------------------------------------------------------------------------------------------


def _parts(rows: Sequence[Row], model: str | None) -> dict[str, _Part]:
    """Group rows into runs, by a folder's name for each."""
    groups: dict[tuple[str, str, Form], list[Row]] = defaultdict(list)
    for row in rows:
        name = model or row.model
        if not name:
            raise UsageError(t("run.not_say_model_answered", where=row.where))
        groups[name, row.group, row.form].append(row)
    parts: dict[str, _Part] = {}
    for (name, group, form), members in groups.items():
        folder = _file_name("-".join([name, *group.split("\n")[:1]])) if len(groups) > 1 else ""
        while folder in parts:
            folder += "-2"
        parts[folder] = _Part(model=name, form=form, rows=_repeats(members))
    return parts


def _repeats(rows: Sequence[Row]) -> tuple[tuple[Row, int], ...]:
    """Number the results of each cell; where the source numbers them itself, the last of a number counts."""
    cells: dict[tuple[int, float], dict[str, Row]] = defaultdict(dict)
    for row in rows:
        cell = cells[row.length, row.depth_percent]
        # The second version's seed is a repeat's identity. The first one's files stand for one result each.
        key = f"seed {row.draw}" if row.form == "kamradt-2026" else f"{row.draw} {row.where}"
        cell[key] = row
    return tuple((row, repeat) for cell in cells.values() for repeat, row in enumerate(cell.values()))


def _file_name(text: str) -> str:
    return re.sub(r"[^\w.]+", "-", text)[:80].strip("-.") or "run"


def _needle(part: _Part, catalog: Catalog) -> tuple[Needle, bool]:
    """Return the needle of a run, and whether every result has its own (drawn values, kept as `fresh`)."""
    first = part.rows[0][0]
    same = {(row.statements, row.expected) for row, _ in part.rows}
    if len(same) > 1:
        needle = Needle(
            name="imported", language="en", statements=("{needle}",), question=first.question, answer="{answer}",
            fresh={"needle": 0, "answer": 0},
        )  # fmt: skip
        return needle, True
    for known in catalog.needles.values():
        if first.statements and [s.strip() for s in first.statements] == [s.strip() for s in known.statements]:
            return known, False
    needle = Needle(
        name="imported" if first.statements else "not-recorded",
        language=shown_by("".join((*first.statements, first.expected))),
        statements=first.statements or ("",),
        question=first.question,
        answer=first.expected or " ".join(first.statements),
    )
    return needle, False


# ---- run.json, records, grades ---------------------------------------------------------------------------------


def _content(part: _Part, needle: Needle, created_at: str) -> dict[str, Any]:
    rows = [row for row, _ in part.rows]
    question = rows[0].question or needle.question
    return {
        "created_at": created_at,
        "nihbench": __version__,
        "options": RunOptions(model=part.model).stored(),
        "model": {"name": part.model, "model": part.model, "sha256": None, "base_url": None, "window": None},
        "experiment": needle.name if needle.name != "not-recorded" else "kamradt",
        "needle": asdict(needle),
        # Which messages were sent is not in the source.
        "prompts": {PROMPT: asdict(PromptTemplate(name=PROMPT, messages=()))},
        "questions": {PROMPT: question},
        "corpus": {"name": "not recorded", "language": needle.language, "title": "", "sha256": "", "copies": 1},
        "length_unit": {"tokenizer": _UNIT, "exact": False, "counted_by_model": False, "overheads": {}},
        "calibration": None,
        "lengths": sorted({row.length for row in rows}),
        "depths": sorted({row.depth_percent for row in rows}),
        "repeats": 1 + max(repeat for _, repeat in part.rows),
        "trials": len(rows),
        "identity": {},
        "notes": [],
    }


def _record(row: Row, repeat: int, part: _Part, needle: Needle, varies: bool) -> Record:
    trial = Trial(
        experiment=needle.name if needle.name != "not-recorded" else "kamradt",
        needle=needle.name,
        prompt=PROMPT,
        length=row.length,
        depth_percent=row.depth_percent,
        repeat=repeat,
    )
    key = f"{part.model}|{row.group}|{row.length}|{row.depth_percent}|{repeat}"
    return Record(
        id=hashlib.sha256(key.encode("utf-8", "backslashreplace")).hexdigest()[:16],
        trial=trial,
        placement=None,
        outcome=_outcome(row, part.model),
        fresh={"needle": " ".join(row.statements), "answer": row.expected} if varies else {},
        expected=row.expected or needle.answer,
        started_at=row.at,
    )


def _outcome(row: Row, model: str) -> Completion | Failure | GradedElsewhere:
    usage = Usage(
        prompt_tokens=row.prompt_tokens, completion_tokens=row.completion_tokens, cost_usd=row.cost_usd
    )  # fmt: skip
    if row.error is not None:
        return Failure(
            kind="bad_response", message=row.error, status=None, latency_s=row.duration_s, attempts=1, usage=usage
        )
    if row.answer is not None:
        return Completion(
            text=row.answer, finish_reason=None, usage=usage, model=model, latency_s=row.duration_s, attempts=1
        )
    if row.grade is None:
        return Failure(
            kind="bad_response", message=Note("source_without_result"), status=None,
            latency_s=row.duration_s, attempts=1,
        )  # fmt: skip
    return GradedElsewhere(grade=row.grade)


def _grade(given: float | None, scorer: str) -> Grade:
    """Read another tool's grade as a score: the highest band that it reaches."""
    scale = _SCALES[scorer]
    if given is None or not scale[-1][0] <= given <= scale[0][0]:
        least, most = scale[-1][0], scale[0][0]
        said = Note("no_grade")
        if given is not None:
            said = Note("grade_out_of_range", given=given, least=least, most=most)
        return Unscored(reason=Note("source_gives", grade=said), scorer=scorer, version=IMPORT_VERSION)
    value = next(band for least, band in scale if given >= least)
    return Score(
        value=value,
        # A grade of nothing does not tell what was said instead.
        outcome="correct" if value == 1.0 else "partial" if value else "unknown",
        identifying="right" if value >= FOUND_FROM else "absent",
        subject="right",
        evidence=Evidence(cue=Note("graded_there", given=given)),
        scorer=scorer,
        version=IMPORT_VERSION,
    )
