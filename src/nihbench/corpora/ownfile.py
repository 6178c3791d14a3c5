"""The user's own text: a file, or a folder of .txt and .md files, read as it is but for its line ends.

Nothing is cleaned: the user's text is the user's. What is not in UTF-8 is read where it is plain in what it is
(`encodings`), and that is said.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from nihbench.corpora.cleaning import fold_line_ends
from nihbench.corpora.encodings import Decoded, decode
from nihbench.corpora.han import count_han
from nihbench.errors import UsageError
from nihbench.fetch.regular import read_named
from nihbench.lang.messages import Note, Words, t
from nihbench.types import UNKNOWN_LANGUAGE, Corpus

_MOST_BYTES = 512_000_000
_SUFFIXES = (".txt", ".md")
_JOINT = "\n\n"
_CHINESE_SHARE = 0.2
_KANA_SHARE = 0.15
_KANA = re.compile("[\u3041-\u309f\u30a1-\u30fa\u1100-\u11ff\uac00-\ud7a3]")
_LATIN = re.compile("[A-Za-z\u00c0-\u024f\u1e00-\u1eff]")


def load_path(path: Path, language: str | None = None) -> Corpus:
    """Read a file, or all .txt and .md files under a folder in the order of their relative paths.

    Hidden files and folders, blank files and links out of the folder are passed over. The corpus is named after the
    path's last part.

    Args:
        path: a text file of any suffix, or a folder.
        language: the text's language code; None: guessed from its script (`guess_language`).

    Raises:
        UsageError: nothing there, a link to a file, unreadable, not text, or no text in it.
    """
    if path.is_dir():
        files = _text_files(path)
        if not files:
            raise UsageError(t("corpora.folder_no_txt_md", path=path))
    elif path.is_symlink():
        # A file that somebody else gave may lead to one of this machine, which would be sent to a server.
        raise UsageError(t("corpora.link_give_corpus_file", path=path, target=path.resolve()))
    elif path.is_file():
        files = [path]
    elif path.exists():
        raise UsageError(t("corpora.pipe_device_give_corpus", path=path))
    else:
        raise UsageError(t("corpora.no_file_folder_check_corpus", path=path))
    read = {path: found for path in files if (found := _read(path)).text.strip()}
    if not read:
        raise UsageError(t("corpora.no_text_give_corpus", path=path))
    text = _JOINT.join(found.text for found in read.values())
    return Corpus(
        name=path.resolve().name,
        language=language or guess_language(text),
        text=text,
        sha256=hashlib.sha256(text.encode("utf-8")).hexdigest(),
        title=str(path),
        caveat=_said(read),
    )


def guess_language(text: str) -> str:
    """Return "zh" if a fifth of the letters or more are Han, "und" (not known) if most are not Latin, else "en".

    A text with a kana or hangul in seven letters is Japanese or Korean, however many Han characters it has.
    """
    letters = sum(map(str.isalpha, text))
    if letters and _KANA_SHARE * letters <= len(_KANA.findall(text)):
        return UNKNOWN_LANGUAGE
    if letters and count_han(text) >= _CHINESE_SHARE * letters:
        return "zh"
    return UNKNOWN_LANGUAGE if 2 * len(_LATIN.findall(text)) < letters else "en"


def _text_files(folder: Path) -> list[Path]:
    found: list[tuple[str, Path]] = []
    root = folder.resolve()
    for path in folder.rglob("*"):
        relative = path.relative_to(folder)
        hidden = any(part.startswith(".") for part in relative.parts)
        # A folder of texts may be somebody else's: a link in it must not bring a file of this machine along.
        inside = path.resolve().is_relative_to(root)
        if path.suffix.lower() in _SUFFIXES and not hidden and inside and path.is_file():
            found.append((relative.as_posix(), path))
    return [path for _, path in sorted(found)]


def _read(path: Path) -> Decoded:
    try:
        content = read_named(path, _MOST_BYTES)
    except OSError as error:
        raise UsageError(t("corpora.could_not_read_check_file_rights", path=path, strerror=error.strerror)) from error
    found = decode(content, str(path))
    if "\ufffd" in found.text:
        raise UsageError(t("corpora.holds_character_u_fffd", path=path))
    return replace(found, text=fold_line_ends(found.text))


def _said(read: Mapping[Path, Decoded]) -> Words:
    """Return what a user must know of files that are not in UTF-8, or an empty string."""
    others = [(path.name, found.encoding) for path, found in read.items() if found.encoding != "UTF-8"]
    named = [Note("file_encoding", name=name, encoding=encoding) for name, encoding in others]
    return Note("not_utf8", named=named) if others else ""
