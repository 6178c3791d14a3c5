"""A baseline file: what of a run a gate needs to judge later ones, small enough to be kept in a repository.

It holds plan, hashes and outcomes, and no text: no prompt, no answer, no needle. Who has it can gate without the run's
folder.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, FailFast, Field, ValidationError

from nihbench import __version__
from nihbench.analysis.grids import Rows, rows_of
from nihbench.analysis.pairing import Side
from nihbench.analysis.table import COLUMNS
from nihbench.errors import UsageError, path_error
from nihbench.fetch.files import MOST_JSON_BYTES, parse_json, read_named, write_atomic
from nihbench.lang.former import note_in
from nihbench.lang.messages import Message, stored, t, words
from nihbench.run.stored import Manifest
from nihbench.types import CONDITIONS, DEPTH, Axis

_MOST = 200_000
_T = TypeVar("_T")

_Name = Annotated[str, Field(max_length=2000)]
_Number = Annotated[float, Field(allow_inf_nan=False)]
_Cell = tuple[int, _Number, int]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Words(_Model):
    key: _Name
    fields: dict[str, str | int | float | bool | None] = {}


class _Axis(_Model):
    name: _Name
    unit: _Name
    title: Any
    values: Annotated[list[_Number], Field(max_length=10_000)]


class _Outcomes(_Model):
    """Columns, an entry a trial; `value` is None where nothing was measured."""

    id: list[_Name]
    length: list[int]
    row: list[_Number]
    also: list[_Name | None]
    repeat: list[int]
    value: list[Annotated[float, Field(ge=0, le=1)] | None]
    found: list[bool | None]
    failure: list[_Name | None]
    haystack: list[int | None]
    text: list[int | None]
    needle_at: list[int | None]
    prompt_sha256: list[_Name | None]
    by_row: list[_Name | None]


class _Side(_Model):
    model: _Name
    experiment: _Name
    prompt: _Name
    run: _Name
    served: _Name
    date: _Name
    unit: _Name
    axis: _Axis
    text: list[tuple[_Words, str | int | float | None | _Words]]
    planned: Annotated[list[_Cell], Field(max_length=_MOST)]
    same: list[tuple[_Cell, _Cell]] = []
    outcomes: _Outcomes


class _Plan(_Model):
    """The options by which the run is made again (`app.keywords`), as they are typed."""

    experiment: _Name | None = None
    task: _Name | None = None
    task_option: list[_Name] = []
    haystack: _Name | None = None
    distractors: _Name | None = None
    prompt: _Name | None = None
    corpus: _Name | None = None
    lengths: _Name
    depths: _Name | None = None
    repeats: int
    vary: _Name
    length_unit: _Name
    seed: int | None = None
    calibrate: bool
    repeat_corpus: bool
    quick: bool
    temperature: _Name | None = None
    max_output: int | None = None


class Baseline(_Model):
    """The whole file."""

    format: Literal[1]
    kind: Literal["nih baseline"]
    nihbench: _Name
    sides: Annotated[list[_Side], FailFast(), Field(min_length=1, max_length=1000)]
    plan: _Plan | None = None


def save_baseline(sides: Sequence[Side], path: Path, manifests: Sequence[Manifest] = ()) -> None:
    """Write a baseline file; with the plan of a single run, by which it can be made again.

    Raises:
        UsageError: it can't be written.
    """
    kept = [_stored(without_text(side)) for side in sides]
    plan = _plan(manifests[0]) if len(manifests) == 1 else None
    made = Baseline(format=1, kind="nih baseline", nihbench=__version__, sides=kept, plan=plan)
    content = json.dumps(
        made.model_dump(mode="json", exclude_none=False), ensure_ascii=False, separators=(",", ":"), sort_keys=True
    )
    try:
        write_atomic(path, content.encode("utf-8") + b"\n")
    except OSError as error:
        raise UsageError(path_error(error)) from error


def load_baseline(path: Path) -> list[Side]:
    """Read a baseline file.

    Raises:
        UsageError: it can't be read, or is none.
    """
    return _read(path, lambda made: [_side(each) for each in made.sides])


def plan_in(path: Path) -> dict[str, Any]:
    """Return the options by which a baseline's run is made again.

    Raises:
        UsageError: it can't be read, is none, or holds no plan.
    """
    plan = _read(path, lambda made: made.plan)
    if plan is None:
        raise UsageError(t("gate.no_plan", path=path))
    return plan.model_dump()


def _read(path: Path, take: Callable[[Baseline], _T]) -> _T:
    try:
        return take(Baseline.model_validate(parse_json(read_named(path, MOST_JSON_BYTES))))
    except OSError as error:
        raise UsageError(path_error(error)) from error
    except (ValidationError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise UsageError(t("gate.no_baseline", path=path)) from error


def _plan(manifest: Manifest) -> _Plan | None:
    """Return the options by which a run is made again; None where it is of another's prompts, or a part of a run."""
    options = manifest.options
    if manifest.is_import or manifest.like is not None or options.shard or options.adaptive:
        return None
    chosen = dict(options.task_options)
    conditions = {name: chosen.pop(name, None) for name in CONDITIONS}
    return _Plan(
        experiment=options.experiment,
        task=options.task,
        task_option=[f"{name}={value}" for name, value in chosen.items()],
        haystack=conditions.get("haystack"),
        distractors=conditions.get("distractors"),
        prompt=",".join(options.prompts) if options.prompts else None,
        corpus=manifest.corpus.name if options.corpus else None,
        lengths=",".join(f"{length}t" for length in manifest.lengths),
        depths=options.depths,
        repeats=manifest.repeats,
        vary=",".join(options.vary),
        length_unit=options.length_unit,
        seed=options.seed,
        calibrate=options.calibrate,
        repeat_corpus=options.repeat_corpus,
        quick=options.quick,
        temperature=options.temperature,
        max_output=options.max_output,
    )


def without_text(side: Side) -> Side:
    """Return a side that knows its needle by a hash, as a baseline does: only such two can be compared."""
    texts = {t("analysis.needle_text")}
    hashed = {name: _hash(value) if name in texts else value for name, value in side.text.items()}
    return replace(side, text=hashed)


def _hash(value: object) -> str:
    return hashlib.sha256(str(value).encode("utf-8")).hexdigest()[:16]


def _stored(side: Side) -> _Side:
    rows = rows_of(side.table, side.experiment, side.prompt)
    planned = sorted(side.planned)
    return _Side(
        model=side.model,
        experiment=side.experiment,
        prompt=side.prompt,
        run=side.run,
        served=side.served,
        date=side.date,
        unit=side.unit,
        axis=_Axis(
            name=side.axis.name, unit=side.axis.unit, title=stored(side.axis.title), values=list(side.axis.values)
        ),
        text=[(_words(name), _value(value)) for name, value in side.text.items()],
        planned=planned,
        same=sorted(side.same.items()),
        outcomes=_outcomes(rows),
    )


def _words(text: object) -> _Words:
    return _Words(key=text.key, fields=dict(text.fields)) if isinstance(text, Message) else _Words(key=str(text))


def _value(value: object) -> str | int | float | None | _Words:
    return _words(value) if isinstance(value, Message) else value if isinstance(value, (int, float)) else _text(value)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _outcomes(rows: Rows) -> _Outcomes:
    def column(name: str, kind: type) -> list[Any]:
        return [None if each is None or each != each else kind(each) for each in rows[name].tolist()]

    return _Outcomes(
        id=column("id", str),
        length=column("length", int),
        row=column("axis", float),
        also=column("also_depths", str),
        repeat=column("repeat", int),
        value=column("value", float),
        found=column("found", bool),
        failure=column("failure", str),
        haystack=column("haystack", int),
        text=column("text", int),
        needle_at=column("needle_at", int),
        prompt_sha256=column("prompt_sha256", str),
        # Of a prompt that stands for several rows: which of them was found. What an item is called is its row.
        by_row=[
            items if isinstance(also, str) else None
            for items, also in zip(column("items", str), column("also_depths", str), strict=True)
        ],
    )


def _side(made: _Side) -> Side:
    """Return a stored side.

    Raises:
        ValueError: its columns don't fit one another.
    """
    columns = dict(made.outcomes)
    trials = len(made.outcomes.id)
    if any(len(column) != trials for column in columns.values()) or trials > _MOST:
        raise ValueError("columns of different length")
    title = note_in(made.axis.title, "notes")
    axis = Axis(name=made.axis.name, title=title, unit=made.axis.unit, values=tuple(made.axis.values))
    nothing: list[Any] = [None] * trials
    nan = [math.nan] * trials
    table: dict[str, list[Any]] = {
        **dict.fromkeys(COLUMNS, nothing),
        **{name: columns[name] for name in ("id", "length", "repeat", "found", "failure", "haystack", "text")},
        "needle_at": columns["needle_at"],
        "prompt_sha256": columns["prompt_sha256"],
        "axis": columns["row"],
        "depth_percent": columns["row"],
        "also_depths": columns["also"],
        "achieved_depth_percent": nan,
        "value": [math.nan if each is None else each for each in made.outcomes.value],
        "items": columns["by_row"],
        "experiment": [made.experiment] * trials,
        "prompt": [made.prompt] * trials,
        "extra": [False] * trials,
    }
    return Side(
        name="",
        run=made.run,
        model=made.model,
        experiment=made.experiment,
        prompt=made.prompt,
        table=table,
        text={_restored(name): _restored(value) for name, value in made.text},
        planned=frozenset(made.planned),
        same=dict(made.same),
        served=made.served,
        date=made.date,
        unit=made.unit,
        axis=axis if axis.name != DEPTH.name else DEPTH,
    )


def _restored(value: Any) -> Any:
    """Return what a file has for words; a key that no catalog has is text, and no template that somebody else wrote."""
    if not isinstance(value, _Words):
        return value
    return t(value.key, **value.fields) if value.key in words("en") else value.key
