"""The key shows nowhere: not in an outcome, an error, a repr, a log or a traceback, whatever a server does with it."""

from __future__ import annotations

import asyncio
import json
import logging
import traceback
from dataclasses import asdict
from typing import Any

import pytest

from nihbench.endpoint import ChatClient, ServerInfo, ServerTokenizer, open_model, preflight, probe
from nihbench.endpoint.connection import Endpoint
from nihbench.errors import NihError
from nihbench.types import Message, ModelPreset, Request

KEY = "sk-very-secret-0123456789"
PASSWORD = "pass-word-9876"
HEADER = "hdr-secret-5555"
QUERY = "qry-secret-7777"
SECRETS = (KEY, PASSWORD, HEADER, QUERY)
MESSAGES = [Message(role="user", content="q")]
REQUEST = Request(model="m", max_output=3)


def clean(*texts: str) -> None:
    for text in texts:
        for secret in SECRETS:
            assert secret not in text


def echoes(asked: Any) -> list[tuple[int, bytes, dict[str, str]]]:
    """Return what a careless server might say of a request."""
    all_of_it = f"bad request with {asked} and {' '.join(SECRETS)}"
    filtered = {"message": {"content": all_of_it}, "finish_reason": "content_filter"}
    long = "x" * 480 + KEY + "y" * 480
    return [
        (401, json.dumps({"error": {"message": all_of_it, "type": KEY, "code": KEY}}).encode(), {}),
        (400, json.dumps({"error": {"message": f"temperature {all_of_it}", "param": "temperature"}}).encode(), {}),
        (400, long.encode(), {}),
        (302, b"", {"Location": f"https://elsewhere.example/?key={KEY}"}),
        (500, f"<html><title>{all_of_it}</title></html>".encode(), {}),
        (200, f"not json, but {all_of_it}".encode(), {}),
        (200, json.dumps({"error": {"message": all_of_it}}).encode(), {}),
        (200, b'data: {"error": {"message": "' + long.encode() + b'"}}\n\n', {}),
        (200, json.dumps({"choices": [filtered]}).encode(), {}),
    ]  # fmt: skip


@pytest.mark.parametrize("number", range(9))
def test_no_outcome_log_or_repr_shows_it(
    scripted: Any, playing: Any, number: int, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    said: list[str] = []

    def judge(asked: Any) -> Any:
        status, body, headers = echoes(dict(asked.headers))[number]
        return playing.reply(status=status, body=body, headers=headers)

    scripted.judge = judge
    url = scripted.base_url.replace("//", f"//me:{PASSWORD}@")

    async def run() -> None:
        async with ChatClient(
            url, api_key=KEY, headers={"X-Auth": f"Bearer {HEADER}", "X-Api-Token": QUERY}, max_attempts=2,
            on_change=said.append, sleep=lambda s: asyncio.sleep(0),
        ) as client:  # fmt: skip
            outcome = await client.complete(MESSAGES, REQUEST)
            assert outcome.attempts >= 1
            clean(repr(outcome), json.dumps(asdict(outcome), default=str), repr(client), str(vars(client)["_endpoint"]))

    asyncio.run(run())
    assert scripted.asked, "nothing was asked, so that nothing was tested"
    clean(caplog.text, *said, *capsys.readouterr())


def test_no_error_or_traceback_shows_it(scripted: Any) -> None:
    scripted.judge = None  # whatever is asked breaks in the server
    spoilt = (
        lambda: ChatClient(f"ftp://me:{PASSWORD}@host/v1", api_key=KEY),
        lambda: ChatClient("http://host/v1", api_key=f"{KEY}\n"),
        lambda: ChatClient("http://host/v1", headers={"X-Auth": f"{HEADER}é"}),
        lambda: probe("http://127.0.0.1:1/v1", KEY),
        lambda: ServerTokenizer("http://127.0.0.1:1/v1", ServerInfo(kind="vllm", models=("m",)), api_key=KEY),
    )
    for make in spoilt:
        with pytest.raises(NihError) as caught:
            make()
        clean("".join(traceback.format_exception(caught.value)), repr(caught.value))


def test_a_key_in_a_query_is_masked_too(scripted: Any, playing: Any, ask: Any) -> None:
    scripted.judge = lambda asked: playing.reply(status=404, body=f"no route {asked.path}".encode())
    failed = ask(f"{scripted.base_url}?key={QUERY}")
    assert "***" in failed.message
    clean(repr(failed))


def test_no_preflight_shows_it(scripted: Any, playing: Any) -> None:
    scripted.judge = lambda asked: playing.reply(status=401, body=f"no {dict(asked.headers)}".encode())
    preset = ModelPreset(name="p", model="m", base_url=scripted.base_url)
    with open_model(preset, key=KEY, headers={"X-Token": HEADER}, ask_server=False) as access:
        report = asyncio.run(preflight(access))
    assert report.key_valid is False and "***" in report.problem
    clean(repr(report), repr(access))


def test_the_longest_secret_is_masked_first() -> None:
    endpoint = Endpoint(base_url="http://h/v1", api_key="abc", headers={"X-Key": "abcdef"})
    assert endpoint.secrets() == ("abcdef", "abc")
