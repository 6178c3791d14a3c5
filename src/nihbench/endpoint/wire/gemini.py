"""Google's Gemini API: POST /models/MODEL:generateContent, the key in x-goog-api-key, settings in their own object.

Source: the Gemini API's reference, "Generating content" (generateContent, streamGenerateContent, UsageMetadata). An
explicit cache is the user's matter: `cachedContent` among the extra fields; what was read from one is taken down.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import quote

from nihbench.endpoint.usage import count, mapping
from nihbench.endpoint.wire.base import Dialect, Wire
from nihbench.text.encoded import Pieces
from nihbench.types import Message, Request

_CONFIG = "generationConfig"
_CONFIGURED = ("maxOutputTokens", "temperature", "seed")
_ROLES = {"assistant": "model"}
_REASONS = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "MALFORMED_FUNCTION_CALL": "tool_calls",
    "UNEXPECTED_TOOL_CALL": "tool_calls",
}
"""Reasons why answers end under the names that runs have for them; others keep their own."""
_FILTERS = ("SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "LANGUAGE", "IMAGE_SAFETY")


class GenerateContent(Wire):
    """The format of generativelanguage.googleapis.com, and of Vertex AI under its own addresses."""

    key_header = "x-goog-api-key"
    messages_name = "contents"
    output_names: ClassVar[tuple[str, ...]] = ("maxOutputTokens",)

    def path_of(self, settings: Mapping[str, Any]) -> str:
        """Return the path below the base URL: the model's, and whether a stream is asked for, stand in it."""
        model = quote(str(settings.get("model", "")).removeprefix("models/"), safe="")
        streams = settings.get("stream") is True
        return f"/models/{model}:streamGenerateContent?alt=sse" if streams else f"/models/{model}:generateContent"

    def settings(self, request: Request, dialect: Dialect) -> dict[str, Any]:
        """Return what is asked for by single names; `fields` puts them where they belong."""
        fields: dict[str, Any] = {"model": request.model, "maxOutputTokens": request.max_output}
        if request.temperature is not None:
            fields["temperature"] = request.temperature
        if request.seed is not None:
            fields["seed"] = request.seed
        if dialect.streams:
            fields["stream"] = True
        return fields

    def fields(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Return the body's fields: what the user says of the generation wins, one by one."""
        config = {name: settings[name] for name in _CONFIGURED if name in settings}
        config |= mapping(settings.get(_CONFIG))
        others = {
            name: value for name, value in settings.items() if name not in (*_CONFIGURED, "model", "stream", _CONFIG)
        }
        return others | {_CONFIG: config}

    def body(self, messages: Sequence[Message], settings: Mapping[str, Any]) -> Pieces:
        """Return the body with system texts in a field of their own, unless the user's own fields have one."""
        told = [{"text": message.content} for message in messages if message.role == "system"]
        contents = [
            {"role": _ROLES.get(message.role, message.role), "parts": [{"text": message.content}]}
            for message in messages
            if message.role != "system"
        ]
        system = {"systemInstruction": {"parts": told}} if told else {}
        return self.joined(contents, system | self.fields(settings))

    def answer(self, value: Any) -> Any:
        """Return a response as a chat completion's object."""
        if not isinstance(value, dict) or not ("candidates" in value or "promptFeedback" in value):
            return value
        choices = [{"message": choice.pop("delta"), **choice} for choice in _choices(value)]
        return _headed(value) | {"choices": choices, "usage": self.usage(mapping(value.get("usageMetadata")))}

    def piece(self, value: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return an event as a chat completion's chunk: each is a whole response with the next parts."""
        if value.get("error"):
            return value
        return _headed(value) | {"choices": _choices(value), "usage": value.get("usageMetadata")}

    def usage(self, told: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return counts under the chat completion's names: reasoning is told beside the answer, and paid for as it."""
        said, thought = count(told.get("candidatesTokenCount")), count(told.get("thoughtsTokenCount"))
        return {
            "prompt_tokens": told.get("promptTokenCount"),
            "completion_tokens": None if said is None and thought is None else (said or 0) + (thought or 0),
            "total_tokens": told.get("totalTokenCount"),
            "cached_tokens": told.get("cachedContentTokenCount"),
            "completion_tokens_details": {"reasoning_tokens": thought},
        }


def _headed(value: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": value.get("responseId"), "model": value.get("modelVersion")}


def _choices(value: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a response's candidates as choices; a prompt that was refused is one that a filter stopped."""
    listed = value.get("candidates")
    candidates = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    if not candidates and (why := mapping(value.get("promptFeedback")).get("blockReason")):
        return [{"delta": {}, "finish_reason": f"content_filter: {why}"}]
    return [_choice(each) for each in candidates]


def _choice(candidate: Mapping[str, Any]) -> dict[str, Any]:
    listed = mapping(candidate.get("content")).get("parts")
    parts = listed if isinstance(listed, list) else []
    calls = [part for part in parts if isinstance(part, dict) and "functionCall" in part]
    delta: dict[str, Any] = {"content": [part for part in parts if part not in calls]}
    why = candidate.get("finishReason")
    reason = f"content_filter: {why}" if why in _FILTERS else _REASONS.get(str(why), why)
    return {
        "delta": delta | ({"tool_calls": calls} if calls else {}),
        "finish_reason": reason,
        "index": candidate.get("index", 0),
    }


WIRE = GenerateContent()
