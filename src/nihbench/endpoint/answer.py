"""Reads what came with HTTP 200 as an answer, or as the failure that it hides.

Pure. What providers write differently (usage, reasoning, content as a list) is made the same here and nowhere else.
Outcomes are those of one sending; `client` adds what it knows of the others.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Any

from nihbench.endpoint.failures import Diagnosis, classify, decoded, not_json, own_words, parse_json
from nihbench.endpoint.kinds import HANDLING
from nihbench.endpoint.masking import masked
from nihbench.endpoint.stream import CALLS, StreamedAnswer, index_of, read_content, reasoning_of
from nihbench.endpoint.usage import MOST, mapping, usage_in, usage_of
from nihbench.endpoint.wire.base import Wire
from nihbench.endpoint.wire.openai import WIRE as OPENAI
from nihbench.lang.messages import Note, Words, without_stop
from nihbench.text.markup import split_reasoning
from nihbench.types import Completion, Failure, FailureKind, Outcome, Usage

PAST_LIMIT = Note("past_limit")
"""Stands among the changes of an answer that its server did not end where it was told to."""
# Why answers end, in every provider's spelling, in lower case: read is what stands before a colon, for Gemini's layer
# writes "content_filter: RECITATION". Text behind any other reason is an answer; nothing behind it is none.
_STOPPED = frozenset(
    {"stop", "eos", "eos_token", "end", "end_turn", "stop_sequence", "stop_token", "complete", "completed"}
)  # fmt: skip
_CUT = frozenset({"length", "max_tokens", "max_output_tokens", "model_length", "model_context_window_exceeded"})
_BROKEN = frozenset(
    {"error", "unknown_error", "abort", "aborted", "cancelled", "canceled", "insufficient_system_resource",
     "network_error", "engine_error"}
)  # fmt: skip
_FILTERED = frozenset(
    {"content_filter", "safety", "recitation", "blocklist", "prohibited_content", "spii", "image_safety", "sensitive",
     "refusal"}
)  # fmt: skip
_MESSAGES = ("message", "text", "delta")
# A server's own words go into the record: what no sane one sends there is left out or cut.
_STRING_CHARACTERS = 200
_MOST_TIMINGS = 64


@dataclass(frozen=True, kw_only=True, slots=True)
class Received:
    """How an answer came: its headers, seconds from sending to its first token and last byte, and the time it came.

    `secrets` are the texts that must not appear in a failure's message, `keys` those that must not in an answer either.
    """

    headers: Mapping[str, str]
    latency_s: float
    first_token_s: float | None = None
    streamed: bool = False
    secrets: Iterable[str] = ()
    keys: Sequence[str] = ()
    now: datetime | None = None
    wire: Wire = OPENAI


def read_body(body: bytes, received: Received) -> tuple[Outcome, Diagnosis | None]:
    """Return the answer or the failure in an unstreamed body, and what an error in it means."""
    if not body.strip(b" \t\r\n\0"):
        return _failure("transient", Note("empty_answer"), received), None
    text = decoded(body, received.headers)
    try:
        data = parse_json(text)
    except ValueError:
        if _may_be_cut(text, received.headers):
            return _failure("transient", Note("connection_ended"), received), None
        words = Note("not_json", said=not_json(text, received.headers))
        return _failure("bad_response", words, received), None
    data = received.wire.answer(data)
    value = data[0] if isinstance(data, list) and data else data
    if isinstance(value, dict) and (value.get("error") or value.get("object") == "error"):
        return _hidden(body, received, started=False)
    if isinstance(value, dict) and not value.get("choices"):
        return _without_choices(body, received)
    return _judge(data, received), None


def _may_be_cut(text: str, headers: Mapping[str, str]) -> bool:
    """Say whether nothing but the connection's end told where this JSON ends, so that some of it may be lost."""
    framed = {name.lower() for name in headers} & {"content-length", "transfer-encoding"}
    return not framed and text.lstrip().startswith(("{", "["))


def read_stream(stream: StreamedAnswer, received: Received) -> tuple[Outcome, Diagnosis | None]:
    """Return the answer or the failure in a stream that is over, and what an error in it means."""
    data = stream.as_object()
    usage = usage_of(data, {})
    if stream.error is not None:
        failure, found = _hidden(json.dumps(stream.error).encode(), received, started=stream.started)
        return (replace(failure, usage=usage) if failure.usage == Usage() else failure), found
    if not stream.complete:
        return _failure("transient", Note("stream_broke_off"), received, usage), None
    if stream.garbled:
        return _failure("transient", Note("stream_unreadable"), received, usage), None
    if not data["choices"]:
        return _failure("transient", Note("empty_answer"), received, usage), None
    outcome = _judge(data, received, unread=stream.unread)
    if isinstance(outcome, Completion) and not stream.finished:
        words = Note("no_finish_reason")
        return _failure("bad_response", words, received, usage), None
    return _past_limit(outcome) if stream.past_limit else outcome, None


def _past_limit(outcome: Outcome) -> Outcome:
    """Say of an answer that it was cut off here; a larger limit would help nobody."""
    if isinstance(outcome, Failure) and outcome.kind == "cut_answer":
        message = Note("past_limit_before_answer")
        outcome = replace(outcome, message=message)
    return replace(outcome, changes=(*outcome.changes, PAST_LIMIT))


def _hidden(body: bytes, received: Received, *, started: bool) -> tuple[Outcome, Diagnosis]:
    found = classify(200, body, received.headers, secrets=received.secrets, now=received.now)
    billed = started or HANDLING[found.kind].counts_as_spent
    failure = Failure(
        kind=found.kind,
        message=found.message,
        status=200,
        latency_s=received.latency_s,
        attempts=1,
        usage=usage_in(body),
        wait_s=found.wait_s,
        may_be_billed=billed,
    )
    return failure, found


def _without_choices(body: bytes, received: Received) -> tuple[Outcome, Diagnosis | None]:
    """Return the failure in an object that is no answer: an error of a gateway that knows no `error`, or what else."""
    failure, found = _hidden(body, received, started=False)
    if found.kind != "transient":
        return failure, found
    words = Note("no_choices_but", said=without_stop(found.message))
    return _failure("bad_response", words, received), None


def _judge(data: object, received: Received, *, unread: bool = False) -> Outcome:
    """Return what a whole answer's object says; data are of the shape that the protocol gives to unstreamed ones.

    Args:
        data: the object.
        received: how it came.
        unread: whether something of its content is known to be no text.
    """
    choice = _first_choice(data)
    if choice is None or not isinstance(data, dict):
        message = Note("no_choices")
        return _failure("bad_response", message, received)
    usage = usage_of(data, choice)
    said = _message_of(choice)
    content = read_content(said.get("content"))
    marked, text = split_reasoning(content.text or read_content(said.get("refusal")).text)
    beside = reasoning_of(said) or content.reasoning
    reason = _string(choice.get("finish_reason"))
    problem = _no_answer(said, text, content.unread or unread, reason) or _problem(reason, text)
    if problem is None and not text.strip() and beside.strip() and not marked:
        problem = "bad_response", Note("all_reasoning", characters=len(beside))
    if problem is not None:
        return _failure(*problem, received, usage)
    keys = received.keys
    return Completion(
        text=masked(text, keys),
        finish_reason=_string(reason, keys),
        usage=usage,
        model=_string(data.get("model"), keys),
        latency_s=received.latency_s,
        attempts=1,
        reasoning=masked(beside or marked, keys),
        system_fingerprint=_string(data.get("system_fingerprint"), keys),
        timings=_timings(data.get("timings"), keys),
        streamed=received.streamed,
        first_token_s=received.first_token_s,
        provider=_string(data.get("provider"), keys),
    )


def _no_answer(
    said: Mapping[str, Any], text: str, unread: bool, reason: str | None
) -> tuple[FailureKind, Words] | None:
    """Return why a message is no answer that could be judged, whatever it ended for; None where it may be one."""
    called, ended_so = any(said.get(name) for name in CALLS), _plain_reason(reason) in CALLS
    if (called and ended_so) or ((called or ended_so) and not text.strip()):
        return "bad_response", Note("called_a_tool")
    if unread and not text.strip():
        words = Note("content_unreadable")
        return "bad_response", words
    return None


def _problem(reason: str | None, text: str) -> tuple[FailureKind, Words] | None:
    """Return why an answer that ended for `reason` is none, with words for it; None where it is one."""
    ended = _plain_reason(reason)
    if ended in _FILTERED:
        if not text.strip():
            return "filtered", Note("filter_stopped", reason=reason)
        words = Note("filter_stopped_text", reason=reason, said=text)
        return "filtered", words
    if ended in _BROKEN:
        return "transient", Note("broken_off", reason=reason)
    if text.strip() or ended in _STOPPED:
        return None
    if ended in _CUT:
        return "cut_answer", Note("cut_before_answer")
    if not ended:
        return "transient", Note("empty_answer")
    return "transient", Note("ended_before_answer", reason=reason)


def _plain_reason(reason: str | None) -> str:
    return (reason or "").partition(":")[0].strip().lower()


def _failure(kind: FailureKind, message: Words, received: Received, usage: Usage | None = None) -> Failure:
    """Return a failure that a model may well have worked for: the server said 200."""
    return Failure(
        kind=kind,
        message=own_words(message, received.secrets),
        status=200,
        latency_s=received.latency_s,
        attempts=1,
        usage=usage or Usage(),
        may_be_billed=True,
    )


def _first_choice(data: object) -> Mapping[str, Any] | None:
    """Return the first answer of an object: that of the lowest index, wherever it stands."""
    choices = data.get("choices") if isinstance(data, dict) else None
    known = [choice for choice in choices if isinstance(choice, dict)] if isinstance(choices, list) else []
    if not known:
        return None
    first = min(known, key=index_of)
    # Gemini leaves the message out where a filter stopped it.
    unfinished = _plain_reason(_string(first.get("finish_reason"))) in _FILTERED | _CUT | _BROKEN
    return first if unfinished or any(isinstance(first.get(name), (dict, str)) for name in _MESSAGES) else None


def _message_of(choice: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a choice's message; some servers write its text alone, or a stream's delta in its place."""
    found = next((choice[name] for name in _MESSAGES if isinstance(choice.get(name), (dict, str))), None)
    return found if isinstance(found, dict) else {"content": found}


def _string(value: object, keys: Iterable[str] = ()) -> str | None:
    return masked(value, keys)[:_STRING_CHARACTERS] if isinstance(value, str) else None


def _timings(value: object, keys: Iterable[str]) -> dict[str, Any]:
    """Return the plain entries, at most `_MOST_TIMINGS`: finite numbers and short texts under short names."""
    entries = mapping(value).items()
    plain = ((name, entry) for name, entry in entries if len(name) <= _STRING_CHARACTERS and _is_plain(entry))
    return {
        masked(name, keys): masked(entry, keys) if isinstance(entry, str) else entry
        for name, entry in islice(plain, _MOST_TIMINGS)
    }


def _is_plain(value: object) -> bool:
    if isinstance(value, str):
        return len(value) <= _STRING_CHARACTERS
    return isinstance(value, (int, float)) and -MOST <= value <= MOST
