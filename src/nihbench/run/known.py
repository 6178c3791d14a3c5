"""What the user has named or made on this machine, and what a run's folder may decide by it.

It stands in a file of the user's configuration folder, outside every run's folder, and holds names only: no key, no
header, no text. NIH_KNOWN_FILE names the file; else it is `known.json` in the configuration folder of this platform.
What a run's folder says is believed only where it says what stands here.

A run is known by its place and by what its run.json said when it was made: another folder put there is a stranger's.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import stat
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import platformdirs
from filelock import FileLock, Timeout

from nihbench.catalog.lookup import Catalog
from nihbench.corpora.ownfile import load_path
from nihbench.errors import NihError, UsageError
from nihbench.fetch.files import atomic_file, parse_json, read_json, read_named
from nihbench.lang.messages import t

WITHOUT_KEY = ""
"""Stands for a server that was named without a key."""
_FORMAT = 1
_MOST = 1000
"""So many of each are kept, the newest: ports of one's own servers change with every start."""
_MOST_BYTES = 10_000_000
_ANY = ""
"""The mark of a run that an older version remembered by its place alone."""
_WAIT_S = 30.0
_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """What the file says.

    `pairs`: of a server's address (`Endpoint.address_prefix`) and a variable's name. `files`: absolute paths.
    `runs`: of a folder's absolute path and a mark of what it held (`_mark`). `batches`: a server's address, the id that
    it gave to a batch or to a file of requests, and the hash of these.
    """

    pairs: tuple[tuple[str, str], ...] = ()
    files: tuple[str, ...] = ()
    runs: tuple[tuple[str, str], ...] = ()
    batches: tuple[tuple[str, str, str], ...] = ()


def known_file() -> Path:
    """Return where the file is, or would be."""
    if chosen := os.environ.get("NIH_KNOWN_FILE"):
        return Path(chosen).expanduser()

    return Path(platformdirs.user_config_dir("nihbench", appauthor=False)) / "known.json"


def known() -> Known:
    """Read the file; where there is none, or none that can be read, nothing is known."""
    try:
        if _is_others(known_file()):
            return Known()
        content = parse_json(read_named(known_file(), _MOST_BYTES))
        return Known(
            pairs=tuple((str(pair["host"]), str(pair["key_env"])) for pair in content["servers"]),
            files=tuple(str(path) for path in content["files"]),
            runs=tuple(_run_of(row) for row in content.get("runs", ())),
            batches=tuple((str(row["host"]), str(row["id"]), str(row["sha256"])) for row in content.get("batches", ())),
        )
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return Known()


def _is_others(path: Path) -> bool:
    """Say whether somebody else on this machine may write the file or put another in its place."""
    if os.name != "posix":
        return False
    found = (path.stat(), path.parent.stat())
    writable = found[0].st_mode & 0o022 or (found[1].st_mode & 0o022 and not found[1].st_mode & stat.S_ISVTX)
    return bool(writable) or any(each.st_uid not in (os.geteuid(), 0) for each in found)


def _run_of(row: object) -> tuple[str, str]:
    return (str(row["path"]), str(row["sha256"])) if isinstance(row, dict) else (str(row), _ANY)


def remember_pairs(pairs: Iterable[tuple[str, str]]) -> None:
    """Keep that the user named these servers, each with the variable whose key goes there, or `WITHOUT_KEY`."""
    new = tuple(dict.fromkeys(pairs))
    _remember(lambda old: replace(old, pairs=_joined(old.pairs, new)))


def remember_files(paths: Iterable[str]) -> None:
    """Keep that the user named these files or folders as texts, tokenizers or models."""
    new = tuple(dict.fromkeys(os.path.abspath(path) for path in paths))
    _remember(lambda old: replace(old, files=_joined(old.files, new)))


def remember_run(path: Path, content: bytes | None = None) -> None:
    """Keep that this folder of a run, or of several, was made here: what it says of its cost is the user's own word.

    Args:
        path: the folder.
        content: what its run.json is about to hold; None: what it holds.
    """
    place, mark = os.path.abspath(path), _mark(path) if content is None else _mark_of(parse_json(content))
    if mark is None:
        return

    def with_it(old: Known) -> Known:
        # What it held before stays known, too: a kill may come between this and the writing.
        earlier = [known for known in old.runs if known[0] == place and known[1] not in (mark, _ANY)][-1:]
        others = [known for known in old.runs if known[0] != place]
        return replace(old, runs=tuple([*others, *earlier, (place, mark)][-_MOST:]))

    if (place, mark) not in known().runs:
        _remember(with_it)


def is_own_run(path: Path) -> bool:
    """Say whether a run's folder was made here, in this place, and says what it said then.

    A run of several that was not begun yet is what the folder of the several is.
    """
    own = known().runs
    for place in (path, Path(os.path.abspath(path)).parent):
        marks = {mark for known, mark in own if known == os.path.abspath(place)}
        if marks:
            return _ANY in marks or _mark(place) in marks
        if os.path.lexists(path / "run.json"):
            return False
    return False


def _mark(folder: Path) -> str | None:
    """Return what tells a folder's run.json, or tree.json, from any other; None where there is none to read."""
    for name in ("run.json", "tree.json"):
        if os.path.lexists(folder / name):
            try:
                return _mark_of(read_json(folder / name))
            except (OSError, ValueError, RecursionError):
                return None
    return None


def _mark_of(content: object) -> str:
    plain = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(plain.encode("ascii")).hexdigest()


def remember_batch(address: str, identity: str, sha256: str) -> None:
    """Keep that a server gave this id to a file of requests of that hash, or to its batch, when it came from here."""
    _remember(lambda old: replace(old, batches=_joined(old.batches, ((address, identity, sha256),))))


def _joined(old: tuple[_T, ...], new: tuple[_T, ...]) -> tuple[_T, ...]:
    missing = tuple(each for each in new if each not in old)
    return (*old, *missing)[-_MOST:] if missing else old


def _remember(change: Callable[[Known], Known]) -> None:
    """Write what is new. A folder that can't be written is no error: the user is asked again, that is all."""
    before = known()
    if change(before) == before:
        return

    path = known_file()
    with contextlib.suppress(OSError, NihError, Timeout):
        path.parent.mkdir(parents=True, exist_ok=True)
        if os.name == "posix" and not os.environ.get("NIH_KNOWN_FILE"):
            path.parent.chmod(0o700)  # made by an older version, or by a shell that lets the group write
        with FileLock(path.with_name(path.name + ".lock"), timeout=_WAIT_S), atomic_file(path) as file:
            if os.name == "posix":
                os.fchmod(file.fileno(), 0o600)
            found = change(known())
            content = {
                "format": _FORMAT,
                "servers": [{"host": host, "key_env": variable} for host, variable in found.pairs],
                "files": list(found.files),
                "runs": [{"path": path, "sha256": mark} if mark else path for path, mark in found.runs],
                "batches": [{"host": host, "id": each, "sha256": sha256} for host, each, sha256 in found.batches],
            }
            file.write((json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode("utf-8", "surrogatepass"))


# ---- what a run's folder may decide: nothing that reaches beyond it; of addresses and keys see `addresses` -----------
# A folder may come from anybody. The paths in it are data: they are used only where the user has named the same on this
# machine before (`nihbench.run.known`), or names them again. No path is looked at that is not the user's.


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
