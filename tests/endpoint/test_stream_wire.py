"""Streamed answers as bytes on a socket: all that servers are known to do to them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nihbench.endpoint.answer import Received, read_stream
from nihbench.endpoint.connection import Endpoint
from nihbench.endpoint.stream import EventReader, StreamedAnswer
from nihbench.endpoint.wire.base import Dialect, wire_of
from nihbench.types import Completion, Failure, Outcome, Request, Usage
from tests.wording import says

STREAMED = Request(model="m", max_output=300)
USAGE = {"usage": {"prompt_tokens": 9, "completion_tokens": 2}}
END = b"0\r\n\r\n"
DONE = b"data: [DONE]\n\n"


def of(body: bytes) -> Outcome:
    """Return what a stream's bytes come to."""
    reader, stream = EventReader(), StreamedAnswer(wire_of("openai"))
    for event in (*reader.feed(body), *reader.close()):
        stream.add(event)
    return read_stream(stream, Received(headers={}, latency_s=1.0, streamed=True))[0]


def done(outcome: Outcome) -> Completion:
    assert isinstance(outcome, Completion), outcome
    return outcome


def test_a_stream_becomes_an_answer(wire: Any, playing: Any, ask: Any) -> None:
    p = playing.piece
    steps = [p("", model="m-1", system_fingerprint="fp"), p("Eat "), p("在🥪"), p(None, "stop"), b": bye\n\n"]
    usage = playing.event({"choices": []} | USAGE | {"provider": "P"})
    wire.play(playing.events, *(playing.chunk(step) for step in (*steps, usage, DONE)), END)
    outcome = done(ask(wire.base_url))
    assert (outcome.text, outcome.finish_reason, outcome.model, outcome.provider) == ("Eat 在🥪", "stop", "m-1", "P")
    assert outcome.usage == Usage(prompt_tokens=9, completion_tokens=2)
    assert (outcome.streamed, outcome.attempts, outcome.system_fingerprint) == (True, 1, "fp")
    assert outcome.first_token_s is not None and 0 < outcome.first_token_s <= outcome.latency_s
    sent = json.loads(wire.requests[0].partition(b"\r\n\r\n")[2])
    assert (sent["stream"], sent["stream_options"]) == (True, {"include_usage": True})


def test_every_byte_alone_is_the_same_answer(wire: Any, playing: Any, ask: Any) -> None:
    body = "\r\n".join(["\ufeff: hi", "", "data: " + json.dumps({"choices": [{"delta": {"content": "é在"}}]}), ""])
    body += "\r\n" + playing.piece("🥪", "stop").decode() + DONE.decode()
    wire.play(playing.events, *(playing.chunk(bytes([byte])) for byte in body.encode()), END)
    assert done(ask(wire.base_url)).text == "é在🥪"


@pytest.mark.parametrize("raw", [False, True])
def test_a_delta_of_a_megabyte_and_raw_control_characters(wire: Any, playing: Any, ask: Any, raw: bool) -> None:
    text = "在x\0" * 250_000
    value = {"choices": [{"delta": {"content": text}, "finish_reason": "stop"}]}
    body = json.dumps(value, ensure_ascii=raw is False)
    body = body.replace("\\u0000", "\0") if raw else body
    wire.play(playing.events, playing.chunk(b"data: " + body.encode() + b"\n\n"), END)
    assert done(ask(wire.base_url)).text == text


@pytest.mark.parametrize("place", ["choice", "middle", "last", "every"])
def test_usage_is_found_wherever_it_stands(playing: Any, place: str) -> None:
    p, more = playing.piece, {"usage": {"prompt_tokens": 9, "completion_tokens": 1}}
    in_choice = playing.event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"} | USAGE]})
    bodies = {
        "choice": p("a") + in_choice + DONE,
        "middle": p("a") + p("b", **USAGE) + p(None, "stop", usage=None) + DONE,
        "last": p("a") + p(None, "stop") + playing.event({"choices": []} | USAGE) + DONE,
        "every": p("a", **more) + p(None, "stop", **USAGE) + DONE,
    }
    assert done(of(bodies[place])).usage == Usage(prompt_tokens=9, completion_tokens=2)


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_reasoning_is_kept_apart(playing: Any, field: str) -> None:
    deltas = [{"role": "assistant", "content": None, field: "h"}, {field: "m"}, {"content": "a"}]
    events = [playing.event({"choices": [{"delta": delta}]}) for delta in deltas]
    outcome = done(of(b"".join(events) + playing.piece(None, "stop") + DONE))
    assert (outcome.text, outcome.reasoning) == ("a", "hm")


@pytest.mark.parametrize(
    ("said", "text", "reasoning"),
    [
        ("<think>\nhm\n</think>\n\nEat.", "Eat.", "hm"),
        ("hm</think>Eat.", "Eat.", "hm"),
        ("<think>hm", "", "hm"),
        ("Eat <think>.", "Eat <think>.", ""),
    ],
)
def test_reasoning_inside_the_text_is_parted(playing: Any, said: str, text: str, reasoning: str) -> None:
    outcome = done(of(playing.piece(said, "stop") + DONE))
    assert (outcome.text, outcome.reasoning) == (text, reasoning)
    cut = of(playing.piece(said, "length") + DONE)
    assert (cut.kind == "cut_answer") if isinstance(cut, Failure) else cut.text == text != ""


def test_an_answer_may_be_empty_but_not_missing(playing: Any) -> None:
    assert done(of(playing.piece("", "stop") + DONE)).text == ""
    for body in (b"", DONE, b": keep-alive\n\n", playing.event({"choices": []}) + DONE):
        assert isinstance(failed := of(body), Failure) and failed.kind == "transient"


@pytest.mark.parametrize("tail", [b"", b": keep-alive\n\n", b'data: {"choices": [{"de'])
def test_a_stream_without_an_end_is_no_answer(playing: Any, tail: bytes) -> None:
    failed = of(playing.piece("Eat a sand", **USAGE) + tail)
    assert isinstance(failed, Failure)
    assert (failed.kind, failed.may_be_billed, failed.usage.prompt_tokens) == ("transient", True, 9)


def test_the_last_word_may_be_missing_but_not_the_reason(playing: Any) -> None:
    assert done(of(playing.piece("a", "stop"))).finish_reason == "stop"
    assert of(playing.piece("a") + DONE).kind == "bad_response"


@pytest.mark.parametrize(
    ("events", "text"),
    [
        ([{"text": "Eat"}, {"text": "."}], "Eat."),
        ([{"delta": {"content": [{"type": "text", "text": "Eat"}]}}, {"delta": {"content": {"text": "."}}}], "Eat."),
        ([{"index": 1, "delta": {"content": "no"}}, {"index": 0, "delta": {"content": "Eat."}}], "Eat."),
        ([{"index": 1, "delta": {"content": "Eat."}}, {"index": 1, "delta": {}}], "Eat."),
        ([{"delta": {"content": 42}}], None),
        ([{"delta": {"content": ""}}, {"delta": {"tool_calls": [{"function": {"name": "f"}}]}}], None),
        ([{"delta": {"reasoning_content": "Eat."}}], None),
    ],
)
def test_pieces_in_all_their_shapes(playing: Any, events: list[dict[str, Any]], text: str | None) -> None:
    events[-1]["finish_reason"] = "stop"
    outcome = of(b"".join(playing.event({"choices": [choice]}) for choice in events) + DONE)
    assert (outcome.kind if text is None else done(outcome).text) == (text or "bad_response")


def test_a_piece_that_can_not_be_read_spoils_the_answer(playing: Any) -> None:
    failed = of(playing.piece("a") + b"data: {oh\n\n" + playing.piece("c", "stop") + DONE)
    assert isinstance(failed, Failure) and failed.kind == "transient"


@pytest.mark.parametrize(
    ("kind", "event"),
    [
        ("overloaded", b'event: error\ndata: {"error": {"message": "busy", "code": 503}}\n\n'),
        ("transient", b"event: error\ndata: upstream went away\n\n"),
        ("rate_limit", b'data: {"error": {"message": "slow down", "code": 429}, "choices": []}\n\n'),
        ("overflow", b'data: {"object": "error", "message": "prompt is too long"}\n\n'),
        ("rate_limit", b'data: [{"error": {"code": 429, "message": "later", "status": "RESOURCE_EXHAUSTED"}}]\n\n'),
    ],
)
def test_an_error_inside_a_stream(playing: Any, kind: str, event: bytes) -> None:
    for before in (b"", playing.piece("Eat")):
        failed = of(before + event + DONE)
        assert isinstance(failed, Failure)
        assert failed.kind == kind
        assert failed.may_be_billed == bool(before)
    # After the answer it takes nothing away.
    assert done(of(playing.piece("Eat", "stop") + event)).text == "Eat"


def test_other_choices_and_closing_messages_do_not_mix_in(playing: Any) -> None:
    other = playing.event({"choices": [{"index": 1, "delta": {"content": "no"}, "finish_reason": "length"}]})
    closing = playing.event({"choices": [{"index": 0, "message": {"content": "yes"}, "finish_reason": "stop"}]})
    assert done(of(playing.piece("yes") + other + closing + DONE)).text == "yes"
    assert done(of(closing + DONE)).text == "yes"


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["choices", "delta", "message", "content", "usage", "error", "index", "finish_reason",
                             "timings", "prompt_tokens", "prompt_tokens_details", "cost"]), inner, max_size=4),
        max_leaves=20,
    )
)  # fmt: skip
def test_no_object_breaks_the_reading(playing: Any, value: object) -> None:
    outcome = of(playing.event(value) + playing.piece("a", "stop") + DONE)
    assert isinstance(outcome, (Completion, Failure))


# ---- on the socket ----------------------------------------------------------------------------------------------


def test_what_breaks_off_is_sent_again_and_what_is_whole_is_not(wire: Any, playing: Any, ask: Any) -> None:
    half, whole = playing.piece("Eat"), playing.piece("Eat.", "stop")
    wire.play(playing.events, playing.chunk(half), "reset")
    wire.play(playing.events, playing.chunk(half), END)
    wire.play(playing.events, playing.chunk(half), b"zz\r\n", "close")
    wire.play(playing.events, playing.chunk(whole), "reset")
    outcome = done(ask(wire.base_url))
    assert (outcome.text, outcome.attempts) == ("Eat.", 4)
    assert [(once.kind, once.may_be_billed) for once in outcome.earlier] == [("transient", True)] * 3


def test_a_server_that_does_not_stream_is_asked_so_from_then_on(scripted: Any, playing: Any) -> None:
    import asyncio

    from nihbench.endpoint.client import ChatClient
    from nihbench.types import Message

    said: list[str] = []
    for _ in range(3):
        scripted.reply({"choices": [{"message": {"content": "a"}, "finish_reason": "stop"}]})

    async def run() -> Dialect:
        async with ChatClient(Endpoint(base_url=scripted.base_url), on_change=said.append) as client:
            for _ in range(3):
                assert not done(await client.complete([Message(role="user", content="q")], STREAMED)).streamed
            return client.dialect

    assert asyncio.run(run()).stream is False
    assert ["stream" in asked.json for asked in scripted.asked] == [True, False, False]
    assert len(said) == 1 and says(said[0], "endpoint.server_not_stream_answers")


def test_a_wrong_content_type_does_not_matter(wire: Any, playing: Any, ask: Any) -> None:
    body = b"\n\n" + playing.piece("a", "stop") + DONE
    wire.play(playing.head("Content-Type: application/json", f"Content-Length: {len(body)}"), body)
    assert done(ask(wire.base_url)).streamed
    body = b" \n" * 5_000 + json.dumps({"choices": [{"message": {"content": "a"}}]}).encode()
    wire.play(playing.head("Content-Type: text/event-stream", f"Content-Length: {len(body)}"), *[body[:9], body[9:]])
    assert not done(ask(wire.base_url)).streamed
