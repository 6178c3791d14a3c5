"""Prompts as the bytes that are sent: a source is written as JSON once, and every prompt is cut out of it.

JSON escapes character by character, so that the pieces of a text, encoded one by one, are its encoding. The pieces of
a prompt put together are the compact JSON of its messages in UTF-8; `prompt_sha256` is their hash.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import accumulate
from typing import overload

from nihbench.types import Message

Pieces = tuple[bytes | memoryview, ...]
_BLOCK = 256
_TOGETHER = 64
_quoted = json.encoder.encode_basestring
"""What `json.dumps(text, ensure_ascii=False)` gives, without an encoder made for each call."""


class JsonText:
    """A text's JSON, between the quotation marks, in UTF-8; slices by characters of the text take no copy.

    It is made at the first slice, and takes about as much memory as the text.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._known: dict[int, int] = {}

    def slice(self, first: int, last: int) -> memoryview:
        """Return the JSON of text[first:last].

        Raises:
            UnicodeEncodeError: the text holds a lone surrogate, which UTF-8 can't say.
        """
        (found,) = self.parted((first, max(first, last)))
        return found

    def parted(self, places: Sequence[int]) -> list[memoryview]:
        """Return the JSON between each two neighbours of rising places, as characters of the text. Raises as `slice`.

        Each place is looked up once, though one stretch ends and another begins there.
        """
        content, at = memoryview(self._encoded[0]), [self._byte(place) for place in places]
        return [content[one:other] for one, other in zip(at, at[1:], strict=False)]

    @cached_property
    def _encoded(self) -> tuple[bytes, list[int]]:
        text = self._text
        blocks = [inner_json(text[at : at + _BLOCK]) for at in range(0, len(text), _BLOCK)]
        return b"".join(blocks), list(accumulate(map(len, blocks), initial=0))

    def _byte(self, position: int) -> int:
        known = self._known.get(position)  # prompts of one text are cut and joined at the ends of its sentences
        if known is None:
            _, starts = self._encoded
            block = min(position // _BLOCK, len(starts) - 1)
            known = self._known[position] = starts[block] + len(inner_json(self._text[block * _BLOCK : position]))
        return known


class EncodedMessages(Sequence[Message]):
    """Messages together with their JSON; made of the pieces alone, they are read back only where they are looked at."""

    def __init__(self, pieces: Iterable[bytes | memoryview]) -> None:
        self.pieces: Pieces = tuple(pieces)

    @property
    def size_bytes(self) -> int:
        """The length of the JSON."""
        return sum(map(len, self.pieces))

    @cached_property
    def sha256(self) -> str:
        """The hash of the JSON."""
        found = hashlib.sha256()
        for piece in together(self.pieces):
            found.update(piece)
        return found.hexdigest()

    @cached_property
    def _messages(self) -> tuple[Message, ...]:
        return tuple(Message(**each) for each in json.loads(b"".join(self.pieces)))

    @overload
    def __getitem__(self, index: int) -> Message: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Message, ...]: ...

    def __getitem__(self, index: int | slice) -> Message | tuple[Message, ...]:
        return self._messages[index]

    def __len__(self) -> int:
        return len(self._messages)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self._messages == tuple(other)

    def __hash__(self) -> int:
        return hash(self.sha256)


def together(pieces: Sequence[bytes | memoryview]) -> Iterator[bytes | memoryview]:
    """Yield the same bytes in fewer pieces where there are many: small ones cost as much to hand on as long ones."""
    if len(pieces) <= _TOGETHER:
        yield from pieces
        return
    for at in range(0, len(pieces), _TOGETHER):
        yield b"".join(pieces[at : at + _TOGETHER])


def messages_json(messages: Sequence[Message]) -> bytes:
    """Return messages as compact JSON in UTF-8: what is sent, and what is hashed.

    A lone surrogate has no UTF-8 form: then everything beyond ASCII is escaped.
    """
    plain = [{"role": m.role, "content": m.content} for m in messages]
    try:
        return json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        return json.dumps(plain, separators=(",", ":")).encode()


def inner_json(text: str) -> bytes:
    """Return the JSON of a text without its quotation marks, in UTF-8.

    Raises:
        UnicodeEncodeError: it holds a lone surrogate.
    """
    return _quoted(text)[1:-1].encode()
