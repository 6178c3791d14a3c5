"""What stands in run.json, read back: is all of it there, which trials were planned, with which options and texts.

It is written in `run.manifest`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from nihbench.errors import DamagedDataError, UsageError
from nihbench.lang import t
from nihbench.plan import make_trials
from nihbench.run.calibration import Calibration
from nihbench.run.options import RunOptions, without_secrets
from nihbench.types import Needle, PromptTemplate, Trial

if TYPE_CHECKING:
    from nihbench.run.setup import Begun


@dataclass(frozen=True, kw_only=True)
class _Model:
    name: str
    window: int | None = None
    cache: str | None = None


@dataclass(frozen=True, kw_only=True)
class _Corpus:
    name: str
    sha256: str
    copies: int


@dataclass(frozen=True, kw_only=True)
class _LengthUnit:
    tokenizer: str
    counted_by_model: bool


@dataclass(frozen=True, kw_only=True)
class _Shard:
    part: str
    trials: tuple[int, ...]


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
    experiment: str
    needle: Needle
    prompts: dict[str, PromptTemplate]
    corpus: _Corpus
    length_unit: _LengthUnit
    calibration: Calibration | None = None
    lengths: tuple[int, ...]
    depths: tuple[float, ...]
    repeats: int
    identity: dict[str, Any]
    shard: _Shard | None = None
    import_: _Import | None = None


def check_content(content: Mapping[str, Any]) -> None:
    """Make sure that all that is read out of run.json later is there.

    Raises:
        ValueError: something is missing or wrong; the message names it.
    """
    from pydantic import TypeAdapter, ValidationError

    try:
        TypeAdapter(_Content).validate_python(dict(content) | {"import_": content.get("import")})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ValueError(t("{where}: {msg}", where=where, msg=first["msg"])) from error


def is_imported(content: Mapping[str, Any]) -> bool:
    """Say whether a run was made of another tool's results (`nih import`)."""
    return "import" in content


def corpus_of(content: Mapping[str, Any]) -> str:
    """Return what names the run's corpus: its name in the catalog, or the path that the user gave."""
    from nihbench.run.texts import corpus_choice

    chosen = corpus_choice(content["options"].get("corpus"), content["needle"]["language"])
    return chosen or str(content["corpus"]["name"])


def begun(content: Mapping[str, Any]) -> Begun:
    """Read back what the run found out when it began.

    Raises:
        DamagedDataError: it is not what `manifest` writes.
    """
    from nihbench.run.setup import Begun

    calibration = content.get("calibration")
    return Begun(
        corpus_sha256=content["corpus"]["sha256"],
        window=content["model"].get("window"),
        cache=content["model"].get("cache"),
        calibration=None if calibration is None else _validated(Calibration, content, "calibration"),
    )


def stored_needle(content: Mapping[str, Any]) -> Needle:
    """Read the needle back from run.json's content.

    Raises:
        DamagedDataError: it is not what `manifest` writes.
    """
    needle: Needle = _validated(Needle, content, "needle")
    return needle


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
    """Read the options back; secrets are not stored and come in again.

    Args:
        content: run.json's content.
        headers: the headers that the run sent, with their values.
        given: the `base_url` and `extra_body` that were given now, where they were.

    Raises:
        DamagedDataError: they are not what `manifest` writes.
        UsageError: a secret is missing, or the run was made with headers of other values.
    """
    options: RunOptions = _validated(RunOptions, content, "options")
    if set(options.headers) - set(headers):
        raise UsageError(
            t(
                "this run sent the headers {headers}: their values are not stored, so give them again by --header",
                headers=", ".join(sorted(options.headers)),
            )
        )
    for name in content.get("withheld", ()):
        if name not in given:
            option = "--" + name.replace("_", "-")
            raise UsageError(
                t("this run's {option} held a secret, which is not stored: give the same {option} again", option=option)
            )
    again = replace(options, headers=dict(headers))
    if without_secrets(given.get("extra_body", {})) == options.extra_body:
        again = replace(again, extra_body=given.get("extra_body", {}))
    if again.stored()["headers"] != dict(options.headers):
        raise UsageError(t("the values of --header differ from those this run began with: give the same ones"))
    return again


def _validated(kind: Any, content: Mapping[str, Any], key: str) -> Any:
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(kind).validate_python(content[key])
    except (KeyError, ValidationError) as error:
        raise DamagedDataError(
            t("run.json is damaged: {key!r} is missing or wrong; restore it from a copy", key=key)
        ) from error


def planned_trials(content: Mapping[str, Any]) -> tuple[Trial, ...]:
    """Make the plan's trials again from run.json's content.

    Raises:
        DamagedDataError: the grid in it is not what `manifest` writes.
    """
    try:
        experiment, needle = str(content["experiment"]), str(content["needle"]["name"])
        grid = make_trials(
            experiment=experiment,
            needle=needle,
            prompts=list(content["prompts"]),
            lengths=[int(length) for length in content["lengths"]],
            depths=[float(depth) for depth in content["depths"]],
            # Another tool's plan is not known: each cell of its grid once, and what there is beyond that.
            repeats=1 if "import" in content else int(content["repeats"]),
        )
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
            )
            for each in content.get("controls", ())
        )
        every, shard = (*controls, *grid, *more), content.get("shard")
        return every if shard is None else tuple(every[number] for number in shard["trials"])
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise DamagedDataError(
            t("run.json is damaged: its grid is missing or wrong; restore it from a copy")
        ) from error


def may_be_drawn(content: Mapping[str, Any]) -> Callable[[Trial], bool]:
    """Return what says whether a trial may be a further draw of this run: each only once, and only an adaptive run's.

    Which of them are made is decided while the run goes on.
    """
    if not content["options"].get("adaptive"):
        return lambda trial: False
    first = frozenset(replace(trial, repeat=0) for trial in planned_trials(content) if trial.control is None)
    from_repeat, seen = int(content["repeats"]), set[Trial]()

    def beyond(trial: Trial) -> bool:
        known = replace(trial, extra=False, repeat=0) in first
        fits = trial.extra and trial.repeat >= from_repeat and known and trial not in seen
        seen.add(trial)
        return fits

    return beyond
