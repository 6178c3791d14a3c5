"""Runs made of another tool's results: a folder that every command reads, with nothing in it that the source lacks.

No placement is made up (the needle's place and the haystack are not known), no text (an answer that was not kept is
`GradedElsewhere`), no trial (a cell of the grid without a result is owed and stays so). The other tool's grades become
scores of a scorer of its own name: a grade gives the highest band that it reaches, never one above it.
"""

from __future__ import annotations

import hashlib
import io
import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from nihbench import __version__
from nihbench.catalog.lookup import Catalog
from nihbench.errors import DamagedDataError, UsageError, first_line, unreadable
from nihbench.fetch.files import MOST_LINE_BYTES, parse_json, read_named, read_regular
from nihbench.lang.messages import Note, t
from nihbench.languages.base import shown_by
from nihbench.plan.grid import MOST_TRIALS, make_trials
from nihbench.run.options import RunOptions
from nihbench.run.records import parse_record, record_line
from nihbench.run.scores import IMPORT_VERSION, IMPORTED, save_grades
from nihbench.run.store import RunFolder, create_run
from nihbench.run.stored import BEYOND
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

# ---- results of Kamradt's tools as rows of one shape, whichever of their three forms they come in --------------------
# The forms: a list of {token_limit, depth_percent, score} (his published GPT-4 grid: grades without answers), a folder
# of JSON files, one an answer (2023), and the JSONL of his tool's second version (2026). Only reading is here: nothing
# is filled in, and what a form does not say is None.


Form = Literal["kamradt-grid", "kamradt-2023", "kamradt-2026"]
_MEND = t("run.give_his_folder_json")
_MOST_BYTES = 100_000_000
"""Of all files together, which are held as a whole; his largest set has a hundredth."""
_MOST = 1e12
"""No grade, count, price or time of one result is beyond it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One result. `where` is the file (and line); `grade` is on the tool's own scale, `answer` as it came.

    `group` tells the runs of one file apart, `draw` the repeats of one cell (None: the form numbers none).
    """

    where: str
    form: Form
    model: str | None
    group: str
    length: int
    depth_percent: float
    grade: float | None
    draw: str | None = None
    statements: tuple[str, ...] = ()
    question: str = ""
    expected: str = ""
    answer: str | None = None
    error: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost_usd: float | None = None
    duration_s: float = math.nan
    at: str = ""


def read_kamradt(path: Path) -> tuple[tuple[Row, ...], str]:
    """Read all results at `path`, and the SHA-256 of the files they stand in (in the order of their names).

    Raises:
        UsageError: there are none, or one can't be read; the message names the file and what to give instead.
    """
    within = path.is_dir()
    files = sorted(f for f in path.iterdir() if f.suffix in (".json", ".jsonl")) if within else [path]
    digest = hashlib.sha256()
    rows: list[Row] = []
    room = _MOST_BYTES
    for file in files:
        data = _read(file, room, within=within)
        room -= len(data)
        digest.update(data)
        rows += (_row(plain, where) for plain, where in _objects(file, data))
        if len(rows) > MOST_TRIALS:
            raise UsageError(t("run.holds_more_than_results", path=path, most=MOST_TRIALS))
    if not rows:
        raise UsageError(t("run.holds_no_results", path=path, mend=_MEND))
    return tuple(rows), digest.hexdigest()


def _read(file: Path, room: int, *, within: bool) -> bytes:
    """Read a file: in a folder, which may be a stranger's, a link is none; the user's own word may lead through one."""
    try:
        return read_regular(file, room) if within else read_named(file, room)
    except DamagedDataError as error:
        raise UsageError(t("run.link_pipe_device_too", file=file)) from error
    except OSError as error:
        raise unreadable(file, error, UsageError) from error


def _objects(file: Path, data: bytes) -> Iterator[tuple[Mapping[str, Any], str]]:
    """Give a file's JSON objects: of a list, of lines, or the one that the file is."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(t("run.not_utf_8", file=file, mend=_MEND)) from error
    if file.suffix == ".jsonl":
        lines = ((line, f"{file}:{number}") for number, line in enumerate(io.StringIO(text), 1) if line.strip())
        found: Iterable[tuple[Any, str]] = ((_json(line, where), where) for line, where in lines)
    else:
        whole = _json(text, str(file))
        many = isinstance(whole, list)
        found = [(v, f"{file}, entry {n}") for n, v in enumerate(whole, 1)] if many else [(whole, str(file))]
    for value, where in found:
        if not isinstance(value, dict):
            raise UsageError(t("run.no_result_but", where=where, name=type(value).__name__, mend=_MEND))
        yield value, where


def _json(text: str, where: str) -> Any:
    try:
        return parse_json(text.encode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise UsageError(t("run.no_json_restore_take", where=where, mend=_MEND)) from error


def _row(plain: Mapping[str, Any], where: str) -> Row:
    reader = _Reader(plain, where)
    if "token_limit" in plain:
        return Row(
            where=where,
            form="kamradt-grid",
            model=None,
            group="",
            length=reader.length("token_limit"),
            depth_percent=reader.depth("depth_percent"),
            grade=reader.number("score"),
        )
    return _row_2026(reader) if "target_depth_percent" in plain else _row_2023(reader)


def _row_2023(reader: _Reader) -> Row:
    needle, version = reader.text("needle"), reader.plain.get("version")
    return Row(
        where=reader.where,
        form="kamradt-2023",
        model=reader.text("model") or None,
        group=needle,
        length=reader.length("context_length"),
        depth_percent=reader.depth("depth_percent"),
        grade=reader.number("score"),
        statements=(needle,) if needle else (),
        answer=reader.optional_text("model_response"),
        duration_s=_or_nan(reader.amount("test_duration_seconds")),
        at=reader.text("test_timestamp_utc"),
        # His later files number the repeats; the first ones only have other names.
        draw=None if version is None else f"{version}",
    )


def _row_2026(reader: _Reader) -> Row:
    recipe, usage = reader.object("recipe"), reader.object("usage")
    placed = recipe.get("needle_placements")
    texts = [place.get("text") for place in placed if isinstance(place, dict)] if isinstance(placed, list) else []
    failed = reader.text("status") == "error"
    score = _Reader(reader.object("score"), reader.where).number("value")
    tokens = _Reader(usage, reader.where)
    return Row(
        where=reader.where,
        form="kamradt-2026",
        model=reader.text("model_id") or None,
        group="\n".join((reader.text("run_name"), reader.text("task_type"))),
        length=reader.length("context_length"),
        depth_percent=reader.depth("target_depth_percent"),
        grade=None if failed else score,
        draw=f"{reader.plain.get('seed')}",
        statements=tuple(text for text in texts if isinstance(text, str)),
        question=reader.text("prompt_question"),
        expected=reader.text("expected_answer"),
        answer=None if failed else reader.optional_text("response"),
        error=(reader.text("error") or "unknown error") if failed else None,
        prompt_tokens=_whole(tokens.amount("input_tokens")),
        completion_tokens=_whole(tokens.amount("output_tokens")),
        cost_usd=reader.amount("cost_usd"),
        duration_s=_or_nan(reader.amount("duration_seconds")),
        at=reader.text("timestamp_utc"),
    )


@dataclass(frozen=True, slots=True)
class _Reader:
    """Takes values out of one result and says where one is wrong."""

    plain: Mapping[str, Any]
    where: str

    def number(self, key: str) -> float | None:
        value = self.plain.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= _MOST:
            raise UsageError(t("run.no_number_mend_take", where=self.where, key=key))
        return float(value)

    def amount(self, key: str) -> float | None:
        value = self.number(key)
        if value is not None and value < 0:
            raise UsageError(t("run.below_0_mend_take", where=self.where, key=key))
        return value

    def length(self, key: str) -> int:
        value = self.number(key)
        if value is None or not 1 <= value < BEYOND or value != int(value):
            raise UsageError(t("run.must_whole_number_tokens", where=self.where, key=key, mend=_MEND))
        return int(value)

    def depth(self, key: str) -> float:
        value = self.number(key)
        if value is None or not 0 <= value <= 100:
            raise UsageError(t("run.must_number_from_0", where=self.where, key=key, mend=_MEND))
        return value

    def optional_text(self, key: str) -> str | None:
        value = self.plain.get(key)
        if value is not None and not isinstance(value, str):
            raise UsageError(t("run.no_text_mend_take", where=self.where, key=key))
        return value

    def text(self, key: str) -> str:
        return self.optional_text(key) or ""

    def object(self, key: str) -> Mapping[str, Any]:
        value = self.plain.get(key)
        if value is not None and not isinstance(value, dict):
            raise UsageError(t("run.no_json_object_mend", where=self.where, key=key))
        return value or {}


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


# ---- rows made a run -------------------------------------------------------------------------------------------------


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
