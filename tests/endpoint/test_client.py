"""The client against a scripted server on a real socket: what is sent, what is read, what is sent again."""

from __future__ import annotations

import asyncio
import json
import math
import socket
from collections.abc import Callable
from typing import Any

import pytest

from nihbench.endpoint.client import ChatClient
from nihbench.endpoint.connection import Endpoint, Timeouts
from nihbench.endpoint.kinds import GONE_S
from nihbench.endpoint.wire.base import Dialect
from nihbench.errors import UsageError
from nihbench.types import Completion, Failure, Message, Outcome, Request, Usage
from tests.wording import says

MESSAGES = (Message(role="user", content="在北京 🥪?"),)
REQUEST = Request(model="m", max_output=300)
GOOD = {"choices": [{"message": {"content": "Eat."}, "finish_reason": "stop"}], "model": "m-1"}


def answer(**message: Any) -> dict[str, Any]:
    return {"choices": [{"message": message, "finish_reason": "stop"}]}


def completion(outcome: Outcome) -> Completion:
    assert isinstance(outcome, Completion), outcome
    return outcome


def failure(outcome: Outcome) -> Failure:
    assert isinstance(outcome, Failure), outcome
    return outcome


def test_the_request_says_what_was_asked_and_nothing_else(ask: Any, scripted: Any) -> None:
    scripted.reply(GOOD)
    done = completion(ask(scripted.base_url))
    (asked,) = scripted.asked
    assert asked.path == "/v1/chat/completions"
    assert asked.json == {
        "model": "m",
        "messages": [{"role": "user", "content": "在北京 🥪?"}],
        "max_tokens": 300,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    assert "在北京 🥪?".encode() in asked.body
    assert "authorization" not in {name.lower() for name in asked.headers}
    assert (done.text, done.finish_reason, done.model, done.attempts) == ("Eat.", "stop", "m-1", 1)


def test_parameters_are_sent_where_given_and_extra_body_wins(ask: Any, scripted: Any) -> None:
    scripted.reply(GOOD)
    extra = {"thinking": {"type": "disabled"}, "seed": 8}
    request = Request(model="m", max_output=5, temperature=0.0, seed=7, extra_body=extra)
    ask(scripted.base_url, request, dialect=Dialect(output_param="max_completion_tokens", stream=False))
    sent = scripted.asked[0].json
    assert (sent["temperature"], sent["seed"], sent["max_completion_tokens"]) == (0.0, 8, 5)
    assert sent["thinking"] == {"type": "disabled"}
    assert "max_tokens" not in sent


def test_keys_and_headers(ask: Any, scripted: Any) -> None:
    scripted.reply(GOOD)
    scripted.reply(GOOD)
    ask(scripted.base_url, api_key="k-1", headers={"X-Title": "nih"})
    ask(scripted.base_url, api_key="k-1", key_header="api-key")
    assert scripted.asked[0].headers["Authorization"] == "Bearer k-1"
    assert scripted.asked[0].headers["X-Title"] == "nih"
    assert scripted.asked[1].headers["api-key"] == "k-1"


def test_a_base_url_may_end_in_a_slash_or_carry_a_query(ask: Any, scripted: Any) -> None:
    for tail in ("/", "?api-version=1", "/chat/completions"):
        scripted.reply(GOOD)
        completion(ask(scripted.base_url + tail))
    assert {asked.path.partition("?")[0] for asked in scripted.asked} == {"/v1/chat/completions"}
    assert scripted.asked[1].path.endswith("?api-version=1")


@pytest.mark.parametrize(
    ("message", "text", "reasoning"),
    [
        ({"content": "a"}, "a", ""),
        ({"content": "", "tool_calls": [], "function_call": None}, "", ""),
        ({"content": ["Eat a", "sandwich.", " Sit."]}, "Eat a sandwich. Sit.", ""),
        ({"content": {"type": "text", "text": "a"}}, "a", ""),
        ({"content": {"parts": [{"text": {"value": "a"}}, {"thought": True, "text": "hm"}]}}, "a", "hm"),
        ({"content": [{"type": "reasoning", "text": "hm"}, {"type": "output_text", "text": "a"}]}, "a", "hm"),
        ({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"text": "a"}]}, "a", "hm"),
        ({"content": "a", "reasoning_details": [{"type": "reasoning.text", "text": "hm"}]}, "a", "hm"),
        ({"content": "a", "tool_calls": [{"function": {"name": "f"}}]}, "a", ""),
        ({"content": "a", "reasoning": "hm"}, "a", "hm"),
        ({"content": [{"type": "text", "text": "a"}, {"type": "thinking"}, {"type": "text", "text": "b"}]}, "ab", ""),
        ({"content": None, "refusal": "I can't."}, "I can't.", ""),
        ({}, "", ""),
    ],
)
def test_content_in_all_its_shapes(ask: Any, scripted: Any, message: dict[str, Any], text: str, reasoning: str) -> None:
    scripted.reply(answer(**message))
    done = completion(ask(scripted.base_url))
    assert (done.text, done.reasoning) == (text, reasoning)


@pytest.mark.parametrize(
    ("fields", "cached"),
    [
        ({"usage": {"prompt_tokens_details": {"cached_tokens": 4}}}, 4),
        ({"usage": {"cached_tokens": 0, "prompt_tokens_details": {"cached_tokens": 4}}}, 0),
        ({"usage": {"prompt_cache_hit_tokens": 3, "prompt_cache_miss_tokens": 7}}, 3),
        ({"usage": {"prompt_tokens_details": None}}, None),
        ({"usage": None}, None),
        ({"timings": {"cache_n": 2}}, 2),
    ],
)
def test_cached_tokens_of_all_providers(ask: Any, scripted: Any, fields: dict[str, Any], cached: int | None) -> None:
    scripted.reply(answer(content="a") | fields)
    assert completion(ask(scripted.base_url)).usage.cached_tokens == cached


@pytest.mark.parametrize("count", [10**30, 2**53 + 1, -1, True, "9", 1.5, float("nan"), [9]])
def test_a_count_that_is_none_is_not_kept(ask: Any, scripted: Any, count: object) -> None:
    usage = {"prompt_tokens": count, "cached_tokens": count, "completion_tokens": 2**53}
    scripted.reply(json.dumps(answer(content="a") | {"usage": usage}).encode())
    assert completion(ask(scripted.base_url)).usage == Usage(completion_tokens=2**53)


def test_a_prompt_of_no_tokens_is_not_counted(ask: Any, scripted: Any) -> None:
    scripted.reply(answer(content="a") | {"usage": {"prompt_tokens": 0, "completion_tokens": 0}})
    assert completion(ask(scripted.base_url)).usage.prompt_tokens is None


def test_of_a_hostile_answer_the_text_and_what_is_plain_is_kept(ask: Any, scripted: Any) -> None:
    deep = b"[" * 700 + b"]" * 700
    many = ", ".join(f'"n{i}": {i}' for i in range(500)).encode()
    long = b"x" * 100_000
    scripted.reply(
        b'{"choices": [{"message": {"content": "Eat."}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 9},'
        b'"model": "%s", "system_fingerprint": "%s", "provider": "%s", "timings": {"deep": %s, "map": {"a": 1},'
        b'"nan": NaN, "infinite": 1e999, "huge": 1%s, "long": "%s", "%s": 1, "cache_n": 2, "who": "gpu", %s}}'
        % (long, long, long, deep, b"0" * 400, long, long, many)
    )
    done = completion(ask(scripted.base_url))
    assert (done.text, done.usage) == ("Eat.", Usage(prompt_tokens=9, cached_tokens=2))
    assert [len(text or "") for text in (done.model, done.system_fingerprint, done.provider)] == [200, 200, 200]
    assert len(done.timings) == 64
    assert list(done.timings.items())[:3] == [("cache_n", 2), ("who", "gpu"), ("n0", 0)]
    json.dumps(done.timings, allow_nan=False)


def test_usage_timings_and_fingerprint_are_kept(ask: Any, scripted: Any) -> None:
    body = answer(content="a") | {"system_fingerprint": "fp", "timings": {"prompt_n": 9}}
    body["choices"][0]["usage"] = {"prompt_tokens": 9, "completion_tokens": 1}
    scripted.reply(b"\n\n \n" + json.dumps(body).encode())
    done = completion(ask(scripted.base_url))
    assert done.usage == Usage(prompt_tokens=9, completion_tokens=1)
    assert (done.system_fingerprint, done.timings) == ("fp", {"prompt_n": 9})


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("bad_response", b"<!DOCTYPE html><title>Sign in</title>"),
        ("bad_response", b'{"choices": [{"mess'),
        ("bad_response", b"date: {}"),
        ("bad_response", b"[" * 100_000),
        ("bad_response", {"choices": []}),
        ("bad_response", {"choices": [{"message": {"content": 42}, "finish_reason": "stop"}]}),
        ("bad_response", {"choices": [{"message": {"content": True}}]}),
        ("bad_response", {"choices": [{"message": {"content": {"type": "image_url", "image_url": {"url": "x"}}}}]}),
        ("bad_response", {"choices": [{"message": {"content": [7, 8]}, "finish_reason": "length"}]}),
        ("bad_response", {"choices": [{"message": {"content": None, "tool_calls": [{"id": "1"}]}}]}),
        ("bad_response", {"choices": [{"message": {"content": "Let me see.", "tool_calls": [{"id": "1"}]},
                                       "finish_reason": "tool_calls"}]}),
        ("bad_response", {"choices": [{"message": {"content": None}, "finish_reason": "tool_calls"}]}),
        ("bad_response", {"choices": [{"message": {"content": None, "function_call": {"name": "f"}}}]}),
        ("bad_response", {"choices": [{"message": {"content": None, "reasoning_content": "Eat."},
                                       "finish_reason": "stop"}]}),
        ("bad_response", {"data": []}),
        ("bad_response", [1]),
        ("filtered", {"choices": [{"message": {"content": ""}, "finish_reason": "content_filter"}]}),
        ("cut_answer", {"choices": [{"message": {"content": ""}, "finish_reason": "length"}]}),
        ("overflow", {"error": {"message": "prompt is too long"}}),
        ("auth", {"object": "error", "message": "no", "code": 401}),
    ],
)  # fmt: skip
def test_a_200_that_is_no_answer(ask: Any, scripted: Any, kind: str, body: Any) -> None:
    tries = 2 if kind == "bad_response" else 1  # a garbled answer is worth another try, and not a third
    for _ in range(tries):
        scripted.reply(body)
    failed = failure(ask(scripted.base_url))
    assert (failed.kind, failed.status, failed.attempts, len(scripted.asked)) == (kind, 200, tries, tries)


def test_one_garbled_answer_is_asked_for_again(ask: Any, scripted: Any) -> None:
    scripted.reply(b'{"choices": [{"mess')
    scripted.reply(GOOD)
    done = completion(ask(scripted.base_url))
    assert [(failed.kind, failed.may_be_billed) for failed in done.earlier] == [("bad_response", True)]


@pytest.mark.parametrize(
    "choices",
    [
        [{"index": 1, "message": {"content": "no"}}, {"index": 0, "message": {"content": "a"}}],
        [{"index": 2, "message": {"content": "no"}}, {"index": "1", "message": {"content": "a"}}],
        [{"text": "a", "finish_reason": "stop"}],
        [{"message": "a"}],
        [{"delta": {"content": "a"}}],
    ],
)
def test_the_first_choice_is_read_wherever_and_however_it_stands(ask: Any, scripted: Any, choices: Any) -> None:
    scripted.reply({"choices": choices})
    assert completion(ask(scripted.base_url)).text == "a"


def test_where_all_is_reasoning_that_is_said(ask: Any, scripted: Any) -> None:
    for _ in range(2):
        scripted.reply(answer(content=None, reasoning_content="Eat a sandwich."))
    assert says(failure(ask(scripted.base_url)).message, "note.all_reasoning", characters=15)


def test_invalid_utf8_is_survived(ask: Any, scripted: Any) -> None:
    scripted.reply(b'{"choices": [{"message": {"content": "a\xff"}}]}')
    assert completion(ask(scripted.base_url)).text == "a\ufffd"


def test_an_error_of_null_is_none(ask: Any, scripted: Any) -> None:
    scripted.reply(GOOD | {"error": None})
    completion(ask(scripted.base_url))


def test_a_cut_answer_with_text_is_an_answer_and_a_cut_one_without_keeps_its_usage(ask: Any, scripted: Any) -> None:
    for content in ("half an", None):
        choice = {"message": {"content": content}, "finish_reason": "length"}
        scripted.reply({"choices": [choice], "usage": {"completion_tokens": 300}})
    assert completion(ask(scripted.base_url)).finish_reason == "length"
    assert failure(ask(scripted.base_url)).usage.completion_tokens == 300


@pytest.mark.parametrize("body", [b"", b"\n\n", {"error": {"message": "upstream"}}])
def test_what_may_pass_inside_a_200_is_sent_again(ask: Any, scripted: Any, body: Any) -> None:
    scripted.reply(body)
    scripted.reply(GOOD)
    assert completion(ask(scripted.base_url)).attempts == 2


def test_retries_are_bounded_and_wait_ever_longer(waits: Any, ask: Any, scripted: Any) -> None:
    for _ in range(9):
        scripted.reply({"error": {"message": "oh"}}, status=500)
    failed = failure(ask(scripted.base_url, sleep=waits))
    assert (failed.kind, failed.status, failed.attempts, failed.message) == ("transient", 500, 4, "oh")
    assert len(scripted.asked) == 4
    assert waits.seconds == [0.375, 0.75, 1.5]


def test_the_servers_delay_is_honoured_and_too_long_a_one_ends_the_request(waits: Any, ask: Any, scripted: Any) -> None:
    scripted.reply(status=429, headers={"Retry-After": "3"})
    scripted.reply(status=429, headers={"Retry-After": "3600"})
    assert failure(ask(scripted.base_url, sleep=waits)).kind == "rate_limit"
    assert waits.seconds == [3.0]


@pytest.mark.parametrize("status", [400, 401, 402, 404, 413, 422])
def test_what_can_not_pass_is_sent_once(ask: Any, scripted: Any, status: int) -> None:
    scripted.reply(status=status)
    failed = failure(ask(scripted.base_url))
    assert (failed.status, len(scripted.asked)) == (status, 1)


def test_a_dropped_connection_is_tried_again(ask: Any, scripted: Any) -> None:
    scripted.reply(drop=True)
    scripted.reply(GOOD, headers={"Content-Length": "5000"})
    scripted.reply(GOOD)
    assert completion(ask(scripted.base_url)).attempts == 3


def test_a_read_timeout_is_tried_once_more_only(ask: Any, scripted: Any) -> None:
    for _ in range(4):
        scripted.reply(GOOD, delay_s=30)
    failed = failure(ask(scripted.base_url, timeouts=Timeouts(first_token_s=0.2)))
    assert (failed.kind, failed.attempts, failed.status, failed.may_be_billed) == ("timeout", 2, None, True)
    assert [once.may_be_billed for once in failed.earlier] == [True]
    assert failed.latency_s >= 0.2


def test_nobody_there_is_a_failure_that_names_the_place(ask: Any) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        failed = failure(ask(f"http://127.0.0.1:{port}/v1"))
    assert (failed.kind, failed.attempts) == ("transient", 4)
    assert f"127.0.0.1:{port}" in str(failed.message)


def test_the_key_is_masked_wherever_the_server_echoes_it(ask: Any, scripted: Any) -> None:
    scripted.reply({"error": {"message": "bad key k-123456"}}, status=401)
    for _ in range(2):
        scripted.reply(b"who is k-123456?")
    for _ in range(2):
        message = str(failure(ask(scripted.base_url, api_key="k-123456")).message)
        assert "k-123456" not in message
        assert "***" in message


def test_proxies_are_not_asked_for_this_machine(ask: Any, scripted: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    scripted.reply(GOOD)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    completion(ask(scripted.base_url))


def test_proxies_are_asked_for_others(ask: Any, scripted: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", scripted.base_url.removesuffix("/v1"))
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    scripted.reply(GOOD)
    completion(ask("http://models.example/v1"))
    assert scripted.asked[0].path == "http://models.example/v1/chat/completions"


@pytest.mark.parametrize(
    "make",
    [
        lambda: ChatClient(Endpoint(base_url="localhost:8080/v1")),
        lambda: ChatClient(Endpoint(base_url="ftp://host/v1")),
        lambda: ChatClient(Endpoint(base_url="http://[::1")),
        lambda: ChatClient(Endpoint(base_url="http://host/v1", api_key="k\n1")),
        lambda: ChatClient(Endpoint(base_url="http://host/v1", headers={"X": "é"})),
    ],
)
def test_what_can_not_be_reached_is_refused_at_once(make: Callable[[], ChatClient]) -> None:
    with pytest.raises(UsageError):
        make()


def test_a_server_that_answered_and_is_gone_is_waited_for_some_minutes(scripted: Any) -> None:
    time_s, said, until_s = [0.0], [], [120.0]

    async def sleep(seconds: float) -> None:
        time_s[0] += seconds
        if time_s[0] >= until_s[0]:
            until_s[0] = math.inf
            scripted.restart()

    async def run() -> list[Outcome]:
        endpoint = Endpoint(base_url=scripted.base_url)
        async with ChatClient(endpoint, sleep=sleep, clock=lambda: time_s[0], on_silence=said.append) as client:

            async def asked() -> Outcome:
                return await client.complete([Message(role="user", content="q")], Request(model="m", max_output=5))

            outcomes = [await asked()]
            scripted.close()
            outcomes.append(await asked())
            scripted.close()
            outcomes.append(await asked())
            gone_s = time_s[0]
            outcomes.append(await asked())
            assert time_s[0] - gone_s < 60, "it was waited for in vain: the next request need not wait as long again"
            return outcomes

    for _ in range(2):
        scripted.reply(GOOD)
    first, second, third, fourth = asyncio.run(run())
    scripted.restart()  # for the fixture to close
    completion(first)
    assert completion(second).attempts > 4
    assert (failure(third).kind, failure(fourth).kind) == ("transient", "transient")
    assert 120 + GONE_S <= time_s[0] <= 120 + 2 * GONE_S
    assert len(said) == 2
