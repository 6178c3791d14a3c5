"""What a run's folder may decide: nothing that reaches beyond it. The one place where that is ruled.

A folder may come from anybody. The addresses, variables and paths in it are data: they are used only where the user
has named the same on this machine before (`nihbench.run.known`), where a preset says the same, or where the user names
them again. Here nothing is opened but the file of what is known, and no path is looked at that is not the user's.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nihbench.catalog import Catalog
from nihbench.errors import UsageError
from nihbench.lang import t
from nihbench.run.known import known

USUAL_KEY = "OPENAI_API_KEY"
"""Read for a model that has no key variable of its own."""
NO_KEY = "none"
"""What --api-key-env takes for a server that wants no key."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """Where a run's folder says that its model was asked, and which variable held the key. Data, no more."""

    urls: tuple[str, ...]
    variable: str | None


def stored_address(content: Mapping[str, Any]) -> Address:
    """Read the address out of run.json's content, or of a child's in tree.json."""
    options = content["options"]
    urls = (options.get("base_url"), *(options.get("more_urls") or ()))
    variable = options.get("api_key_env")
    # An empty name is none: it must not come to mean the usual key, nor a server that was named without one.
    return Address(urls=tuple(str(url) for url in urls if url), variable=str(variable) if variable else None)


def origin_of(url: str | None) -> str:
    """Return what tells an address's server from every other (`Endpoint.origin`); "" where it is no address."""
    from nihbench.endpoint import Endpoint

    try:
        return Endpoint(base_url=url).origin if url else ""
    except UsageError:
        return ""


def is_known_host(url: str, catalog: Catalog) -> bool:
    """Say whether a server may be asked: a preset's, the environment's, or one that the user named before."""
    origin = origin_of(url)
    presets = {origin_of(preset.base_url) for preset in catalog.models.values()}
    return bool(origin) and (origin in presets or origin == _of_environment() or known().has_host(origin))


def belongs(variable: str, url: str | None, catalog: Catalog) -> bool:
    """Say whether the key in a variable may go to a server without being named together with it again."""
    origin = origin_of(url)
    if not origin:
        return False
    presets = {(origin_of(preset.base_url), preset.key_env) for preset in catalog.models.values()}
    if (origin, variable) in presets or (variable == USUAL_KEY and origin == _of_environment()):
        return True
    return (origin, variable) in known().pairs


def _of_environment() -> str:
    return origin_of(os.environ.get("OPENAI_BASE_URL"))


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
            raise UsageError(
                t(
                    "{run} names the text {name!r}, and a run's folder may name no file of this machine: nothing was "
                    "read; if it is yours, give it by --corpus PATH",
                    run=run,
                    name=name,
                )
            )
    return option


def is_text(option: str | None, sha256: str | None) -> bool:
    """Say whether what a folder says in place of `--corpus` is one file of the user's own, and has this hash."""
    from nihbench.corpora import load_path

    if not option or not sha256 or not is_known_file(option):
        return False
    try:
        return load_path(Path(option)).sha256 == sha256
    except UsageError:
        return False


def admitted_file(path: str, run: Path, option: str) -> None:
    """Raise `UsageError` unless a file that a run's folder names in place of an option is one that the user named."""
    if not is_known_file(path):
        raise UsageError(
            t(
                "{run} names the file {path!r}, and a run's folder may name no file of this machine: nothing was read; "
                "if it is yours, give it by {option}",
                run=run,
                path=path,
                option=option,
            )
        )


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
