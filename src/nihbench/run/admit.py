"""What a run's folder may decide: nothing that reaches beyond it. The one place where that is ruled.

A folder may come from anybody. The addresses, variables and paths in it are data: they are used only where the user
has named the same on this machine before (`nihbench.run.known`), where a preset says the same, or where the user names
them again. Here nothing is opened but the file of what is known, and no path is looked at that is not the user's.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nihbench.catalog.loading import packaged_models
from nihbench.catalog.lookup import Catalog
from nihbench.corpora.ownfile import load_path
from nihbench.endpoint.connection import Endpoint
from nihbench.errors import UsageError
from nihbench.lang.messages import t
from nihbench.run.known import known
from nihbench.run.options import bare_url

USUAL_KEY = "OPENAI_API_KEY"
"""Read for a model that has no key variable of its own."""
NO_KEY = "none"
"""What --api-key-env takes for a server that wants no key."""
_PLAIN_PATH = re.compile(r"(/(?!\.{1,2}(/|$))[\w.~-]+)+", re.ASCII)


_DECIDING = re.compile(
    r"model|url|uri\b|base|endpoint|host|address|server|deployment|engine|provider|fallback|tier|rout(e|er|ing)s?\b"
    r"|max|limit|budget|predict|(min|output|completion)_(new_)?tokens|\bstream|\b(n|best_of|num_return\w*|\w+_count)\b"
    r"|plugin|search|transforms|webhook|proxy|organi[sz]ation|project|account"
)
"""Words in the names of fields that choose who answers, at which rate, or how much."""


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


def address_of(url: str | None) -> str:
    """Return what tells an address from every other (`Endpoint.address_prefix`); "" where it is none.

    A gateway may have a customer behind every path: a server is named by all of its base URL.
    """
    try:
        return Endpoint(base_url=url).address_prefix if url else ""
    except UsageError:
        return ""


def is_below(url: str | None, named: str) -> bool:
    """Say whether an address is one that was named, or lies below it.

    Args:
        url: the address.
        named: what `address_of` says of the one that was named.
    """
    address = address_of(url)
    if not address or not named:
        return False
    rest = address.removeprefix(named)
    # What a gateway may take for a way up again, or for another path, leads out of what was named.
    return address == named or (len(rest) < len(address) and _PLAIN_PATH.fullmatch(rest) is not None)


def is_known_address(url: str, catalog: Catalog) -> bool:
    """Say whether a server that a folder names may be asked: one of `_named`, or one that the user named before."""
    bare = bare_url(url) == url  # no login, no query: these stand in no run of the user's own
    return bare and any(is_below(url, address) for address, _ in (*_named(catalog), *known().pairs))


def belongs(variable: str, url: str | None, catalog: Catalog) -> bool:
    """Say whether the key in a variable may go to a server without being named together with it again."""
    pairs = (*_named(catalog), *known().pairs)
    return any(key == variable and is_below(url, address) for address, key in pairs)


def _named(catalog: Catalog) -> list[tuple[str, str | None]]:
    """Return the addresses that presets and the environment name, each with the variable of its key.

    Of a preset in the working folder, which may be somebody else's, no key is said by it alone to belong there.
    """
    packaged = packaged_models()
    presets = {
        (preset.base_url, preset.key_env if packaged.get(name) == preset else None)
        for name, preset in catalog.models.items()
    }
    environment = (os.environ.get("OPENAI_BASE_URL"), USUAL_KEY)
    return [(address_of(url), variable) for url, variable in (*presets, environment)]


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
