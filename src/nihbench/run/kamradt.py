"""Results of Kamradt's tools as rows of one shape, whichever of his three forms they come in.

The forms: a list of {token_limit, depth_percent, score} (his published GPT-4 grid: grades without answers), a folder
of JSON files, one an answer (2023), and the JSONL of his tool's second version (2026). Only reading is here: nothing
is filled in, and what a form does not say is None.
"""

from __future__ import annotations

import hashlib
import io
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from nihbench.errors import DamagedDataError, UsageError, unreadable
from nihbench.fetch.files import parse_json, read_named, read_regular
from nihbench.lang.messages import t
from nihbench.plan.grid import MOST_TRIALS
from nihbench.run.stored import BEYOND

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
