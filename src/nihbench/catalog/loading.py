"""Finds the catalog's files and lays the user's over the packaged ones.

A later entry replaces an earlier one of its name (model presets are joined key by key, see `presets`). The packaged
files lie in the wheel's `nihbench/data`, in a checkout at the repository's top level.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from pydantic import BaseModel

from nihbench.catalog.document import Sourced, read_document
from nihbench.catalog.lookup import Catalog
from nihbench.catalog.manifests import make_manifest
from nihbench.catalog.mistakes import validate
from nihbench.catalog.needles import make_needle, make_prompt
from nihbench.catalog.presets import make_presets
from nihbench.catalog.references import (
    check_corpora,
    check_experiments,
    check_questions,
    check_suites,
    default_experiment,
    implied_experiments,
    make_experiment,
    make_suite,
)
from nihbench.catalog.schema import CorpusFile, ModelsFile, NeedlesFile
from nihbench.errors import CatalogError, UsageError
from nihbench.lang import t

E = TypeVar("E")
M = TypeVar("M", bound=BaseModel)
V = TypeVar("V")


def load_folders(folders: Sequence[Path]) -> Catalog:
    """Read the catalog files of all folders, later ones over earlier ones.

    Raises `CatalogError` for the first mistake in any of them, also where something else than a file has its name.
    """
    needle_files = _read(folders, "needles.yaml", NeedlesFile)
    model_files = _read(folders, "models.yaml", ModelsFile)
    corpora = {file.value.name: make_manifest(file) for file in _read(folders, "corpora/*.yaml", CorpusFile)}

    needle_entries = _entries(needle_files, "needles", lambda file: file.needles)
    prompt_entries = _entries(needle_files, "prompts", lambda file: file.prompts)
    experiment_entries = _entries(needle_files, "experiments", lambda file: file.experiments)
    suite_entries = _entries(needle_files, "suites", lambda file: file.suites)
    needles = _make(needle_entries, make_needle)
    prompts = _make(prompt_entries, make_prompt)

    check_questions(needle_entries, prompts)
    check_experiments(experiment_entries, needles, prompts, corpora)
    check_corpora(needle_files, corpora)
    experiments = {**_make(experiment_entries, make_experiment)}
    experiments |= implied_experiments(needle_files, needles, experiments)
    check_suites(suite_entries, experiments, prompts)
    return Catalog(
        needles=MappingProxyType(needles),
        prompts=MappingProxyType(prompts),
        experiments=MappingProxyType(experiments),
        suites=MappingProxyType(_make(suite_entries, make_suite)),
        models=MappingProxyType(make_presets(model_files)),
        corpora=MappingProxyType(corpora),
        default_experiment=default_experiment(needle_files, experiments),
    )


def packaged_folder(package: Path = Path(__file__).resolve().parent.parent) -> Path:
    """Return the folder of the packaged needles.yaml: the wheel's `data`, else the checkout's top level.

    `package` is the folder of the installed `nihbench`. Raises `UsageError` if neither is there.
    """
    for folder in (package / "data", package.parent.parent):
        if (folder / "needles.yaml").is_file() and (folder / "models.yaml").is_file():
            return folder
    raise UsageError(
        t("the packaged needles.yaml is missing beside {package}; install nihbench again", package=package)
    )


def _read(folders: Sequence[Path], pattern: str, schema: type[M]) -> list[Sourced[M]]:
    """Read the matching files in the order of their folders, each once however it is reached (a checkout as cwd)."""
    paths: list[Path] = []
    for folder in folders:
        # By its own name, for glob passes over a link that leads nowhere.
        found = sorted(folder.glob(pattern)) if "*" in pattern else [folder / pattern]
        for path in filter(os.path.lexists, found):
            if not path.is_file():
                raise CatalogError(
                    t("{path}:1: this is a folder or a link to nothing; put a file there, or remove it", path=path)
                )
            if not any(path.samefile(earlier) for earlier in paths):
                paths.append(path)
    documents = [read_document(path) for path in paths]
    return [Sourced(value=validate(document, schema), document=document, where=()) for document in documents]


def _entries(
    files: Iterable[Sourced[NeedlesFile]], section: str, entries: Callable[[NeedlesFile], Mapping[str, E] | None]
) -> dict[str, Sourced[E]]:
    """Return one section's entries of all files by name; a later file's entry replaces an earlier one."""
    return {
        name: Sourced(value=entry, document=file.document, where=(section, name))
        for file in files
        for name, entry in (entries(file.value) or {}).items()
    }


def _make(sources: Mapping[str, Sourced[E]], make: Callable[[Sourced[E]], V]) -> dict[str, V]:
    return {name: make(source) for name, source in sources.items()}
