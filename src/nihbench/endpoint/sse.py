"""Cuts the bytes of a server-sent event stream into events, however the network cut them into pieces.

Pure. It knows lines, comments and fields, nothing of what an event's data means. Lines end in LF, CR LF or CR and are
decoded whole, so that a character split between two pieces is none the worse; broken UTF-8 is replaced.

Source: the WHATWG's HTML standard, "Server-sent events"; unlike it, an event that the stream's end cuts off before its
blank line is given as well, because some servers forget that line after the last event. So is an error that stands
under a field of its own (`error: {...}`, as llama.cpp wrote it), and JSON between events that stands under none.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_LINE_END = re.compile(rb"\r\n|\n|\r")
_FIRST_LINE = re.compile(rb"(data|event|error|id|retry)? ?:")
_BLANK = b"\xef\xbb\xbf \t\r\n\0"
_LONGEST_FIELD = len(b"event :")


class Event(NamedTuple):
    """One event: its lines of data joined by line feeds, and its type ("" where none is given)."""

    data: str
    type: str


class EventReader:
    """Takes pieces of a stream and gives the events that they complete; an event without data is none."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []  # of a line that has not ended; joined once, however many there are
        self._data: list[str] = []
        self._type = ""
        self._after_cr = False
        self._first = True

    def feed(self, piece: bytes) -> list[Event]:
        """Return the events that end in `piece`."""
        if self._after_cr and piece:
            piece = piece.removeprefix(b"\n")
            self._after_cr = False
        events: list[Event] = []
        start = 0
        for end in _LINE_END.finditer(piece):
            self._parts.append(piece[start : end.start()])
            self._line(b"".join(self._parts), events)
            self._parts.clear()
            start = end.end()
        if start < len(piece):
            self._parts.append(piece[start:])
        # The LF of a CR LF may come with the next piece; it must not count as another, empty line.
        self._after_cr = piece.endswith(b"\r") or (self._after_cr and not piece)
        return events

    def close(self) -> list[Event]:
        """Return the event that the stream's end cut off, if there is one."""
        events: list[Event] = []
        self._line(b"".join(self._parts), events)
        self._line(b"", events)
        self._parts.clear()
        return events

    def _line(self, line: bytes, events: list[Event]) -> None:
        if self._first:
            line = line.removeprefix(b"\xef\xbb\xbf")
            self._first = False
        if not line:
            if self._data:
                events.append(Event("\n".join(self._data), self._type))
            self._data, self._type = [], ""
            return
        name, _, value = line.partition(b":")
        text = value.removeprefix(b" ").decode("utf-8", errors="replace")
        if name.strip(_BLANK) == b"data":
            self._data.append(text)
        elif name.strip(_BLANK) == b"error":
            self._data.append(text)
            self._type = "error"
        elif line.startswith(b"{") and not self._data:
            events.append(Event(line.decode("utf-8", errors="replace"), self._type))
        elif name.strip(_BLANK) == b"event":
            self._type = text.strip()


def is_event_stream(start: bytes) -> bool | None:
    """Say by its first bytes whether a body is an event stream; None: they are too few to tell.

    The content type is not asked: gateways get it wrong, and servers that do not stream answer with plain JSON.
    """
    text = start.lstrip(_BLANK)
    if _FIRST_LINE.match(text):
        return True
    fields = (b"data", b"event", b"error", b"id", b"retry")
    if len(text) < _LONGEST_FIELD and (not text or any((field + b" :").startswith(text) for field in fields)):
        return None
    return False
