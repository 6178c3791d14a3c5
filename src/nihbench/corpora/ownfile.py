"""The user's own text: a file, or a folder of .txt and .md files, read as it is but for its line ends.

Nothing is cleaned: the user's text is the user's. Encodings: UTF-8 and UTF-16 by their marks, plain UTF-8, and
GB18030 where the bytes are not UTF-8 and read as Chinese.
"""

from __future__ import annotations

import codecs
import hashlib
from pathlib import Path

from nihbench.corpora.cleaning import fold_line_ends
from nihbench.corpora.han import count_han, count_in_runs
from nihbench.errors import UsageError
from nihbench.lang import t
from nihbench.types import Corpus

_SUFFIXES = (".txt", ".md")
_JOINT = "\n\n"
_CHINESE_SHARE = 0.2
_CONTROL_SHARE = 0.01


def load_path(path: Path, language: str | None = None) -> Corpus:
    """Read a file, or all .txt and .md files under a folder in the order of their relative paths.

    Hidden files and folders and blank files are passed over. The corpus is named after the path's last part.

    Args:
        path: a text file of any suffix, or a folder.
        language: "en" or "zh"; None: Chinese if a fifth of the letters are Han characters, else English.

    Raises:
        UsageError: nothing there, unreadable, not text, or no text in it.
    """
    if path.is_dir():
        files = _text_files(path)
        if not files:
            raise UsageError(
                t("The folder {path} has no .txt or .md file: give --corpus a folder of texts, or a file.", path=path)
            )
    elif path.exists():
        files = [path]
    else:
        raise UsageError(
            t("There is no file or folder {path}: check --corpus (nih corpus list names the known ones).", path=path)
        )
    texts = [text for text in map(_read_text, files) if text.strip()]
    if not texts:
        raise UsageError(t("There is no text in {path}: give --corpus a file that has some.", path=path))
    text = _JOINT.join(texts)
    return Corpus(
        name=path.resolve().name,
        language=language or guess_language(text),
        text=text,
        sha256=hashlib.sha256(text.encode("utf-8")).hexdigest(),
        title=str(path),
    )


def guess_language(text: str) -> str:
    """Return "zh" if at least a fifth of the letters are Han characters, else "en"."""
    letters = sum(map(str.isalpha, text))
    return "zh" if letters and count_han(text) >= _CHINESE_SHARE * letters else "en"


def decode(content: bytes) -> str | None:
    """Return the text of `content` without its byte order mark, or None if it is not text in a known encoding."""
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if content.startswith(mark):
            return _plausible(_strict(content, encoding))
    text = _strict(content, "utf-8")
    if text is not None:
        return _plausible(text)
    chinese = _plausible(_strict(content, "gb18030"))
    # A Western 8-bit text can be valid GB18030 by chance, but then its Han characters (an accented letter and its
    # neighbour) stand alone, while in Chinese most stand beside another.
    if chinese is None or 2 * count_in_runs(chinese) <= count_han(chinese):
        return None
    return chinese


def _strict(content: bytes, encoding: str) -> str | None:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        return None


def _plausible(text: str | None) -> str | None:
    """Return the text unless it holds what only binary files hold."""
    if text is None or "\0" in text:
        return None
    controls = sum(1 for char in text if char < " " and char not in "\t\n\r\f")
    return text if controls <= _CONTROL_SHARE * len(text) else None


def _text_files(folder: Path) -> list[Path]:
    found: list[tuple[str, Path]] = []
    for path in folder.rglob("*"):
        relative = path.relative_to(folder)
        hidden = any(part.startswith(".") for part in relative.parts)
        if path.suffix.lower() in _SUFFIXES and not hidden and path.is_file():
            found.append((relative.as_posix(), path))
    return [path for _, path in sorted(found)]


def _read_text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(
            t("Could not read {path} ({strerror}): check the file and its rights.", path=path, strerror=error.strerror)
        ) from error
    text = decode(content)
    if text is None:
        raise UsageError(
            t("{path} is not text in UTF-8, UTF-16 (with its mark) or GB18030: save it as UTF-8.", path=path)
        )
    if "\ufffd" in text:
        raise UsageError(
            t("{path} holds the character U+FFFD, left by a wrong decoding: mend it or take it out there.", path=path)
        )
    return fold_line_ends(text)
