"""How much an answer may hold: no server that keeps a limit comes near the bound, and one that does not is cut off."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nihbench.endpoint.answer import PAST_LIMIT
from nihbench.endpoint.client import ChatClient
from nihbench.endpoint.connection import Endpoint
from nihbench.endpoint.dialect import Call
from nihbench.endpoint.usage import MOST_BYTES, OutputBound, likely_tokens, weight
from nihbench.endpoint.wire.base import Dialect
from nihbench.types import Completion, Failure, Message, Request, Tokenizer
from tests.wording import says

END = b"0\r\n\r\n"
DONE = b"data: [DONE]\n\n"
ASKED = [Message(role="user", content="q")]
STRICT = Dialect(output_param="max_completion_tokens")


def bound(limit: int, *, holds_reasoning: bool = True) -> OutputBound:
    return OutputBound.of(limit, holds_reasoning=holds_reasoning)


def thought(text: str) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {"reasoning_content": text}}]}


# ---- the bound ------------------------------------------------------------------------------------------------------


def test_hardly_a_token_of_a_real_vocabulary_is_longer_than_a_token_is_given(
    named_tokenizer: Callable[[str], Tokenizer],
) -> None:
    named_tokenizer("cl100k_base")  # skips where its file can't be had
    import tiktoken

    encoding = tiktoken.get_encoding("cl100k_base")
    tokens = [token.decode("utf-8", "replace") for token in encoding.token_byte_values()]
    assert max(map(len, tokens)) == 128
    heaviest = sorted(map(weight, tokens))[-5:]
    assert heaviest[0] <= 32 and heaviest[-1] <= 42
    # Even nothing but the longest of all, a hundred times, is within.
    assert not bound(100).is_passed(100 * heaviest[-1], 0)


def test_real_texts_are_far_within(own_texts: dict[str, Any], named_tokenizer: Callable[[str], Tokenizer]) -> None:
    tokenizer = named_tokenizer("cl100k_base")
    for path in own_texts.values():
        text = path.read_text(encoding="utf-8")
        allowed = bound(tokenizer.count(text))
        assert not allowed.is_passed(4 * weight(text), 0)
        # A gateway may send it letter by letter.
        assert not allowed.is_passed(sum(map(weight, text)), 0)


@given(st.text(max_size=400))
def test_filler_counts_less_than_other_text_and_nothing_for_less_than_a_piece(text: str) -> None:
    assert 1 <= weight(text) <= max(1, len(text))
    assert weight("".join(text.split())) <= max(1, len("".join(text.split())))


def test_what_counts() -> None:
    assert [weight(text) for text in ("word", " ", " " * 128, "-" * 100, "//" + "-" * 112, "a-b--c---d")] == [
        4, 1, 32, 25, 30, 10,
    ]  # fmt: skip


@given(st.integers(1, 10**6), st.integers(1, 10**6), st.integers(0, 10**7), st.integers(0, 10**7), st.booleans())
def test_a_larger_limit_allows_no_less(small: int, more: int, answer: int, reasoning: int, holds: bool) -> None:
    one, other = (bound(limit, holds_reasoning=holds) for limit in (small, small + more))
    assert not (other.is_passed(answer, reasoning) and not one.is_passed(answer, reasoning))
    assert one.size <= other.size <= MOST_BYTES
    assert one.is_passed(answer, reasoning) <= one.is_passed(answer + 1, reasoning + 1)


def test_the_bound_follows_what_is_sent() -> None:
    def sent(extra: dict[str, Any], dialect: Dialect = Dialect()) -> OutputBound:  # noqa: B008
        return Call(messages=ASKED, request=Request(model="m", max_output=300, extra_body=extra)).bound(dialect)

    assert sent({}) == bound(300, holds_reasoning=False)
    assert sent({}, STRICT) == bound(300)
    assert sent({"max_tokens": 5000}) == bound(5000, holds_reasoning=False)
    assert sent({"max_completion_tokens": 9000}) == bound(9000, holds_reasoning=False)
    unlimited = sent({"max_tokens": None})
    assert (unlimited.characters, unlimited.size) == (math.inf, MOST_BYTES)
    assert not unlimited.is_passed(10**9, 10**9)


@pytest.mark.parametrize(("text", "tokens"), [("", 0), ("four" * 5, 5), ("七个字也是七个", 7), ("在北京, ok", 4)])
def test_tokens_are_guessed_by_script(text: str, tokens: int) -> None:
    assert likely_tokens(text) == tokens


# ---- servers that keep no limit --------------------------------------------------------------------------------------


def test_a_stream_without_end_is_an_answer_cut_off_at_the_limit(wire: Any, playing: Any) -> None:
    said: list[str] = []
    word = playing.chunk(playing.piece("word "))
    for _ in range(2):
        wire.play(playing.events, *[word] * 50_000, "hang")
    wire.play(playing.events, playing.chunk(playing.piece("a", "stop") + DONE), END)

    async def run() -> list[Any]:
        async with ChatClient(Endpoint(base_url=wire.base_url), on_change=said.append) as client:
            request = Request(model="m", max_output=300, output_room=9000)
            return [await client.complete(ASKED, request) for _ in range(3)]

    *cut, good = asyncio.run(run())
    for outcome in cut:
        assert isinstance(outcome, Completion)
        assert (outcome.finish_reason, outcome.changes, outcome.attempts) == ("length", (PAST_LIMIT,), 1)
        words = outcome.text.split(" ")
        assert set(words[:-1]) == {"word"}
        assert 300 < len(words) < 300 * 10  # what was received is kept, and not much more was read
    assert isinstance(good, Completion) and (good.text, good.changes) == ("a", ())
    # Each time the connection was closed, so that the server stops writing.
    assert wire.connections == 3
    assert len(said) == 1 and says(said[0], "endpoint.not_keep_output_limit")


def test_reasoning_without_end_is_a_cut_answer_and_not_asked_for_again(wire: Any, playing: Any, ask: Any) -> None:
    piece = playing.chunk(playing.event(thought("Let me see. ")))
    wire.play(playing.events, *[piece] * 50_000, "hang")
    failed = ask(wire.base_url, Request(model="m", max_output=300, output_room=9000), dialect=STRICT)
    assert isinstance(failed, Failure)
    assert (failed.kind, failed.attempts, failed.may_be_billed, failed.status) == ("cut_answer", 1, True, 200)
    assert failed.changes == (PAST_LIMIT,) and says(str(failed.message), "note.past_limit_before_answer")
    assert len(wire.requests) == 1


def test_a_whole_body_without_end_is_no_answer(wire: Any, playing: Any, ask: Any) -> None:
    start = b'{"choices": [{"message": {"content": "'
    wire.play(playing.head("Content-Length: 90000000"), start, *[b"word " * 20_000] * 800, "hang")
    failed = ask(wire.base_url, dialect=Dialect(stream=False), max_attempts=1)
    assert (failed.kind, failed.attempts, failed.may_be_billed) == ("bad_response", 1, True)
    assert says(str(failed.message), "note.far_past_limit")


@pytest.mark.parametrize("started", [True, False])
def test_what_is_no_text_is_bounded_by_the_memory(wire: Any, playing: Any, ask: Any, started: bool) -> None:
    choice = {"index": 1, "delta": {"content": "b" * 2**20}} if started else {"delta": {"audio": "b" * 2**20}}
    other = playing.chunk(playing.event({"choices": [choice]}))
    wire.play(playing.events, *[playing.chunk(playing.piece("a"))] * started, *[other] * 80, "hang")
    outcome = ask(wire.base_url, max_attempts=1)
    if started:
        assert isinstance(outcome, Completion)
        assert (outcome.text, outcome.finish_reason, outcome.changes) == ("a", "length", (PAST_LIMIT,))
    else:
        assert (outcome.kind, outcome.attempts) == ("bad_response", 1)


def test_no_limit_at_all_is_bounded_by_the_memory_alone(wire: Any, playing: Any, ask: Any) -> None:
    wire.play(
        playing.events,
        *[playing.chunk(playing.piece("word " * 1000))] * 20,
        playing.chunk(playing.piece("", "stop") + DONE),
        END,
    )
    request = Request(model="m", max_output=10, extra_body={"max_tokens": None})
    outcome = ask(wire.base_url, request)
    assert isinstance(outcome, Completion) and len(outcome.text) == 100_000


# ---- servers that keep theirs ----------------------------------------------------------------------------------------


def test_nothing_but_text_counts(wire: Any, playing: Any, ask: Any) -> None:
    comments = playing.chunk(b": keep-alive\n\n" * 5000)
    framed = {"id": "x" * 400, "obfuscation": "y" * 200, "choices": [{"index": 0, "delta": {"content": "a"}}]}
    other = playing.event({"choices": [{"index": 1, "delta": {"content": "b" * 5000}}]})
    empty = playing.piece("") * 3000
    tokens = [playing.chunk(playing.event(framed))] * 40
    steps = (comments, playing.chunk(empty), playing.chunk(other), *tokens, comments)
    wire.play(playing.events, *steps, playing.chunk(playing.piece(None, "stop") + DONE), END)
    outcome = ask(wire.base_url, Request(model="m", max_output=1))
    assert isinstance(outcome, Completion)
    assert (outcome.text, outcome.finish_reason, outcome.changes) == ("a" * 40, "stop", ())


def test_reasoning_that_max_tokens_does_not_limit_is_read_to_its_end(wire: Any, playing: Any, ask: Any) -> None:
    # Twice the name, once the text: some servers send both.
    both = {"choices": [{"index": 0, "delta": dict.fromkeys(("reasoning", "reasoning_content"), "Is it so? " * 100)}]}
    aloud = [playing.piece(text) for text in ("<th", "ink>", *["Is it so? " * 100] * 100, "</think>", "Yes.")]
    for pieces in ([*[playing.event(both)] * 300, playing.piece("No.")], aloud):
        wire.play(playing.events, *map(playing.chunk, pieces), playing.chunk(playing.piece("", "stop") + DONE), END)
    outcome, other = (ask(wire.base_url, Request(model="m", max_output=20)) for _ in range(2))
    assert isinstance(outcome, Completion) and isinstance(other, Completion)
    assert (len(outcome.reasoning), outcome.changes) == (300_000, ())
    assert (other.text, other.changes) == ("Yes.", ())


def test_a_whole_answer_is_kept_however_long(scripted: Any, ask: Any) -> None:
    long = {"choices": [{"message": {"content": "word " * 100_000}, "finish_reason": "stop"}]}
    scripted.reply(json.dumps(long).encode())
    outcome = ask(scripted.base_url, Request(model="m", max_output=1))
    assert isinstance(outcome, Completion) and len(outcome.text) == 500_000
