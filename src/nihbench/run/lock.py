"""One process owns a run's folder while it writes: a second one is refused and told which process that is.

The lock is the operating system's (through filelock, also on Windows): it goes with the process, however it ends.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from nihbench.errors import NihError, UsageError
from nihbench.fetch.files import write_atomic
from nihbench.fetch.regular import check_plain, parse_json, read_regular
from nihbench.lang.messages import t

LOCK = ".lock"
HOLDER = ".holder.json"
_MOST_BYTES = 10_000


@contextmanager
def owned(folder: Path, now: Callable[[], datetime]) -> Iterator[None]:
    """Own a run's folder as long as the context lasts.

    Args:
        folder: the run's folder.
        now: the time, in UTC.

    Raises:
        UsageError: another process owns it, or it can't be written.
        DamagedDataError: its lock is no plain file.
    """
    check_plain(folder / LOCK)
    lock = FileLock(folder / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise UsageError(t("run.use_wait_stop_first", folder=folder, holder=_holder(folder))) from error
    except OSError as error:
        raise UsageError(t("run.cant_write_mend_then", folder=folder, strerror=error.strerror or error)) from error
    try:
        me = {"pid": os.getpid(), "host": socket.gethostname(), "since": now().isoformat(timespec="seconds")}
        write_atomic(folder / HOLDER, json.dumps(me).encode("utf-8"))
        yield
    finally:
        # Where the disk was made read-only meanwhile, the lock goes with the process all the same.
        with suppress(OSError):
            (folder / HOLDER).unlink()
        lock.release()


def _holder(folder: Path) -> str:
    """Name the process that owns the folder, as far as it said who it is."""
    try:
        me = read_holder(folder)
        return t("run.process_since", pid=int(me["pid"]), host=me["host"], since=me["since"])
    except (OSError, ValueError, KeyError, TypeError, NihError, RecursionError):
        return t("run.another_process")


def read_holder(folder: Path) -> Any:
    """Return what the process that owns the folder says of itself. Raises as `fetch.read_json`."""
    return parse_json(read_regular(folder / HOLDER, _MOST_BYTES))
