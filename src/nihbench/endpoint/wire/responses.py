"""OpenAI's Responses: POST /responses, what is said as a list of items, the answer as one, too.

Source: OpenAI's API reference, "Create a model response" and "Streaming events". Nothing is stored at the service.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from nihbench.endpoint.usage import mapping
from nihbench.endpoint.wire.base import Dialect, Wire
from nihbench.types import Request

_LEAST_OUTPUT = 16
"""A smaller limit is refused."""
_CUT = {"max_output_tokens": "length", "content_filter": "content_filter"}
_DELTAS = {
    "response.output_text.delta": "content",
    "response.refusal.delta": "refusal",
    "response.reasoning_text.delta": "reasoning",
    "response.reasoning_summary_text.delta": "reasoning",
}
_ENDS = ("response.completed", "response.incomplete", "response.failed")
_CALLS = ("function_call", "custom_tool_call")


class Responses(Wire):
    """The format of api.openai.com's newer endpoint and of services that speak it."""

    path = "/responses"
    messages_name = "input"
    output_names: ClassVar[tuple[str, ...]] = ("max_output_tokens",)
    unknown = frozenset({"seed"})

    def settings(self, request: Request, dialect: Dialect) -> dict[str, Any]:
        """Return the body's fields but the messages and the user's own fields."""
        fields: dict[str, Any] = {
            "model": request.model,
            "max_output_tokens": max(request.max_output, _LEAST_OUTPUT),
            "store": False,
        }
        if request.temperature is not None:
            fields["temperature"] = request.temperature
        if dialect.streams:
            fields["stream"] = True
        return fields

    def answer(self, value: Any) -> Any:
        """Return a response as a chat completion's object; one that failed as its error."""
        if not isinstance(value, dict) or value.get("object") != "response":
            return value
        if value.get("error"):
            return {"error": value["error"], "usage": self.usage(mapping(value.get("usage")))}
        items = _items(value)
        if items is None:
            return value
        message: dict[str, Any] = {
            "content": [part for item in items if item.get("type") == "message" for part in _parts(item, "content")],
            "reasoning": [part for item in items if item.get("type") == "reasoning" for part in _thoughts(item)],
        }
        message |= _called(items)
        return {
            "id": value.get("id"),
            "model": value.get("model"),
            "choices": [{"message": message, "finish_reason": _reason(value)}],
            "usage": self.usage(mapping(value.get("usage"))),
        }

    def piece(self, value: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return an event as a chat completion's chunk; of sorts that are not known, an empty one."""
        kind = str(value.get("type"))
        if named := _DELTAS.get(kind):
            return {"choices": [{"delta": {named: value.get("delta")}}]}
        if kind in _ENDS:
            response = mapping(value.get("response"))
            if response.get("error"):
                return {"error": response["error"], "usage": response.get("usage")}
            if (items := _items(response)) is None:
                return {}
            end = {"delta": _called(items), "finish_reason": _reason(response)}
            return {
                "id": response.get("id"),
                "model": response.get("model"),
                "choices": [end],
                "usage": response.get("usage"),
            }
        if kind == "error":
            return {"error": value}
        return value if value.get("error") else {}

    def usage(self, told: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return counts under the chat completion's names."""
        return {
            "prompt_tokens": told.get("input_tokens"),
            "completion_tokens": told.get("output_tokens"),
            "total_tokens": told.get("total_tokens"),
            "prompt_tokens_details": told.get("input_tokens_details"),
            "completion_tokens_details": told.get("output_tokens_details"),
        }


def _items(response: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """Return what a response holds; None where that is no list."""
    output = response.get("output")
    return [item for item in output if isinstance(item, dict)] if isinstance(output, list) else None


def _called(items: list[dict[str, Any]]) -> dict[str, Any]:
    calls = [item for item in items if item.get("type") in _CALLS]
    return {"tool_calls": calls} if calls else {}


def _parts(item: Mapping[str, Any], name: str) -> list[Any]:
    parts = item.get(name)
    return parts if isinstance(parts, list) else [parts]


def _thoughts(item: Mapping[str, Any]) -> list[Any]:
    """Return a reasoning item's own text where it is told, else its summary."""
    return _parts(item, "content") if item.get("content") else _parts(item, "summary")


def _reason(response: Mapping[str, Any]) -> object:
    """Return why a response ended, under the names that runs have for it."""
    status = response.get("status")
    if status == "completed":
        return "stop"
    why = mapping(response.get("incomplete_details")).get("reason")
    return _CUT.get(why, why) if isinstance(why, str) else status


WIRE = Responses()
