"""What a hostile server may send: it is one trial's failure at most, and never another trial's answer."""

from __future__ import annotations

import asyncio
import gzip
import json
import time
import tracemalloc
import zlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nihbench.endpoint.access import ModelAccess
from nihbench.endpoint.checkup import preflight
from nihbench.endpoint.client import ChatClient
from nihbench.endpoint.coding import PIECE_BYTES, CodingError, Inflater
from nihbench.endpoint.connection import Endpoint
from nihbench.endpoint.failures import decoded
from nihbench.endpoint.limits import Limiter, Limits
from nihbench.endpoint.servers import probe
from nihbench.errors import EndpointError, StoppedError
from nihbench.types import Completion, Failure, Message, ModelPreset, Outcome, Request
from tests.wording import says

USAGE = {"prompt_tokens": 9, "completion_tokens": 2}


def answer(text: str) -> bytes:
    return json.dumps({"choices": [{"message": {"content": text}, "finish_reason": "stop"}], "usage": USAGE}).encode()


def sized(playing: Any, body: bytes, *lines: str, status: str = "200 OK") -> bytes:
    return playing.head(f"Content-Length: {len(body)}", *lines, status=status) + body


def asked(base_url: str, count: int, **options: Any) -> list[Outcome]:
    """Ask so many questions one after the other, by one client; each once."""

    async def run() -> list[Outcome]:
        async with ChatClient(Endpoint(base_url=base_url), max_attempts=1, **options) as client:
            request = Request(model="m", max_output=300)
            return [await client.complete([Message(role="user", content=f"{i}?")], request) for i in range(count)]

    return asyncio.run(run())


# ---- packed answers --------------------------------------------------------------------------------------------------


def packed_bomb(layers: int, size: int = 48 * 1024 * 1024) -> bytes:
    body = bytes(size)
    for _ in range(layers):
        body = gzip.compress(body, 9)
    return body


@pytest.mark.parametrize(
    ("status", "layers", "coding"),
    [
        ("200 OK", 3, "gzip, gzip, gzip"),
        ("200 OK", 1, "gzip"),
        ("200 OK", 2, "gzip,x-gzip"),
        ("200 OK", 1, "br"),
        ("200 OK", 1, "identity, gzip, deflate"),
        ("200 OK", 1, "gz\xe9"),
        ("502 Bad Gateway", 3, "gzip, gzip, gzip"),
        ("502 Bad Gateway", 1, "br"),
    ],
)
def test_a_bomb_is_one_answers_failure_and_takes_no_memory(
    wire: Any, playing: Any, status: str, layers: int, coding: str
) -> None:
    bomb = packed_bomb(layers)
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(bomb)}\r\nContent-Encoding: {coding}\r\n\r\n".encode("latin-1")
    for _ in range(2):
        wire.play(head + bomb)
    wire.play(sized(playing, answer("Eat.")))
    tracemalloc.start()
    try:
        *failed, good = asked(wire.base_url, 3 if status[0] == "5" else 2)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    kinds = [each.kind for each in failed if isinstance(each, Failure)]
    if status[0] == "5":
        assert kinds == ["transient"] * 2
        assert isinstance(good, Completion) and good.text == "Eat."
    else:
        assert kinds == ["bad_response"]
    assert peak < 32 * 1024 * 1024


@pytest.mark.parametrize("pack", ["gzip", "deflate", "raw deflate", "two members"])
def test_what_is_packed_once_is_unpacked_a_piece_at_a_time_however_it_was_cut(pack: str) -> None:
    body = (b"0123456789" * 50 + bytes(100_000)) * 3
    raw = zlib.compressobj(wbits=-15)
    packed, coding = {
        "gzip": (gzip.compress(body), "gzip"),
        "two members": (gzip.compress(body[:1000]) + gzip.compress(body[1000:]) + b"\0\0", "X-GZip"),
        "deflate": (zlib.compress(body), "deflate"),
        "raw deflate": (raw.compress(body) + raw.flush(), "deflate"),
    }[pack]
    for size in (1, 7, len(packed)):
        inflater = Inflater({"content-encoding": coding})
        pieces = [p for at in range(0, len(packed), size) for p in inflater.feed(packed[at : at + size])]
        assert b"".join(pieces) == body
        assert max(map(len, pieces)) <= PIECE_BYTES
    with pytest.raises(CodingError):
        list(Inflater({"content-encoding": coding}).feed(b"this is not packed at all"))


# ---- words in any charset --------------------------------------------------------------------------------------------

BROKEN = [b"\xff{\xe9", b"<title>\xff</title>", b'{"error": {"message": "\xff"}}', b"data: \xff\n\n"]
CHARSETS = ["idna", "undefined", "punycode", "unicode_escape", "utf-7", "rot13", "hex", "utf-16", "base64", "x" * 40]


@pytest.mark.parametrize("status", ["200 OK", "502 Bad Gateway", "400 Bad Request", "429 Too Many Requests"])
def test_no_charset_ends_a_run(wire: Any, playing: Any, status: str) -> None:
    for name in CHARSETS:
        wire.play(sized(playing, BROKEN[0], f"Content-Type: text/html; charset={name}", status=status))
        wire.play(sized(playing, f'<meta charset="{name}">'.encode() + BROKEN[1], status=status))
    outcomes = asked(wire.base_url, 2 * len(CHARSETS), sleep=lambda s: asyncio.sleep(0), patience_s=0.0)
    assert all(isinstance(outcome, Failure) for outcome in outcomes)


@pytest.mark.slow
@given(body=st.binary(max_size=60), name=st.text(max_size=20))
def test_a_body_is_text_whatever_it_says_of_itself(body: bytes, name: str) -> None:
    assert isinstance(decoded(body, {"Content-Type": f"text/html; charset={name}"}), str)


def test_gbk_is_still_read() -> None:
    text = "内容无法显示" * 3
    assert decoded(text.encode("gbk"), {"content-type": "text/html; Charset='GBK'"}) == text


# ---- any answer at all -----------------------------------------------------------------------------------------------

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(
(
                "choices message content delta usage error index finish_reason text type tool_calls prompt_tokens "
                "reasoning_content model timings data id code detail"
            ).split()
        ),
        inner,
        max_size=5,
    ),
    max_leaves=20,
)  # fmt: skip
_BODIES = st.one_of(
    st.binary(max_size=200),
    _JSON.map(lambda value: json.dumps(value).encode()),
    st.lists(_JSON, max_size=4).map(lambda all: b"".join(b"data: " + json.dumps(v).encode() + b"\n\n" for v in all)),
    _JSON.map(lambda value: gzip.compress(json.dumps(value).encode())),
)
_HEADERS = st.lists(
    st.tuples(
        st.sampled_from(
            ["Content-Type", "Content-Encoding", "Retry-After", "Date", "X-RateLimit-Reset-Tokens", "Location",
             "X-RateLimit-Remaining-Tokens", "Retry-After-Ms", "X-RateLimit-Limit-Requests", "X-Request-Id"]
        ),
        st.one_of(
            st.binary(max_size=30).filter(lambda b: not set(b) & set(b"\r\n\0")),
            st.sampled_from(
                [b"gzip", b"gzip, gzip", b"text/html; charset=idna", b"-1", b"1e999", b"9" * 40, b"9" * 15, b"0",
                 b"999999999 days", b"Thu, 99 Foo 2026 00:00:00 +9999", b"0001-01-01T00:00:00+23:59"]
            ),
        ),
    ),
    max_size=4,
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    status=st.sampled_from([200, 201, 204, 301, 400, 401, 404, 413, 429, 500, 503]), headers=_HEADERS, body=_BODIES,
    framed=st.booleans(),
)  # fmt: skip
def test_no_answer_raises(wire: Any, status: int, headers: list[tuple[str, bytes]], body: bytes, framed: bool) -> None:
    lines = [b"%s: %s" % (name.encode(), value) for name, value in headers]
    lines += [b"Content-Length: %d" % len(body)] if framed else [b"Connection: close"]
    whole = b"\r\n".join([b"HTTP/1.1 %d X" % status, *lines, b"", body])
    wire.plays.clear()
    wire.play(whole, "close")
    limiter = Limiter(Limits(concurrency=2), clock=time.monotonic)
    (outcome,) = asked(wire.base_url, 1, patience_s=0.0, sleep=lambda s: asyncio.sleep(0), limiter=limiter)
    assert isinstance(outcome, (Completion, Failure))
    assert "can't be read" not in str(getattr(outcome, "message", "")), outcome  # the guard is there, and not needed
    datetime.now(UTC) + timedelta(seconds=getattr(outcome, "wait_s", None) or 0.0)
    for question in (_probed, _preflown):
        wire.plays.clear()
        for _ in range(4):
            wire.play(whole, "close")
        try:
            question(wire.base_url)
        except (EndpointError, StoppedError):
            pass


def _probed(base_url: str) -> None:
    probe(Endpoint(base_url=base_url))


def _preflown(base_url: str) -> None:
    preset = ModelPreset(name="m", model="m", base_url=base_url)
    access = ModelAccess(preset=preset, server=None, server_tokenizer=None, model_sha256=None, key=None, headers={})
    client = ChatClient(Endpoint(base_url=base_url), max_attempts=1, patience_s=0.0)
    asyncio.run(preflight(access, client=client))


def test_what_goes_wrong_in_the_reading_is_that_answers_failure(scripted: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object) -> None:
        raise KeyError("sk-secret-key")

    monkeypatch.setattr("nihbench.endpoint.client.read_body", broken)
    scripted.reply(answer("Eat."))
    (outcome,) = asked(scripted.base_url, 1)
    assert isinstance(outcome, Failure)
    assert (outcome.kind, outcome.may_be_billed) == ("bad_response", True)
    assert "sk-secret" not in str(outcome.message) and "KeyError" in str(outcome.message)


# ---- surplus answers -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("framing", ["sized", "chunked", "stream"])
@pytest.mark.parametrize("delay_s", [None, 0.0, 0.02, 0.3])
def test_a_surplus_answer_is_nobodys(wire: Any, playing: Any, framing: str, delay_s: float | None) -> None:
    def sent(text: str) -> bytes:
        if framing == "sized":
            return sized(playing, answer(text))
        if framing == "chunked":
            return playing.head("Transfer-Encoding: chunked") + playing.chunk(answer(text)) + b"0\r\n\r\n"
        events = playing.piece(text, "stop") + b"data: [DONE]\n\n"
        return bytes(playing.events + playing.chunk(events) + b"0\r\n\r\n")

    for number in range(4):
        right, foreign = sent(f"right {number}"), sent(f"foreign {number}")
        if delay_s is None:
            wire.play(right + foreign)
        else:
            wire.play(right, delay_s, foreign)
    started = time.monotonic()
    outcomes = asked(wire.base_url, 4)
    assert [getattr(outcome, "text", outcome) for outcome in outcomes] == [f"right {number}" for number in range(4)]
    assert time.monotonic() - started < 100


def test_a_surplus_answer_to_a_question_that_is_no_chat_is_nobodys(wire: Any, playing: Any) -> None:
    models = [json.dumps({"data": [{"id": name, "owned_by": "llamacpp"}]}).encode() for name in ("a", "b")]
    props = json.dumps({"default_generation_settings": {"n_ctx": 512}, "total_slots": 2}).encode()
    wire.play(sized(playing, models[0]) + sized(playing, json.dumps({"total_slots": 77}).encode()))
    wire.play(sized(playing, props))
    info = probe(Endpoint(base_url=wire.base_url))
    assert (info.models, info.slots, info.window) == (("a",), 2, 512)


@pytest.mark.parametrize("where", ["header", "body", "stream"])
def test_an_answer_that_bears_another_requests_id_is_nobodys(scripted: Any, playing: Any, where: str) -> None:
    """As vLLM's ids do, which are made of the header, and gateways' headers, which are sent back."""

    def echo(asked: Any) -> Any:
        number = len(scripted.asked)
        own = {name.lower(): value for name, value in asked.headers.items()}["x-request-id"]
        ids.append(own)
        given = ids[0] if number == 2 else own  # the second is answered with the first one's
        value = json.loads(answer(f"answer {number}"))
        if where == "header":
            return playing.reply(body=json.dumps(value).encode(), headers={"X-Request-ID": given})
        named = {"id": f"chatcmpl-{given}"}
        if where == "body":
            return playing.reply(body=json.dumps(named | value).encode())
        return playing.reply(body=playing.piece(f"answer {number}", "stop", **named) + b"data: [DONE]\n\n")

    ids: list[str] = []
    scripted.judge = echo
    first, second, third = asked(scripted.base_url, 3)
    assert (
        isinstance(second, Failure)
        and second.kind == "bad_response"
        and says(str(second.message), "note.foreign_answer")
    )
    assert [getattr(each, "text", each) for each in (first, third)] == ["answer 1", "answer 3"]
    assert len(set(ids)) == 3
