"""What the user has named or made on this machine: servers, the variables whose keys go there, files, runs.

It stands in a file of the user's configuration folder, outside every run's folder, and holds names only: no key, no
header, no text. NIH_KNOWN_FILE names the file; else it is `known.json` in the configuration folder of this platform.
What a run's folder says is believed only where it says what stands here (`nihbench.run.admit`).
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from nihbench.errors import NihError
from nihbench.fetch import atomic_file, parse_json, read_named

WITHOUT_KEY = ""
"""Stands for a server that was named without a key."""
_FORMAT = 1
_MOST = 1000
_MOST_BYTES = 10_000_000
"""So many servers and files are kept, the newest: ports of one's own servers change with every start."""
_WAIT_S = 5.0
_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """Pairs of a server's origin (`Endpoint.origin`) and a variable's name; absolute paths of files, and of runs."""

    pairs: tuple[tuple[str, str], ...] = ()
    files: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()

    def has_host(self, origin: str) -> bool:
        """Whether the user has named this server, with a key or without."""
        return any(origin == known for known, _ in self.pairs)


def known_file() -> Path:
    """Return where the file is, or would be."""
    if chosen := os.environ.get("NIH_KNOWN_FILE"):
        return Path(chosen).expanduser()
    import platformdirs

    return Path(platformdirs.user_config_dir("nihbench", appauthor=False)) / "known.json"


def known() -> Known:
    """Read the file; where there is none, or none that can be read, nothing is known."""
    try:
        content = parse_json(read_named(known_file(), _MOST_BYTES))
        pairs = tuple((str(pair["host"]), str(pair["key_env"])) for pair in content["servers"])
        return Known(
            pairs=pairs,
            files=tuple(str(path) for path in content["files"]),
            runs=tuple(str(path) for path in content.get("runs", ())),
        )
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return Known()


def remember_pairs(pairs: Iterable[tuple[str, str]]) -> None:
    """Keep that the user named these servers, each with the variable whose key goes there, or `WITHOUT_KEY`."""
    new = tuple(dict.fromkeys(pairs))
    _remember(lambda old: replace(old, pairs=_joined(old.pairs, new)))


def remember_files(paths: Iterable[str]) -> None:
    """Keep that the user named these files or folders as texts, tokenizers or models."""
    new = tuple(dict.fromkeys(os.path.abspath(path) for path in paths))
    _remember(lambda old: replace(old, files=_joined(old.files, new)))


def remember_run(path: Path) -> None:
    """Keep that this folder of a run was made here: the bound of its cost is the user's own word."""
    _remember(lambda old: replace(old, runs=_joined(old.runs, (os.path.abspath(path),))))


def is_own_run(path: Path) -> bool:
    """Say whether a run's folder, or the folder of several that it is in, was made here, and has not moved since."""
    own = known().runs
    place = os.path.abspath(path)
    return place in own or os.path.dirname(place) in own


def _joined(old: tuple[_T, ...], new: tuple[_T, ...]) -> tuple[_T, ...]:
    missing = tuple(each for each in new if each not in old)
    return (*old, *missing)[-_MOST:] if missing else old


def _remember(change: Callable[[Known], Known]) -> None:
    """Write what is new. A folder that can't be written is no error: the user is asked again, that is all."""
    before = known()
    if change(before) == before:
        return
    from filelock import FileLock, Timeout

    path = known_file()
    with contextlib.suppress(OSError, NihError, Timeout):
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_name(path.name + ".lock"), timeout=_WAIT_S), atomic_file(path) as file:
            if os.name == "posix":
                os.fchmod(file.fileno(), 0o600)
            found = change(known())
            content = {
                "format": _FORMAT,
                "servers": [{"host": host, "key_env": variable} for host, variable in found.pairs],
                "files": list(found.files),
                "runs": list(found.runs),
            }
            file.write((json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode("utf-8", "surrogatepass"))
