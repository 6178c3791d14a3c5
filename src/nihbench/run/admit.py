"""What a run's folder may decide: nothing that reaches beyond it. Of addresses and keys see `addresses`.

A folder may come from anybody. The paths in it are data: they are used only where the user has named the same on this
machine before (`nihbench.run.known`), or names them again. No path is looked at that is not the user's.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from nihbench.catalog.lookup import Catalog
from nihbench.corpora.ownfile import load_path
from nihbench.errors import UsageError
from nihbench.lang.messages import t
from nihbench.run.known import known

_DECIDING = re.compile(
    r"model|url|uri\b|base|endpoint|host|address|server|deployment|engine|provider|fallback|tier|rout(e|er|ing)s?\b"
    r"|max|limit|budget|predict|(min|output|completion)_(new_)?tokens|\bstream|\b(n|best_of|num_return\w*|\w+_count)\b"
    r"|plugin|search|transforms|webhook|proxy|organi[sz]ation|project|account"
)
"""Words in the names of fields that choose who answers, at which rate, or how much."""


def is_known_file(path: str) -> bool:
    """Say whether the user has named this file before; the file itself is not looked at."""
    return not _is_share(path) and os.path.abspath(path) in known().files


def _is_share(path: str) -> bool:
    """Say whether a path leads to another machine (UNC): opening one sends the user's login there."""
    return path.replace("\\", "/").startswith("//")


def admitted_text(option: str | None, run: Path, catalog: Catalog, *, hashed: bool) -> str | None:
    """Return what a run's folder says in place of `--corpus`, where it may say that.

    Args:
        option: what it says.
        run: the run's folder.
        catalog: whose corpora may be named.
        hashed: whether run.json has the hash of the text, which is compared when it is read.

    Raises:
        UsageError: it names a file that is neither the user's nor its own.
    """
    if not option or (hashed and is_known_file(option)):
        return option
    for part in option.split(","):
        language, equals, name = part.strip().partition("=")
        name = name if equals and len(language) == 2 else part.strip()
        # `en=name` is read as a path where a file is called that.
        is_path = name != option and os.path.lexists(option)
        if (is_path or name not in catalog.corpora) and not (hashed and (is_known_file(name) or _is_within(name, run))):
            raise UsageError(t("run.names_text_run_folder", run=run, name=name))
    return option


def is_text(option: str | None, sha256: str | None) -> bool:
    """Say whether what a folder says in place of `--corpus` is one file of the user's own, and has this hash."""
    if not option or not sha256 or not is_known_file(option):
        return False
    try:
        return load_path(Path(option)).sha256 == sha256
    except UsageError:
        return False


def admitted_file(path: str, run: Path, option: str) -> None:
    """Raise `UsageError` unless a file that a run's folder names in place of an option is one that the user named."""
    if not is_known_file(path):
        raise UsageError(t("run.names_file_run_folder", run=run, path=path, option=option))


def deciding_fields(body: Any) -> list[str]:
    """Name the fields of a request, at any depth, that may choose another model, server or rate, or a longer answer."""
    if isinstance(body, Mapping):
        own = [str(name) for name in body if _DECIDING.search(_words(str(name)))]
        return list(dict.fromkeys([*own, *(name for value in body.values() for name in deciding_fields(value))]))
    return [name for value in body for name in deciding_fields(value)] if isinstance(body, list) else []


def _words(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower().replace("-", "_")


def _is_within(name: str, run: Path) -> bool:
    """Say whether a path is a plain file in a run's folder, reached through no link."""
    folder = os.path.abspath(run)
    if _is_share(name) or not os.path.isabs(name) or not os.path.normpath(name).startswith(folder + os.sep):
        return False
    inside = Path(os.path.normpath(name))
    try:
        steps: Iterable[Path] = (inside, *(p for p in inside.parents if str(p).startswith(folder + os.sep)))
        return not any(step.is_symlink() for step in steps) and stat.S_ISREG(inside.stat().st_mode)
    except OSError:
        return False
