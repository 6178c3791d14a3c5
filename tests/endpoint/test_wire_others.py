"""OpenAI's Responses and Google's generateContent on a real socket, and against the services' own SDKs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest

from nihbench.endpoint.access import ModelAccess
from nihbench.endpoint.client import ChatClient
from nihbench.endpoint.wire.base import Dialect
from nihbench.types import Completion, Failure, Message, ModelPreset, Outcome, Request, WireName

KEY = "key-0123456789"
PROMPT = (
    Message(role="system", content="Be brief."),
    Message(role="user", content="北京 \U0001f96a fog"),
    Message(role="assistant", content="Yes?"),
    Message(role="user", content="Where?"),
)
ASKED = Request(model="m-x", max_output=64, temperature=0.5, seed=7)

RESPONSE: dict[str, Any] = {
    "id": "resp_1", "object": "response", "status": "completed", "model": "m-x-2", "error": None,
    "created_at": 1, "incomplete_details": None, "instructions": None, "metadata": {}, "parallel_tool_calls": True,
    "temperature": 0.5, "tool_choice": "auto", "tools": [], "top_p": 1.0,
    "output": [
        {"id": "rs_1", "type": "reasoning", "summary": [{"type": "summary_text", "text": "Where? There."}]},
        {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [
            {"type": "output_text", "text": "Eat a sandwich", "annotations": []},
            {"type": "output_text", "text": " in the park.", "annotations": []},
        ]},
    ],
    "usage": {
        "input_tokens": 1209, "input_tokens_details": {"cached_tokens": 1000, "cache_write_tokens": 0},
        "output_tokens": 3, "output_tokens_details": {"reasoning_tokens": 2}, "total_tokens": 1212,
    },
}  # fmt: skip
PARTS = [{"text": "Where? There.", "thought": True}, {"text": "Eat a sandwich"}, {"text": " in the park."}]
USAGE = {
    "promptTokenCount": 1209, "candidatesTokenCount": 1, "thoughtsTokenCount": 2, "totalTokenCount": 1212,
    "cachedContentTokenCount": 1000,
}  # fmt: skip
GENERATED: dict[str, Any] = {
    "candidates": [{"content": {"role": "model", "parts": PARTS}, "finishReason": "STOP", "index": 0}],
    "usageMetadata": USAGE, "modelVersion": "m-x-2", "responseId": "r1",
}  # fmt: skip


def sse(values: list[dict[str, Any]], *, named: bool) -> bytes:
    return b"".join(
        ((f"event: {v['type']}\n" if named else "") + f"data: {json.dumps(v)}\n\n").encode() for v in values
    )


def delta(kind: str, text: str, index: int) -> dict[str, Any]:
    return {"type": kind, "delta": text, "item_id": "i", "output_index": index, "content_index": 0,
            "summary_index": 0, "sequence_number": 1, "logprobs": []}  # fmt: skip


def response_events(end: Mapping[str, Any]) -> list[dict[str, Any]]:
    begun = {**RESPONSE, "status": "in_progress", "output": [], "usage": None}
    item = {"id": "msg_1", "type": "message", "role": "assistant", "status": "in_progress", "content": []}
    part = {"type": "output_text", "text": "", "annotations": []}
    return [
        {"type": "response.created", "response": begun, "sequence_number": 0},
        delta("response.reasoning_summary_text.delta", "Where? There.", 0),
        {"type": "response.output_item.added", "output_index": 1, "item": item, "sequence_number": 2},
        {"type": "response.content_part.added", "item_id": "i", "output_index": 1, "content_index": 0, "part": part,
         "sequence_number": 3},
        delta("response.output_text.delta", "Eat a sandwich", 1),
        {"type": "an.event.of.tomorrow", "text": "?"},
        delta("response.output_text.delta", " in the park.", 1),
        {"type": f"response.{end['status']}", "response": dict(end), "sequence_number": 9},
    ]  # fmt: skip


def generated_events(reason: str = "STOP") -> list[dict[str, Any]]:
    chunks = [{"candidates": [{"content": {"role": "model", "parts": [part]}, "index": 0}],
               "usageMetadata": {"promptTokenCount": 1209, "totalTokenCount": 1209}} for part in PARTS]  # fmt: skip
    chunks[-1]["candidates"][0]["finishReason"] = reason  # type: ignore[index]
    chunks[-1] |= {"usageMetadata": USAGE, "modelVersion": "m-x-2", "responseId": "r1"}
    return chunks


WIRES: Mapping[WireName, tuple[Any, bytes]] = {
    "responses": (RESPONSE, sse(response_events(RESPONSE), named=True)),
    "gemini": (GENERATED, sse(generated_events(), named=False)),
}


def reach(scripted: Any, wire: WireName) -> ModelAccess:
    preset = ModelPreset(name="p", model="m-x", base_url=scripted.base_url, wire=wire)
    return ModelAccess(preset=preset, server=None, server_tokenizer=None, model_sha256=None, key=KEY, headers={})


def ask(access: ModelAccess, *, stream: bool | None = None, request: Request = ASKED) -> Outcome:
    async def run() -> Outcome:
        dialect = Dialect.of(access.preset, stream=stream)
        async with ChatClient(access.endpoint, dialect=dialect, max_attempts=1, patience_s=0.0) as client:
            return await client.complete(PROMPT, request)

    return asyncio.run(run())


@pytest.mark.parametrize("stream", [False, None])
@pytest.mark.parametrize("wire", WIRES)
def test_an_answer_comes_through(scripted: Any, wire: WireName, stream: bool | None) -> None:
    scripted.reply(WIRES[wire][0] if stream is False else WIRES[wire][1])
    outcome = ask(reach(scripted, wire), stream=stream)
    assert isinstance(outcome, Completion), outcome
    assert (outcome.text, outcome.reasoning) == ("Eat a sandwich in the park.", "Where? There.")
    assert (outcome.finish_reason, outcome.model) == ("stop", "m-x-2")
    assert (outcome.usage.prompt_tokens, outcome.usage.completion_tokens, outcome.usage.total_tokens) == (1209, 3, 1212)
    assert (outcome.usage.cached_tokens, outcome.usage.reasoning_tokens) == (1000, 2)
    assert outcome.streamed is (stream is None)


def test_a_response_is_asked_for(scripted: Any) -> None:
    for stream in (False, None):
        scripted.reply(WIRES["responses"][stream is None])
        ask(reach(scripted, "responses"), stream=stream)
    whole, streamed = scripted.asked
    assert whole.path == "/v1/responses" and whole.headers["Authorization"] == f"Bearer {KEY}"
    assert whole.json == {
        "model": "m-x", "max_output_tokens": 64, "store": False, "temperature": 0.5,
        "input": [{"role": message.role, "content": message.content} for message in PROMPT],
    }  # fmt: skip
    assert streamed.json == whole.json | {"stream": True}


def test_a_generation_is_asked_for(scripted: Any) -> None:
    thinking = {"thinkingConfig": {"thinkingBudget": 128}, "temperature": 0.25}
    request = Request(model="models/m-x", max_output=64, temperature=0.5, seed=7,
                      extra_body={"generationConfig": thinking, "safetySettings": []})  # fmt: skip
    for stream in (False, None):
        scripted.reply(WIRES["gemini"][stream is None])
        ask(reach(scripted, "gemini"), stream=stream, request=request)
    whole, streamed = scripted.asked
    sent = {name.lower(): value for name, value in whole.headers.items()}
    assert (sent["x-goog-api-key"], "authorization" in sent) == (KEY, False)
    assert whole.path == "/v1/models/m-x:generateContent"
    assert streamed.path == "/v1/models/m-x:streamGenerateContent?alt=sse" and streamed.json == whole.json
    assert whole.json == {
        "contents": [
            {"role": "user", "parts": [{"text": PROMPT[1].content}]}, {"role": "model", "parts": [{"text": "Yes?"}]},
            {"role": "user", "parts": [{"text": "Where?"}]},
        ],
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "generationConfig": {"maxOutputTokens": 64, "seed": 7, **thinking},
        "safetySettings": [],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}, "output": []}, "cut_answer"),
        ({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}, "output": []}, "filtered"),
        ({"status": "failed", "error": {"code": "server_error", "message": "oh"}, "output": []}, "transient"),
        ({"status": "failed", "error": {"code": "rate_limit_exceeded", "message": "slow"}, "output": []}, "rate_limit"),
        ({"output": [{"type": "function_call", "name": "f", "arguments": "{}"}]}, "bad_response"),
        ({"output": 3}, "bad_response"),
    ],
)
def test_a_response_without_an_answer(scripted: Any, change: Mapping[str, Any], kind: str) -> None:
    broken = {**RESPONSE, **change}
    scripted.reply(broken)
    whole = ask(reach(scripted, "responses"), stream=False)
    assert isinstance(whole, Failure) and whole.kind == kind, whole
    events = [{"type": f"response.{broken['status']}", "response": broken}]
    scripted.reply(sse(events, named=True))
    assert isinstance(found := ask(reach(scripted, "responses")), Failure)
    if kind in ("cut_answer", "filtered", "rate_limit"):
        assert found.kind == kind


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"candidates": [], "promptFeedback": {"blockReason": "SAFETY"}}, "filtered"),
        ({"candidates": [{"finishReason": "RECITATION", "index": 0}]}, "filtered"),
        ({"candidates": [{"finishReason": "MAX_TOKENS", "index": 0}]}, "cut_answer"),
        ({"candidates": [{"finishReason": "OTHER", "index": 0}]}, "transient"),
        (
            {"candidates": [{"content": {"parts": [{"functionCall": {"name": "f"}}]}, "finishReason": "STOP"}]},
            "bad_response",
        ),
        ({"candidates": 3}, "bad_response"),
    ],
)
def test_a_generation_without_an_answer(scripted: Any, change: Mapping[str, Any], kind: str) -> None:
    broken = {**GENERATED, **change}
    scripted.reply(broken)
    whole = ask(reach(scripted, "gemini"), stream=False)
    assert isinstance(whole, Failure) and whole.kind == kind, whole
    scripted.reply(sse([broken], named=False))
    assert isinstance(ask(reach(scripted, "gemini")), Failure)


@pytest.mark.parametrize("wire", WIRES)
def test_what_breaks_off_is_no_answer(scripted: Any, wire: WireName) -> None:
    events = response_events(RESPONSE) if wire == "responses" else generated_events()
    scripted.reply(sse(events[:-1], named=wire == "responses"))
    assert isinstance(found := ask(reach(scripted, wire)), Failure) and found.kind == "transient"
    for odd in ([], "x", {}, {"object": "response"}, {"candidates": [[]]}, {"candidates": [{"content": 3}]}):
        scripted.reply(odd)
        assert isinstance(ask(reach(scripted, wire), stream=False), Failure)


@pytest.mark.parametrize(
    ("status", "error", "what"),
    [
        (429, {"code": 429, "message": "Resource exhausted", "status": "RESOURCE_EXHAUSTED"}, "rate_limit"),
        (403, {"code": 403, "message": "denied", "status": "PERMISSION_DENIED"}, "auth"),
        (400, {"code": 400, "message": "API key not valid. Please pass a valid API key.",
               "status": "INVALID_ARGUMENT"}, "auth"),
        (400, {"code": 400, "message": "The input token count (1200000) exceeds the maximum number of tokens allowed"
               " (1048576).", "status": "INVALID_ARGUMENT"}, "overflow"),
        (503, {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}, "overloaded"),
        (404, {"code": 404, "message": "models/m-x is not found for API version v1beta", "status": "NOT_FOUND"},
         "auth"),
    ],
)  # fmt: skip
def test_googles_errors_are_classed(scripted: Any, status: int, error: Any, what: str) -> None:
    scripted.reply({"error": error}, status=status)
    assert isinstance(found := ask(reach(scripted, "gemini")), Failure) and found.kind == what, found


def test_openais_sdk_sends_and_reads_the_same(scripted: Any) -> None:
    sdk = pytest.importorskip("openai", reason="OpenAI's SDK is the oracle here, and no dependency")
    said = [{"role": message.role, "content": message.content} for message in PROMPT]
    asked = {"model": "m-x", "input": said, "max_output_tokens": 64, "temperature": 0.5, "store": False}
    for stream in (False, True):
        for _ in range(2):
            scripted.reply(WIRES["responses"][stream], headers=_headers(stream))
    with sdk.OpenAI(api_key=KEY, base_url=scripted.base_url, max_retries=0) as client:
        whole = client.responses.create(**asked)
        ours = ask(reach(scripted, "responses"), stream=False)
        with client.responses.create(**asked, stream=True) as events:
            (last,) = [event.response for event in events if event.type == "response.completed"]
        streamed = ask(reach(scripted, "responses"))
    for theirs, own in ((whole, ours), (last, streamed)):
        assert isinstance(own, Completion) and own.text == theirs.output_text
        assert own.usage.prompt_tokens == theirs.usage.input_tokens
        assert own.usage.cached_tokens == theirs.usage.input_tokens_details.cached_tokens
        assert own.usage.completion_tokens == theirs.usage.output_tokens
    for theirs, own in (scripted.asked[:2], scripted.asked[2:]):
        assert (theirs.path, theirs.json) == (own.path, own.json)


def test_googles_sdk_sends_and_reads_the_same(scripted: Any) -> None:
    genai = pytest.importorskip("google.genai", reason="Google's SDK is the oracle here, and no dependency")
    kinds = genai.types
    contents = [
        kinds.Content(role="model" if m.role == "assistant" else "user", parts=[kinds.Part(text=m.content)])
        for m in PROMPT[1:]
    ]
    config = kinds.GenerateContentConfig(
        system_instruction=kinds.Content(parts=[kinds.Part(text="Be brief.")]), max_output_tokens=64, temperature=0.5,
        seed=7, thinking_config=kinds.ThinkingConfig(thinking_budget=128),
    )  # fmt: skip
    request = Request(model="m-x", max_output=64, temperature=0.5, seed=7,
                      extra_body={"generationConfig": {"thinkingConfig": {"thinking_budget": 128}}})  # fmt: skip
    for stream in (False, True):
        for _ in range(2):
            scripted.reply(WIRES["gemini"][stream], headers=_headers(stream))
    url = scripted.base_url.removesuffix("/v1")
    options = kinds.HttpOptions(base_url=url, api_version="v1")
    client = genai.Client(api_key=KEY, http_options=options)
    whole = client.models.generate_content(model="m-x", contents=contents, config=config)
    ours = ask(reach(scripted, "gemini"), stream=False, request=request)
    chunks = list(client.models.generate_content_stream(model="m-x", contents=contents, config=config))
    streamed = ask(reach(scripted, "gemini"), request=request)
    assert isinstance(ours, Completion) and isinstance(streamed, Completion)
    assert ours.text == whole.text and streamed.text == "".join(chunk.text or "" for chunk in chunks)
    for told, own in ((whole.usage_metadata, ours), (chunks[-1].usage_metadata, streamed)):
        assert own.usage.prompt_tokens == told.prompt_token_count
        assert own.usage.cached_tokens == told.cached_content_token_count
        assert own.usage.reasoning_tokens == told.thoughts_token_count
        assert own.usage.total_tokens == told.total_token_count
    for theirs, own in (scripted.asked[:2], scripted.asked[2:]):
        assert theirs.path == own.path
        for content in own.json["contents"]:
            assert content in theirs.json["contents"]
        assert {**theirs.json, "systemInstruction": None} == {**own.json, "systemInstruction": None}
        assert theirs.json["systemInstruction"]["parts"] == own.json["systemInstruction"]["parts"]


def _headers(stream: bool) -> dict[str, str]:
    return {"Content-Type": "text/event-stream" if stream else "application/json"}
