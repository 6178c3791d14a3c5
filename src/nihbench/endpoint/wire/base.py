"""What a wire format is: how a request is written, and how what comes back is read into one shape.

That shape is the chat completion's object ({choices: [{message, finish_reason}], usage, model, id}), which is read in
one place (`endpoint.answer`, `endpoint.usage`): a format turns its own objects and events into it. Errors need no
turning: `endpoint.failures` reads every wrapper. A further format is one more file of this folder with a `WIRE`.
"""

from __future__ import annotations

import json
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any, ClassVar, Literal

from nihbench.text.encoded import EncodedMessages, Pieces, messages_json
from nihbench.types import Message, ModelPreset, Request

OutputParam = Literal["max_tokens", "max_completion_tokens"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Dialect:
    """How requests are written for one server.

    `wire`: the format's name. `stream`: whether to ask for a stream; None: yes, until the server shows that it has
    none. `stream_usage`: ask for the usage in it. `dropped`: sampling parameters that the server refuses.
    `fold_system`: system messages are put before the first user message. `switched`: the name of the output limit was
    changed already.
    """

    wire: str = "openai"
    output_param: OutputParam = "max_tokens"
    stream: bool | None = None
    stream_usage: bool = True
    dropped: frozenset[str] = frozenset()
    fold_system: bool = False
    switched: bool = False

    @classmethod
    def of(cls, preset: ModelPreset, *, stream: bool | None = None) -> Dialect:
        """Return the dialect that a preset describes."""
        return cls(wire=preset.wire, output_param=preset.output_param, stream=stream)

    @property
    def streams(self) -> bool:
        """Whether a stream is asked for."""
        return self.stream is not False


class Wire(ABC):
    """One wire format. All its methods are pure."""

    path: ClassVar[str] = ""
    """Below the base URL, where it is the same for all requests."""
    messages_name: ClassVar[str] = "messages"
    """Which field of the body has the messages."""
    output_names: ClassVar[tuple[str, ...]] = ("max_tokens", "max_completion_tokens")
    """Which settings limit the output."""
    key_header: ClassVar[str] = "Authorization"
    """Which header bears the key where a preset names none."""
    headers: ClassVar[Mapping[str, str]] = {}
    """What every request bears beside it."""
    batches: ClassVar[bool] = False
    """Whether requests are written into batch files as they are sent."""
    unknown: ClassVar[frozenset[str]] = frozenset()
    """What a request may ask for and the format has no field for."""

    def path_of(self, settings: Mapping[str, Any]) -> str:
        """Return the path below the base URL of a request with these settings."""
        return self.path

    @abstractmethod
    def settings(self, request: Request, dialect: Dialect) -> dict[str, Any]:
        """Return the body's fields but the messages and the user's own fields."""

    def fields(self, settings: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the body's fields but the messages, made of the settings and the user's own fields."""
        return settings

    def body(self, messages: Sequence[Message], settings: Mapping[str, Any]) -> Pieces:
        """Return the body as JSON in a few pieces; joined they would take a long prompt's memory twice.

        Messages that were encoded when they were built are sent as they are: `prompt_sha256` is of the bytes sent.
        """
        pieces = messages.pieces if isinstance(messages, EncodedMessages) else (messages_json(messages),)
        return self._around(pieces, self.fields(settings))

    def joined(self, messages: object, fields: Mapping[str, Any]) -> Pieces:
        """Return the body as JSON of messages in the format's own shape."""
        return self._around((as_bytes(messages),), fields)

    def _around(self, messages: Pieces, fields: Mapping[str, Any]) -> Pieces:
        head = as_bytes(fields).removesuffix(b"}")
        name = f'"{self.messages_name}": '.encode()
        return (head + (b", " + name if fields else name), *messages, b"}")

    def answer(self, value: Any) -> Any:
        """Return a whole answer's JSON as a chat completion's object; an error, and what is no answer, as it is."""
        return value

    def piece(self, value: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return a stream's event as a chat completion's chunk, its usage as it is; None where nothing can follow."""
        return value

    def usage(self, told: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return an answer's counts, of all its events together, under the chat completion's names."""
        return told


def as_bytes(value: Any) -> bytes:
    """Return JSON in UTF-8."""
    text = json.dumps(value, ensure_ascii=False)
    try:
        return text.encode()
    except UnicodeEncodeError:  # a lone surrogate has no UTF-8 form, but an escape
        return json.dumps(value).encode()


@cache
def names() -> tuple[str, ...]:
    """Return the names of all wire formats."""
    folder: Any = import_module(str(__package__))
    return tuple(sorted(name for _, name, _ in pkgutil.iter_modules(folder.__path__) if name != "base"))


@cache
def wire_of(name: str) -> Wire:
    """Return a wire format by its name, one of `names()`."""
    found: Wire = import_module(f"{__package__}.{name}").WIRE
    return found
