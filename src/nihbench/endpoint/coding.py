"""Undoes the one content coding that an answer may have, in small pieces, so that who reads them can stop at a bound.

Pure. Nobody asked for a coding (`Accept-Encoding: identity`); some gateways compress all the same, once. Three hundred
bytes that were packed three times are gigabytes, and one that was packed once may still be a thousand times its size.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping

import httpx

_HEADER_BYTES = 2
PIECE_BYTES = 64 * 1024
"""So many bytes come out at a time at most, however well they are packed."""
# What is no compression, though it stands where one is named.
_NONE = ("", "identity", "utf-8", "utf8", "none")
_WINDOW_BITS = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}


class CodingError(httpx.DecodingError):
    """The answer is not packed as it says, or, where `unread` names how, in a way that is not read."""

    def __init__(self, message: str = "", *, unread: str = "") -> None:
        super().__init__(message)
        self.unread = unread


class TooLongError(httpx.HTTPError):
    """There came more than an answer may hold, and nothing of it is one."""

    def __init__(self) -> None:
        super().__init__("")


def codings_of(headers: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of an answer's codings, in the order in which they were applied."""
    named = ",".join(value for name, value in headers.items() if name.lower() == "content-encoding").split(",")
    return tuple(name for name in (each.strip().lower() for each in named) if name not in _NONE)


class Inflater:
    """Gives the bytes of an answer as they were before its server packed them.

    Args:
        headers: the answer's headers.
        lenient: give what can't be unpacked as it came, for an error's page says little in any case.

    Raises:
        CodingError: there is more than one coding, or one that is not read.
    """

    def __init__(self, headers: Mapping[str, str], *, lenient: bool = False) -> None:
        codings = codings_of(headers)
        known = len(codings) == 1 and codings[0] in _WINDOW_BITS
        if codings and not known and not lenient:
            raise CodingError(unread=", ".join(codings)[:100])
        self._bits = _WINDOW_BITS[codings[0]] if known else 0
        self._lenient = lenient
        self._start = b""
        self._unpack = zlib.decompressobj(self._bits) if known else None

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """Give what `piece` holds, at most `PIECE_BYTES` at a time.

        Raises:
            CodingError: it is not packed as its server says.
        """
        if self._unpack is None:
            yield piece
            return
        if len(self._start) < _HEADER_BYTES:
            self._start = piece = self._start + piece
            if len(piece) < _HEADER_BYTES:
                return
            if self._bits == zlib.MAX_WBITS and not _is_zlib(piece):
                self._unpack = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            yield from self._unpacked(piece)
        except zlib.error as error:
            if not self._lenient:
                raise CodingError(str(error)) from error
            self._unpack = None
            yield piece

    def _unpacked(self, data: bytes) -> Iterator[bytes]:
        assert self._unpack is not None
        while True:
            out = self._unpack.decompress(data, PIECE_BYTES)
            data = self._unpack.unconsumed_tail
            if out:
                yield out
            if self._unpack.eof:
                data = self._unpack.unused_data.lstrip(b"\0")
                if not data or self._bits == zlib.MAX_WBITS:
                    return
                self._unpack = zlib.decompressobj(self._bits)  # a gzip file may have several members
            elif not data and len(out) < PIECE_BYTES:
                return


def _is_zlib(start: bytes) -> bool:
    """Say whether deflate comes with the header that it should have; some servers send it without."""
    return start[0] & 15 == zlib.DEFLATED and int.from_bytes(start[:2], "big") % 31 == 0
