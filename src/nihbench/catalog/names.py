"""What the catalog's entries are called: names alone, read without checking what they mean, for who only lists them.

A completion waits for this at every Tab, so it knows neither schema nor values. Where files lie, and which folder's
count, is said here for all readers of the catalog.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nihbench.catalog.document import read_document
from nihbench.errors import CatalogError, UsageError
from nihbench.lang.messages import t

SECTIONS: Mapping[str, str] = {
    "needles": "needles.yaml",
    "prompts": "needles.yaml",
    "experiments": "needles.yaml",
    "suites": "needles.yaml",
    "models": "models.yaml",
}
"""Which file a section stands in; `corpora` are a file each."""


def packaged_folder(package: Path = Path(__file__).resolve().parent.parent) -> Path:
    """Return the folder of the packaged needles.yaml: the wheel's `data`, else the checkout's top level.

    `package` is the folder of the installed `nihbench`. Raises `UsageError` if neither is there.
    """
    for folder in (package / "data", package.parent.parent):
        if (folder / "needles.yaml").is_file() and (folder / "models.yaml").is_file():
            return folder
    raise UsageError(t("catalog.packaged_needles_yaml_missing", package=package))


def is_of_a_run(folder: Path) -> bool:
    """Say whether a folder is a run's or several runs', or lies in one: it holds data, no settings of the user's."""
    here = Path(os.path.realpath(folder))
    return any(os.path.lexists(place / name) for place in (here, *here.parents) for name in ("run.json", "tree.json"))


def folders_for(own: Path) -> tuple[Path, ...]:
    """Return the folders whose files count, the packaged one first.

    The folder of a run may come from anybody: what lies in it adds nothing.
    """
    return (packaged_folder(),) if is_of_a_run(own) else (packaged_folder(), own)


def names_of(section: str, own: Path) -> dict[str, str]:
    """Return the names of a section's entries, each with what its file says of it in a few words, or "".

    A file that can't be read adds none: whoever uses one of its entries is told what is wrong.
    """
    found: dict[str, str] = {}
    for folder in folders_for(own):
        if section == "corpora":
            for path in sorted(folder.glob("corpora/*.yaml")):
                found[path.stem] = _told(_read(path))
            continue
        entries = _read(folder / SECTIONS[section]).get(section)
        if isinstance(entries, dict):
            found |= {str(name): _told(entry) for name, entry in entries.items()}
    return found


def _read(path: Path) -> Mapping[str, Any]:
    if not path.is_file():
        return {}
    try:
        data = read_document(path).data
    except CatalogError:
        return {}
    return data if isinstance(data, dict) else {}


def _told(entry: object) -> str:
    """Return what an entry says of itself: its title, its question, or its note."""
    values: Sequence[object] = (
        [entry.get(key) for key in ("title", "question", "note")] if isinstance(entry, dict) else []
    )
    return next((" ".join(value.split()) for value in values if isinstance(value, str) and value.strip()), "")
