"""Reads the body of an HTTP 200 of /chat/completions as an answer, or as the failure that it hides.

Pure. What providers write differently (usage, reasoning, content as a list) is made the same here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from nihbench.endpoint.failures import Diagnosis, classify, not_json, own_words, parse_json
from nihbench.types import Completion, Failure, FailureKind, Outcome, Usage

_CUT = ("length", "max_tokens")
_BROKEN = ("error", "abort")


def read_answer(
    body: bytes, headers: Mapping[str, str], *, latency_s: float, attempts: int, secrets: Iterable[str] = ()
) -> tuple[Outcome, float | None]:
    """Return the answer or the failure in `body`, and the delay in seconds that an error in it asks for.

    Args:
        body: the body as it came.
        headers: the answer's headers.
        latency_s: seconds from sending to the last byte, stored in the outcome.
        attempts: how many times the request was sent, stored in the outcome.
        secrets: texts that must not appear in a failure's message.
    """
    usage = Usage()

    def failure(kind: FailureKind, message: str) -> Failure:
        words = own_words(message, secrets)
        return Failure(kind=kind, message=words, status=200, latency_s=latency_s, attempts=attempts, usage=usage)

    if not body.strip():
        return failure("transient", "the server sent an empty answer"), None
    try:
        data = parse_json(body)
    except ValueError:
        return failure("bad_response", f"the answer is not JSON: {not_json(body)}"), None
    hidden = _hidden_error(data, body, headers, secrets)
    if hidden is not None:
        return failure(hidden.kind, hidden.message), hidden.wait_s
    choice = _first_choice(data)
    if choice is None:
        return failure("bad_response", "the answer has no choices with a message: is this a chat endpoint?"), None
    usage = _usage(data, choice)
    message = choice["message"]
    text = _text(message.get("content")) or _text(message.get("refusal"))
    reason = choice.get("finish_reason")
    if reason == "content_filter":
        return failure("filtered", text or "the answer was stopped by the provider's content filter"), None
    if reason in _BROKEN:
        return failure("transient", "the server broke off the answer"), None
    if reason in _CUT and not text:
        return failure("cut_answer", "the output limit was used up before the answer began: raise --max-output"), None
    return _completion(data, text, message, reason, usage, latency_s, attempts), None


def _completion(
    data: Mapping[str, Any],
    text: str,
    message: Mapping[str, Any],
    reason: object,
    usage: Usage,
    latency_s: float,
    attempts: int,
) -> Completion:
    timings = data.get("timings")
    return Completion(
        text=text,
        finish_reason=_string(reason),
        usage=usage,
        model=_string(data.get("model")),
        latency_s=latency_s,
        attempts=attempts,
        reasoning=_text(message.get("reasoning_content")) or _text(message.get("reasoning")),
        system_fingerprint=_string(data.get("system_fingerprint")),
        timings=timings if isinstance(timings, dict) else {},
    )


def _hidden_error(data: object, body: bytes, headers: Mapping[str, str], secrets: Iterable[str]) -> Diagnosis | None:
    value = data[0] if isinstance(data, list) and data else data
    if isinstance(value, dict) and (value.get("error") or value.get("object") == "error"):
        return classify(200, body, headers, secrets=secrets)
    return None


def _first_choice(data: object) -> Mapping[str, Any] | None:
    choices = data.get("choices") if isinstance(data, dict) else None
    first = choices[0] if isinstance(choices, list) and choices else None
    return first if isinstance(first, dict) and isinstance(first.get("message"), dict) else None


def _text(content: object) -> str:
    """Return the text of a message's content: a string, a list of typed parts, or nothing."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    parts = (part.get("text") for part in content if isinstance(part, dict))
    return "".join(part for part in parts if isinstance(part, str))


def _usage(data: Mapping[str, Any], choice: Mapping[str, Any]) -> Usage:
    usage = _mapping(data.get("usage")) or _mapping(choice.get("usage"))
    cached = (
        usage.get("cached_tokens"),
        _mapping(usage.get("prompt_tokens_details")).get("cached_tokens"),
        usage.get("prompt_cache_hit_tokens"),
        _mapping(data.get("timings")).get("cache_n"),
    )
    return Usage(
        prompt_tokens=_count(usage.get("prompt_tokens")),
        completion_tokens=_count(usage.get("completion_tokens")),
        cached_tokens=next((count for count in map(_count, cached) if count is not None), None),
    )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _string(value: object) -> str | None:
    return value if isinstance(value, str) else None
