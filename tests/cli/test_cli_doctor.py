"""`nih doctor`: the options of a run reach every request, its own spending is bounded, and it stays one screen."""

from __future__ import annotations

import json
import os
import pty
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from nihbench.lang.messages import t
from tests.cli.nursery import started
from tests.endpoint.conftest import Asked, Reply, ScriptedServer
from tests.wording import part, says

SECRET = "hdr-4f9a81c2d7e6"
HEADER = ("--header", f"X-Team={SECRET}")
EXTRA = ("--extra-body", '{"thinking": {"type": "disabled"}}')
PRICE = ("--price", "100,100")  # USD per million: the canary's 8,000 tokens are 80 cents


def rows_of(out: str) -> dict[str, str]:
    """Return what each row says, by the row's key."""
    keys = ("reachable", "model_listed", "answers", "usable", "window", "canary", "default_sweep", "cached_tokens")
    named = {t(f"cli.{key}"): key for key in keys}
    rows = [(name, line.removeprefix(name)) for line in out.splitlines() for name in named if line.startswith(name)]
    return {named[name]: rest.strip() for name, rest in rows if rest.startswith(" ")}


pytestmark = pytest.mark.slow  # whole checks over a socket


@pytest.fixture
def sweep(nih: Any) -> None:
    """A default sweep over a text that is on every machine."""
    text = "defaults: {experiment: short}\nexperiments: {short: {needle: sf-sandwich, corpus: python-reference-en}}\n"
    (nih.folder / "needles.yaml").write_text(text, encoding="utf-8")


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    scripted = ScriptedServer()
    yield scripted
    scripted.close()


def answering(asked: Asked, **more: Any) -> Reply:
    """Play a server that counts four letters a token and gives the canary's codes back."""
    if asked.method == "GET":
        known = asked.path.startswith("/v1/models")
        body: Any = {"data": [{"id": "x", "owned_by": "me", "context_length": 32_000} | more]} if known else {}
        return Reply(status=200 if known else 404, body=json.dumps(body).encode())
    text = "\n".join(message["content"] for message in asked.json["messages"])
    codes = re.findall(r"code is (\d+)", text)
    answer = {
        "choices": [{"message": {"content": " ".join(codes)}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": len(text) // 4, "completion_tokens": 5},
    }
    return Reply(body=json.dumps(answer).encode())


def test_of_a_good_server(nih: Any, chat: Any) -> None:
    chat.say = lambda text: " ".join(re.findall(r"code is (\d+)", text))
    ended = nih("doctor", "--base-url", chat.base_url, "--model", "x")
    assert ended.code == 0, ended.err
    rows = rows_of(ended.out)
    assert [rows[row] for row in ("reachable", "model_listed", "answers", "usable")] == [t("cli.yes")] * 4
    assert rows["window"] == t("cli.unknown") and says(rows["canary"], "endpoint.first_last_line_arrived")
    assert "--window TOKENS" in rows["default_sweep"] and rows["cached_tokens"] == t("cli.not_reported")
    # The same tokenizer on both sides: what is thought of the canary's length is what the server counts.
    seen, thought = (int(n.replace(",", "")) for n in re.findall(r"\d[\d,]*", rows["canary"]))
    assert abs(seen / thought - 1) < 0.01
    found = json.loads(nih("doctor", "--base-url", chat.base_url, "--model", "x", "--json", "--canary", 0).out)
    assert found["usable"] is True and found["canary"] is None and found["known_text"]["server"] > 50


def test_of_a_server_that_refuses_or_is_not_there(nih: Any, chat: Any) -> None:
    chat.fail = {1: (401, {"error": {"message": "Incorrect API key"}}), 2: (402, {"error": {"message": "no money"}})}
    for word in (part("endpoint.refuses_key"), "no money"):
        ended = nih("doctor", "--base-url", chat.base_url, "--model", "x")
        assert ended.code == 4 and word in ended.err and rows_of(ended.out)["usable"] == t("cli.no")
    assert len(chat.asked) == 2, "nothing is asked of a server that can't be used"
    ended = nih("doctor", "--base-url", "http://127.0.0.1:1/v1", "--model", "x", "--json")
    assert ended.code == 2 and json.loads(ended.out)["usable"] is False
    assert nih("doctor").code == 2


def test_headers_and_further_fields_are_in_every_request(nih: Any, server: ScriptedServer) -> None:
    """Those that count tokens too, where the server does: there the fields decide what its template adds."""
    server.judge = answering
    server.route("/tokenize", {"tokens": [1] * 81, "count": 81})
    listing = {"data": [{"id": "x", "owned_by": "vllm", "max_model_len": 32_000}]}
    server.route("/v1/models", listing)
    fields = ("--extra-body", '{"chat_template_kwargs": {"enable_thinking": false}}')
    options = ("--base-url", server.base_url, "--header", "api-key=azure-1", "--no-stream", *fields, "--canary", 500)
    ended = nih("doctor", *options, *HEADER)
    assert ended.code == 0, ended.err
    assert all((asked.headers["api-key"], asked.headers["X-Team"]) == ("azure-1", SECRET) for asked in server.asked)
    sent = [asked.json for asked in server.asked if asked.path == "/v1/chat/completions"]
    assert len(sent) == 2 and "last code" in sent[1]["messages"][0]["content"]
    counted = [asked.json for asked in server.asked if asked.path == "/tokenize" and "messages" in asked.json]
    assert counted
    for body in [*sent, *counted]:
        assert body["chat_template_kwargs"] == {"enable_thinking": False} and "stream" not in body


def test_further_fields_are_in_all_that_a_run_asks_before_it(nih: Any, chat: Any, own_texts: dict[str, Path]) -> None:
    """An endpoint may refuse, think or cost otherwise without them."""
    plain = chat.count
    chat.count = lambda text: round(1.27 * plain(text))
    chat.say = lambda text: " and ".join(re.findall(r"code is (\d+)", text)) or "The document does not say."
    grid = ("--lengths", "400,800", "--depths", "0,100", "--no-controls", "--window", 8000)
    ended = nih("run", "--model", "x", "--base-url", chat.base_url, "--corpus", own_texts["en"], *grid, "--canary",
                *EXTRA, *HEADER, "--no-stream", "--out", "run")  # fmt: skip
    assert ended.code == 0, ended.err
    assert len(chat.asked) > 4 + 3
    bodies = [json.loads(asked.body) for asked in chat.asked]
    assert all(body["thinking"] == {"type": "disabled"} and "stream" not in body for body in bodies)
    assert all(asked.headers["X-Team"] == SECRET for asked in chat.asked)


@pytest.mark.usefixtures("sweep")
@pytest.mark.parametrize("window", [4000, 32_000])
def test_the_default_sweep_is_what_nih_plan_says(nih: Any, chat: Any, window: int) -> None:
    options = ("--model", "x", "--base-url", chat.base_url, "--window", window, "--price", "1,2")
    planned = json.loads(nih("plan", *options, "--json").out)
    found = json.loads(nih("doctor", *options, "--canary", 0, "--json").out)
    assert (found["window"], found["window_source"]) == (window, "--window")
    told = found["default_sweep"]
    assert told["trials"] + told["controls"] == planned["estimate"]["trials"]
    assert told["prompt_tokens"] == planned["estimate"]["prompt_tokens"]
    assert told["cost_usd"] == {name: planned["cost_usd"][name] for name in ("least", "predicted", "most")}
    assert float(told["cost_usd"]["least"]) > 0


@pytest.mark.usefixtures("sweep")
@pytest.mark.parametrize(("cap", "asked", "known"), [(0.0001, 0, "unknown"), (0.05, 1, "yes")])
def test_a_cap_stops_it_before_the_call_that_could_pass_it(
    nih: Any, chat: Any, cap: float, asked: int, known: str
) -> None:
    options = ("doctor", "--model", "x", "--base-url", chat.base_url, "--window", 4000, *PRICE, "--max-cost", cap)
    ended = nih(*options)
    assert ended.code == 4 and says(ended.err.splitlines()[-1], "endpoint.next_call_could_cost")
    rows = rows_of(ended.out)
    assert (rows["reachable"], rows["model_listed"], rows["canary"]) == (t("cli.yes"), t("cli.yes"), t("cli.not_sent"))
    assert rows["answers"] == rows["usable"] == t(f"cli.{known}")
    assert says(rows["default_sweep"], "cli.trials_send_tokens_cost") or says(
        rows["default_sweep"], "cli.trials_send_tokens_cost_predicted"
    )
    assert len(chat.asked) == asked
    found = json.loads(nih(*options, "--json").out)
    assert found["usable"] is (True if asked else None) and "--max-cost" in found["problem"]
    # By the server's own count.
    sent = [request.messages[0]["content"] for request in chat.asked[:asked]]
    tokens = sum(chat.count(text) + 4 + 3 for text in sent)
    assert found["spent"]["prompt_tokens"] == tokens
    assert tokens * 100 / 1e6 <= float(found["spent"]["cost_usd"]) <= cap


@pytest.mark.parametrize("share", [0.5, 1.0, 1.3, 1.6])
def test_a_cap_holds_whatever_the_server_counts(nih: Any, chat: Any, share: float) -> None:
    """A server that counts more than is thought says so in its first answer."""
    plain = chat.count
    chat.count = lambda text: round(share * plain(text))
    options = ("doctor", "--base-url", chat.base_url, "--price", "100,0", "--canary", 2000, "--json")
    whole = json.loads(nih(*options).out)
    assert whole["canary"] is not None
    for some in (0.01, 0.3, 0.6, 0.9, 0.99):
        cap = some * float(whole["spent"]["cost_usd"])
        found = json.loads(nih(*options, "--max-cost", f"{cap:.6f}").out)
        assert found["canary"] is None and float(found["spent"]["cost_usd"]) <= cap


def test_a_cap_needs_a_price(nih: Any) -> None:
    (nih.folder / "models.yaml").write_text("models: {paid: {base_url: 'http://192.0.2.1/v1', key_env: NIH_TEST_KEY}}")
    nih.environment["NIH_TEST_KEY"] = "k-123456"
    named = ("--base-url", "http://192.0.2.1/v1", "--api-key-env", "NIH_TEST_KEY")
    ended = nih("doctor", "--model", "paid", *named, "--max-cost", 1)
    assert ended.code == 2 and "--price IN,OUT" in ended.error()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--window", 0), t("run.must_least_1_not", replace="window", value=0)),
        (("--window", 64_000), part("run.window_more_than_server")),
        (("--price", "x"), part("run.price_no_price_give")),
        (("--max-cost", -1), part("endpoint.max_cost_no_amount")),
        (("--header", "x"), part("cli.header_takes_name_value")),
        (("--header", f"X-Team={SECRET}é"), part("endpoint.header_api_key_characters")),
        (("--extra-body", "["), part("cli.extra_body_not_json")),
        (("--extra-body", '{"stream": true}'), t("cli.give_stream_no_stream")),
        (("--base-url", "http://127.0.0.1:1/v1"), part("cli.command_takes_one_base")),
        (("--model", "a", "--model", "b"), part("cli.command_takes_one_model")),
    ],
)
def test_wrong_options_are_refused_before_anything_is_paid(
    nih: Any, server: ScriptedServer, options: tuple[object, ...], words: str
) -> None:
    server.judge = answering
    ended = nih("doctor", "--base-url", server.base_url, *options)
    assert ended.code == 2 and words in ended.error() and SECRET not in ended.err
    assert not [asked for asked in server.asked if asked.method == "POST"]


def echo(asked: Asked, status: int) -> Reply:
    """Say back whatever came."""
    words = f"no {dict(asked.headers)} {asked.path}"
    if asked.method == "GET" and status != 401:
        names = [{"id": f"m-{SECRET}"}, {"id": SECRET}]
        return Reply(body=json.dumps({"data": names}).encode(), headers={"X-Echo": SECRET})
    body: Any = {"error": {"message": words, "code": words}} if status != 200 else {"choices": words, "model": words}
    return Reply(status=status, body=json.dumps(body).encode(), headers={"Retry-After": SECRET})


@pytest.mark.parametrize("name", ["Authorization", "api-key", "X-Team-Token"])
@pytest.mark.parametrize("status", [200, 400, 401, 402, 404, 500])
def test_a_header_that_is_echoed_is_never_shown(nih: Any, server: ScriptedServer, name: str, status: int) -> None:
    server.judge = lambda asked: echo(asked, status)
    options = ("--base-url", server.base_url, "--model", "x", "--header", f"{name}={SECRET}", "--canary", 200)
    for more in ([], ["--json"], ["--lang", "zh"]):
        ended = nih("doctor", *options, *more)
        assert ended.code in (2, 4), ended.err
        assert SECRET not in ended.out + ended.err
        assert "Traceback" not in ended.err
    assert server.asked and all(SECRET in asked.headers[name] for asked in server.asked)


def everything(asked: Asked) -> Reply:
    """Play a server that gives each row its most words: it wants requests otherwise, and cuts the beginning."""
    if asked.method == "POST" and "temperature" in asked.json:
        return Reply(status=400, body=b'{"error": {"message": "invalid temperature: only 1 is allowed"}}')
    if asked.method == "POST" and "max_tokens" in asked.json:
        wants = b'{"error": {"message": "max_tokens is not supported: use max_completion_tokens instead"}}'
        return Reply(status=400, body=wants)
    reply = answering(asked, owned_by="library", context_length=1_000_000)
    if asked.method == "POST":
        value = json.loads(reply.body)
        codes = value["choices"][0]["message"]["content"].split()
        value["choices"][0]["message"]["content"] = " ".join(codes[1:]) or "A"
        reply.body = json.dumps(value).encode()
        reply.headers = {"x-ratelimit-limit-requests": "500", "x-ratelimit-limit-tokens": "30000"}
    return reply


@pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals are POSIX")
@pytest.mark.usefixtures("sweep")
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_it_is_one_screen(nih: Any, server: ScriptedServer, lang: str) -> None:
    import fcntl
    import termios

    server.judge = everything
    options = ("doctor", "--base-url", server.base_url, "--price", "1,2", *EXTRA, *HEADER, "--lang", lang)
    terminal, other = pty.openpty()
    fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    nih.monkeypatch.delenv("COLUMNS", raising=False)
    environment = {name: value for name, value in nih.environment.items() if name != "COLUMNS"}
    process = started(options, nih.folder, environment, stdout=other, stderr=other)
    os.close(other)
    shown = b""
    while piece := _read(terminal):
        shown += piece
    os.close(terminal)
    assert process.wait(timeout=600) == 0, shown.decode()
    lines = shown.decode().splitlines()
    assert len(lines) <= 24 and max(map(cell_len, lines)) <= 80, shown.decode()
    assert len([line for line in lines if line[:1] != " "]) >= 17, "the names stand clear of the words beside them"


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # the other end is closed
        return b""
