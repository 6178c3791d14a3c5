"""Where the tokens and the sentences of a corpus begin, computed once and kept on the disk.

The cache is only ever a shortcut: a file that is missing, damaged or of another text is made again, and one that
can't be written is done without.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from contextlib import suppress
from functools import cache, lru_cache
from pathlib import Path

import numpy as np

from nihbench.errors import FetchError
from nihbench.fetch.files import cache_dir, write_atomic
from nihbench.stats.overlap import WINDOW, Repeated
from nihbench.stats.overlap import repeated_windows as found_windows
from nihbench.text import sentences as sentence_rules
from nihbench.text.sentences import boundaries
from nihbench.types import IntArray, Tokenizer

_FORMAT = "1"
_DIGEST_BYTES = 32


def token_starts(corpus_text: str, text_sha256: str, tokenizer: Tokenizer) -> IntArray:
    """Return, for every token of the text, the index of the character in which it begins (shape: tokens).

    Args:
        corpus_text: the whole text of a corpus.
        text_sha256: its hash, which with the tokenizer's name identifies the result.
        tokenizer: asked once; its `starts` is not called where the result is cached.
    """
    return _kept((text_sha256, tokenizer.name), lambda: tokenizer.starts(corpus_text))


def sentence_boundaries(corpus_text: str, text_sha256: str, language: str) -> IntArray:
    """Return where a needle may stand in the text of a corpus (`text.sentences`).

    Args:
        corpus_text: the whole text of a corpus.
        text_sha256: its hash, which with the language and the rules identifies the result.
        language: whose rules are followed.
    """
    rules = _rules()
    if rules is None:
        return boundaries(corpus_text, language)
    return _kept(("sentences", text_sha256, language, rules), lambda: boundaries(corpus_text, language))


@lru_cache(maxsize=2)
def repeated_windows(corpus_text: str, text_sha256: str) -> Repeated:
    """Return the stretches that a corpus has more than once (`stats.overlap`), by its text and hash."""
    what = ("repeated windows", str(WINDOW), text_sha256)
    places, groups = _kept(what, lambda: found_windows(corpus_text).ravel()).reshape(2, -1)
    return Repeated(places=places, groups=groups)


@cache
def _rules() -> str | None:
    """Return a hash of the code that finds sentences: a changed rule needs no number. None: it can't be read."""
    found = hashlib.sha256()
    try:
        for path in sorted(Path(sentence_rules.__file__).parent.glob("*.py")):
            found.update(path.read_bytes())
    except (OSError, TypeError):
        return None
    return found.hexdigest()


def _kept(what: tuple[str, ...], make: Callable[[], IntArray]) -> IntArray:
    key = hashlib.sha256("\0".join((_FORMAT, *what)).encode("utf-8")).hexdigest()
    path = cache_dir() / "offsets" / f"{key}.npy"
    cached = _read(path)
    if cached is not None:
        return cached
    made = np.asarray(make(), dtype=np.int64)
    _write(path, made)
    return made


def _read(path: Path) -> IntArray | None:
    """Return the cached array, or None unless the file is byte for byte what `_write` wrote under this name."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    body, digest = content[:-_DIGEST_BYTES], content[-_DIGEST_BYTES:]
    # Checked before numpy parses anything: a damaged head makes it fail in many ways, or ask for absurd memory.
    if digest != _digest(path, body):
        return None
    starts: IntArray = np.load(io.BytesIO(body), allow_pickle=False).astype(np.int64)
    return starts


def _write(path: Path, starts: IntArray) -> None:
    fits = len(starts) == 0 or starts.max() <= np.iinfo(np.int32).max
    buffer = io.BytesIO()
    np.save(buffer, starts.astype("<i4" if fits else "<i8"), allow_pickle=False)
    body = buffer.getvalue()
    # The digest stands after the array, where readers of .npy files pass it over.
    with suppress(FetchError):
        write_atomic(path, body + _digest(path, body))


def _digest(path: Path, body: bytes) -> bytes:
    return hashlib.sha256(path.stem.encode("utf-8") + body).digest()
