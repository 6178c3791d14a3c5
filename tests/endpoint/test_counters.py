"""The counting endpoints of Moonshot and Anthropic, played by a server, and the verdict on a preflight."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import Any

import pytest

from nihbench.app.checks import request_counter
from nihbench.endpoint.access import ModelAccess, open_model
from nihbench.endpoint.checkup import Preflight, verdict
from nihbench.endpoint.connection import Endpoint
from nihbench.endpoint.counting import CountingEndpoint
from nihbench.errors import EndpointError, StoppedError
from nihbench.types import Message, ModelPreset
from tests.wording import says, wording

MESSAGES = (Message(role="system", content="Be brief."), Message(role="user", content="在北京？"))


def counted(model: ModelAccess, messages: Sequence[Message] = MESSAGES) -> tuple[int | None, str]:
    """The server's count, and how it was asked for."""

    async def ask() -> tuple[int | None, str]:
        async with model.client() as client:
            count, source = request_counter(model, client)
            return await count(messages), source

    return asyncio.run(ask())


def counter(base_url: str, kind: Any, waits: list[float]) -> CountingEndpoint:
    return CountingEndpoint(Endpoint(base_url=base_url, api_key="k-1"), kind, "m", sleep=waits.append)


def test_moonshot(scripted: Any) -> None:
    scripted.route("/v1/tokenizers/estimate-token-count", {"data": {"total_tokens": 80}})
    with counter(scripted.base_url, "moonshot", []) as counting:
        assert counting.count_messages(MESSAGES) == 80
    asked = scripted.asked[-1]
    assert asked.headers["Authorization"] == "Bearer k-1"
    assert asked.json == {"model": "m", "messages": [{"role": m.role, "content": m.content} for m in MESSAGES]}


def test_anthropic_hoists_system_texts(scripted: Any) -> None:
    scripted.route("/v1/messages/count_tokens", {"input_tokens": 14})
    with counter(scripted.base_url + "/", "anthropic", []) as counting:
        assert counting.count_messages(MESSAGES) == 14
    asked = scripted.asked[-1]
    headers = {name.lower(): value for name, value in asked.headers.items()}
    assert (headers["x-api-key"], headers["anthropic-version"]) == ("k-1", "2023-06-01")
    assert asked.json == {"model": "m", "messages": [{"role": "user", "content": "在北京？"}], "system": "Be brief."}


def test_a_limit_is_waited_for_and_a_refusal_is_not(scripted: Any) -> None:
    scripted.reply({"error": {"message": "max RPM: 3"}}, status=429, headers={"Retry-After": "7"})
    scripted.reply({"data": {"total_tokens": 5}})
    waits: list[float] = []
    with counter(scripted.base_url, "moonshot", waits) as counting:
        assert counting.count_messages(MESSAGES) == 5 and waits == [7.0]
        scripted.reply({"error": {"message": "Invalid Authentication k-1"}}, status=401)
        with pytest.raises(StoppedError) as refused:
            counting.count_messages(MESSAGES)
        assert "k-1" not in str(refused.value)
        for body in ({}, {"data": None}, {"data": {"total_tokens": True}}, b"<html>", {"data": {"total_tokens": 0}}):
            scripted.reply(body)
            with pytest.raises(EndpointError):
                counting.count_messages(MESSAGES)


def test_a_preset_with_a_counter_is_measured_at_no_charge(scripted: Any) -> None:
    scripted.route("/v1/tokenizers/estimate-token-count", {"data": {"total_tokens": 80}})
    preset = ModelPreset(name="p", model="m", base_url=scripted.base_url, counter="moonshot", key_env="K")
    with open_model(preset, key="k-1", headers={}, ask_server=False) as model:
        assert counted(model) == (80, "counting endpoint")
    assert {asked.path for asked in scripted.asked} == {"/v1/tokenizers/estimate-token-count"}


def test_an_answer_of_one_token_counts_too(scripted: Any) -> None:
    preset = ModelPreset(name="p", model="m", base_url=scripted.base_url)
    with open_model(preset, key=None, headers={}, ask_server=False) as model:
        choice = {"message": {"content": ""}, "finish_reason": "length"}
        scripted.reply({"choices": [choice], "usage": {"prompt_tokens": 81}})
        assert counted(model) == (81, "usage") and scripted.asked[-1].json["max_tokens"] == 1
        scripted.reply({"choices": [{"message": {"content": "A"}, "finish_reason": "stop"}]})
        assert counted(model) == (None, "usage")
        scripted.reply({"error": {"code": "context_length_exceeded", "message": "too long"}}, status=400)
        with pytest.raises(EndpointError, match="overflow.*--no-calibrate"):
            counted(model)


@pytest.mark.parametrize(
    ("fields", "kind", "word"),
    [
        ({"answered": True}, None, ""),
        ({"reachable": False, "problem": "could not connect"}, EndpointError, "connect"),
        ({"key_valid": False, "problem": "Incorrect API key."}, StoppedError,
         wording("endpoint.refuses_key", said="Incorrect API key")),
        ({"failure": "auth", "models": ("a", "b"), "model_listed": False}, EndpointError,
         wording("endpoint.it_has", models="a, b")),
        ({"failure": "auth", "model_listed": True, "problem": "no access to the model"}, EndpointError,
         wording("endpoint.not_serve_model", model="'m'", said="no access to the model")),
        ({"failure": "auth", "model_listed": True, "problem": "is the base URL right?"}, EndpointError,
         wording("common.gives_no_answer", host="h", said="is the base URL right?")),
        ({"failure": "auth", "problem": "a proxy wants a login"}, EndpointError,
         wording("common.gives_no_answer", host="h", said="a proxy wants a login")),
        ({"failure": "quota", "problem": "no money"}, StoppedError, "no money"),
        ({"failure": "bad_parameter", "problem": "no top_k"}, EndpointError, "no top_k"),
        ({"failure": "overloaded", "problem": "busy"}, None, ""),
    ],
)  # fmt: skip
def test_a_verdict(fields: dict[str, Any], kind: type[Exception] | None, word: str) -> None:
    wrong = verdict(Preflight(**({"host": "h", "model": "m", "reachable": True} | fields)))
    assert (type(wrong) if wrong else None) is kind and re.search(word, str(wrong or ""))


def test_the_two_sites_of_moonshot_are_named() -> None:
    wrong = verdict(Preflight(host="api.moonshot.cn", model="m", reachable=True, key_valid=False, problem="no"))
    assert says(str(wrong), "endpoint.refuses_key_keys_api")
