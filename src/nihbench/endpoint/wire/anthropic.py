"""Anthropic's Messages: POST /messages, the key in x-api-key, system texts apart from the messages.

Source: Anthropic's API reference, "Messages" and "Streaming Messages". Nothing is marked for its cache: a mark costs
more than it saves wherever no later prompt is alike up to it; who wants it sends `cache_control` among the extra
fields. What was read from the cache and written into it is taken down.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from nihbench.endpoint.usage import mapping
from nihbench.endpoint.wire.base import Dialect, Wire
from nihbench.text.encoded import Pieces
from nihbench.types import Message, Request

_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
}
"""Reasons why answers end under the names that runs have for them; others keep their own (refusal, pause_turn)."""
_CACHED = ("cache_read_input_tokens", "cache_creation_input_tokens")
_DELTAS = {"text_delta": "text", "thinking_delta": "thinking"}


class Messages(Wire):
    """The format of api.anthropic.com and of services that speak it."""

    path = "/messages"
    key_header = "x-api-key"
    headers: ClassVar[Mapping[str, str]] = {"anthropic-version": "2023-06-01"}
    """The oldest version, which gateways know, too; a preset's own headers win."""
    unknown = frozenset({"seed"})

    def settings(self, request: Request, dialect: Dialect) -> dict[str, Any]:
        """Return the body's fields but the messages and the user's own fields."""
        fields: dict[str, Any] = {"model": request.model, "max_tokens": request.max_output}
        if request.temperature is not None:
            fields["temperature"] = request.temperature
        if dialect.streams:
            fields["stream"] = True
        return fields

    def body(self, messages: Sequence[Message], settings: Mapping[str, Any]) -> Pieces:
        """Return the body with system texts in a field of their own, unless the user's own fields have one."""
        told = [message.content for message in messages if message.role == "system"]
        if not told:
            return super().body(messages, settings)
        others = [message for message in messages if message.role != "system"]
        return super().body(others, {"system": "\n\n".join(told)} | dict(settings))

    def answer(self, value: Any) -> Any:
        """Return a message as a chat completion's object."""
        if not isinstance(value, dict) or value.get("type") != "message":
            return value
        choice = {"message": {"content": value.get("content")}, "finish_reason": _reason(value.get("stop_reason"))}
        return {
            "id": value.get("id"),
            "model": value.get("model"),
            "choices": [choice],
            "usage": self.usage(mapping(value.get("usage"))),
        }

    def piece(self, value: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return an event as a chat completion's chunk; None for the last one.

        Sorts of events that are not known are passed over, as the protocol asks for.
        """
        kind = value.get("type")
        if kind == "message_stop":
            return None
        if kind == "message_start":
            message = value.get("message")
            begun = mapping(message)
            return {"id": begun.get("id"), "model": begun.get("model"), "usage": begun.get("usage")}
        if kind == "content_block_start":
            return _chunk(value.get("content_block"))
        if kind == "content_block_delta":
            delta = value.get("delta")
            named = _DELTAS.get(str(delta.get("type"))) if isinstance(delta, dict) else None
            return _chunk({"type": named, named: delta.get(named)}) if named and isinstance(delta, dict) else {}
        if kind == "message_delta":
            delta = value.get("delta")
            reason = _reason(delta.get("stop_reason")) if isinstance(delta, dict) else None
            return {"choices": [{"delta": {}, "finish_reason": reason}], "usage": value.get("usage")}
        return value if value.get("error") or kind == "error" else {}

    def usage(self, told: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return counts under the chat completion's names: its prompt is what was read, from the cache and not."""
        cached = {name: told[name] for name in _CACHED if name in told}
        found: dict[str, Any] = dict(cached)
        if _is_count(told.get("input_tokens")):
            found["prompt_tokens"] = told["input_tokens"] + sum(filter(_is_count, cached.values()))
        if _is_count(told.get("output_tokens")):
            found["completion_tokens"] = told["output_tokens"]
        if "prompt_tokens" in found and "completion_tokens" in found:
            # Reasoning is within the answer's count, so that this is all.
            found["total_tokens"] = found["prompt_tokens"] + found["completion_tokens"]
        thought = mapping(told.get("output_tokens_details")).get("thinking_tokens")
        return found | {"completion_tokens_details": {"reasoning_tokens": thought}} if _is_count(thought) else found


def _chunk(block: object) -> Mapping[str, Any]:
    """Return a block of content, or a piece of one, as a chunk; a tool's call is told as such."""
    if not isinstance(block, dict):
        return {}
    if block.get("type") == "tool_use":
        return {"choices": [{"delta": {"tool_calls": [block]}}]}
    return {"choices": [{"delta": {"content": [block]}}]} if block.get("type") in _DELTAS.values() else {}


def _reason(value: object) -> object:
    return _REASONS.get(value, value) if isinstance(value, str) else value


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


WIRE = Messages()
