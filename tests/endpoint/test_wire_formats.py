"""Wire formats, one file each: Anthropic's Messages on a real socket, and against its own SDK where that is there."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

from nihbench.catalog.loading import load
from nihbench.endpoint import wire as folder
from nihbench.endpoint.access import ModelAccess
from nihbench.endpoint.client import ChatClient
from nihbench.endpoint.wire import base
from nihbench.endpoint.wire.base import Dialect, names, wire_of
from nihbench.lang.messages import Note
from nihbench.types import Completion, Failure, Message, ModelPreset, Outcome, Request, WireName

PROMPT = (Message(role="system", content="Be brief."), Message(role="user", content="北京 \ud800 fog"))
ASKED = Request(model="claude-x", max_output=64, temperature=0.0, seed=7, extra_body={"top_k": 5})
USAGE = {
    "input_tokens": 21, "cache_creation_input_tokens": 188, "cache_read_input_tokens": 1000, "output_tokens": 3,
    "output_tokens_details": {"thinking_tokens": 2},
}  # fmt: skip
WHOLE = {
    "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x-2", "stop_reason": "end_turn",
    "stop_sequence": None, "usage": USAGE,
    "content": [
        {"type": "thinking", "thinking": "Where? There.", "signature": "abc"},
        {"type": "text", "text": "Eat a sandwich"}, {"type": "text", "text": " in the park."},
    ],
}  # fmt: skip


def events(*values: dict[str, Any]) -> bytes:
    return b"".join(f"event: {v['type']}\ndata: {json.dumps(v)}\n\n".encode() for v in values)


BEGUN = {
    "type": "message_start",
    "message": {**WHOLE, "content": [], "stop_reason": None, "usage": {**USAGE, "output_tokens": 1}},
}
PIECES = (
    {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": "", "signature": ""}},
    {"type": "ping"},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "Where? There."}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "abc"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "Eat a sandwich"}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": " in the park."}},
    {"type": "content_block_stop", "index": 1},
    {"type": "an_event_of_tomorrow", "text": "?"},
)
ENDED = (
    {
        "type": "message_delta",
        "delta": {"stop_reason": "end_turn", "stop_sequence": None},
        "usage": {"output_tokens": 3, "output_tokens_details": {"thinking_tokens": 2}},
    },
    {"type": "message_stop"},
)
STREAM = events(BEGUN, *PIECES, *ENDED)
EVENTS = {"headers": {"Content-Type": "text/event-stream"}}


async def no_wait(seconds: float) -> None:
    """Wait for nothing."""


@pytest.fixture
def access(scripted: Any) -> ModelAccess:
    preset = ModelPreset(name="claude", model="claude-x", base_url=scripted.base_url, wire="anthropic")
    return ModelAccess(
        preset=preset, server=None, server_tokenizer=None, model_sha256=None, key="sk-ant-0123456789", headers={}
    )


def ask(access: ModelAccess, *, stream: bool | None = None, tries: int = 1) -> Outcome:
    async def run() -> Outcome:
        dialect = Dialect.of(access.preset, stream=stream)
        patience_s = 900.0 if tries > 1 else 0.0
        async with ChatClient(
            access.endpoint, dialect=dialect, max_attempts=tries, patience_s=patience_s, sleep=no_wait
        ) as client:
            return await client.complete(PROMPT, ASKED)

    return asyncio.run(run())


def failed(access: ModelAccess, **how: Any) -> Failure:
    outcome = ask(access, **how)
    assert isinstance(outcome, Failure), outcome
    return outcome


@pytest.mark.parametrize("stream", [False, None])
def test_an_answer_comes_through(scripted: Any, access: ModelAccess, stream: bool | None) -> None:
    scripted.reply(WHOLE if stream is False else STREAM)
    outcome = ask(access, stream=stream)
    assert isinstance(outcome, Completion), outcome
    assert (outcome.text, outcome.reasoning) == ("Eat a sandwich in the park.", "Where? There.")
    assert (outcome.finish_reason, outcome.model) == ("stop", "claude-x-2")
    usage = outcome.usage
    assert usage.total_tokens == 1212
    assert (usage.prompt_tokens, usage.completion_tokens) == (1209, 3)
    assert (usage.cached_tokens, usage.written_tokens, usage.reasoning_tokens) == (1000, 188, 2)
    assert outcome.streamed is (stream is None) and outcome.changes == (Note("parameter_not_sent", name="seed"),)
    (asked,) = scripted.asked
    sent = {name.lower(): value for name, value in asked.headers.items()}
    assert asked.path == "/v1/messages" and sent["x-api-key"] == "sk-ant-0123456789"
    assert sent["anthropic-version"] == "2023-06-01" and "authorization" not in sent
    body = {
        "model": "claude-x", "max_tokens": 64, "temperature": 0.0, "top_k": 5, "system": "Be brief.",
        "messages": [{"role": "user", "content": PROMPT[1].content}],
    }  # fmt: skip
    assert asked.json == (body if stream is False else body | {"stream": True})


def error(kind: str, message: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}


@pytest.mark.parametrize(
    ("status", "kind", "message", "what"),
    [
        (529, "overloaded_error", "Overloaded", "overloaded"),
        (429, "rate_limit_error", "This request would exceed your rate limit", "rate_limit"),
        (401, "authentication_error", "invalid x-api-key", "auth"),
        (403, "permission_error", "not allowed", "auth"),
        (404, "not_found_error", "model: claude-x", "auth"),
        (400, "invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum", "overflow"),
        (413, "request_too_large", "Request exceeds the maximum size", "overflow"),
        (400, "invalid_request_error", "Your credit balance is too low to access the API", "quota"),
        (402, "billing_error", "pay", "quota"),
        (500, "api_error", "Internal server error", "transient"),
        (504, "timeout_error", "timed out", "transient"),
    ],
)
def test_errors_are_classed(
    scripted: Any, access: ModelAccess, status: int, kind: str, message: str, what: str
) -> None:
    scripted.reply(error(kind, message), status=status, headers={"retry-after": "7"} if status == 429 else {})
    found = failed(access)
    assert found.kind == what and found.status == status and message in str(found.message)
    assert found.wait_s == (7.0 if status == 429 else None)


def test_what_breaks_within_a_stream_is_no_answer(scripted: Any, access: ModelAccess) -> None:
    scripted.reply(events(BEGUN, *PIECES, error("overloaded_error", "Overloaded")))
    assert (found := failed(access)).kind == "overloaded" and found.may_be_billed and found.usage.prompt_tokens == 1209
    scripted.reply(events(BEGUN, *PIECES))
    assert failed(access).kind == "transient"
    scripted.reply(error("overloaded_error", "Overloaded"), status=529)
    scripted.reply(STREAM)
    assert isinstance(ask(access, tries=2), Completion)


@pytest.mark.parametrize(
    ("reason", "content", "kind"),
    [
        ("max_tokens", [], "cut_answer"),
        ("max_tokens", [{"type": "thinking", "thinking": "Hm", "signature": ""}], "cut_answer"),
        ("model_context_window_exceeded", [], "cut_answer"),
        ("refusal", [], "filtered"),
        ("tool_use", [{"type": "tool_use", "id": "t", "name": "search", "input": {}}], "bad_response"),
        ("end_turn", {"odd": 1}, "bad_response"),
        (None, [], "transient"),
    ],
)
def test_an_end_without_an_answer(scripted: Any, access: ModelAccess, reason: str, content: Any, kind: str) -> None:
    scripted.reply({**WHOLE, "stop_reason": reason, "content": content})
    assert failed(access, stream=False).kind == kind


def test_a_cut_answer_says_length(scripted: Any, access: ModelAccess) -> None:
    scripted.reply({**WHOLE, "stop_reason": "max_tokens"})
    assert isinstance(outcome := ask(access, stream=False), Completion) and outcome.finish_reason == "length"


@pytest.mark.parametrize("odd", [{"type": "message"}, {"type": "message", "content": 3, "usage": [1]}, [], "x", {}])
def test_hostile_objects_are_failures(scripted: Any, access: ModelAccess, odd: Any) -> None:
    scripted.reply(odd)
    assert isinstance(ask(access, stream=False), Failure)
    values = ({"type": "message_start", "message": odd}, {"type": "content_block_delta", "delta": odd},
              {"type": "message_delta", "delta": odd, "usage": odd}, {"type": "message_stop"})  # fmt: skip
    scripted.reply(events(*values))
    assert isinstance(ask(access), Failure)


def test_a_preset_chooses_the_format(tmp_path: Path) -> None:
    (tmp_path / "models.yaml").write_text(
        "models:\n  mine: {base_url: 'https://api.anthropic.com/v1', key_env: K, wire: anthropic}\n"
        "  own: {base_url: 'https://x.test/v1', wire: anthropic, key_header: Authorization}\n",
        encoding="utf-8",
    )
    catalog = load(tmp_path)
    reached = {}
    for name in ("mine", "own"):
        access = ModelAccess(
            preset=catalog.models[name], server=None, server_tokenizer=None, model_sha256=None, key="k" * 20, headers={}
        )
        reached[name] = access.endpoint.all_headers()
    assert reached["mine"]["x-api-key"] == "k" * 20 and "Authorization" not in reached["mine"]
    assert reached["own"]["Authorization"] == "Bearer " + "k" * 20


def test_every_file_is_a_format_and_another_is_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert names() == tuple(sorted(get_args(WireName)))
    (tmp_path / "echo.py").write_text(
        "from nihbench.endpoint.wire.base import Wire\n\n\nclass Echo(Wire):\n    path = '/echo'\n\n"
        "    def settings(self, request, dialect):\n        return {'n': request.max_output}\n\n"
        "    def answer(self, value):\n"
        "        return {'choices': [{'message': {'content': value['said']}, 'finish_reason': 'stop'}]}\n\n\n"
        "WIRE = Echo()\n"
    )
    monkeypatch.setattr(folder, "__path__", [*folder.__path__, str(tmp_path)])
    base.names.cache_clear()
    try:
        assert "echo" in names() and wire_of("echo").path == "/echo"
    finally:
        base.names.cache_clear()


@pytest.fixture
def theirs(scripted: Any) -> Iterator[Any]:
    sdk = pytest.importorskip("anthropic", reason="Anthropic's SDK is the oracle here, and no dependency")
    url = scripted.base_url.removesuffix("/v1")
    with sdk.Anthropic(api_key="sk-ant-0123456789", base_url=url, max_retries=0) as client:
        yield client


def test_the_services_own_sdk_sends_and_reads_the_same(scripted: Any, access: ModelAccess, theirs: Any) -> None:
    prompt = {
        "model": "claude-x", "max_tokens": 64, "system": "Be brief.",
        "messages": [{"role": "user", "content": "北京 fog"}],
        "extra_body": {"top_k": 5, "temperature": 0.0},
    }  # fmt: skip
    scripted.reply(WHOLE)
    scripted.reply(STREAM, **EVENTS)
    whole = theirs.messages.create(**prompt)
    with theirs.messages.stream(**prompt) as stream:
        final = stream.get_final_message()
    scripted.reply(WHOLE)
    scripted.reply(STREAM)
    ours = [ask(access, stream=False), ask(access)]
    for read, own in zip((whole, final), ours, strict=True):
        assert isinstance(own, Completion)
        assert own.text == "".join(block.text for block in read.content if block.type == "text")
        assert own.reasoning == "".join(block.thinking for block in read.content if block.type == "thinking")
        counts = (read.usage.cache_read_input_tokens, read.usage.cache_creation_input_tokens, read.usage.output_tokens)
        assert (own.usage.cached_tokens, own.usage.written_tokens, own.usage.completion_tokens) == counts
        assert own.usage.prompt_tokens == read.usage.input_tokens + sum(counts[:2])
    for theirs_sent, own_sent in zip(scripted.asked[:2], scripted.asked[2:], strict=True):
        assert theirs_sent.path == own_sent.path
        assert theirs_sent.json | {"messages": own_sent.json["messages"]} == own_sent.json
