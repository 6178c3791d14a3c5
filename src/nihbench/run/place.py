"""Whether a run can be kept where it is to be: looked at before anything is paid for. It makes no folder."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from nihbench.run.records import unwritable
from nihbench.run.store import check_free, taken, unusable
from nihbench.run.tree import is_tree

_ROOM_BYTES = 256 * 1024
"""The records of what is in flight at a time take less."""


def check_place(path: Path) -> None:
    """Make sure that a folder, there or not, can hold a new run.

    Raises:
        UsageError: it holds one already, can't be written, or its disk is full.
    """
    try:
        path.stat()
    except FileNotFoundError:
        pass  # it will be made
    except OSError as error:
        raise unusable(path, error) from error
    check_free(path)
    if is_tree(path):
        raise taken(path)
    try:
        _try_room(path)
    except OSError as error:
        raise unusable(path, error) from error


def check_room(path: Path) -> None:
    """Make sure that records can be written to a run's folder.

    Raises:
        UsageError: they can't, or the disk is full.
    """
    try:
        _try_room(path)
    except OSError as error:
        raise unwritable(path, error) from error


def _try_room(path: Path) -> None:
    """Write as much as a few records to a folder, or to the one that it will be made in; nothing of it stays."""
    there = next((folder for folder in (path, *path.absolute().parents) if folder.exists()), path)
    with tempfile.TemporaryFile(dir=there) as file:
        file.write(bytes(_ROOM_BYTES))
        file.flush()
        os.fsync(file.fileno())
