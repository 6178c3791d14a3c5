"""Puts a streamed answer together: its events, turned by the wire format, become the object of an unstreamed one.

Pure. It judges nothing: what the object means is read in `answer`, in one place for both ways of answering.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from nihbench.endpoint.failures import parse_json
from nihbench.endpoint.usage import OutputBound, weight
from nihbench.endpoint.wire.base import Wire
from nihbench.text.markup import opens_reasoning

# ---- sse -------------------------------------------------------------------------------------------------------------
# Cuts the bytes of a server-sent event stream into events, however the network cut them into pieces.
#
# Pure. It knows lines, comments and fields, nothing of what an event's data means. Lines end in LF, CR LF or CR and are
# decoded whole, so that a character split between two pieces is none the worse; broken UTF-8 is replaced.
#
# Source: the WHATWG's HTML standard, "Server-sent events"; unlike it, an event that the stream's end cuts off before
# its blank line is given as well, because some servers forget that line after the last event. So is an error that
# stands under a field of its own (`error: {...}`, as llama.cpp wrote it), and JSON between events that stands under
# none.

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


# ---- content ---------------------------------------------------------------------------------------------------------
# A message's content in whatever shape it comes: its text, the reasoning in it, and whether all of it could be read.
#
# Pure. The protocol has a string, or a list of typed parts; servers send objects, lists of strings and parts within
# parts, too. What holds no text, such as a number, is not made one.

_DEEPEST = 6
_REASONING = re.compile(r"reason|think|thought|analysis|redacted|summary", re.IGNORECASE)
_CONTENT_TEXTS = ("text", "content", "value", "output_text", "parts", "output", "refusal", "answer")
_THOUGHTS = ("thinking", "reasoning", "reasoning_content", "reasoningContent", "reasoningText", "summary", "thought")
_NOTHING: tuple[object, ...] = (None, "")


@dataclass(frozen=True, kw_only=True, slots=True)
class Content:
    """`text` and `reasoning` of a content; `unread`: something in it is neither."""

    text: str = ""
    reasoning: str = ""
    unread: bool = False


def read_content(value: object) -> Content:
    """Return what a content says."""
    return _read(value, 0)


def reasoning_of(message: Mapping[str, Any]) -> str:
    """Return the reasoning that stands beside a message's content, under any of its names; the first that has some."""
    for name in ("reasoning_content", "reasoning", "thinking", "reasoning_text", "thought", "reasoning_details"):
        found = _read(message.get(name), 0)
        if said := found.text or found.reasoning:
            return said
    return ""


def _read(value: object, depth: int) -> Content:
    if value is None or isinstance(value, str):
        return Content(text=value or "")
    if depth > _DEEPEST:
        return Content(unread=True)
    if isinstance(value, list):
        return _joined(value, depth)
    return _part(value, depth) if isinstance(value, dict) else Content(unread=True)


def _joined(values: list[Any], depth: int) -> Content:
    read = [_read(value, depth + 1) for value in values]
    text = ""
    for value, part in zip(values, read, strict=True):
        # Strings of a list are whole words; parts of an object are what a stream was cut into.
        glued = isinstance(value, str) and text[-1:].isalnum() and part.text[:1].isalnum()
        text += " " * (glued and part.text[:1].isascii()) + part.text
    reasoning = "".join(part.reasoning for part in read)
    return Content(text=text, reasoning=reasoning, unread=any(part.unread for part in read))


def _part(value: Mapping[str, Any], depth: int) -> Content:
    named = value.get("type")
    is_thought = (isinstance(named, str) and _REASONING.search(named) is not None) or value.get("thought") is True
    thoughts = [_read(value[name], depth + 1) for name in _THOUGHTS if value.get(name) not in (*_NOTHING, True, False)]
    texts = [_read(value[name], depth + 1) for name in _CONTENT_TEXTS if value.get(name) not in _NOTHING]
    thought = "".join(each.text + each.reasoning for each in thoughts[:1])
    said = texts[0] if texts else Content()
    if is_thought:
        return Content(reasoning=thought or said.text + said.reasoning)
    empty = any(value.get(name) == "" for name in _CONTENT_TEXTS)  # a part of a stream without a word yet
    unread = said.unread or not (texts or thoughts or empty)
    return Content(text=said.text, reasoning=thought + said.reasoning, unread=unread)


DONE = "[DONE]"
CALLS = ("tool_calls", "function_call")
"""Under which names of a message a model calls a tool."""
_ALIVE = re.compile(r"ping|pong|keep-?alive|heart-?beat", re.IGNORECASE)
_TEXTS = ("content", "reasoning", "refusal")
# Where markup of reasoning may come in pieces, with blanks in front.
_OPENING_PIECES = 16
_KEPT = ("model", "system_fingerprint", "timings", "provider")
# Written into every event by servers that have nothing to say yet: no reason why an answer ends.
_NO_REASONS = ("", "null", "None")


class StreamedAnswer:
    """Collects events.

    `started`: a first piece of text or reasoning came. `finished`: the server gave a reason why the answer ends.
    `done`: the server closed the stream with its last word. `error`: what the server sent in place of the rest.
    `garbled`: an event could not be read, so that a part of the answer may be missing. `past_limit`: it was broken off
    here, because the server went past the output limit. `unread`: a piece of content held no text.
    `id`: what the answer calls itself.
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.started = False
        self.done = False
        self.garbled = False
        self.past_limit = False
        self.unread = False
        self.id = ""
        self.error: object = None
        self._finish_reason: object = None
        self._pieces: dict[str, list[str]] = {name: [] for name in _TEXTS}
        self._weights: Counter[str] = Counter()
        self._fields: dict[str, Any] = {}
        self._has_choice = False
        self._index: int | None = None
        self._called: dict[str, Any] = {}

    @property
    def finished(self) -> bool:
        """Whether the server said why the answer ends."""
        return self._finish_reason is not None

    @property
    def complete(self) -> bool:
        """Whether nothing that matters can follow."""
        return self.done or self.finished or self.error is not None

    def add(self, event: Event) -> None:
        """Take the next event; what follows the end is ignored."""
        data = event.data.strip()
        if self.done or self.error is not None or not data:
            return
        if data.strip('"').upper() == DONE:
            self.done = True
            return
        try:
            value = parse_json(data)
        except ValueError:
            if _ALIVE.fullmatch(data) or _ALIVE.fullmatch(event.type):
                return
            value = {"error": {"message": data}} if event.type == "error" else None
            self.garbled = self.garbled or value is None
        if isinstance(value, list) and value:
            value = value[0]
        piece = self._wire.piece(value) if isinstance(value, dict) else {}
        if piece is None:
            self.done = True
        elif piece:
            self._add(piece, event.type == "error")

    def is_past(self, bound: OutputBound) -> bool:
        """Say whether what came is beyond `bound`.

        Reasoning that stands in the answer itself, in markup, has the room that reasoning has.
        """
        weights = self._weights
        answer = weights["content"] + weights["refusal"]
        reasoning = weights["reasoning"]
        if not bound.is_passed(answer, reasoning):
            return False
        opening = "".join(self._pieces["content"][:_OPENING_PIECES])
        return not opens_reasoning(opening) or bound.is_passed(0, answer + reasoning)

    def cut_off(self) -> None:
        """End the answer here, as its server should have done."""
        self.past_limit = True
        if self._finish_reason is None:
            self._finish_reason = "length"

    def as_object(self) -> dict[str, Any]:
        """Return what an unstreamed answer would have been; without `choices` where no choice came."""
        message: dict[str, Any] = {name: "".join(pieces) for name, pieces in self._pieces.items()}
        message |= {name: called for name, called in self._called.items() if called}
        choices = [{"message": message, "finish_reason": self._finish_reason}] if self._has_choice else []
        told = {"usage": self._wire.usage(self._fields["usage"])} if "usage" in self._fields else {}
        return {"choices": choices} | self._fields | told

    def _add(self, value: Mapping[str, Any], is_error: bool) -> None:
        if value.get("error") or value.get("object") == "error" or is_error:
            if not self.finished:
                self.error = value
            return
        self._fields |= {name: value[name] for name in _KEPT if value.get(name)}
        if not self.id and isinstance(value.get("id"), str):
            self.id = value["id"]
        self._add_usage(value.get("usage"))
        choices = value.get("choices")
        for choice in choices if isinstance(choices, list) else ():
            if isinstance(choice, dict) and self._is_ours(index_of(choice)):
                self._add_choice(choice)

    def _is_ours(self, index: int) -> bool:
        """Say whether a choice of this index is the answer: the lowest is; what came of a higher one is forgotten."""
        if self._index is None or index < self._index:
            if self._has_choice:
                self._forget()
            self._index = index
        return index == self._index

    def _forget(self) -> None:
        self.started = self.unread = False
        self._finish_reason = None
        self._pieces = {name: [] for name in _TEXTS}
        self._weights.clear()
        self._called.clear()

    def _add_usage(self, usage: object) -> None:
        """Take counts; gateways may send those of the prompt first, and zeros in their place at the end."""
        if isinstance(usage, dict):
            known = self._fields.setdefault("usage", {})
            known |= {name: count for name, count in usage.items() if count or name not in known}

    def _add_choice(self, choice: Mapping[str, Any]) -> None:
        self._has_choice = True
        self._add_usage(choice.get("usage"))
        if choice.get("finish_reason") not in (None, *_NO_REASONS):
            self._finish_reason = choice["finish_reason"]
        delta = choice.get("delta")
        if not isinstance(delta, dict):
            # Some servers close with the whole message, and some write a text alone: of use only where no piece of the
            # answer came before, and where pieces are texts.
            delta = choice.get("message") if not self.started else None
        if not isinstance(delta, dict):
            delta = {"content": choice.get("text", delta)}
        self._add_message(delta)

    def _add_message(self, delta: Mapping[str, Any]) -> None:
        content, refusal = read_content(delta.get("content")), read_content(delta.get("refusal"))
        self.unread = self.unread or content.unread
        for name, text in (
            ("content", content.text),
            ("reasoning", reasoning_of(delta) or content.reasoning),
            ("refusal", refusal.text),
        ):
            if text:
                self.started = True
                self._pieces[name].append(text)
                self._weights[name] += weight(text)
        for name in CALLS:
            self._called[name] = self._called.get(name) or delta.get(name)


def index_of(choice: Mapping[str, Any]) -> int:
    """Return which of several answers a choice is; the first where it does not say."""
    index = choice.get("index")
    if isinstance(index, str) and index.isascii() and index.isdigit():
        return int(index[:9])
    return index if isinstance(index, int) and index >= 0 else 0
