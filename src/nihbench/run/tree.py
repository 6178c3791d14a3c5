"""A folder of runs: several models, or the experiments of a suite, in a parent folder whose children are ordinary runs.

tree.json holds the order of the children and the options of each, so that one which was not begun yet can be. What a
child measured stands in its own folder only.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from nihbench.errors import DamagedDataError, UsageError, reading, unwritable
from nihbench.fetch.files import check_folder, is_there, read_json, write_atomic
from nihbench.lang.messages import t, typed
from nihbench.run.known import remember_run
from nihbench.run.options import RunOptions
from nihbench.run.store import FORMAT, MANIFEST, RunFolder, check_free, no_run, open_run, taken, unusable

TREE = "tree.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Child:
    """One run of a tree: its folder's name within the parent, and its options as run.json has them.

    `corpus_sha256` is the hash of the text that it is to be made of, so that no other is sent where it was not begun.
    """

    folder: str
    options: Mapping[str, Any]
    withheld: tuple[str, ...] = ()
    corpus_sha256: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Tree:
    """A parent folder. `suite` is the suite's name, or None."""

    path: Path
    suite: str | None
    models: tuple[str, ...]
    children: tuple[Child, ...]

    def begun(self, child: Child) -> RunFolder | None:
        """Return a child's run, or None where it was not begun."""
        place = self.path / child.folder
        return open_run(place) if is_there(place / MANIFEST) else None


def grouped(items: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """Return the prompts of each experiment of a suite, in order: what is one run, over the same haystacks."""
    groups: dict[str, tuple[str, ...]] = {}
    for experiment, prompt in items:
        groups[experiment] = tuple(dict.fromkeys((*groups.get(experiment, ()), prompt)))
    return groups


def children_of(
    options: RunOptions,
    models: Sequence[str],
    items: Iterable[tuple[str, str]] | None,
    conditions: Sequence[Mapping[str, str]] = ({},),
) -> list[RunOptions]:
    """Return the options of every run of a tree: model by model, experiment by experiment, condition by condition.

    Args:
        options: what they have in common.
        models: the models' names.
        items: the suite's (experiment, prompt) pairs; None: the one experiment that the options name.
        conditions: what each condition says of the task's options.
    """
    if items is None:
        experiments = [options]
    else:
        experiments = [replace(options, experiment=name, prompts=prompts) for name, prompts in grouped(items).items()]
    return [
        replace(each, model=model, task_options={**each.task_options, **condition})
        for model in models
        for each in experiments
        for condition in conditions
    ]


def _conditions(children: Sequence[RunOptions]) -> list[tuple[str, ...]]:
    """Return what tells apart the task's options of several runs, as words of a folder's name."""
    names = dict.fromkeys(name for each in children for name in each.task_options)
    varied = [name for name in names if len({each.task_options.get(name) for each in children}) > 1]
    return [tuple(f"{name}-{each.task_options.get(name, '')}" for name in varied) for each in children]


def create_tree(
    path: Path,
    suite: str | None,
    children: Sequence[tuple[RunOptions, str]],
    created_at: str,
    texts: Sequence[str | None] = (),
) -> Tree:
    """Make a tree's folder with its tree.json.

    Args:
        path: the parent folder.
        suite: the suite's name, or None.
        children: the options and the experiment's name of every run, in order.
        created_at: the time.
        texts: the hash of each one's text.

    Raises:
        UsageError: something is there already, or the folder can't be written.
    """
    models = list(dict.fromkeys(options.model for options, _ in children))
    conditions = _conditions([options for options, _ in children])
    names = _names(
        [
            (*((options.model,) if len(models) > 1 else ()), experiment, *condition)
            for (options, experiment), condition in zip(children, conditions, strict=True)
        ]
    )
    rows = [
        Child(folder=name, options=options.stored(), withheld=tuple(options.withheld()), corpus_sha256=text)
        for name, (options, _), text in zip(names, children, texts or [None] * len(children), strict=True)
    ]
    content = {
        "format": FORMAT,
        "created_at": created_at,
        "suite": suite,
        "models": models,
        "children": [asdict(row) for row in rows],
    }
    try:
        path.mkdir(parents=True, exist_ok=True)
        for name in (TREE, MANIFEST):
            if is_there(path / name):
                raise taken(path)
        for row in rows:
            check_folder(path / row.folder)
        write_atomic(path / TREE, (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode("utf-8"))
        remember_run(path)
    except OSError as error:
        raise unwritable(path, error, UsageError, t("errors.choose_another_place")) from error
    return open_tree(path)


def is_tree(path: Path) -> bool:
    """Say whether a folder is a parent of runs."""
    return is_there(path / TREE)


def open_tree(path: Path) -> Tree:
    """Open a parent folder.

    Raises:
        UsageError: there is no tree.json in it.
        DamagedDataError: it can't be read.
    """
    file = path / TREE
    with reading(file, UsageError(t("run.holds_no_runs_no", path=path, tree=TREE))):
        content = read_json(file)
    try:
        if content["format"] != FORMAT:
            raise ValueError(t("run.not_format", format=FORMAT))
        children = tuple(_child(row) for row in content["children"])
        for child in children:
            check_folder(path / child.folder)
        suite = content["suite"]
        return Tree(
            path=path,
            suite=None if suite is None else str(suite),
            models=tuple(str(model) for model in content["models"]),
            children=children,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedDataError(t("run.damaged_restore_from_copy", file=file, error=error)) from error


def find_runs(path: Path) -> tuple[Path, ...]:
    """Return the run folders that a path means, in order.

    A run is itself; a tree stands for its runs that were begun, in its own order; any other folder for the runs in it,
    by name.

    Raises:
        UsageError: there is no run in it.
        DamagedDataError: tree.json can't be read.
    """
    if is_there(path / MANIFEST):
        return (path,)
    if is_tree(path):
        folders = (path / child.folder for child in open_tree(path).children)
        found = tuple(folder for folder in folders if is_there(folder / MANIFEST))
        if not found:
            raise UsageError(t("run.no_run_begun_go", path=typed(path)))
        return found
    # A link to a folder ("latest") stands for one that is here already, or for one that is not of this folder.
    found = tuple(sorted(file.parent for file in path.glob(f"*/{MANIFEST}") if not file.parent.is_symlink()))
    if not found:
        raise no_run(path)
    return found


def slug(name: str) -> str:
    """Return a name as a part of a folder's name."""
    return re.sub(r"[^\w.]+", "-", name).strip("-.") or "run"


def _names(words: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Make folder names, no two alike even where case does not count."""
    seen: set[str] = set()
    for parts in words:
        plain = name = "-".join(slug(part) for part in parts)
        number = 1
        while name.lower() in seen:
            number += 1
            name = f"{plain}-{number}"
        seen.add(name.lower())
        yield name


def _child(row: Mapping[str, Any]) -> Child:
    folder = str(row["folder"])
    # tree.json may come from elsewhere: a child lies in its folder, and nowhere else.
    if folder != Path(folder).name or folder in ("", ".", ".."):
        raise ValueError(t("run.no_folder_name", folder=folder))
    options = row["options"]
    if not isinstance(options, dict):
        raise ValueError(t("run.child_options_missing"))
    withheld, text = tuple(str(name) for name in row.get("withheld", ())), row.get("corpus_sha256")
    return Child(folder=folder, options=options, withheld=withheld, corpus_sha256=None if text is None else str(text))


# ---- place -----------------------------------------------------------------------------------------------------------
# Whether a run can be kept where it is to be: looked at before anything is paid for. It makes no folder.

_ROOM_BYTES = 256 * 1024
"""The records of what is in flight at a time take less."""


def check_place(path: Path) -> None:
    """Make sure that a folder, there or not, can hold a new run.

    Raises:
        UsageError: it holds one already, can't be written, or its disk is full.
    """
    try:
        path.stat()
    except FileNotFoundError:
        pass  # it will be made
    except OSError as error:
        raise unusable(path, error) from error
    check_free(path)
    if is_tree(path):
        raise taken(path)
    try:
        _try_room(path)
    except OSError as error:
        raise unusable(path, error) from error


def check_room(path: Path) -> None:
    """Make sure that records can be written to a run's folder.

    Raises:
        UsageError: they can't, or the disk is full.
    """
    try:
        _try_room(path)
    except OSError as error:
        raise unwritable(path, error, UsageError) from error


def _try_room(path: Path) -> None:
    """Write as much as a few records to a folder, or to the one that it will be made in; nothing of it stays."""
    there = next((folder for folder in (path, *path.absolute().parents) if folder.exists()), path)
    with tempfile.TemporaryFile(dir=there) as file:
        file.write(bytes(_ROOM_BYTES))
        file.flush()
        os.fsync(file.fileno())
