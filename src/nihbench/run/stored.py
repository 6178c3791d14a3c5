"""What stands in run.json, read back: is all of it there, which trials were planned, with which options and texts.

It is written in `run.manifest`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import TypeAdapter, ValidationError

from nihbench.catalog.lookup import Catalog
from nihbench.errors import DamagedDataError, UsageError
from nihbench.lang.former import note_in
from nihbench.lang.messages import t
from nihbench.plan.grid import make_trials
from nihbench.plan.places import merged_as_stored
from nihbench.run.admit import admitted_text
from nihbench.run.calibration import Calibration
from nihbench.run.haystacks import Laid
from nihbench.run.options import RunOptions, without_secrets
from nihbench.run.setup import Begun
from nihbench.run.texts import corpus_choice
from nihbench.tasks.registry import SINGLE_NEEDLE, is_axis, is_task_name
from nihbench.tasks.task import Task, of_needle
from nihbench.text.starts import Layout
from nihbench.types import DEPTH, Axis, Needle, PromptTemplate, Trial

_CHARACTERS: Mapping[str, int] = {
    "d7511ece91d86e8236127bb7315b25d36653a3dea6978ba0f25420ac81bc4a1c": 6_941_958,  # english-novels-en
    "826b3061365456a0d48a4470b41210a9b0bc3431c2ef014cef9fcea09bdd11bd": 664_583,  # journey-to-the-west-zh
    "1074bce916d9354f8e6e37496cd1356419e7bef8b0946eecec37c7cc9a9bb5a4": 643_926,  # paul-graham-en
    "71f2ff5d99bdc1f9c48c5c2353ad138201c5ca1c377e0226857ef8fa89b8bcee": 465_126,  # python-reference-en of 3.11.7
    "7dd5077db8e93f5f20ec768c559dbebf9cad1f9dcdec9ba676ce7cbab203e5d5": 370_282,  # tech-weekly-zh
    "7d94929868d0bb36ee10bb55fd15ba0957b135d851a988159793803c7e4eb166": 597_796,  # three-kingdoms-zh
}
"""How long the packaged texts are, by their hash: older runs do not say it themselves."""

_MOST_CHARACTERS = 200
_MOST_DIGITS = 18
BEYOND = 10**9
"""No context has so many tokens."""


@dataclass(frozen=True, kw_only=True)
class _Model:
    name: str
    sha256: str | None = None
    window: int | None = None
    cache: str | None = None


@dataclass(frozen=True, kw_only=True)
class _Corpus:
    name: str
    sha256: str
    copies: int
    language: str = "en"
    title: str = ""


@dataclass(frozen=True, kw_only=True)
class _Overlap:
    length: int
    pairs: tuple[tuple[int, int, float], ...]


@dataclass(frozen=True, kw_only=True)
class _Haystacks:
    characters: int
    starts: tuple[int, ...] = ()
    layout: Layout | None = None
    overlaps: tuple[_Overlap, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _LengthUnit:
    tokenizer: str
    counted_by_model: bool
    overheads: dict[str, int] = field(default_factory=dict)
    of: str | None = None


@dataclass(frozen=True, kw_only=True)
class _Control:
    control: str
    prompt: str
    length: int
    depth_percent: float
    repeat: int
    also_depths: tuple[float, ...] = ()
    point: float | None = None


@dataclass(frozen=True, kw_only=True)
class _Axis:
    name: str
    title: dict[str, Any] | str
    unit: str = ""
    values: tuple[float, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Task:
    name: str
    version: str
    language: str
    axis: _Axis
    package: str = ""
    options: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class _Shard:
    part: str
    trials: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class _Like:
    run: str
    left_out: tuple[tuple[str, int, float, int], ...]


@dataclass(frozen=True, kw_only=True)
class _Import:
    scorer: str
    more: tuple[tuple[int, float, int], ...]


@dataclass(frozen=True, kw_only=True)
class _Content:
    """The part of run.json that is read again."""

    options: RunOptions
    withheld: tuple[str, ...] = ()
    model: _Model
    nihbench: str
    created_at: str
    experiment: str
    title: str = ""
    needle: Needle
    task: _Task | None = None
    prompts: dict[str, PromptTemplate]
    corpus: _Corpus
    length_unit: _LengthUnit
    calibration: Calibration | None = None
    haystacks: _Haystacks | None = None
    lengths: tuple[int, ...]
    depths: tuple[float, ...]
    repeats: int
    identity: dict[str, Any]
    same_prompt: tuple[Any, ...] | None = None
    controls: tuple[_Control, ...] = ()
    notes: tuple[dict[str, Any] | str, ...] = ()
    shard: _Shard | None = None
    like: _Like | None = None
    import_: _Import | None = None


def check_content(content: Mapping[str, Any]) -> None:
    """Make sure that all that is read out of run.json later is there.

    Raises:
        ValueError: something is missing or wrong; the message names it.
    """
    try:
        found: _Content = _adapter(_Content).validate_python(dict(content) | {"import_": content.get("import")})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ValueError(t("run.where_msg", where=where, msg=first["msg"])) from error
    wrong = next((name for name, is_right in _sizes(found) if not is_right), None)
    if wrong is not None:
        raise ValueError(t("run.value_no_run", name=wrong))


def _sizes(found: _Content) -> Iterator[tuple[str, bool]]:
    """Give what has a size or a place, by its name in run.json, and whether it can be one: some become memory."""
    yield "needle.statements", bool(found.needle.statements)
    yield "needle.fresh", all(0 <= digits <= _MOST_DIGITS for digits in found.needle.fresh.values())
    yield "prompts", bool(found.prompts)
    yield "model.window", found.model.window is None or 0 < found.model.window < BEYOND
    yield "corpus.copies", 0 < found.corpus.copies < BEYOND
    yield "length_unit.overheads", all(abs(count) < BEYOND for count in found.length_unit.overheads.values())
    yield "lengths", bool(found.lengths)
    yield "depths", bool(found.depths) or (found.task is not None and bool(found.task.axis.values))
    yield "task", found.task is None or _is_task(found.task)
    yield "repeats", 0 < found.repeats < BEYOND
    yield "notes", all(map(_is_note, found.notes))
    yield "identity.max_output", _is_count(found.identity.get("max_output", 0))
    for control in found.controls:
        yield "controls", 0 <= control.repeat < BEYOND
    if found.haystacks is not None:
        size = found.haystacks.characters
        yield "haystacks.characters", 0 <= size < BEYOND
        yield "haystacks.starts", all(0 <= start < max(size, 1) for start in found.haystacks.starts)
        layout = found.haystacks.layout
        yield "haystacks.layout", layout is None or min(layout.strata, layout.longest_tokens) > 0
    if found.calibration is not None:
        yield "calibration", _is_fit(found.calibration, found.prompts)


def _is_task(task: _Task) -> bool:
    """Say whether a task can be one: what it is called stands in messages, and leads nowhere."""
    sound = is_task_name(task.name) and task.name != SINGLE_NEEDLE and is_task_name(task.axis.name)
    short = all(len(text) <= _MOST_CHARACTERS for text in (task.version, task.package, task.axis.unit))
    return sound and short and _is_note(task.axis.title) and is_axis(_axis(task.axis))


def _axis(stored: _Axis) -> Axis:
    return Axis(name=stored.name, title=note_in(stored.title, "notes"), unit=stored.unit, values=stored.values)


def _is_note(value: Any) -> bool:
    try:
        note_in(value, "notes")
    except ValueError:
        return False
    return True


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and 0 <= value < BEYOND


def _is_fit(fit: Calibration, prompts: Iterable[str]) -> bool:
    """Say whether a fit can be gone by: points that rise, and a count of every prompt without its text."""
    curves = [*fit.curves, *(later.points for each in fit.further.values() for later in each)]
    rising = all(
        len(points) > 1 and min(points[0]) >= 0 and all(a < c and b < d for (a, b), (c, d) in pairwise(points))
        for points in curves
    )
    counts = (*fit.bases.values(), *fit.overheads.values())
    return bool(fit.curves) and rising and all(abs(n) < BEYOND for n in counts) and set(prompts) <= set(fit.bases)


def is_imported(content: Mapping[str, Any]) -> bool:
    """Say whether a run was made of another tool's results (`nih import`)."""
    return "import" in content


def corpus_of(content: Mapping[str, Any], run: Path, catalog: Catalog) -> str:
    """Return what names the run's corpus: its name in the catalog, or the path of a file that the user named.

    Raises:
        UsageError: only the run's folder names that file.
    """
    option = content["options"].get("corpus") or str(content["corpus"]["name"])
    chosen = corpus_choice(admitted_text(option, run, catalog, hashed=True), content["needle"]["language"])
    return chosen or str(admitted_text(str(content["corpus"]["name"]), run, catalog, hashed=True))


def corpus_characters(content: Mapping[str, Any]) -> int | None:
    """Return how many characters the run's corpus has; None where an older run does not say, and it is a user's own."""
    told = content.get("haystacks")
    return int(told["characters"]) if told else _CHARACTERS.get(content["corpus"]["sha256"])


def told_overlaps(content: Mapping[str, Any]) -> dict[int, dict[tuple[int, int], float]]:
    """Return, by length, the share of text that every two repeats have in common; older runs tell none."""
    told = (content.get("haystacks") or {}).get("overlaps", ())
    return {
        int(each["length"]): {(int(one), int(other)): float(share) for one, other, share in each["pairs"]}
        for each in told
    }


def begun(content: Mapping[str, Any]) -> Begun:
    """Read back what the run found out when it began.

    Raises:
        DamagedDataError: it is not what `manifest` writes.
    """
    calibration, places = _calibration(content), content.get("same_prompt")
    haystacks = _validated(_Haystacks, content, "haystacks") if content.get("haystacks") else None
    return Begun(
        corpus_sha256=content["corpus"]["sha256"],
        window=content["model"].get("window"),
        cache=content["model"].get("cache"),
        calibration=calibration,
        same_prompt=tuple(places) if isinstance(places, list) else None,
        laid=Laid(layout=haystacks.layout, starts=haystacks.starts) if haystacks else Laid(layout=None),
    )


def _calibration(content: Mapping[str, Any]) -> Calibration | None:
    """Read the fit of lengths back, where there is one that can be: both counts begin at nothing, and rise."""
    if content.get("calibration") is None:
        return None
    found: Calibration = _validated(Calibration, content, "calibration")
    later = [fit.points for fits in found.further.values() for fit in fits]
    if not found.curves or not all(_rises(points) for points in (*found.curves, *later)):
        raise _damaged("calibration")
    return found


def _rises(points: Sequence[tuple[int, int]]) -> bool:
    steps = [(more[0] - less[0], more[1] - less[1]) for less, more in pairwise(points)]
    return points[:1] == ((0, 0),) and all(step > 0 for pair in steps for step in pair)


def stored_needle(content: Mapping[str, Any]) -> Needle:
    """Read the needle back from run.json's content.

    Raises:
        DamagedDataError: it is not what `manifest` writes.
    """
    needle: Needle = _validated(Needle, content, "needle")
    return needle


def stored_task(content: Mapping[str, Any]) -> Task:
    """Read the task back from run.json's content; older runs, and most of today, hide one needle.

    Raises:
        DamagedDataError: it is not what `manifest` writes.
    """
    needle = stored_needle(content)
    if content.get("task") is None:
        return of_needle(needle)
    found: _Task = _validated(_Task, content, "task")
    if not _is_task(found):
        raise _damaged("task")
    return Task(
        name=found.name,
        version=found.version,
        language=found.language,
        needle=needle,
        axis=_axis(found.axis),
        options=found.options,
        package=found.package,
    )


def stored_axis(content: Mapping[str, Any]) -> Axis:
    """Return what the rows of a run's grid are; its task need not be installed."""
    return DEPTH if content.get("task") is None else stored_task(content).axis


def stored_rows(content: Mapping[str, Any]) -> tuple[float, ...]:
    """Return the rows of a run's grid: nominal depths, or the values of its task's own axis."""
    axis = stored_axis(content)
    return axis.values if axis.name != DEPTH.name else tuple(float(depth) for depth in content["depths"])


def stored_prompts(content: Mapping[str, Any]) -> dict[str, PromptTemplate]:
    """Read the prompt templates back from run.json's content.

    Raises:
        DamagedDataError: they are not what `manifest` writes.
    """
    prompts: dict[str, PromptTemplate] = _validated(dict[str, PromptTemplate], content, "prompts")
    return prompts


def stored_options(
    content: Mapping[str, Any], headers: Mapping[str, str], given: Mapping[str, Any] = MappingProxyType({})
) -> RunOptions:
    """Read the options back, but for what a folder may not decide; secrets are not stored and come in again.

    They have no address and no variable (`nihbench.run.admit` says which of the folder's may be used), and what the
    folder says of certificates counts for nothing.

    Args:
        content: run.json's content.
        headers: the headers that the run sent, with their values.
        given: the `base_url` and `extra_body` that were given now, where they were.

    Raises:
        DamagedDataError: they are not what `manifest` writes.
        UsageError: a secret is missing, or the run was made with headers of other values.
    """
    options: RunOptions = _validated(RunOptions, content, "options")
    # What it was called before it was called what it is.
    vary = tuple("sampling" if name == "temperature" else name for name in options.vary)
    options = replace(options, vary=vary, base_url=None, more_urls=(), api_key_env=None, insecure=False, ca_file=None)
    if set(options.headers) - set(headers):
        raise UsageError(t("run.run_sent_headers_their", headers=", ".join(sorted(options.headers))))
    for name in content.get("withheld", ()):
        if name not in given:
            option = "--" + name.replace("_", "-")
            raise UsageError(t("run.run_held_secret_not", option=option))
    again = replace(options, headers=dict(headers))
    if without_secrets(given.get("extra_body", {})) == options.extra_body:
        again = replace(again, extra_body=given.get("extra_body", {}))
    if again.stored()["headers"] != dict(options.headers):
        raise UsageError(t("run.values_header_differ_from"))
    return again


def _validated(kind: Any, content: Mapping[str, Any], key: str) -> Any:
    try:
        return _adapter(kind).validate_python(content[key])
    except (KeyError, ValidationError) as error:
        raise _damaged(key) from error


def _damaged(key: str) -> DamagedDataError:
    return DamagedDataError(t("run.run_json_damaged_missing", key=key))


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    """Return what validates a kind of value: to make one takes longer than to read a hundred records with it."""
    return TypeAdapter(kind)


def planned_trials(content: Mapping[str, Any]) -> tuple[Trial, ...]:
    """Make the plan's trials again from run.json's content.

    Raises:
        DamagedDataError: the grid in it is not what `manifest` writes.
    """
    try:
        _check_grid(content)
        experiment, needle = str(content["experiment"]), str(content["needle"]["name"])
        grid = make_trials(
            experiment=experiment,
            needle=needle,
            prompts=list(content["prompts"]),
            lengths=[int(length) for length in content["lengths"]],
            depths=stored_rows(content),
            axis=stored_axis(content).name,
            # Another tool's plan is not known: each cell of its grid once, and what there is beyond that.
            repeats=1 if "import" in content else int(content["repeats"]),
        )
        grid = merged_as_stored(grid, content.get("same_prompt", ()))
        more = tuple(
            replace(grid[0], length=int(length), depth_percent=float(depth), repeat=int(repeat))
            for length, depth, repeat in (content["import"]["more"] if "import" in content else ())
        )
        controls = tuple(
            Trial(
                experiment=experiment,
                needle=needle,
                prompt=str(each["prompt"]),
                length=int(each["length"]),
                depth_percent=float(each["depth_percent"]),
                repeat=int(each["repeat"]),
                control=str(each["control"]),
                also_depths=tuple(float(depth) for depth in each.get("also_depths", ())),
                point=None if each.get("point") is None else float(each["point"]),
            )
            for each in content.get("controls", ())
        )
        missing = {tuple(row) for row in (content.get("like") or {}).get("left_out", ())}
        grid = tuple(t for t in grid if (t.prompt, t.length, t.row, t.repeat) not in missing)
        every, shard = (*controls, *grid, *more), content.get("shard")
        return every if shard is None else tuple(every[number] for number in shard["trials"])
    except (KeyError, IndexError, TypeError, ValueError, UsageError) as error:
        raise DamagedDataError(t("run.run_json_damaged_grid")) from error


def _check_grid(content: Mapping[str, Any]) -> None:
    """Raise `ValueError` where run.json's grid has lengths or depths that no plan has."""
    rows = [*content.get("controls", ()), *({"length": n, "depth_percent": 0} for n in content["lengths"])]
    rows += [{"length": 1, "depth_percent": depth} for depth in content["depths"]]
    for row in rows:
        if not (0 <= int(row["length"]) < BEYOND and 0 <= float(row["depth_percent"]) <= 100):
            raise ValueError("a length or a depth beyond any")


def may_be_drawn(content: Mapping[str, Any]) -> Callable[[Trial], bool]:
    """Return what says whether a trial may be a further draw of this run: each only once, and only an adaptive run's.

    Which of them are made is decided while the run goes on.
    """
    if not content["options"].get("adaptive"):
        return lambda trial: False
    first = frozenset(
        replace(trial.in_row(row), repeat=0)
        for trial in planned_trials(content)
        if trial.control is None
        for row in trial.rows
    )
    from_repeat, seen = int(content["repeats"]), set[Trial]()

    def beyond(trial: Trial) -> bool:
        cells = {trial.in_row(row) for row in trial.rows}
        known = all(replace(cell, extra=False, repeat=0) in first for cell in cells)
        fits = trial.extra and trial.repeat >= from_repeat and known and seen.isdisjoint(cells)
        seen.update(cells)
        return fits

    return beyond
