"""Where fetched things live, and how a file is written: whole or not at all, even when the process is killed."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

import platformdirs

from nihbench.errors import FetchError, unwritable

_SUFFIX = ".part"
_STALE_S = 24 * 3600


def cache_dir() -> Path:
    """Return the folder for everything that can be fetched or computed again.

    The environment variable NIH_CACHE_DIR names it; else it is the user's cache folder of this platform. The folder
    need not exist yet.
    """
    chosen = os.environ.get("NIH_CACHE_DIR")
    if chosen:
        return Path(chosen).expanduser()

    return Path(platformdirs.user_cache_dir("nihbench", appauthor=False))


@contextmanager
def atomic_file(target: Path, *, durable: bool = True) -> Iterator[BinaryIO]:
    """Open a file beside `target` for writing and put it in the target's place when the block ends well.

    After an error in the block, or a kill, `target` is what it was before. A killed process leaves its unfinished
    file behind; it is removed by a later write of the same target, a day on, when no other process can own it still.
    Not `durable`: whether it is there after a power failure is not waited for.

    Raises:
        FetchError: the folder or the file can't be written.
    """
    part = target.with_name(f".{target.name}.{secrets.token_hex(6)}{_SUFFIX}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove_stale(target)
        try:
            with part.open("xb") as file:
                yield file
                file.flush()
                if durable:
                    os.fsync(file.fileno())
            os.replace(part, target)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise unwritable(target, error, FetchError) from error


def write_atomic(path: Path, content: bytes) -> None:
    """Write `content` to `path`, whole or not at all; folders are made as needed.

    Raises:
        FetchError: the folder or the file can't be written.
    """
    with atomic_file(path) as file:
        file.write(content)


def _remove_stale(target: Path) -> None:
    head = f".{target.name}."
    for other in target.parent.iterdir():
        if other.name.startswith(head) and other.name.endswith(_SUFFIX) and _age_s(other) > _STALE_S:
            other.unlink(missing_ok=True)


def _age_s(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:  # its owner finished between listing and looking
        return 0.0


# ---- how a long step tells how far it is; who shows it, and how, is not decided here ---------------------------------


class Report(Protocol):
    """Is called now and then with what is being brought and how many bytes are done (`total` None: unknown)."""

    def __call__(self, what: str, done: int, total: int | None, /) -> None:
        """Take note of the state; must be quick and must not raise."""
        ...


def silent(what: str, done: int, total: int | None, /) -> None:
    """Report nothing: the default where nobody watches."""
