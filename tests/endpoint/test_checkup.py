"""Preflight against played servers of each sort: what it reports, and that it never raises for what a server does."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from nihbench.endpoint.access import open_model
from nihbench.endpoint.checkup import KNOWN_TEXT, Preflight, preflight
from nihbench.endpoint.connection import Timeouts
from nihbench.lang.messages import Note, t
from nihbench.types import ModelPreset

DONE = b"data: [DONE]\n\n"


def check(base_url: str, *, key: str | None = None, ask_server: bool = False, **fields: Any) -> Preflight:
    preset = ModelPreset(**({"name": "p", "model": "m-1", "base_url": base_url} | fields))

    async def run() -> Preflight:
        with open_model(preset, key=key, headers={}, ask_server=ask_server) as access:
            async with access.client(timeouts=Timeouts(total_s=5.0, first_token_s=5.0), max_attempts=1) as client:
                return await preflight(access, client=client)

    return asyncio.run(run())


def streamed(playing: Any, **usage: Any) -> bytes:
    events = playing.piece("A") + playing.piece(None, "length")
    return bytes(events + playing.event({"choices": [], "usage": {"prompt_tokens": 81} | usage}) + DONE)


def test_a_public_service_in_good_order(scripted: Any, playing: Any) -> None:
    scripted.route("/v1/models", {"data": [{"id": "m-0"}, {"id": "m-1", "context_length": 262_144}]})
    scripted.reply(
        streamed(playing, prompt_tokens_details={"cached_tokens": 0}), headers={"x-ratelimit-limit-tokens": "500000"}
    )
    report = check(scripted.base_url, key="k-1")
    assert (report.reachable, report.key_valid, report.model_listed, report.problem) == (True, True, True, "")
    assert (report.window, report.window_source, report.models) == (262_144, t("endpoint.list_models"), ("m-0", "m-1"))
    assert (report.answered, report.streamed, report.prompt_tokens, report.cached_reported) == (True, True, 81, True)
    assert report.rates is not None and report.rates.limit_tokens == 500_000
    assert report.latency_s is not None and report.first_token_s is not None
    sent = scripted.asked[-1].json
    assert (sent["max_tokens"], sent["messages"]) == (1, [{"role": "user", "content": KNOWN_TEXT}])


def test_a_wrong_key_and_a_wrong_model(scripted: Any) -> None:
    scripted.route("/v1/models", {"error": {"message": "Incorrect API key"}}, status=401)
    scripted.route("/v1/chat/completions", {"error": {"message": "Incorrect API key"}}, status=401)
    report = check(scripted.base_url, key="k-1")
    assert (report.key_valid, report.answered, report.problem) == (False, False, "Incorrect API key")
    scripted.route("/v1/models", {"data": [{"id": "other"}]})
    scripted.route("/v1/chat/completions", {"error": {"message": "The model m-1 does not exist"}}, status=404)
    report = check(scripted.base_url, key="k-1")
    assert (report.key_valid, report.model_listed, report.answered) == (True, False, False)
    assert "m-1 does not exist" in report.problem


@pytest.mark.parametrize(
    ("status", "body", "key_valid"),
    [
        (400, [{"error": {"code": 400, "message": "API key not valid. Please pass a valid API key."}}], False),
        (200, {"code": 401, "msg": "token expired"}, False),
        (200, {"error": {"code": 404, "message": "no such model"}}, None),
        (404, {"detail": "Not Found"}, None),
        (301, b"", None),
    ],
)
def test_a_key_is_refused_only_where_it_is_the_key(
    scripted: Any, status: int, body: Any, key_valid: bool | None
) -> None:
    scripted.route("/v1/models", b"", status=404)
    scripted.route("/v1/chat/completions", body, status=status)
    assert check(scripted.base_url, key="k-1").key_valid is key_valid


def test_a_server_without_a_list_that_wants_things_its_own_way(scripted: Any) -> None:
    scripted.route("/v1/models", b"404 page not found", status=404)
    scripted.reply({"error": {"message": "invalid temperature: only 1 is allowed"}}, status=400)
    scripted.reply({"choices": [{"message": {"content": "A"}, "finish_reason": "length"}]})
    report = check(scripted.base_url, key="k-1")
    assert (report.key_valid, report.model_listed, report.window) == (True, None, None)
    assert (report.answered, report.streamed, report.prompt_tokens, report.cached_reported) == (
        True,
        False,
        None,
        False,
    )
    assert report.changes == (Note("parameter_not_sent", name="temperature"),)


def test_a_model_that_thinks_first_has_answered(scripted: Any) -> None:
    scripted.route("/v1/models", {"data": []})
    choice = {"message": {"content": "", "reasoning_content": "h"}, "finish_reason": "length"}
    scripted.reply({"choices": [choice], "usage": {"prompt_tokens": 81}})
    report = check(scripted.base_url)
    assert (report.answered, report.prompt_tokens, report.problem) == (True, 81, "")


def test_a_server_that_counts(scripted: Any, playing: Any) -> None:
    scripted.route("/v1/models", {"data": [{"id": "m-1", "owned_by": "vllm", "max_model_len": 32_768}]})
    scripted.route("/tokenize", {"tokens": [1] * 81, "count": 81})
    scripted.route("/metrics", b"")
    scripted.reply(streamed(playing))
    report = check(scripted.base_url, ask_server=True)
    assert (report.kind, report.window, report.counted_tokens, report.prompt_tokens) == ("vllm", 32_768, 81, 81)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/ps", {"models": [{"name": "m-1:latest", "context_length": 4096}]}),
        ("/api/v0/models", {"data": [{"id": "x"}, {"id": "m-1", "loaded_context_length": 4096}]}),
    ],
)
def test_the_window_that_ollama_or_lm_studio_loaded(scripted: Any, playing: Any, path: str, body: Any) -> None:
    scripted.route("/v1/models", {"data": [{"id": "m-1:latest", "owned_by": "library"}]})
    for other in ("/api/ps", "/api/v0/models"):
        scripted.route(other, b"not found", status=404)
    scripted.route(path, body)
    scripted.reply(streamed(playing))
    report = check(scripted.base_url)
    assert (report.model_listed, report.window) == (True, 4096)
    assert report.window_source is not None and path in report.window_source


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/v1", "http://nowhere.invalid/v1"])
def test_nobody_there(url: str) -> None:
    report = check(url)
    assert (report.reachable, report.answered) == (False, False)
    assert isinstance(report.problem, Note) and report.problem.code == "no_connection"


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"data": {"a": 1}}', b'{"data": [1, {"id": 3}]}', b""])
def test_no_list_breaks_it(scripted: Any, playing: Any, body: bytes) -> None:
    for path in ("/v1/models", "/api/ps", "/api/v0/models"):
        scripted.route(path, body)
    scripted.reply(json.dumps({"choices": [{"message": {"content": "A"}}]}).encode())
    report = check(scripted.base_url)
    assert (report.reachable, report.answered, report.models, report.window) == (True, True, (), None)
