"""Further haystacks of an adaptive run against servers that count, charge and refuse as they like."""

from __future__ import annotations

import json
from typing import Any

import pytest

from nihbench.lang.messages import t
from tests.wording import says

GRID = ["--depths", "5", "--lengths", "800,1200,1700", "--adaptive", "--precision", 0.2]
PRICE = ["--length-unit", "model", "--price", "1000,1000"]  # a token is a tenth of a cent


@pytest.fixture
def dense(chat: Any, small: list[object]) -> list[object]:
    """An adaptive run of a server that counts about twice as many tokens as the client does."""
    chat.count = lambda text: round(len(text) / 2.2 + 0.2 * text.count("e"))
    return [*small, *GRID, *PRICE, "--yes"]


def charged(chat: Any, *, output: bool = True) -> float:
    """What the server would charge for what it was asked, and where wanted for what it answered."""
    usd = 0.0
    for asked in chat.asked:
        text = "\n".join(message["content"] for message in asked.messages)
        out = min(json.loads(asked.body)["max_tokens"], chat.count(chat.say(text))) if output else 0
        usd += (sum(chat.count(message["content"]) + 4 for message in asked.messages) + 3 + out) / 1000
    return usd


@pytest.mark.parametrize("most", [45, 60, 75, 90])
def test_what_was_not_begun_for_money_is_not_begun_by_a_resume(
    nih: Any, chat: Any, dense: list[object], most: int
) -> None:
    """What a fit's counts taught must not make a round look dearer than the same round does tomorrow."""
    ended = nih("run", *dense, "--max-cost", most, "--out", "run")
    assert ended.code == 0, ended.err
    assert charged(chat) <= most
    asked, records = len(chat.asked), (nih.folder / "run" / "records.jsonl").read_bytes()
    ended = nih("run", "--resume", "run")
    assert ended.code == 0, ended.err
    assert len(chat.asked) == asked and (nih.folder / "run" / "records.jsonl").read_bytes() == records


def test_a_template_that_is_not_counted_makes_no_long_prompt_look_dear(
    nih: Any, chat: Any, small: list[object]
) -> None:
    """100 tokens of the server's own in every prompt are a third of a short one: they are no reason to stop early."""
    base = chat.count
    chat.count = lambda text: base(text) + 100
    options = [*small, "--controls", "--depths", "5", "--lengths", "1200,1600", "--adaptive", "--precision", 0.15]
    ended = nih("run", *options, "--price", "1000,0", "--max-cost", 85, "--out", "run")
    assert t("cli.next_round_could_pass") in ended.err
    # The next round has at most 10 trials: 5 of 1,200 and 5 of 1,600 tokens, a quarter more, and 100 each.
    assert charged(chat, output=False) > 85 - (5 * 2800 * 1.25 + 10 * 130) / 1000
    asked = len(chat.asked)
    assert nih("run", "--resume", "run").code == ended.code
    assert len(chat.asked) == asked


FILTERED = (400, {"error": {"message": "The request was rejected: considered high risk", "type": "content_filter"}})


def first_further_count(chat: Any) -> int:
    """The number of the request that first counts a further haystack, of a run that was made whole."""
    outputs = [json.loads(asked.body)["max_tokens"] for asked in chat.asked]
    return outputs.index(1, outputs.index(300)) + 1


def test_a_haystack_that_the_server_will_not_count_does_not_end_the_run(
    nih: Any, chat: Any, dense: list[object], records_of: Any
) -> None:
    assert nih("run", *dense, "--out", "whole").code == 0
    expected, asked = records_of(nih.folder / "whole"), len(chat.asked)
    chat.fail = {asked + first_further_count(chat): FILTERED}
    ended = nih("run", *dense, "--out", "run")
    assert ended.code == 0, ended.err
    assert says(ended.err, "endpoint.note_further_haystack_not", kind="filtered")
    made = records_of(nih.folder / "run")
    key = [(r["trial"]["length"], r["trial"]["depth_percent"], r["trial"]["repeat"]) for r in made.values()]
    assert sorted(key) == sorted(
        (r["trial"]["length"], r["trial"]["depth_percent"], r["trial"]["repeat"]) for r in expected.values()
    )
    further = json.loads((nih.folder / "run" / "run.json").read_text(encoding="utf-8"))["calibration"]["further"]
    assert "1" not in further and len(further) == max(repeat for *_, repeat in key) - 1
    asked = len(chat.asked)
    assert nih("run", "--resume", "run").code == 0
    assert len(chat.asked) == asked


def test_a_server_that_is_away_while_a_haystack_is_counted_stops_the_run_and_it_goes_on(
    nih: Any, chat: Any, dense: list[object], records_of: Any
) -> None:
    assert nih("run", *dense, "--out", "whole").code == 0
    asked, first = len(chat.asked), first_further_count(chat)
    # What is no answer is asked for once more.
    chat.fail = dict.fromkeys((asked + first, asked + first + 1), (200, {"what": "is this"}))
    ended = nih("run", *dense, "--out", "run")
    assert ended.code == 4, ended.err
    assert "--no-calibrate" not in ended.err and says(ended.err, "cli.done_kept_go_nih", path="run")
    chat.fail = {}
    assert nih("run", "--resume", "run", "--yes").code == 0
    assert records_of(nih.folder / "run") == records_of(nih.folder / "whole")


def test_a_command_that_read_the_run_before_another_went_on_with_it_begins_nothing(
    nih: Any, chat: Any, dense: list[object], records_of: Any
) -> None:
    """It waits for a server while the other fits a haystack: what it knows of the run is old by then."""
    assert nih("run", *dense, "--out", "run", "--max-cost", 32).code == 0
    assert len(records_of(nih.folder / "run")) == 15
    other = type(chat)(count=chat.count, hold_from=1)
    try:
        late = nih.start(
            "run", "--resume", "run", "--base-url", chat.base_url, "--base-url", other.base_url, "--preflight",
            "--max-cost", 1000,
        )  # fmt: skip
        other.wait_for(1)
        assert nih("run", "--resume", "run", "--max-cost", 1000).code == 0
        expected, asked = records_of(nih.folder / "run"), len(chat.asked)
        other.release.set()
        _, err = late.communicate(timeout=600)
    finally:
        other.close()
    assert late.returncode == 2, err.decode()
    assert says(err.decode(), "run.another_command_gone_meanwhile")
    assert records_of(nih.folder / "run") == expected and len(chat.asked) == asked


def test_a_server_that_tells_no_counts_any_more_is_said(nih: Any, chat: Any, dense: list[object]) -> None:
    assert nih("run", *dense, "--out", "whole").code == 0
    bare = {"choices": [{"message": {"role": "assistant", "content": "No."}, "finish_reason": "stop"}]}
    chat.fail = {len(chat.asked) + first_further_count(chat): (200, bare)}
    ended = nih("run", *dense, "--out", "run")
    assert ended.code == 0, ended.err
    assert ended.err.count(t("cli.note_further_haystack_not")) == 1
