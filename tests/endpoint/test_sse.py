"""Events out of bytes: the standard's own examples, then that no way of cutting the bytes makes a difference."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nihbench.endpoint.stream import EventReader, is_event_stream


def read(*pieces: bytes) -> list[tuple[str, str]]:
    reader = EventReader()
    events = [event for piece in pieces for event in reader.feed(piece)]
    return [tuple(event) for event in (*events, *reader.close())]


# Source: the examples of the WHATWG's HTML standard, section "Interpreting an event stream".
@pytest.mark.parametrize(
    ("body", "events"),
    [
        (b"data: YHOO\ndata: +2\ndata: 10\n\n", [("YHOO\n+2\n10", "")]),
        (b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
         [("first event", ""), ("second event", ""), (" third event", "")]),
        (b"data:test\n\ndata: test\n\n", [("test", ""), ("test", "")]),
        (b"event: add\ndata: 73857293\n\nevent: remove\ndata: 2153\n\n", [("73857293", "add"), ("2153", "remove")]),
        # Beyond them: line ends of all kinds, a byte order mark, no blank line at the end, padding, broken UTF-8.
        (b"data: a\r\n\r\ndata: b\r\rdata: c\n\n", [("a", ""), ("b", ""), ("c", "")]),
        (b"\xef\xbb\xbfdata: a\n\n", [("a", "")]),
        (b"data: a\n\ndata: [DONE]", [("a", ""), ("[DONE]", "")]),
        (b"\n\n\n   \n: keep-alive\n\nevent: ping\n\ndata: a\n\n", [("a", "")]),
        (b"\0\0\ndata: a\0b\n\n", [("a\0b", "")]),
        (b"data: \xe5\x9c\xa8\xff\n\n", [("在\ufffd", "")]),
        (b"", []),
    ],
)  # fmt: skip
def test_examples(body: bytes, events: list[tuple[str, str]]) -> None:
    assert read(body) == events


@settings(max_examples=80, deadline=None)
@given(
    body=st.lists(
        st.sampled_from(
            [
                b"data: ",
                b"event: x",
                b"data",
                b":",
                b"\n",
                b"\r",
                b"\r\n",
                b"\n\n",
                "在🥪".encode(),
                b"\xff",
                b"{}",
                b" ",
            ]
        ),
        max_size=25,
    ).map(b"".join),
    cuts=st.lists(st.integers(0, 120), max_size=12),
)
def test_cutting_the_bytes_anywhere_changes_nothing(body: bytes, cuts: list[int]) -> None:
    places = sorted({0, len(body), *(cut for cut in cuts if cut < len(body))})
    assert read(*(body[a:b] for a, b in zip(places, places[1:], strict=False))) == read(body)
    assert read(*(body[i : i + 1] for i in range(len(body)))) == read(body)


def test_a_long_line_in_many_pieces_takes_time_in_proportion() -> None:
    text = b"x" * (4 << 20)
    started = time.process_time()
    ((data, _),) = read(b"data: ", *(text[i : i + 256] for i in range(0, len(text), 256)), b"\n\n")
    assert len(data) == len(text)
    assert time.process_time() - started < 2, "a buffer that is copied for every piece would take minutes"


@pytest.mark.parametrize(
    ("start", "answer"),
    [
        (b"data: {", True), (b"\n\n: OPENROUTER", True), (b"event:x", True), (b"id: 1", True), (b"retry : 3", True),
        (b'{"choices"', False), (b"<html>", False), (b"[{", False), (b"data-set", False), (b"ideas: none", False),
        (b"", None), (b" \n", None), (b"dat", None), (b"\xef\xbb\xbf", None), (b"event", None),
    ],
)  # fmt: skip
def test_a_stream_is_known_by_its_first_bytes(start: bytes, answer: bool | None) -> None:
    assert is_event_stream(start) is answer
