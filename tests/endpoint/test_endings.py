"""How answers end at each provider, played on a socket: what ends without an answer is never an answer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from nihbench.types import Completion, Failure, Usage
from tests.wording import says

END = b"0\r\n\r\n"
DONE = b"data: [DONE]\n\n"
WAYS = ("stream", "whole")


def play(wire: Any, playing: Any, way: str, text: str | None, reason: object, *, message: bool = True) -> None:
    """Play one answer; without `message` its choice has nothing but the reason why it ends, as Gemini's has."""
    said = {"role": "assistant", "content": text}
    usage = {"usage": {"prompt_tokens": 9, "completion_tokens": 2}}
    if way == "stream":
        choice = {"index": 0, "finish_reason": reason} | ({"delta": said} if message else {})
        body = playing.event({"choices": [choice]} | usage) + DONE
        wire.play(playing.events, playing.chunk(body), END)
        return
    choice = {"index": 0, "finish_reason": reason} | ({"message": said} if message else {})
    body = json.dumps({"choices": [choice]} | usage).encode()
    wire.play(playing.head(f"Content-Length: {len(body)}"), body)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("message", [True, False])
@pytest.mark.parametrize(
    "reason",
    ["content_filter", "content_filter: RECITATION", "content_filter: PROHIBITED_CONTENT", "SAFETY", "RECITATION",
     "SPII", "IMAGE_SAFETY", "sensitive", "refusal"],
)  # fmt: skip
def test_what_a_filter_stops_is_filtered(
    wire: Any, playing: Any, ask: Any, way: str, message: bool, reason: str
) -> None:
    play(wire, playing, way, "", reason, message=message)
    failed = ask(wire.base_url)
    assert isinstance(failed, Failure), failed
    assert (failed.kind, failed.attempts, failed.usage.prompt_tokens) == ("filtered", 1, 9)
    assert says(str(failed.message), "note.filter_stopped")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "reason", ["length", "MAX_TOKENS", "max_tokens", "model_length", "model_context_window_exceeded"]
)
def test_an_answer_that_was_cut_before_it_began_is_none(
    wire: Any, playing: Any, ask: Any, way: str, reason: str
) -> None:
    play(wire, playing, way, " ", reason)
    assert ask(wire.base_url).kind == "cut_answer"
    play(wire, playing, way, "Eat.", reason)
    assert ask(wire.base_url).text == "Eat."


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("reason", ["error", "ERROR", "abort", "cancelled", "OTHER", "unknown_error"])
def test_an_answer_that_the_server_broke_off_is_asked_for_again(
    wire: Any, playing: Any, ask: Any, way: str, reason: str
) -> None:
    play(wire, playing, way, "Eat a sand" if reason != "OTHER" else "", reason)
    play(wire, playing, way, "Eat.", "stop")
    outcome = ask(wire.base_url)
    assert (outcome.text, [failed.kind for failed in outcome.earlier]) == ("Eat.", ["transient"])


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("reason", ["stop", "STOP", "eos", "end_turn", "stop_sequence", "stop_token"])
def test_an_empty_answer_that_is_finished_is_an_answer(
    wire: Any, playing: Any, ask: Any, way: str, reason: str
) -> None:
    play(wire, playing, way, "", reason)
    outcome = ask(wire.base_url)
    assert isinstance(outcome, Completion) and outcome.text == ""


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("reason", [None, "", "null"])
def test_an_answer_without_text_and_without_an_end_is_none(
    wire: Any, playing: Any, ask: Any, way: str, reason: str | None
) -> None:
    play(wire, playing, way, None, reason)
    play(wire, playing, way, "Eat.", reason if way != "stream" else "stop")
    outcome = ask(wire.base_url)
    assert (outcome.text, [failed.kind for failed in outcome.earlier]) == ("Eat.", ["transient"])


@pytest.mark.parametrize("reason", [None, "", "null"])
def test_a_stream_that_does_not_say_why_it_ends_is_no_answer(wire: Any, playing: Any, ask: Any, reason: Any) -> None:
    for _ in range(2):
        play(wire, playing, "stream", "The document", reason)
    failed = ask(wire.base_url)
    assert (failed.kind, failed.attempts, failed.usage.prompt_tokens) == ("bad_response", 2, 9)
    assert "--no-stream" in str(failed.message)


@pytest.mark.parametrize("nothing", ["", "null", "None"])
def test_a_reason_that_says_nothing_ends_no_stream(wire: Any, playing: Any, ask: Any, nothing: str) -> None:
    """Some servers write it into every event: what breaks off after it is no answer."""
    wire.play(playing.events, playing.chunk(playing.piece("The document does", nothing)), "close")
    wire.play(
        playing.events,
        playing.chunk(playing.piece("Eat", nothing) + playing.piece(".", nothing) + playing.piece("", "stop") + DONE),
        END,
    )
    outcome = ask(wire.base_url)
    assert (outcome.text, outcome.finish_reason) == ("Eat.", "stop")
    assert [failed.kind for failed in outcome.earlier] == ["transient"]


def test_usage_that_comes_in_parts_is_put_together(wire: Any, playing: Any, ask: Any) -> None:
    """As gateways do that translate Anthropic's events: the prompt's count first, the answer's at the end."""
    first = playing.piece("", usage={"prompt_tokens": 900, "completion_tokens": 0, "cached_tokens": 128})
    last = playing.piece(".", "stop", usage={"prompt_tokens": 0, "completion_tokens": 2, "cached_tokens": None})
    wire.play(playing.events, playing.chunk(first + playing.piece("Eat") + last + DONE), END)
    assert ask(wire.base_url).usage == Usage(prompt_tokens=900, completion_tokens=2, cached_tokens=128)


@pytest.mark.parametrize(
    ("opening", "closing"),
    [("<think>", "</think>"), ("<thinking>", "</thinking>"), ("<thought>", "</thought>"), ("[THINK]", "[/THINK]"),
     ("◁think▷", "◁/think▷"), ("<seed:think>", "</seed:think>"), ("<reasoning>", "</reasoning>"),
     ("<analysis>", "</analysis>"), ("<|begin_of_thought|>", "<|end_of_thought|>"),
     ("<|START_THINKING|>", "<|END_THINKING|>"), ("<|channel>thought", "<channel|>"),
     ("<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>")],
)  # fmt: skip
def test_reasoning_in_the_tags_of_each_family_is_no_answer(
    wire: Any, playing: Any, ask: Any, opening: str, closing: str
) -> None:
    play(wire, playing, "stream", f"{opening}\nEat a sandwich?\n{closing}\n\nI do not know.", "stop")
    outcome = ask(wire.base_url)
    assert (outcome.text, outcome.reasoning) == ("I do not know.", "Eat a sandwich?")
    play(wire, playing, "stream", f"{opening}Eat a sandwich, I th", "length")
    assert ask(wire.base_url).kind == "cut_answer"


@pytest.mark.parametrize(
    ("kind", "words", "body"),
    [
        ("auth", "token expired", {"code": 401, "msg": "token expired", "data": None}),
        ("rate_limit", "slow down", {"success": False, "code": "429", "message": "slow down"}),
        ("quota", "insufficient balance", {"choices": None, "base_resp": {"status_code": 1008,
                                                                         "status_msg": "insufficient balance"}}),
        ("filtered", "Content Exists Risk", {"message": "Content Exists Risk"}),
        ("bad_response", "have a nice day", {"detail": "have a nice day."}),
        ("bad_response", "object: chat.completion, model: x/seed", {"object": "chat.completion", "model": "x/seed",
                                                                    "choices": []}),
    ],
)  # fmt: skip
def test_an_object_without_choices_says_what_is_wrong(
    wire: Any, playing: Any, ask: Any, kind: str, words: str, body: Any
) -> None:
    raw = json.dumps(body).encode()
    wire.play(playing.head(f"Content-Length: {len(raw)}"), raw)
    failed = ask(wire.base_url, max_attempts=1, patience_s=0)
    assert (failed.kind, failed.status) == (kind, 200)
    assert words in str(failed.message)
