"""Files: where fetched things live, how a file is written (whole or not at all, even when killed) and opened."""

from __future__ import annotations

import errno
import io
import json
import math
import os
import secrets
import shutil
import stat
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import platformdirs
from pydantic_core import from_json

from nihbench.errors import DamagedDataError, FetchError, unwritable
from nihbench.lang.messages import t

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


# ---- how files are opened: plain ones only, no larger than they may be, through no link ------------------------------
# A run's folder may come from anybody. In it a name may be a link that leads out of it, a pipe that never ends, a
# device, or a file that fills the memory: none is opened, and one sentence says which it is. Names that are plain are
# the caller's matter: a user may keep runs behind links of their own, but a run's files lie in its folder.


_NO_WAIT = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
_SAFE = getattr(os, "O_NOFOLLOW", 0) | _NO_WAIT
_BINARY = getattr(os, "O_BINARY", 0)
_MB = 1_000_000
MOST_BYTES = 2_000 * _MB
"""More than a run of 200,000 trials has in one file; files that are read as a whole have bounds of their own."""
MOST_LINE_BYTES = 40 * _MB
"""A line holds one answer, and of no answer more is written (`run.records`)."""
MOST_LINES = 1_000_000
"""Five for every trial of the largest run."""
MOST_JSON_BYTES = 64 * _MB
MOST_VALUES = 2_000_000
"""A run.json of 200,000 trials has fewer; lists of lists take 20 times their size in memory."""
_LONGEST_NUMBER = 18
_BEYOND = 10.0**_LONGEST_NUMBER
_PIECE = 1 << 20


def open_regular(path: Path, most_bytes: int = MOST_BYTES) -> BinaryIO:
    """Open a file for reading, where it is a plain one and no link.

    Raises:
        DamagedDataError: it is something else, or larger than `most_bytes`.
        OSError: it is not there, or can't be read.
    """
    file = os.fdopen(_opened(path, os.O_RDONLY), "rb")
    try:
        size = os.fstat(file.fileno()).st_size
        if size > most_bytes:
            raise DamagedDataError(t("fetch.mb_no_run_file", path=path, size=size / _MB, most=most_bytes / _MB))
    except BaseException:
        file.close()
        raise
    return file


def read_regular(path: Path, most_bytes: int) -> bytes:
    """Return the bytes of a plain file. Raises as `open_regular`."""
    with open_regular(path, most_bytes) as file:
        # Not to its end, which may move on while it is read.
        return file.read(most_bytes)


def open_named(path: Path, most_bytes: int | None = None) -> io.BufferedReader:
    """Open a file for reading that the user named, through links, too: it must be a plain one all the same.

    Raises:
        OSError: it is not there, can't be read, is a pipe, a device or a folder, or is larger than `most_bytes` (None:
            of any size); its `strerror` says which, as a part of a sentence.
    """
    _check_named(path, os.stat(path), most_bytes)  # before it is opened: to open a device may do something
    descriptor = os.open(path, os.O_RDONLY | _NO_WAIT | _BINARY)
    try:
        _check_named(path, os.fstat(descriptor), most_bytes)
    except BaseException:
        os.close(descriptor)
        raise
    return os.fdopen(descriptor, "rb")


def read_named(path: Path, most_bytes: int) -> bytes:
    """Return the bytes of a plain file that the user named. Raises as `open_named`."""
    with open_named(path, most_bytes) as file:
        return file.read(most_bytes)


def read_json(path: Path) -> Any:
    """Return the value in a plain JSON file.

    Raises as `open_regular`.

    Raises:
        ValueError, RecursionError: it is none, or holds more than any file of a run.
    """
    return parse_json(read_regular(path, MOST_JSON_BYTES))


def parse_json(text: bytes) -> Any:
    """Return the value of a JSON text that may be hostile: of bounded memory, its numbers such as others can count on.

    Raises:
        ValueError, RecursionError: it is none, or holds too much.
    """
    if text.count(b",") + text.count(b"[") + text.count(b"{") > MOST_VALUES:
        raise ValueError(t("fetch.holds_more_than_values", most=MOST_VALUES))

    try:
        value = from_json(text, allow_inf_nan=False)
        if is_within(value):
            return value
    except ValueError:
        pass  # half a character in an escape, or no JSON at all: the slower one reads it, or says what is wrong
    return json.loads(text, parse_int=_whole, parse_float=_number, parse_constant=_no_number)


def is_within(value: Any) -> bool:
    """Say whether all numbers in a JSON value are such as a run has."""
    if isinstance(value, dict):
        return all([is_within(each) for each in value.values() if not isinstance(each, str)])
    if isinstance(value, list):
        return all([is_within(each) for each in value if not isinstance(each, str)])
    return value is None or isinstance(value, bool) or abs(value) < _BEYOND


def are_within(numbers: Iterable[float | None]) -> bool:
    """Say whether all of some numbers are such as a run has; None is one that is not known."""
    known = [number for number in numbers if number]
    # The sum is what tells NaN.
    return not known or (max(known) < _BEYOND and min(known) > -_BEYOND and sum(known) < math.inf)


def _whole(text: str) -> int:
    if len(text) > _LONGEST_NUMBER:
        raise ValueError(t("fetch.number_digits", digits=len(text)))
    return int(text)


def _number(text: str) -> float:
    value = float(text)
    if not abs(value) < _BEYOND:
        raise ValueError(t("fetch.beyond_every_number_run", text=text[:_LONGEST_NUMBER]))
    return value


def _no_number(text: str) -> float:
    raise ValueError(t("fetch.no_number", text=text))


def lines_of(path: Path, offset: int = 0) -> Iterator[bytes]:
    """Give the lines of a plain file from an offset on, each with its end; the last one may have none.

    Raises as `open_regular`; also where a line is longer than one can be.
    """
    with open_regular(path) as file:
        file.seek(offset)
        number = 0
        while line := file.readline(MOST_LINE_BYTES + 1):
            if len(line) > MOST_LINE_BYTES:
                raise DamagedDataError(t("fetch.line_more_than_mb", path=path, most=MOST_LINE_BYTES / _MB))
            number += 1
            if number > MOST_LINES:
                raise DamagedDataError(t("fetch.more_than_lines_no", path=path, most=MOST_LINES))
            yield line


def open_appending(path: Path) -> io.FileIO:
    """Open a plain file to add to its end, unbuffered; it is made where it is missing.

    A file that has other names too (hard links) may be another's: it is replaced by a copy first.

    Raises:
        DamagedDataError: it is something else than a plain file.
        OSError: it can't be written.
    """
    descriptor = _opened(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    if os.fstat(descriptor).st_nlink > 1:
        os.close(descriptor)
        with open_regular(path) as old, atomic_file(path) as new:
            shutil.copyfileobj(old, new, _PIECE)
        descriptor = _opened(path, os.O_WRONLY | os.O_APPEND)
    return io.FileIO(descriptor, "ab")


def is_there(path: Path) -> bool:
    """Say whether something has this name, be it a link to nothing; a file that can't be used is no missing one."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno not in (errno.ENAMETOOLONG, errno.ELOOP):
            raise
        return False
    return True


def check_plain(path: Path) -> None:
    """Make sure that a name is free, or a plain file's, before another program's code opens it.

    Raises:
        DamagedDataError: it is a link, a pipe, a device or a folder.
    """
    if is_there(path):
        _check(path, path.lstat().st_mode)


def check_folder(path: Path) -> None:
    """Make sure that a folder within a run's is one, and no link that leads elsewhere; it may be missing.

    Raises:
        DamagedDataError: it is something else.
    """
    if is_there(path) and not stat.S_ISDIR(path.lstat().st_mode):
        raise DamagedDataError(t("fetch.link_file_run_folders", path=path))


def _opened(path: Path, flags: int) -> int:
    """Open a plain file without waiting and without following a link, also where the system can't refuse one."""
    try:
        _check(path, path.lstat().st_mode)
    except FileNotFoundError:
        pass  # `flags` say whether that is a fault
    try:
        descriptor = os.open(path, flags | _SAFE | _BINARY, 0o666)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK, errno.ENXIO):
            raise _odd(path) from error
        raise
    try:
        _check(path, os.fstat(descriptor).st_mode)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _check_named(path: Path, found: os.stat_result, most_bytes: int | None) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, t("fetch.pipe_device"), str(path))
    if most_bytes is not None and found.st_size > most_bytes:
        raise OSError(errno.EFBIG, t("fetch.more_than_mb", most=most_bytes / _MB), str(path))


def _check(path: Path, mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise _odd(path)


def _odd(path: Path) -> DamagedDataError:
    return DamagedDataError(t("fetch.cant_read_no_plain", path=path))
