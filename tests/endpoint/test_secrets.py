"""The key shows nowhere: not in an outcome, an error, a repr, a log or a traceback, whatever a server does with it."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import re
import traceback
from dataclasses import asdict
from typing import Any

import pytest

from nihbench.endpoint.access import open_model
from nihbench.endpoint.checkup import preflight
from nihbench.endpoint.client import ChatClient
from nihbench.endpoint.connection import Endpoint
from nihbench.endpoint.counting import ServerTokenizer
from nihbench.endpoint.servers import ServerInfo, probe
from nihbench.errors import NihError, UsageError
from nihbench.types import Message, ModelPreset, Request
from tests.wording import wording

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
            Endpoint(base_url=url, api_key=KEY, headers={"X-Auth": f"Bearer {HEADER}", "X-Api-Token": QUERY}),
            max_attempts=2,
            on_change=said.append, sleep=lambda s: asyncio.sleep(0),
        ) as client:  # fmt: skip
            outcome = await client.complete(MESSAGES, REQUEST)
            assert outcome.attempts >= 1
            clean(repr(outcome), json.dumps(asdict(outcome), default=str), repr(client), str(vars(client)["_endpoint"]))

    asyncio.run(run())
    assert scripted.asked, "nothing was asked, so that nothing was tested"
    clean(caplog.text, *said, *capsys.readouterr())


@pytest.mark.parametrize("streams", [True, False])
def test_no_answer_shows_it(scripted: Any, playing: Any, streams: bool) -> None:
    """A gateway in its debugging mode gives requests back in good answers; these go into records and reports."""

    def judge(asked: Any) -> Any:
        said = f"{dict(asked.headers)}"
        inner = {"content": said, "reasoning_content": said}
        whole = {
            "model": KEY,
            "system_fingerprint": HEADER,
            "provider": f"{'p' * 190}{KEY}",
            "timings": {KEY: KEY, "n": 1},
        }
        choice = {"index": 0, "delta" if streams else "message": inner, "finish_reason": "stop"}
        body = json.dumps(whole | {"choices": [choice]})
        return playing.reply(body=f"data: {body}\n\ndata: [DONE]\n\n".encode() if streams else body.encode())

    scripted.judge = judge
    headers = {"X-Auth": f"Bearer {HEADER}", "X-Title": "ferry at the quay"}
    url = scripted.base_url.replace("//", f"//me:{PASSWORD}@")

    async def run() -> Any:
        async with ChatClient(Endpoint(base_url=url, api_key=KEY, headers=headers, key_header="X-Key")) as client:
            return await client.complete(MESSAGES, REQUEST)

    outcome = asyncio.run(run())
    clean(repr(outcome))
    assert KEY[:6] not in repr(outcome)  # nor the beginning of one that a limit on lengths cuts
    assert base64.b64encode(f"me:{PASSWORD}".encode()).decode() not in repr(outcome)
    assert "***" in outcome.text and "ferry at the quay" in outcome.text and outcome.timings["n"] == 1


def test_a_word_that_stands_for_no_key_is_left_in_answers() -> None:
    """Servers of one's own take anything for a key, and header values may be words of the text."""
    endpoint = Endpoint(base_url="http://h/v1?version=sandwich", api_key="none", headers={"X-Title": "San Francisco"})
    assert endpoint.keys() == ()
    assert "San Francisco" in endpoint.secrets()


def test_no_error_or_traceback_shows_it(scripted: Any) -> None:
    scripted.judge = None  # whatever is asked breaks in the server
    spoilt = (
        lambda: ChatClient(Endpoint(base_url=f"ftp://me:{PASSWORD}@host/v1", api_key=KEY)),
        lambda: ChatClient(Endpoint(base_url="http://host/v1", api_key=f"{KEY}\n")),
        lambda: ChatClient(Endpoint(base_url="http://host/v1", headers={"X-Auth": f"{HEADER}é"})),
        lambda: probe(Endpoint(base_url="http://127.0.0.1:1/v1", api_key=KEY)),
        lambda: ServerTokenizer(
            Endpoint(base_url="http://127.0.0.1:1/v1", api_key=KEY), ServerInfo(kind="vllm", models=("m",))
        ),
    )
    for make in spoilt:
        with pytest.raises(NihError) as caught:
            make()
        clean("".join(traceback.format_exception(caught.value)), repr(caught.value))


def test_a_key_in_a_query_is_masked_too(scripted: Any, playing: Any, ask: Any) -> None:
    scripted.judge = lambda asked: playing.reply(status=404, body=f"no route {asked.path}".encode())
    failed = ask(f"{scripted.base_url}?key={QUERY}")
    assert "***" in str(failed.message)
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


@pytest.mark.parametrize("header", ["X Y", "X:Y", "", "X\nY", "Né"])
def test_an_illegal_header_name_is_refused_before_anything_is_sent(header: str) -> None:
    with pytest.raises(UsageError, match=wording("endpoint.header_api_key_characters")):
        ChatClient(Endpoint(base_url="http://host/v1", headers={header: "value"}))
    with pytest.raises(UsageError, match=wording("endpoint.header_api_key_characters")):
        Endpoint(base_url="http://host/v1", key_header=header, api_key=KEY)


@pytest.mark.parametrize("value", [f"{HEADER}\nX: y", f"{HEADER}\r\ny", f"{HEADER}\0", f"{HEADER}é", f"{HEADER}秋"])
def test_an_illegal_header_value_is_refused_and_not_shown(value: str) -> None:
    for make in (
        lambda: ChatClient(Endpoint(base_url="http://host/v1", headers={"X-A": value})),
        lambda: probe(Endpoint(base_url="http://host/v1", api_key=value)),
    ):
        with pytest.raises(UsageError, match=wording("endpoint.header_api_key_characters")) as caught:
            make()
        clean("".join(traceback.format_exception(caught.value)))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"ftp://me:{PASSWORD}@host/v1?code={QUERY}", "'ftp://host'"),
        (f"http://me:{PASSWORD}@host:notaport/v1?code={QUERY}#{KEY}", "'http://host:notaport'"),
        (f"http://me:{PASSWORD}/x@host/v1", "'http://...'"),
        (f"http://host:0?mail={KEY}@{QUERY}", "'http://...'"),
        (f"me:{PASSWORD}@host/v1", "'host'"),
        (f"http:/me:{PASSWORD}@host", "'...'"),
        (f"http://me:{PASSWORD}@ho st\x7f/v1?{QUERY}", "'http://ho st\\x7f'"),
        ("127.0.0.1:8080/v1", "'127.0.0.1:8080'"),
        ("", "''"),
    ],
)
def test_of_what_is_no_base_url_only_scheme_and_host_are_shown(url: str, shown: str) -> None:
    with pytest.raises(UsageError) as caught:
        Endpoint(base_url=url)
    assert re.match(wording("endpoint.not_base_url_write", scheme=shown), str(caught.value))
    clean("".join(traceback.format_exception(caught.value)))


def test_all_of_an_address_that_may_be_secret_is_masked(scripted: Any, playing: Any, ask: Any) -> None:
    """The query's values under any name, the password, and the login that a server sees of it."""

    def judge(asked: Any) -> Any:
        return playing.reply(status=404, body=f"no {asked.path} for {dict(asked.headers)} {PASSWORD}".encode())

    scripted.judge = judge
    url = scripted.base_url.replace("//", f"//me:{PASSWORD}@")
    failed = ask(f"{url}?version=1&code={QUERY}%2F|&{KEY}", headers={"X-Title": HEADER, "X-Short": "1"})
    (asked,) = scripted.asked
    login = asked.headers["Authorization"].removeprefix("Basic ")
    assert base64.b64decode(login).decode() == f"me:{PASSWORD}"
    clean(repr(failed))
    assert login not in repr(failed) and "%2F" not in repr(failed)
    assert "version=1" in str(failed.message), "what is short and no secret stays readable"


def test_a_server_without_a_list_is_named_by_its_host(scripted: Any) -> None:
    scripted.route("/v1/models", {"data": []})
    scripted.route("/props", {})
    url = f"{scripted.base_url.replace('//', f'//me:{PASSWORD}@')}?code={QUERY}"
    with pytest.raises(UsageError, match=wording("endpoint.server_not_say_models")) as caught:
        with open_model(ModelPreset(name="p", model="", base_url=url), key=None, headers={}, ask_server=True):
            pass
    clean(str(caught.value))
    with pytest.raises(NihError, match=wording("endpoint.server_no_tokenizer_own")) as refused:
        ServerTokenizer(Endpoint(base_url=url), ServerInfo(kind="other"))
    clean(str(refused.value))


def test_a_header_of_one_s_own_stands_in_place_of_the_key_s_in_any_case() -> None:
    endpoint = Endpoint(base_url="http://a.example/v1", api_key=KEY, headers={"authorization": HEADER})
    assert {name.lower(): value for name, value in endpoint.all_headers().items()}["authorization"] == HEADER
    assert KEY not in str(endpoint.all_headers())


def test_a_short_part_of_a_cookie_is_a_word_like_any_other() -> None:
    endpoint = Endpoint(base_url="http://a.example/v1", headers={"Cookie": f"theme=dark; n=1; session={HEADER}"})
    assert HEADER in endpoint.secrets() and not {"dark", "1"} & set(endpoint.secrets())
