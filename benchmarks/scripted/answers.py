"""Good answers as each provider writes them, streamed or whole, as bytes for the wire."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from benchmarks.scripted.scenario import Provider

_PIECES = 6


def usage_of(provider: Provider, prompt_tokens: int, completion_tokens: int) -> dict[str, Any]:
    """Return the usage object of an answer; 128 tokens came out of a cache."""
    usage: dict[str, Any] = {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion_tokens,
        "total_tokens": prompt_tokens + completion_tokens,
    }
    if provider.cached == "details":
        usage["prompt_tokens_details"] = {"cached_tokens": 128}
    elif provider.cached == "null":
        usage["prompt_tokens_details"] = None
    elif provider.cached == "hit_miss":
        usage |= {"prompt_cache_hit_tokens": 128, "prompt_cache_miss_tokens": prompt_tokens - 128}
    elif provider.cached != "none":
        usage[provider.cached] = 128
    return usage


def whole(provider: Provider, message: Mapping[str, Any], finish: str | None, usage: Any) -> bytes:
    """Return an unstreamed answer's body."""
    choice = {"index": 0, "message": {"role": "assistant"} | dict(message), "finish_reason": finish}
    value: dict[str, Any] = {"id": "x-1", "object": "chat.completion", "model": "x-2026", "choices": [choice]}
    if usage is not None and provider.usage != "none":
        value["usage"] = usage
    return to_json(value | dict(provider.extra))


def events(
    provider: Provider, message: Mapping[str, Any], finish: str | None, usage: Any, *, with_usage: bool
) -> list[bytes]:
    """Return a streamed answer's pieces, one an event or comment."""
    base: dict[str, Any] = {"id": "x-1", "object": "chat.completion.chunk", "model": "x-2026"} | dict(provider.extra)
    told = usage if provider.usage != "none" else None
    every = {"usage": told} if provider.usage == "every" and told is not None else {}
    pieces = [f"{comment}\n\n".encode() for comment in provider.comments]
    if provider.first is not None:
        pieces.append(event(base | dict(provider.first)))
    pieces.append(event(base | every | _choice({"role": "assistant", "content": ""})))
    for name, text in message.items():
        pieces += [event(base | every | _choice({name: part})) for part in _parts(text)]
    last = _choice({}, finish)
    if provider.usage == "choice" and told is not None:
        last["choices"][0]["usage"] = told
    if finish is not None:
        pieces.append(event(base | every | last))
    if provider.usage == "last" and told is not None and with_usage:
        pieces.append(event(base | {"choices": [], "usage": told}))
    return [*pieces, b"data: [DONE]\n\n"]


def event(value: Any) -> bytes:
    """Return one server-sent event; a string is sent as it is, and as a comment where it begins as one."""
    if isinstance(value, str) and value.startswith(":"):
        return f"{value}\n\n".encode()
    return b"data: " + (value.encode() if isinstance(value, str) else to_json(value)) + b"\n\n"


def to_json(value: Any) -> bytes:
    """Return a value as JSON in UTF-8."""
    return json.dumps(value, ensure_ascii=False).encode()


def _choice(delta: Mapping[str, Any], finish: str | None = None) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": dict(delta), "finish_reason": finish}]}


def _parts(text: str) -> list[str]:
    size = -(-len(text) // _PIECES) or 1
    return [text[i : i + size] for i in range(0, len(text), size)]
