"""From the pieces that tokens stand for to the characters in which they begin. Pure; knows no tokenizer.

Tokens are runs of bytes: one Han character may be three of them, one emoji four. A token's start is the character
that holds its first byte.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from nihbench.lang.messages import t
from nihbench.types import IntArray

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
