"""What run.json says: everything resolved, so that a run can be read, scored and rebuilt without the catalog.

It is read back in `run.stored`; what differs between two of them is told here.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nihbench import __version__
from nihbench.errors import UsageError
from nihbench.lang.messages import stored, t
from nihbench.plan.grid import make_trials, merged_as_stored, stored_places
from nihbench.run.haystacks import stored_haystacks
from nihbench.run.options import bare_url
from nihbench.run.stored import Manifest
from nihbench.text.prompt import PLACEMENT_VERSION
from nihbench.types import DEPTH, Trial

if TYPE_CHECKING:
    from nihbench.run.calibration import Calibration
    from nihbench.run.setup import Setup

_CONTROL_FIELDS = ("control", "prompt", "length", "depth_percent", "repeat")
_LIBRARIES = ("httpx", "numpy", "tiktoken", "tokenizers", "xllamacpp")


def manifest(setup: Setup, created_at: str) -> dict[str, Any]:
    """Return run.json's content. No key and no header's value is in it."""
    preset = setup.preset
    return {
        "created_at": created_at,
        "nihbench": __version__,
        "python": platform.python_version(),
        "libraries": _versions(),
        "options": setup.options.stored(),
        "withheld": setup.options.withheld(),
        "model": {
            "name": preset.name,
            "model": setup.request.model,
            "sha256": setup.model_sha256,
            # An embedded server's port is another one each time and says nothing.
            "base_url": None if preset.local else bare_url(preset.base_url),
            "window": setup.window,
            "cache": setup.cache.name,
        },
        "experiment": setup.experiment.name,
        "title": setup.experiment.title,
        "needle": asdict(setup.needle),
        "prompts": {name: asdict(template) for name, template in setup.prompts.items()},
        **({} if setup.task.is_single else {"task": setup.task.stored()}),
        "questions": {name: setup.task.specimens(name)[0].question for name in setup.prompts},
        "corpus": {
            "name": setup.corpus.name,
            "language": setup.corpus.language,
            "title": setup.corpus.title,
            "sha256": setup.corpus.sha256,
            "copies": setup.copies,
        },
        "haystacks": setup.like.content.raw.get("haystacks") if setup.like else stored_haystacks(setup),
        "length_unit": setup.like.stored_unit
        if setup.like
        else {
            "tokenizer": setup.tokenizer.name,
            "exact": setup.tokenizer.exact,
            "counted_by_model": setup.counted_by_model,
            "overheads": dict(setup.overheads),
        },
        "calibration": stored_calibration(setup.calibration) if setup.calibration else None,
        "lengths": list(setup.lengths),
        "depths": list(setup.depths) if setup.task.axis.name == DEPTH.name else [],
        "repeats": setup.options.repeats,
        "trials": len(setup.trials),
        "same_prompt": stored_places(_grid_of(setup)),
        "controls": [_control(trial) for trial in setup.whole if trial.control],
        "shard": _shard(setup),
        "like": _like(setup),
        "identity": setup.identity(),
        "notes": [stored(note) for note in setup.notes],
    }


def _shard(setup: Setup) -> dict[str, Any] | None:
    """Return which trials a part of a plan has, as numbers among those of the whole plan (`Manifest.planned`)."""
    if not setup.plan:
        return None
    controls = [trial for trial in setup.plan if trial.control]
    numbers = {trial: number for number, trial in enumerate((*controls, *_grid_of(setup)))}
    return {"part": setup.options.shard, "trials": sorted(numbers[trial] for trial in setup.trials)}


def _like(setup: Setup) -> dict[str, Any] | None:
    """Return whose prompts are sent again, and what of the grid has none: it was not sent then, either."""
    if setup.like is None:
        return None
    every = make_trials(
        experiment=setup.experiment.name,
        needle=setup.needle.name,
        prompts=list(setup.prompts),
        lengths=setup.lengths,
        depths=setup.depths,
        repeats=setup.options.repeats,
        axis=setup.task.axis.name,
    )
    missing = set(merged_as_stored(every, stored_places(setup.grid))) - set(setup.grid)
    rows = sorted([t.prompt, t.length, t.row, t.repeat] for t in missing)
    return {"run": setup.like.run, "left_out": rows}


def _grid_of(setup: Setup) -> tuple[Trial, ...]:
    """Return the planned grid in the order in which `make_trials` gives it."""
    prompts = list(setup.prompts)
    grid = [trial for trial in setup.whole if trial.control is None and not trial.extra]
    return tuple(sorted(grid, key=lambda t: (t.repeat, t.length, t.row, prompts.index(t.prompt))))


def _control(trial: Trial) -> dict[str, Any]:
    also: dict[str, Any] = {"also_depths": list(trial.also_depths)} if trial.also_depths else {}
    also |= {"point": trial.point} if trial.point is not None else {}
    return {name: getattr(trial, name) for name in _CONTROL_FIELDS} | also


def stored_calibration(found: Calibration) -> dict[str, Any]:
    """Return a calibration as run.json has it."""
    return asdict(found) | {"ratio": round(found.ratio, 5)}


def _versions() -> dict[str, str]:
    found = {}
    for name in _LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def check_rules(path: Path, content: Manifest) -> None:
    """Make sure that a run's needles were placed by the rules of this version, before anything is sent for it.

    Raises:
        UsageError: an older version began the run, or its task is not here in the same version; the same trials would
            be other prompts now.
    """
    _ = content.task.family
    if content.like is not None:
        return  # its prompts are made from placements
    if content.identity.get("placement", PLACEMENT_VERSION) != PLACEMENT_VERSION:
        raise UsageError(t("run.cant_resume_older_version", path=path))


def check_same(content: Manifest, setup: Setup, *, placed: bool = False) -> None:
    """Make sure that a run on disk and the setup made again from its options are the same experiment.

    Args:
        content: what is in its run.json.
        setup: the setup.
        placed: whether prompts are made again from stored placements, so that the rules may have changed since.

    Raises:
        UsageError: something that could change an answer differs; the message names it.
    """
    # The needle's facts may change: they decide scores, which can be made again, not answers.
    keys = (
        "identity", "prompts", "questions", "task", "lengths", "depths", "length_unit", "same_prompt", "controls",
        "shard", "like",
    )  # fmt: skip
    # Which depths are one prompt follows from those rules.
    by_rules = ("identity.placement", "same_prompt", "controls") if placed else ()
    changed = [name for name in differing(content.raw, _plain(manifest(setup, "")), keys) if name not in by_rules]
    if changed:
        raise UsageError(t("run.cant_resume_changed_since", changed=tuple(changed)))


def differing(before: Mapping[str, Any], after: Mapping[str, Any], keys: Iterable[str]) -> list[str]:
    """Name what differs between the contents of two run.json, of the keys given: `identity.temperature`, `lengths`."""
    changed = []
    for key in keys:
        one, other = (content.get(key, [] if key == "controls" else None) for content in (before, after))
        if isinstance(one, dict) and isinstance(other, dict):
            names = sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))
            changed += [f"{key}.{name}" for name in names]
        elif one != other:
            changed.append(key)
    return changed


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value, ensure_ascii=False))
