"""How one server wants its requests written, as data; and what its refusal of one teaches about that.

Pure. A dialect begins with what the preset knows. Every lesson makes another dialect that asks for strictly less or
for the same by another name, each at most once, so that learning ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from nihbench.endpoint.failures import SAMPLING, Diagnosis
from nihbench.endpoint.usage import OutputBound, likely_tokens
from nihbench.endpoint.wire.base import Dialect, OutputParam, as_bytes, wire_of
from nihbench.lang.messages import Note, quoted, t
from nihbench.text.encoded import EncodedMessages, Pieces, messages_json
from nihbench.types import Message, Request

_OTHER: Mapping[OutputParam, OutputParam] = {
    "max_tokens": "max_completion_tokens",
    "max_completion_tokens": "max_tokens",
}
_REFUSED = re.compile(
    r"\b(not|n't|no) (\w+ )?(support|allow|permit|implement|available|recogni|accept|enabled)|"
    r"\bun(supported|recogni|known|expected)|\binvalid (parameter|argument|field)|\bforbidden\b|\bextra (field|input)|"
    r"\binstead\b|\bdeprecated\b|\bmust be false\b|\bdisabled?\b",
    re.IGNORECASE,
)
_REFUSED_TAGS = frozenset({"unsupported_parameter", "unsupported_value", "unknown_parameter", "extra_forbidden"})
_STREAM = re.compile(r"\bstream(ing|ed)?\b", re.IGNORECASE)
_SYSTEM = re.compile(r"\bsystem\b.{0,30}\b(role|message|prompt)|\brole\b.{0,80}\bsystem\b", re.IGNORECASE)
_MAY_BE_ABOUT_THE_REQUEST = (400, 415, 422, 500, 501)
_PIECE = 256 * 1024


@dataclass(frozen=True, kw_only=True)
class Call:
    """What is asked: messages and request; its forms for a dialect are encoded once, however often they are sent."""

    messages: Sequence[Message]
    request: Request

    @cached_property
    def prompt_tokens(self) -> int:
        """How many tokens the messages have, as far as is known."""
        if self.request.prompt_tokens is not None:
            return self.request.prompt_tokens
        return sum(likely_tokens(message.content) for message in self.messages)

    def settings(self, dialect: Dialect) -> dict[str, Any]:
        """Return the body's fields but the messages; the user's own extra fields win."""
        fields = wire_of(dialect.wire).settings(self.request, dialect) | dict(self.request.extra_body)
        return {name: value for name, value in fields.items() if name not in dialect.dropped}

    def bound(self, dialect: Dialect) -> OutputBound:
        """Return what the answer may hold by the output limits that are sent, the user's own among them."""
        settings = self.settings(dialect)
        names = wire_of(dialect.wire).output_names
        limits = [settings[name] for name in names if isinstance(settings.get(name), int)]
        return OutputBound.of(max(limits, default=None), holds_reasoning="max_tokens" not in settings)

    def wants_stream(self, dialect: Dialect) -> bool:
        """Say whether a stream is asked for, by the dialect or by the user's own extra fields."""
        return self.settings(dialect).get("stream") is True

    def body(self, dialect: Dialect) -> Pieces:
        """Return the body as JSON in a few pieces (see `Wire.body`); the user's own messages stand for all."""
        settings, wire = self.settings(dialect), wire_of(dialect.wire)
        if wire.messages_name in settings:
            return (as_bytes(wire.fields(settings)),)
        return wire.body(self._folded if dialect.fold_system else self._plain, settings)

    def path(self, dialect: Dialect) -> str:
        """Return the path below the base URL."""
        return wire_of(dialect.wire).path_of(self.settings(dialect))

    def changes(self, dialect: Dialect, first: Dialect) -> tuple[Note, ...]:
        """Return how a request in `dialect` differs from what was asked, `first` being what the preset knew."""
        asked = self.settings(first)
        lost = [
            Note("parameter_not_sent", name=name) for name in sorted(dialect.dropped - first.dropped) if name in asked
        ]
        unsent = wire_of(dialect.wire).unknown & {"seed"} if self.request.seed is not None else frozenset()
        lost += [Note("parameter_not_sent", name=name) for name in sorted(unsent)]
        if dialect.output_param != first.output_param:
            lost.append(Note("limit_sent_as", name=dialect.output_param))
        if dialect.fold_system and has_system(self.messages):
            lost.append(Note("system_in_user"))
        return tuple(lost)

    @cached_property
    def _plain(self) -> EncodedMessages:
        return self.messages if isinstance(self.messages, EncodedMessages) else _encoded(self.messages)

    @cached_property
    def _folded(self) -> EncodedMessages:
        return _encoded(fold_system(self.messages))


def _encoded(messages: Sequence[Message]) -> EncodedMessages:
    return EncodedMessages([messages_json(messages)])


def learn(dialect: Dialect, call: Call, status: int, found: Diagnosis) -> tuple[Dialect, str] | None:
    """Return the dialect that a refusal asks for, and a sentence about it; None: it is not about how we write.

    Args:
        dialect: what the refused request was written in.
        call: what was asked.
        status: the HTTP status.
        found: what the refusal says.
    """
    if status not in _MAY_BE_ABOUT_THE_REQUEST:
        return None
    return next(_lessons(dialect, call, found), None)


def without_stream(dialect: Dialect) -> tuple[Dialect, str]:
    """Return the dialect for a server that answered a request for a stream at one go, and a sentence about it."""
    return replace(dialect, stream=False), t("endpoint.server_not_stream_answers")


def fold_system(messages: Sequence[Message]) -> tuple[Message, ...]:
    """Return `messages` with the system messages' texts put before the first user message's, a blank line between."""
    told = [message.content for message in messages if message.role == "system"]
    others = [message for message in messages if message.role != "system"]
    at = next((i for i, message in enumerate(others) if message.role == "user"), None)
    if at is None:
        return (Message(role="user", content="\n\n".join(told)), *others)
    others[at] = replace(others[at], content="\n\n".join([*told, others[at].content]))
    return tuple(others)


def has_system(messages: Sequence[Message]) -> bool:
    """Say whether one of the messages is a system message."""
    return any(message.role == "system" for message in messages)


def as_json(messages: Sequence[Message]) -> list[dict[str, str]]:
    """Return messages as the protocol writes them."""
    return [{"role": message.role, "content": message.content} for message in messages]


def pieces_of(body: Pieces) -> Iterator[bytes]:
    """Cut a body into what is written at a time: the deadline for writing is for one piece, not for a whole novel.

    Short parts go out together: every write costs about as much as a short prompt's bytes.
    """
    short: list[bytes | memoryview] = []
    for part in body:
        for start in range(0, len(part), _PIECE):
            piece = part[start : start + _PIECE]
            if sum(map(len, short)) + len(piece) > _PIECE:
                yield b"".join(short)
                short.clear()
            short.append(piece)
    if short:
        yield b"".join(short)


def _lessons(dialect: Dialect, call: Call, found: Diagnosis) -> Iterator[tuple[Dialect, str]]:
    sent = call.settings(dialect)
    said = quoted(found.message)
    refused = bool(found.tags & _REFUSED_TAGS) or _REFUSED.search(said) is not None
    if dialect.stream_usage and "stream_options" in sent and _names("stream_options", found):
        yield replace(dialect, stream_usage=False), t("endpoint.server_refuses_stream_options")
    named = _STREAM.search(said) is not None or "stream" in found.tags
    if dialect.stream is None and sent.get("stream") is True and named and refused:
        yield without_stream(dialect)
    if found.kind == "bad_parameter" and not dialect.switched and refused and _names(dialect.output_param, found):
        other = _OTHER[dialect.output_param]
        new = replace(dialect, output_param=other, switched=True)
        yield new, t("endpoint.server_wants_output_limit", name=other)
    names = [name for name in SAMPLING if name in sent and _names(name, found)]
    if found.kind == "bad_parameter" and names:
        words = t("endpoint.server_refuses_not_sent", names=tuple(names), said=said)
        yield replace(dialect, dropped=dialect.dropped | set(names)), words
    if not dialect.fold_system and has_system(call.messages) and refused and _SYSTEM.search(said):
        new = replace(dialect, fold_system=True)
        yield new, t("endpoint.server_takes_no_system")


def _names(parameter: str, found: Diagnosis) -> bool:
    return parameter in found.tags or re.search(rf"\b{parameter}\b", quoted(found.message)) is not None
