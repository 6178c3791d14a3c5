"""What a run says of its end before it, and when it was stopped: by --max-cost, by Ctrl-C, by answers that all fail."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path
from typing import Any

import pytest

from nihbench.lang.messages import t
from tests.cli.conftest import shown_spent
from tests.wording import says

PRICE = ("--price", "100,0")  # USD per million: a prompt of 300 tokens is three cents
OVERFLOW = (400, {"error": {"message": "maximum context length is 100 tokens", "code": "context_length_exceeded"}})
FILTERED = (400, {"error": {"message": "considered high risk", "type": "content_filter"}})
NO_ANSWER = (200, {"what": "is this"})


def tokens_of(chat: Any, first: int = 0) -> int:
    """What the server counted in what it was asked, from request number `first` on."""
    texts = [[message["content"] for message in asked.messages] for asked in chat.asked[first:]]
    return sum(sum(chat.count(text) + 4 for text in each) + 3 for each in texts)


def test_a_cap_below_the_plan_says_how_far_it_reaches_and_shows_what_was_paid_for(
    nih: Any, chat: Any, small: list[object]
) -> None:
    """By hand: sent are 600 at 100% and 50%, 300 at 100% and 50%, then depth 0, 600 first.

    A prompt of 600 tokens is predicted to cost 6 cents and may cost 7.5 (an unknown tokenizer's quarter more), one of
    300 costs 3 and may cost 3.75. Of 20 cents 6, 6, 3 and 3 are spent; then 7.5 don't fit any more. At the worst it
    is 7.5, 7.5 and 3.75.
    """
    capped = [*small, *PRICE, "--concurrency", 1, "--max-cost", "0.2"]
    reached = [t("cli.depth", length=length, sent=2, planned=3, depths="50-100") for length in (300, 600)]
    assert ", ".join(reached) in nih("plan", *capped).out
    told = json.loads(nih("plan", *capped, "--json").out)["max_cost"]
    assert (told["planned"], told["predicted"], told["least"]) == (6, 4, 3)
    ended = nih.drawing("run", *capped, "--out", "run")
    assert ended.code == 4 and len(chat.asked) == 4
    assert ended.err.index(", ".join(reached)) < ended.err.index("1/6")
    assert (
        says(" ".join(ended.out.split()), "figure.headline", measured="4", planned="6")
        and "sf-sandwich / original" in ended.out
    )
    assert t("cli.stopped_trials_done", done=4, planned=6) in ended.err
    assert (nih.folder / "run" / "heatmap.png").stat().st_size > 1000
    assert ended.err.splitlines()[-1].endswith(t("cli.done_kept_go_nih", path="run"))
    # What is enough is said to be, and what may not be.
    assert t("cli.max_cost_enough_all", max_cost=1, planned=6) in nih("plan", *small, *PRICE, "--max-cost", 1).out
    assert says(nih("plan", *small, *PRICE, "--max-cost", 0.3).out, "cli.max_cost_predicted_enough", least=5)


def test_money_and_tokens_of_a_part_are_told_apart_from_those_of_the_run(
    nih: Any, chat: Any, small: list[object]
) -> None:
    assert nih("run", *small, *PRICE, "--max-cost", "0.2", "--out", "run").code == 4
    began, first = len(chat.asked), tokens_of(chat)
    ended = nih("run", "--resume", "run", "--max-cost", "1")
    part = tokens_of(chat, began)
    (line,) = [line for line in ended.err.splitlines() if says(line, "cli.spent_all_trials_part")]
    whole, usd, tokens = re.search(r"\$([\d.]+)\D+\$([\d.]+) \(([\d,]+)", line).groups()
    assert int(tokens.replace(",", "")) == part
    assert float(usd) == pytest.approx(part * 100 / 1e6, abs=1e-4)
    assert float(whole) == pytest.approx((first + part) * 100 / 1e6, abs=1e-4)

    # The report tells the same sum, at the price that the run was given, or that it is given itself.
    def run_cost(*arguments: object) -> float:
        assert nih("report", "run", "--out", "r.html", *arguments).code == 0
        page = (nih.folder / "r.html").read_text(encoding="utf-8")
        (run,) = json.loads(page.split('id="data">')[1].split("</script>")[0])["runs"]
        return float(run["cost_usd"])

    assert run_cost() == pytest.approx(float(whole), abs=1e-4)
    assert run_cost("--price", "50,0") == pytest.approx(float(whole) / 2, abs=1e-4)
    assert says(nih("report", "run", "--price", "cheap").error(), "run.price_no_price_give")


def test_the_report_counts_what_left_no_record_as_the_run_does(nih: Any, chat: Any, small: list[object]) -> None:
    chat.fail = {1: NO_ANSWER, 2: NO_ANSWER}
    options = [each for each in small if each != "--no-preflight"]
    ended = nih("run", *options, *PRICE, "--out", "run")
    assert ended.code == 2  # the preflight found it
    chat.fail = {3: NO_ANSWER}
    ended = nih("run", *options, *PRICE, "--concurrency", 1, "--out", "run")
    ended = nih("run", "--resume", "run")
    assert ended.code == 0, ended.err
    whole = f"{shown_spent(ended.err):.4f}"
    assert nih("report", "run", "--out", "r.html").code == 0
    page = (nih.folder / "r.html").read_text(encoding="utf-8")
    (run,) = json.loads(page.split('id="data">')[1].split("</script>")[0])["runs"]
    assert run["cost_usd"] == pytest.approx(float(whole), abs=1e-4)


def test_what_was_paid_for_is_shown_after_ctrl_c(nih: Any, chat: Any, small: list[object]) -> None:
    chat.hold_from = 4
    process = nih.start("run", *small, *PRICE, "--concurrency", 1, "--out", "run")
    chat.wait_for(4)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=600)
    assert process.returncode == 130, err
    assert b"sf-sandwich / original" in out and says(out.decode(), "figure.headline", measured="3", planned="6")
    assert says(err.decode(), "cli.stopped_trials_done", done=3, planned=6)
    assert err.decode().splitlines()[-1].endswith(t("cli.done_kept_go_nih", path="run"))
    assert (nih.folder / "run" / "heatmap.png").stat().st_size > 1000


@pytest.fixture
def wide(small: list[object]) -> list[object]:
    """30 trials; in the order of needle positions the first ten or more are all of the longer length."""
    return [*small, "--repeat-corpus", "--lengths", "500,1900", "--depths", "15", "--concurrency", 1]


def test_answers_that_all_fail_alike_stop_the_run(nih: Any, chat: Any, wide: list[object]) -> None:
    """The longest alone may be what fails: it stops when the shortest has, too."""
    chat.fail = dict.fromkeys(range(1, 300), NO_ANSWER)
    ended = nih("run", *wide, "--out", "run")
    lengths = [trial["length"] for trial in trials(nih.folder / "run")]
    # Each is asked twice, but those whose second turn comes when the run is ending; every one has its record.
    assert ended.code == 4 and 10 < len(lengths) <= len(chat.asked) <= 2 * len(lengths) <= 30
    assert {500, 1900} == set(lengths)
    last = ended.err.splitlines()[-1]
    assert says(last, "run.run_had_stop_first_answers", kind="bad_response", count=re.compile("1[0-5]")) or says(
        last, "run.run_had_stop_first", kind="bad_response"
    )
    assert last.endswith(t("cli.done_kept_go_nih", path="run"))
    # Who goes on in spite of it has been told; what is asked anew is looked at again.
    before = len(chat.asked)
    ended = nih("run", "--resume", "run")
    assert ended.code == 3 and len(chat.asked) > before + 14
    before = len(chat.asked)
    assert nih("run", "--resume", "run", "--retry-all").code == 4
    assert 10 <= len(chat.asked) - before <= 30


def test_prompts_that_only_all_of_them_show_to_be_cut_stop_the_run(nih: Any, chat: Any, wide: list[object]) -> None:
    """Each count by itself could be another tokenizer's; that all prompts count alike is none's."""
    chat.count = lambda text: 200
    ended = nih("run", *wide, "--order", "random", "--out", "run")
    assert ended.code == 4 and 10 <= len(chat.asked) < 30, ended.err
    assert "(cut_prompt: " in ended.err.splitlines()[-1]


@pytest.mark.parametrize("what", ["the longest overflows", "one is answered", "two kinds"])
def test_a_run_goes_on_where_something_else_may_come_of_it(nih: Any, chat: Any, wide: list[object], what: str) -> None:
    if what == "the longest overflows":
        assert nih("run", *wide, "--out", "look").code == 0
        longest = [n for n, trial in enumerate(trials(nih.folder / "look"), 1) if trial["length"] == 1900]
        assert longest[:10] == list(range(1, 11))
        chat.asked.clear()
        chat.fail = dict.fromkeys(longest, OVERFLOW)
    elif what == "one is answered":
        chat.fail = {n: NO_ANSWER for n in range(1, 100) if n != 4}
    else:
        chat.fail = {n: FILTERED if n % 2 else OVERFLOW for n in range(1, 100)}
    ended = nih("run", *wide, "--out", "run")
    assert ended.code == 3 and len(trials(nih.folder / "run")) == 30, ended.err


def trials(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / "records.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["trial"] for line in lines]
