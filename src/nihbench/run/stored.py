"""What stands in run.json, read back: is all of it there, which trials were planned, with which options and texts.

It is written in `run.store`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from nihbench.catalog.lookup import Catalog
from nihbench.errors import DamagedDataError, UsageError
from nihbench.lang.former import note_in
from nihbench.lang.messages import Note, t
from nihbench.plan.grid import make_trials, merged_as_stored, sampled
from nihbench.run.calibration import Calibration
from nihbench.run.haystacks import Laid
from nihbench.run.known import admitted_text
from nihbench.run.options import RunOptions, unit_code, without_secrets
from nihbench.run.records import adapter
from nihbench.run.setup import Begun
from nihbench.run.texts import corpus_choice
from nihbench.tasks.registry import SINGLE_NEEDLE, is_axis, is_task_name, readable
from nihbench.tasks.task import Task, of_needle
from nihbench.text.source import Layout
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
class StoredModel:
    """The model that was measured: the name it was asked for by, its file's hash, its window, its server's cache."""

    name: str
    model: str = ""
    sha256: str | None = None
    window: int | None = None
    cache: str | None = None


@dataclass(frozen=True, kw_only=True)
class StoredCorpus:
    """The text that haystacks were cut from."""

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
class LengthUnit:
    """In what lengths are counted; `of`: the model whose own tokens they are, where its prompts were sent again."""

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
class Beginning:
    """What a run, or one of a folder that has not begun, is gone on with.

    `options` are as they are stored: headers are digests. `withheld` names those of which a secret is missing.
    `begun` is False where nothing that comes later compares its text.
    """

    options: RunOptions
    withheld: tuple[str, ...] = ()
    corpus_sha256: str | None = None
    begun: bool = True
    is_like: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class Manifest:
    """run.json as one value, checked when a run is opened (`of`); `run.store` writes what is read here.

    `raw` is the whole content of the file, with what is never read again.
    """

    raw: Mapping[str, Any] = field(repr=False)
    options: RunOptions
    withheld: tuple[str, ...] = ()
    model: StoredModel
    nihbench: str
    created_at: str
    experiment: str
    title: str = ""
    needle: Needle
    planting: _Task | None = None
    """Its task, where that is another than hiding one needle; `task` in the file."""
    prompts: dict[str, PromptTemplate]
    corpus: StoredCorpus
    length_unit: LengthUnit
    calibration: Calibration | None = None
    haystacks: _Haystacks | None = None
    lengths: tuple[int, ...]
    depths: tuple[float, ...]
    repeats: int
    samples: tuple[int, ...] | None = None
    """How often each length is measured, where that is less than `repeats`."""
    identity: dict[str, Any]
    same_prompt: tuple[Any, ...] | None = None
    controls: tuple[_Control, ...] = ()
    notes: tuple[dict[str, Any] | str, ...] = ()
    shard: _Shard | None = None
    like: _Like | None = None
    imported: _Import | None = None
    """What it was made of, where that were another tool's results (`nih import`)."""
    synthetic: bool = False

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Manifest:
        """Return what is in run.json.

        Raises:
            ValueError: something is missing or wrong; the message names it.
        """
        try:
            plain = dict(content) | {
                "imported": content.get("import"),
                "planting": content.get("task"),
                "raw": content,
            }
            found: Manifest = adapter(Manifest).validate_python(plain)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise ValueError(t("run.where_msg", where=where, msg=first["msg"])) from error
        wrong = next((name for name, is_right in _sizes(found) if not is_right), None)
        if wrong is not None:
            raise ValueError(t("run.value_no_run", name=wrong))
        return found

    @cached_property
    def task(self) -> Task:
        """What it plants, asks and grades; the family is looked up when it is needed."""
        stored = self.planting
        if stored is None:
            return of_needle(self.needle)
        return Task(
            name=stored.name,
            version=readable(stored.version),
            language=stored.language,
            needle=self.needle,
            axis=_axis(stored.axis),
            options=stored.options,
            package=readable(stored.package),
        )

    @property
    def axis(self) -> Axis:
        """What the rows of its grid are; its task need not be installed."""
        return self.task.axis

    @property
    def rows(self) -> tuple[float, ...]:
        """The rows of its grid: nominal depths, or the points of its task's own axis."""
        return self.depths if self.axis.name == DEPTH.name else self.axis.values

    @property
    def is_import(self) -> bool:
        """Whether it was made of another tool's results."""
        return self.imported is not None

    @property
    def unit(self) -> str:
        """The code of the unit that its lengths have."""
        fitted = self.calibration is not None
        unit = self.length_unit
        return unit_code(unit.tokenizer, by_model=fitted or unit.counted_by_model, of=unit.of)

    @property
    def characters(self) -> int | None:
        """How many characters its corpus has; None where an older run does not say, and it is a user's own."""
        return self.haystacks.characters if self.haystacks else _CHARACTERS.get(self.corpus.sha256)

    @property
    def overlaps(self) -> dict[int, dict[tuple[int, int], float]]:
        """By length, the share of text that every two repeats have in common; older runs tell none."""
        told = self.haystacks.overlaps if self.haystacks else ()
        return {each.length: {(one, other): share for one, other, share in each.pairs} for each in told}

    @property
    def begun(self) -> Begun:
        """What the run found out when it began."""
        laid = self.haystacks
        return Begun(
            corpus_sha256=self.corpus.sha256,
            window=self.model.window,
            cache=self.model.cache,
            calibration=self.calibration,
            same_prompt=self.same_prompt,
            samples=self.samples,
            laid=Laid(layout=laid.layout, starts=laid.starts) if laid else Laid(layout=None),
        )

    @property
    def beginning(self) -> Beginning:
        """What it is gone on with."""
        return Beginning(
            options=self.options,
            withheld=self.withheld,
            corpus_sha256=self.corpus.sha256,
            is_like=self.like is not None,
        )

    @cached_property
    def planned(self) -> tuple[Trial, ...]:
        """The plan's trials.

        Raises:
            DamagedDataError: no plan has such a grid.
        """
        return _planned(self)


def _sizes(found: Manifest) -> Iterator[tuple[str, bool]]:
    """Give what has a size or a place, by its name in run.json, and whether it can be one: some become memory."""
    yield "needle.statements", bool(found.needle.statements)
    yield "needle.fresh", all(0 <= digits <= _MOST_DIGITS for digits in found.needle.fresh.values())
    yield "prompts", bool(found.prompts)
    yield "model.window", found.model.window is None or 0 < found.model.window < BEYOND
    yield "corpus.copies", 0 < found.corpus.copies < BEYOND
    yield "length_unit.overheads", all(abs(count) < BEYOND for count in found.length_unit.overheads.values())
    yield "lengths", bool(found.lengths)
    yield "depths", bool(found.depths) or (found.planting is not None and bool(found.planting.axis.values))
    yield "task", found.planting is None or _is_task(found.planting)
    yield "repeats", 0 < found.repeats < BEYOND
    yield "samples", found.samples is None or _are_samples(found.samples, found)
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
    title = note_in(stored.title, "notes")
    told = title.mapped(readable) if isinstance(title, Note) else readable(title)
    return Axis(name=stored.name, title=told, unit=readable(stored.unit), values=stored.values)


def _are_samples(samples: tuple[int, ...], found: Manifest) -> bool:
    return len(samples) == len(found.lengths) and all(0 < count <= found.repeats for count in samples)


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
    rising = all(len(points) > 1 and _rises(points) for points in curves)
    counts = (*fit.bases.values(), *fit.overheads.values())
    return bool(fit.curves) and rising and all(abs(n) < BEYOND for n in counts) and set(prompts) <= set(fit.bases)


def corpus_of(content: Manifest, run: Path, catalog: Catalog) -> str:
    """Return what names the run's corpus: its name in the catalog, or the path of a file that the user named.

    Raises:
        UsageError: only the run's folder names that file.
    """
    option = content.options.corpus or content.corpus.name
    chosen = corpus_choice(admitted_text(option, run, catalog, hashed=True), content.needle.language)
    return chosen or str(admitted_text(content.corpus.name, run, catalog, hashed=True))


def _rises(points: Sequence[tuple[int, int]]) -> bool:
    steps = [(more[0] - less[0], more[1] - less[1]) for less, more in pairwise(points)]
    return points[:1] == ((0, 0),) and all(step > 0 for pair in steps for step in pair)


def stored_options(
    begun: Beginning, headers: Mapping[str, str], given: Mapping[str, Any] = MappingProxyType({})
) -> RunOptions:
    """Read the options back, but for what a folder may not decide; secrets are not stored and come in again.

    They have no address and no variable (`nihbench.run.known` says which of the folder's may be used), and what the
    folder says of certificates counts for nothing.

    Args:
        begun: what the run is gone on with.
        headers: the headers that the run sent, with their values.
        given: the `base_url` and `extra_body` that were given now, where they were.

    Raises:
        UsageError: a secret is missing, or the run was made with headers of other values.
    """
    options = begun.options
    # What it was called before it was called what it is.
    vary = tuple("sampling" if name == "temperature" else name for name in options.vary)
    options = replace(options, vary=vary, base_url=None, more_urls=(), api_key_env=None, insecure=False, ca_file=None)
    if set(options.headers) - set(headers):
        raise UsageError(t("run.run_sent_headers_their", headers=tuple(sorted(options.headers))))
    for name in begun.withheld:
        if name not in given:
            option = "--" + name.replace("_", "-")
            raise UsageError(t("run.run_held_secret_not", option=option))
    again = replace(options, headers=dict(headers))
    if without_secrets(given.get("extra_body", {})) == options.extra_body:
        again = replace(again, extra_body=given.get("extra_body", {}))
    if again.stored()["headers"] != dict(options.headers):
        raise UsageError(t("run.values_header_differ_from"))
    return again


def beginning_of(options: Mapping[str, Any], withheld: Sequence[str], corpus_sha256: str | None) -> Beginning:
    """Return what a run of a folder is begun with, of what tree.json says of it.

    Raises:
        DamagedDataError: its options are none.
    """
    try:
        stored = adapter(RunOptions).validate_python(options)
    except ValidationError as error:
        raise DamagedDataError(t("run.run_json_damaged_missing", key="options")) from error
    return Beginning(options=stored, withheld=tuple(withheld), corpus_sha256=corpus_sha256, begun=False)


def _planned(content: Manifest) -> tuple[Trial, ...]:
    try:
        _check_grid(content)
        grid = make_trials(
            experiment=content.experiment,
            needle=content.needle.name,
            prompts=list(content.prompts),
            lengths=content.lengths,
            depths=content.rows,
            axis=content.axis.name,
            # Another tool's plan is not known: each cell of its grid once, and what there is beyond that.
            repeats=1 if content.is_import else content.repeats,
        )
        grid = sampled(grid, content.lengths, content.samples)
        grid = merged_as_stored(grid, content.same_prompt or ())
        more = tuple(
            replace(grid[0], length=length, depth_percent=depth, repeat=repeat)
            for length, depth, repeat in (content.imported.more if content.imported else ())
        )
        controls = tuple(
            Trial(experiment=content.experiment, needle=content.needle.name, **vars(each)) for each in content.controls
        )
        missing = set(content.like.left_out) if content.like else set()
        grid = tuple(t for t in grid if (t.prompt, t.length, t.row, t.repeat) not in missing)
        every, shard = (*controls, *grid, *more), content.shard
        return every if shard is None else tuple(every[number] for number in shard.trials)
    except (KeyError, IndexError, TypeError, ValueError, UsageError) as error:
        raise DamagedDataError(t("run.run_json_damaged_grid")) from error


def _check_grid(content: Manifest) -> None:
    """Raise `ValueError` where run.json's grid has lengths or depths that no plan has."""
    lengths = [*content.lengths, *(each.length for each in content.controls)]
    depths = [*content.depths, *(each.depth_percent for each in content.controls)]
    if not (all(0 <= length < BEYOND for length in lengths) and all(0 <= depth <= 100 for depth in depths)):
        raise ValueError("a length or a depth beyond any")


def may_be_drawn(content: Manifest) -> Callable[[Trial], bool]:
    """Return what says whether a trial may be a further draw of this run: each only once, and only an adaptive run's.

    Which of them are made is decided while the run goes on.
    """
    if not content.options.adaptive:
        return lambda trial: False
    first = frozenset(
        replace(trial.in_row(row), repeat=0) for trial in content.planned if trial.control is None for row in trial.rows
    )
    from_repeat, seen = content.repeats, set[Trial]()

    def beyond(trial: Trial) -> bool:
        cells = {trial.in_row(row) for row in trial.rows}
        known = all(replace(cell, extra=False, repeat=0) in first for cell in cells)
        fits = trial.extra and trial.repeat >= from_repeat and known and seen.isdisjoint(cells)
        seen.update(cells)
        return fits

    return beyond
