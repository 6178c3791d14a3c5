"""What proxies and gateways do to answers on their way, byte for byte on a socket."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from nihbench.types import Completion, Failure
from tests.wording import says

END = b"0\r\n\r\n"
DONE = b"data: [DONE]\n\n"
USAGE = {"prompt_tokens": 9, "completion_tokens": 2}
ANSWER = {"choices": [{"message": {"content": "在公园 Eat."}, "finish_reason": "stop"}], "usage": USAGE}
WHOLE = json.dumps(ANSWER, ensure_ascii=False).encode()
ERROR = b'{"error": {"message": "the request exceeds the available context size", "code": 400}}'
# "Eat." in Brotli, whose decoder is not there: no more than bytes that say nothing.
PACKED = b"\x8b\x01\x80Eat.\x03"


def sized(playing: Any, body: bytes, *lines: str, status: str = "200 OK") -> bytes:
    return playing.head(f"Content-Length: {len(body)}", *lines, status=status) + body


def streamed(playing: Any, body: bytes) -> tuple[bytes, ...]:
    return playing.events, playing.chunk(body), END


@pytest.mark.parametrize(
    "steps",
    [
        lambda p: (b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n", WHOLE, "close"),
        lambda p: (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", sized(p, WHOLE)),
        lambda p: (p.head("Transfer-Encoding: chunked", "Trailer: X-T"),
                   b"%x;a=b\r\n%b\r\n0\r\nX-T: 1\r\n\r\n" % (len(WHOLE), WHOLE)),
        lambda p: (sized(p, gzip.compress(WHOLE), "Content-Encoding: gzip"),),
        lambda p: (sized(p, zlib.compress(WHOLE), "Content-Encoding: deflate"),),
        lambda p: (sized(p, WHOLE, status="201 Created"),),
        lambda p: (sized(p, WHOLE, status="202 Accepted"),),
        lambda p: (sized(p, "\ufeff".encode() + WHOLE),),
        lambda p: (sized(p, json.dumps(ANSWER, ensure_ascii=False).encode("gbk"),
                         "Content-Type: application/json; charset=GBK"),),
    ],
)  # fmt: skip
def test_a_whole_answer_is_read_however_it_came(wire: Any, playing: Any, ask: Any, steps: Callable[..., Any]) -> None:
    wire.play(*steps(playing))
    outcome = ask(wire.base_url)
    assert isinstance(outcome, Completion), outcome
    assert (outcome.text, outcome.usage.prompt_tokens, outcome.attempts) == ("在公园 Eat.", 9, 1)


@pytest.mark.parametrize(
    "before",
    [b"event: ping\ndata: ping\n\n", b"data: ping\n\n", b"data: keep-alive\n\n",
     b'event: heartbeat\ndata: {"n": 1}\n\n',
     b"id: 1\nretry: 3000\nevent: message\n", b'data: {"choices": null}\n\ndata: {"choices": [{"delta": null}]}\n\n',
     b'data: {"choices": [{"index": "0", "delta": {"content": null, "tool_calls": null, "refusal": null}}]}\n\n'],
)  # fmt: skip
@pytest.mark.parametrize("last", [DONE, b'data: "[DONE]"\n\n', b"data: [done]\n\n"])
def test_what_keeps_a_stream_alive_takes_nothing_from_it(
    wire: Any, playing: Any, ask: Any, before: bytes, last: bytes
) -> None:
    wire.play(*streamed(playing, before + playing.piece("Eat") + before + playing.piece(".", "stop") + last))
    outcome = ask(wire.base_url)
    assert isinstance(outcome, Completion), outcome
    assert (outcome.text, outcome.attempts) == ("Eat.", 1)


@pytest.mark.parametrize("before", [b"", None])
@pytest.mark.parametrize(
    "error",
    [b"error: " + ERROR, b'error: {"code": 400, "type": "exceed_context_size_error", "message": "too long"}',
     ERROR, b"event: error\n" + ERROR, b"event: error\ndata: " + ERROR],
)  # fmt: skip
def test_an_error_in_a_stream_is_one_under_any_name(
    wire: Any, playing: Any, ask: Any, before: bytes | None, error: bytes
) -> None:
    begun = playing.piece("Eat a sand") if before is None else b": hi\n\n"
    wire.play(*streamed(playing, begun + error + b"\n\n" + DONE))
    failed = ask(wire.base_url)
    assert isinstance(failed, Failure), failed
    assert failed.kind == "overflow"


def test_an_error_in_place_of_a_stream(wire: Any, playing: Any, ask: Any) -> None:
    wire.play(*streamed(playing, b"error: " + ERROR + b"\n\n"))
    assert ask(wire.base_url).kind == "overflow"


@pytest.mark.parametrize("first", [b"HTTP/1.0 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_half_an_answer_that_only_the_connections_end_ends_is_asked_for_again(
    wire: Any, playing: Any, ask: Any, first: bytes, share: float
) -> None:
    wire.play(first, WHOLE[: round(len(WHOLE) * share)], "close")
    wire.play(sized(playing, WHOLE))
    outcome = ask(wire.base_url)
    assert [(failed.kind, failed.may_be_billed) for failed in outcome.earlier] == [("transient", True)]
    assert outcome.text == "在公园 Eat."


@pytest.mark.parametrize("status", ["204 No Content", "205 Reset Content"])
def test_success_without_an_answer_is_an_empty_one(wire: Any, playing: Any, ask: Any, status: str) -> None:
    wire.play(playing.head(*(["Content-Length: 0"] if status[:3] == "205" else []), status=status))
    wire.play(sized(playing, WHOLE))
    outcome = ask(wire.base_url)
    assert [failed.kind for failed in outcome.earlier] == ["transient"]


@pytest.mark.parametrize(
    ("status", "kind"), [("200 OK", "bad_response"), ("403 Forbidden", "auth"), ("502 Bad Gateway", "transient")]
)
@pytest.mark.parametrize("encoding", ["br", "zstd"])
def test_what_is_packed_unasked_is_said_to_be(
    wire: Any, playing: Any, ask: Any, encoding: str, status: str, kind: str
) -> None:
    wire.play(sized(playing, PACKED, f"Content-Encoding: {encoding}", status=status))
    failed = ask(wire.base_url, max_attempts=1)
    assert failed.kind == kind
    assert says(failed.message, "note.compressed_unasked", encoding=encoding)


def test_an_error_may_be_compressed(wire: Any, playing: Any, ask: Any) -> None:
    body = gzip.compress(b'{"error": {"message": "no such key"}}')
    wire.play(sized(playing, body, "Content-Encoding: gzip", status="401 Unauthorized"))
    assert ask(wire.base_url).message == "no such key"
