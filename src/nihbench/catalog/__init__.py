"""The catalog: needles, prompts, experiments, suites, model presets and corpus manifests, read from YAML.

It turns files into the values of `nihbench.types` and refuses a wrong file with file, line and mend. It fetches
nothing and loads no corpus text.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from nihbench.catalog.lookup import Catalog

if TYPE_CHECKING:
    from nihbench.types import ModelPreset

__all__ = ["Catalog", "is_of_a_run", "load", "packaged_models"]


def load(folder: Path | None = None) -> Catalog:
    """Read the packaged catalog and what `folder` (default: the working folder) adds or replaces.

    The folder of a run may come from anybody: what lies in it adds nothing (`is_of_a_run`).

    Args:
        folder: where a user's needles.yaml, models.yaml and corpora/*.yaml may lie; all of them are optional.

    Raises:
        CatalogError: a file is wrong; the message is "path:line: what is wrong; the mend".
        UsageError: the installation lacks the packaged files.
    """
    # Imported here: yaml and pydantic are for the commands that read the catalog, not for `nih --help`.
    from nihbench.catalog.loading import load_folders, packaged_folder

    own = Path() if folder is None else folder
    return load_folders((packaged_folder(),) if is_of_a_run(own) else (packaged_folder(), own))


@cache
def packaged_models() -> Mapping[str, ModelPreset]:
    """Return the packaged presets, by name."""
    from nihbench.catalog.loading import load_folders, packaged_folder

    return load_folders((packaged_folder(),)).models


def is_of_a_run(folder: Path) -> bool:
    """Say whether a folder is a run's or several runs', or lies in one: it holds data, no settings of the user's."""
    here = Path(os.path.realpath(folder))
    return any(os.path.lexists(place / name) for place in (here, *here.parents) for name in ("run.json", "tree.json"))
