"""What refusals teach: by the words that servers really use, then against a server that insists on its own dialect."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nihbench.endpoint.client import ChatClient
from nihbench.endpoint.connection import Endpoint
from nihbench.endpoint.dialect import Call, fold_system, learn, pieces_of
from nihbench.endpoint.failures import classify
from nihbench.endpoint.wire.base import Dialect
from nihbench.lang.messages import Note
from nihbench.types import Completion, Failure, Message, ModelPreset, Request

GOOD = {"choices": [{"message": {"content": "a"}, "finish_reason": "stop"}]}
CUT = {"choices": [{"message": {"content": "", "reasoning": "hm"}, "finish_reason": "length"}]}
ASKED = Request(model="m", max_output=300, temperature=0.0, seed=7, extra_body={"top_p": 0.5, "thinking": {"a": 1}})
MESSAGES = (Message(role="system", content="Be brief."), Message(role="user", content="q"))


def taught(status: int, body: Any, dialect: Dialect | None = None) -> Dialect | None:
    found = classify(status, json.dumps(body).encode(), {})
    lesson = learn(dialect or Dialect(), Call(messages=MESSAGES, request=ASKED), status, found)
    return lesson[0] if lesson else None


def error(message: str, **fields: Any) -> dict[str, Any]:
    return {"error": {"message": message, **fields}}


@pytest.mark.parametrize(
    ("status", "body", "lesson"),
    [
        # OpenAI's reasoning models
        (400, error("Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' "
                    "instead.", type="invalid_request_error", param="max_tokens", code="unsupported_parameter"),
         {"output_param": "max_completion_tokens", "switched": True}),
        (400, error("Unsupported value: 'temperature' does not support 0.0 with this model. Only the default (1) value "
                    "is supported.", param="temperature", code="unsupported_value"), {"dropped": {"temperature"}}),
        (400, error("Unsupported value: 'messages[0].role' does not support 'system' with this model.",
                    param="messages[0].role", code="unsupported_value"), {"fold_system": True}),
        # Moonshot, Anthropic, servers that forbid unknown fields, templates that know no system message
        (400, error("invalid temperature: only 1 is allowed for this model", type="invalid_request_error"),
         {"dropped": {"temperature"}}),
        (400, error("`temperature` and `top_p` cannot both be specified for this model."),
         {"dropped": {"temperature", "top_p"}}),
        (422, {"detail": [{"loc": ["body", "seed"], "msg": "Extra inputs are not permitted"}]}, {"dropped": {"seed"}}),
        (422, {"detail": [{"loc": ["body", "stream_options"], "msg": "Extra inputs are not permitted"}]},
         {"stream_usage": False}),
        (400, error("Streaming is not supported for this model"), {"stream": False}),
        (501, error("stream mode not implemented"), {"stream": False}),
        (500, error("Jinja Exception: System role not supported"), {"fold_system": True}),
        # Azure's older versions, Gemini, Mistral, and what OpenRouter hands on of an upstream
        (400, error("Unrecognized request argument supplied: stream_options"), {"stream_usage": False}),
        (400, [error('Invalid JSON payload received. Unknown name "seed": Cannot find field.', code=400)],
         {"dropped": {"seed"}}),
        (422, {"object": "error", "message": {"detail": [
            {"type": "extra_forbidden", "loc": ["body", "stream_options"], "msg": "Extra inputs are not permitted"}]}},
         {"stream_usage": False}),
        (400, error("Provider returned error", code=400, metadata={"raw": json.dumps(
            error("`temperature` is deprecated for this model.", type="invalid_request_error"))}),
         {"dropped": {"temperature"}}),
        # What is about something else teaches nothing.
        (400, error("max_tokens is too large: 9000. This model supports at most 4096 completion tokens"), None),
        (400, error("messages must not be empty"), None),
        (400, error("maximum context length is 10 tokens, temperature"), None),
        (429, error("temperature is too high in the data centre"), None),
        (401, error("no"), None),
        (500, error("the stream broke"), None),
        (500, error("system failure: out of memory"), None),
    ],
)  # fmt: skip
def test_lessons_of_real_refusals(status: int, body: Any, lesson: dict[str, Any] | None) -> None:
    learnt = taught(status, body)
    if lesson is None:
        assert learnt is None
    else:
        assert learnt == Dialect(
            **(lesson | ({"dropped": frozenset(lesson["dropped"])} if "dropped" in lesson else {}))
        )


@settings(max_examples=60, deadline=None)
@given(
    words=st.lists(st.sampled_from(
        ["max_tokens", "max_completion_tokens", "temperature", "top_p", "seed", "stream", "stream_options",
         "system role", "not supported", "instead", "unknown"]), max_size=6),
    status=st.sampled_from([400, 422, 500]),
)  # fmt: skip
def test_learning_ends_and_never_comes_back_to_the_same(words: list[str], status: int) -> None:
    dialect: Dialect | None = Dialect()
    seen = set()
    while dialect is not None:
        assert dialect not in seen
        seen.add(dialect)
        dialect = taught(status, error(" ".join(words)), dialect)
    assert len(seen) < 10


def test_a_preset_gives_the_first_dialect() -> None:
    preset = ModelPreset(name="p", model="m", output_param="max_completion_tokens")
    assert Dialect.of(preset) == Dialect(output_param="max_completion_tokens")
    assert Dialect.of(preset, stream=False).streams is False


def test_a_body_is_what_json_says_and_is_encoded_once() -> None:
    for request in (
        ASKED,
        Request(model="m", max_output=1),
        Request(model="m", max_output=1, extra_body={"messages": []}),
    ):
        call = Call(messages=(Message(role="user", content='在 "🥪"\n\ud800'),), request=request)
        body = json.loads(b"".join(call.body(Dialect())))
        messages = [{"role": "user", "content": '在 "🥪"\n\ud800'}]
        assert body == {"messages": messages} | call.settings(Dialect())
    call = Call(messages=MESSAGES, request=ASKED)
    assert call.body(Dialect())[1] is call.body(Dialect(stream=False))[1]


def test_system_messages_are_folded_in_order() -> None:
    user, answer = Message(role="user", content="q"), Message(role="assistant", content="a")
    assert fold_system((*MESSAGES, answer, user)) == (Message(role="user", content="Be brief.\n\nq"), answer, user)
    assert fold_system(MESSAGES[:1]) == (Message(role="user", content="Be brief."),)


# ---- against a server -------------------------------------------------------------------------------------------


class Fussy:
    """A server's judge: refuses what it does not know, as real ones do, one thing at a time."""

    def __init__(self, reply: Any) -> None:
        self.reply = reply

    def __call__(self, asked: Any) -> Any:
        body = asked.json
        refusal = None
        if "stream_options" in body:
            refusal = "stream_options: Extra inputs are not permitted"
        elif "max_tokens" in body:
            refusal = "'max_tokens' is not supported. Use 'max_completion_tokens' instead."
        elif "temperature" in body:
            refusal = "invalid temperature: only 1 is allowed for this model"
        elif body["messages"][0]["role"] == "system":
            refusal = "System role not supported"
        elif "stream" in body:
            refusal = "streaming is not supported"
        if refusal:
            return self.reply(status=400, body=json.dumps(error(refusal)).encode())
        return self.reply(body=json.dumps(GOOD).encode())


def test_a_fussy_server_is_learnt_once_for_all_calls(scripted: Any, playing: Any) -> None:
    scripted.judge = Fussy(playing.reply)
    said: list[str] = []

    async def run() -> list[Any]:
        async with ChatClient(Endpoint(base_url=scripted.base_url), on_change=said.append) as client:
            together = [await asyncio.gather(*(client.complete(MESSAGES, ASKED) for _ in range(6)))]
            sent = len(scripted.asked)
            together.append([await client.complete(MESSAGES, ASKED)])
            assert len(scripted.asked) == sent + 1
            return [outcome for group in together for outcome in group]

    outcomes = asyncio.run(run())
    assert all(isinstance(outcome, Completion) for outcome in outcomes)
    assert len(said) == len(set(said)) == 5
    for outcome in outcomes:
        assert outcome.changes == (
            Note("parameter_not_sent", name="temperature"),
            Note("limit_sent_as", name="max_completion_tokens"),
            Note("system_in_user"),
        )  # fmt: skip
        assert all(once.kind in ("bad_parameter", "refused_by_server") for once in outcome.earlier)
    assert (outcomes[-1].attempts, outcomes[0].attempts) == (1, 6)
    last = scripted.asked[-1].json
    assert last == {
        "model": "m", "max_completion_tokens": 300, "seed": 7, "top_p": 0.5, "thinking": {"a": 1},
        "messages": [{"role": "user", "content": "Be brief.\n\nq"}],
    }  # fmt: skip


def test_a_refusal_that_repeats_itself_ends(scripted: Any, playing: Any, ask: Any) -> None:
    refusal = json.dumps(error("temperature, seed and max_tokens are not supported")).encode()
    scripted.judge = lambda asked: playing.reply(status=400, body=refusal)
    failed = ask(scripted.base_url, ASKED, *MESSAGES)
    assert isinstance(failed, Failure)
    assert (failed.kind, len(scripted.asked) <= 4) == ("bad_parameter", True)


def test_who_insists_on_a_stream_or_on_none_gets_it(scripted: Any, ask: Any) -> None:
    scripted.reply(error("streaming is not supported"), status=400)
    assert isinstance(ask(scripted.base_url, dialect=Dialect(stream=True)), Failure)
    scripted.reply(GOOD)
    assert isinstance(ask(scripted.base_url, dialect=Dialect(stream=False)), Completion)
    assert "stream" not in scripted.asked[-1].json


def test_a_cut_answer_is_asked_for_once_more_with_more_room(scripted: Any, ask: Any) -> None:
    for room, second in ((10_000, 1200), (700, 700)):
        scripted.reply(CUT)
        scripted.reply(GOOD)
        outcome = ask(scripted.base_url, Request(model="m", max_output=300, output_room=room))
        assert isinstance(outcome, Completion)
        assert [asked.json["max_tokens"] for asked in scripted.asked[-2:]] == [300, second]
        assert (outcome.attempts, outcome.earlier[0].kind) == (2, "cut_answer")
        assert outcome.earlier[0].may_be_billed
        assert Note("larger_limit", limit=second) in outcome.changes


@pytest.mark.parametrize("room", [None, 300])
def test_without_room_it_is_not(scripted: Any, ask: Any, room: int | None) -> None:
    scripted.reply(CUT)
    failed = ask(scripted.base_url, Request(model="m", max_output=300, output_room=room))
    assert (failed.kind, failed.attempts) == ("cut_answer", 1)


@pytest.mark.parametrize(
    ("second", "status", "kind"),
    [
        (CUT, 200, "cut_answer"),
        (error("max_tokens is too large: at most 1000"), 400, "cut_answer"),
        (error("maximum context length is 1000"), 400, "cut_answer"),
        (error("account closed"), 401, "auth"),
    ],
)
def test_more_room_that_does_not_help(scripted: Any, ask: Any, second: Any, status: int, kind: str) -> None:
    scripted.reply(CUT)
    scripted.reply(second, status=status)
    failed = ask(scripted.base_url, Request(model="m", max_output=300, output_room=9_000))
    assert (failed.kind, failed.attempts, len(scripted.asked)) == (kind, 2, 2)


@given(parts=st.lists(st.integers(0, 600_000), max_size=4))
@settings(max_examples=50, deadline=None)
def test_a_body_is_written_in_pieces_of_a_bounded_size_and_a_short_one_at_once(parts: list[int]) -> None:
    body = [bytes([65 + number]) * size for number, size in enumerate(parts)]
    pieces = list(pieces_of(body))
    assert b"".join(pieces) == b"".join(body)
    assert all(0 < len(piece) <= 256 * 1024 for piece in pieces)
    assert len(pieces) <= 1 or sum(parts) > 256 * 1024
