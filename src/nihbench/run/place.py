"""Whether a run can be kept where it is to be: looked at before anything is paid for. It makes no folder."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from nihbench.errors import UsageError
from nihbench.lang import t
from nihbench.run.store import check_free
from nihbench.run.tree import is_tree

_ROOM_BYTES = 256 * 1024
"""The records of what is in flight at a time take less."""


def check_place(path: Path) -> None:
    """Make sure that a folder, there or not, can hold a new run.

    Raises:
        UsageError: it holds one already, can't be written, or its disk is full.
    """
    check_free(path)
    if is_tree(path):
        raise UsageError(
            t("{path} already holds a run: go on with it by --resume {path}, or give another --out", path=path)
        )
    try:
        _try_room(path)
    except OSError as error:
        raise UsageError(
            t(
                "can't write the run's folder {path}: {strerror}; give another --out",
                path=path,
                strerror=error.strerror or error,
            )
        ) from error


def check_room(path: Path) -> None:
    """Make sure that records can be written to a run's folder.

    Raises:
        UsageError: they can't, or the disk is full.
    """
    try:
        _try_room(path)
    except OSError as error:
        raise UsageError(
            t(
                "can't write {path} ({strerror}): see to the disk and its rights",
                path=path,
                strerror=error.strerror or error,
            )
        ) from error


def _try_room(path: Path) -> None:
    """Write as much as a few records to a folder, or to the one that it will be made in; nothing of it stays."""
    there = next((folder for folder in (path, *path.absolute().parents) if folder.exists()), path)
    with tempfile.TemporaryFile(dir=there) as file:
        file.write(bytes(_ROOM_BYTES))
        file.flush()
        os.fsync(file.fileno())
