"""What a run may cost: never more than --max-cost, over all its parts; nothing dear is begun without a word."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from nihbench.lang.messages import t
from tests.cli.conftest import told_spent
from tests.cli.nursery import started
from tests.ledgers import beside_records
from tests.wording import part, says, wording

PRICE = ("--price", "100,0")  # USD per million: a prompt of 300 tokens is three cents


def spent_usd(chat: Any, requests: int | None = None) -> float:
    """What the server would charge for what it was asked, by its own count."""
    texts = [[message["content"] for message in asked.messages] for asked in chat.asked[:requests]]
    return sum(sum(chat.count(text) + 4 for text in each) + 3 for each in texts) * 100 / 1e6


def test_a_cap_is_never_passed_and_holds_for_the_whole_run(
    nih: Any, chat: Any, small: list[object], records_of: Any
) -> None:
    ended = nih("run", *small, *PRICE, "--max-cost", "0.2", "--out", "run")
    assert ended.code == 4, ended.err
    assert "--max-cost" in ended.err.splitlines()[-1] and says(ended.err, "cli.done_kept_go_nih", path="run")
    began = len(chat.asked)
    assert 3 <= began < 6
    assert 0.1 < spent_usd(chat) <= 0.2
    assert told_spent(ended.err, spent_usd(chat)) and says(ended.err, "cli.most_predicted", most="$0.3375")
    assert len(records_of(nih.folder / "run")) == began

    # The cap is stored with the run; said again lower it stays one for all that was spent.
    for arguments in ([], ["--max-cost", "0.1"]):
        assert nih("run", "--resume", "run", *arguments).code == 4
    assert len(chat.asked) == began
    ended = nih("run", "--resume", "run", "--max-cost", "0.5")
    assert ended.code == 0, ended.err
    assert len(chat.asked) == 6
    assert told_spent(ended.err, spent_usd(chat))


def test_a_prompt_near_the_end_of_the_last_tier_is_held_and_charged(nih: Any, chat: Any, small: list[object]) -> None:
    """A quarter more than 600 tokens has no price: that is no reason to let its call pass unheld, and for nothing."""
    tiers = "[{up_to: 400, input: 1.0, output: 1.0}, {up_to: 610, input: 100.0, output: 1.0}]"
    preset = f'models: {{x: {{base_url: "{chat.base_url}", prices: {tiers}, prices_as_of: "2026-11"}}}}'
    (nih.folder / "models.yaml").write_text(preset, encoding="utf-8")
    ended = nih("run", *small, "--lengths", "600:600:1", "--max-cost", 0.16, "--out", "run")
    assert ended.code == 4, ended.err
    assert not says(ended.err, "cli.calls_unknown_price") and 0.05 < spent_usd(chat) <= 0.16
    assert (
        nih(
            "run", *small, "--lengths", "600:600:1", "--adaptive", "--precision", 0.3, "--max-cost", 5, "--out", "more"
        ).code
        == 0
    )


def test_failed_calls_that_may_be_billed_count_and_a_failure_that_ends_the_run_too(
    nih: Any, chat: Any, small: list[object]
) -> None:
    """An answer that is no chat answer: paid for as far as anyone knows."""
    chat.fail = {1: (200, {"what": "is this"}), 3: (401, {"error": {"message": "no"}})}
    assert nih("run", *small, *PRICE, "--concurrency", 1, "--out", "run").code == 4
    chat.fail = {}
    before = len(chat.asked)
    # Two calls are spent, about 0.03 and 0.06; the shortest of what is owed needs 0.03 more, by the careful count 0.04.
    assert nih("run", "--resume", "run", "--max-cost", "0.1").code == 4
    assert len(chat.asked) == before
    ended = nih("run", "--resume", "run", "--max-cost", "1")
    assert ended.code == 0, ended.err


def test_a_call_that_is_broken_off_counts(nih: Any, chat: Any, small: list[object]) -> None:
    chat.hold_from = 3
    process = nih.start("run", *small, *PRICE, "--concurrency", 1, "--out", "run")
    chat.wait_for(3)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=600)
    assert process.returncode == 130, err
    (lost,) = beside_records(nih.folder / "run")
    # The third prompt at its worst case: its own length by the server's count, and a quarter more.
    third = spent_usd(chat) - spent_usd(chat, 2)
    assert 1.2 * third < lost < 1.3 * third


def test_sigterm_ends_like_ctrl_c(nih: Any, chat: Any, small: list[object], records_of: Any) -> None:
    chat.hold_from = 4
    process = nih.start("run", *small, "--concurrency", 1, "--out", "run")
    chat.wait_for(4)
    process.terminate()
    out, err = process.communicate(timeout=600)
    assert process.returncode == 143, err
    assert err.decode().splitlines()[-1] == "nih: " + t(
        "cli.stopped_2", signal="SIGTERM", go_on=t("cli.done_kept_go_nih", path="run")
    )
    assert b"sf-sandwich / original" in out and says(out.decode(), "figure.headline", measured="3", planned="6")
    assert says(err.decode(), "cli.stopped_trials_done", done=3, planned=6) and b"Traceback" not in err
    assert (nih.folder / "run" / "heatmap.png").stat().st_size > 1000
    assert len(records_of(nih.folder / "run")) == 3
    assert not (nih.folder / "run" / ".holder.json").exists()
    chat.hold_from = None
    chat.release.set()
    assert nih("run", "--resume", "run").code == 0
    assert len(records_of(nih.folder / "run")) == 6


@pytest.fixture
def fitted(chat: Any, own_texts: dict[str, Path]) -> list[object]:
    """A small run with all that is asked before it: a preflight, a calibration, a canary; and controls."""
    plain = chat.count
    chat.count = lambda text: round(1.27 * plain(text))
    chat.say = lambda text: " and ".join(re.findall(r"code is (\d+)", text)) or "The document does not say."
    return [
        *("--model", "x", "--base-url", chat.base_url, "--window", 8000, "--corpus", own_texts["en"]),
        *("--lengths", "400,800", "--depths", "0,100", "--max-output", 4, "--quick", "--canary", *PRICE),
    ]


def test_all_that_is_asked_is_counted_and_told(nih: Any, chat: Any, fitted: list[object], records_of: Any) -> None:
    ended = nih("run", *fitted, "--max-cost", 10, "--out", "run")
    assert ended.code == 0, ended.err
    records = records_of(nih.folder / "run")
    assert len(records) == 4 + 10 + 3  # grid, oracle, closed book
    before = len(chat.asked) - len(records)
    assert sum(beside_records(nih.folder / "run")) == pytest.approx(spent_usd(chat, before))
    assert says(ended.err, "cli.asked_before_first_trial", spent=spent_usd(chat, before))
    assert told_spent(ended.err, spent_usd(chat))


@pytest.mark.parametrize("share", [0.0001, 0.1, 0.5, 0.97])
def test_a_cap_holds_what_is_asked_before_the_first_trial(
    nih: Any, chat: Any, fitted: list[object], share: float
) -> None:
    """Wherever the cap lies: in the preflight, the calibration, the canary, or behind them."""
    assert nih("run", *fitted, "--out", "whole").code == 0
    checks = sum(beside_records(nih.folder / "whole"))
    chat.asked.clear()
    ended = nih("run", *fitted, "--max-cost", f"{share * checks:.6f}", "--out", "run")
    assert ended.code == 4 and says(ended.err, "endpoint.next_call_could_cost")
    # There is no run, but what was paid for is written down where it would have been.
    assert not (nih.folder / "run" / "run.json").exists()
    spent = spent_usd(chat)
    assert not spent or sum(beside_records(nih.folder / "run")) == pytest.approx(spent)
    assert spent <= share * checks and (share < 0.1 or spent > 0)
    assert spent == 0 or says(ended.err, "cli.asked_before_first_trial", spent=spent)


def test_exact_counts_leave_no_margin(nih: Any, chat: Any, fitted: list[object], records_of: Any) -> None:
    """A cap just above what a fitted run costs lets all of its trials through."""
    assert nih("run", *fitted, "--no-controls", "--concurrency", 1, "--out", "whole").code == 0
    whole = spent_usd(chat)
    chat.asked.clear()
    cap = f"{1.012 * whole:.6f}"
    ended = nih("run", *fitted, "--no-controls", "--concurrency", 1, "--max-cost", cap, "--out", "run")
    assert ended.code == 0, ended.err
    assert len(records_of(nih.folder / "run")) == 4


@pytest.mark.parametrize("text", ["1", "a,b", "1,-2", "1,inf", "1,2,3,4", ""])
def test_a_price_that_is_none(nih: Any, chat: Any, small: list[object], text: str) -> None:
    ended = nih("run", *small, "--price", text or ",", "--out", "run")
    assert ended.code == 2 and says(ended.error(), "run.price_no_price_give")


@pytest.fixture
def service(nih: Any, own_texts: dict[str, Path]) -> list[object]:
    """A model of a service in the network, where nothing is asked before the run begins."""
    lines = ["models:", "  paid: {base_url: 'http://192.0.2.1/v1', key_env: NIH_TEST_KEY, window: 8000}"]
    (nih.folder / "models.yaml").write_text("\n".join(lines), encoding="utf-8")
    nih.environment["NIH_TEST_KEY"] = "k-123456"
    return [
        *("--model", "paid", "--length-unit", "cl100k_base", "--corpus", own_texts["en"], "--repeat-corpus"),
        *("--base-url", "http://192.0.2.1/v1", "--api-key-env", "NIH_TEST_KEY"),
        *("--lengths", "4k,6k", "--depths", "15", "--no-controls", "--no-preflight"),
    ]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--price", "40,1"], part("cli.trials_send_tokens_cost_predicted")),
        (
            ["--depths", "0:100:101"],
            part("cli.trials_send_tokens_model"),
        ),
    ],
)
def test_what_is_dear_is_not_begun_off_a_terminal(
    nih: Any, service: list[object], arguments: list[str], words: str
) -> None:
    ended = nih("run", *service, *arguments, "--out", "run")
    assert ended.code == 2
    assert words in ended.error() and "--max-cost USD" in ended.error()
    assert not (nih.folder / "run").exists()


def test_a_cap_needs_a_price(nih: Any, service: list[object]) -> None:
    ended = nih("run", *service, "--max-cost", "5", "--out", "run")
    assert ended.code == 2
    assert says(ended.error(), "endpoint.max_cost_needs_price") and "--price" in ended.error()
    assert not (nih.folder / "run").exists()
    assert says(nih("run", *service, "--price", "1,1", "--max-cost", "-1").error(), "endpoint.max_cost_no_amount")


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals are POSIX")
def test_on_a_terminal_it_asks(nih: Any, service: list[object]) -> None:
    terminal, other = pty.openpty()
    os.write(terminal, b"n\n")
    words = ["run", *map(str, service), "--price", "40,1"]
    process = started(words, nih.folder, nih.environment, stdout=subprocess.DEVNULL, stderr=other, stdin=other)
    assert process.wait(timeout=600) == 2
    said = os.read(terminal, 65536).decode()
    os.close(other)
    os.close(terminal)
    assert (
        says(said, "cli.trials_send_tokens_cost_predicted")
        and says(said, "cli.begin")
        and "[y/N]" in said
        and says(said, "cli.nothing_sent_give_fewer")
    )
    assert not (nih.folder / "results").exists()


def test_an_engine_of_ones_own_never_asks(nih: Any, chat: Any, small: list[object]) -> None:
    chat.owner = "sglang"
    ended = nih("run", *small, "--max-cost", "0", "--out", "run")
    assert ended.code == 0, ended.err
    assert not any(says(ended.err, key) for key in ("cli.spent_planned", "cli.spent_all_trials_part"))
    assert not says(ended.err, "cli.asked_before_first_trial")


def test_retry_all_tries_final_failures_again(nih: Any, chat: Any, small: list[object], records_of: Any) -> None:
    body = {"error": {"message": "maximum context length is 100 tokens", "code": "context_length_exceeded"}}
    chat.fail = {2: (400, body)}
    ended = nih("run", *small, "--out", "run")
    assert ended.code == 3 and not says(ended.err, "cli.owed_try_again_may")
    assert nih("run", "--resume", "run").code == 3
    assert len(chat.asked) == 6
    assert nih("run", "--resume", "run", "--retry-all").code == 0
    assert len(chat.asked) == 7
    assert "--resume" in nih("run", *small, "--retry-all", "--out", "other").error()


def test_several_servers_of_one_model(nih: Any, chat: Any, small: list[object], records_of: Any) -> None:
    other = chat.base_url.replace("127.0.0.1", "localhost")
    ended = nih("run", *small, "--base-url", other, "--concurrency", 1, "--out", "run")
    assert ended.code == 0, ended.err
    hosts = [asked.headers["Host"].partition(":")[0] for asked in chat.asked]
    assert len(hosts) == 6 and min(hosts.count("localhost"), hosts.count("127.0.0.1")) >= 2
    options = json.loads((nih.folder / "run" / "run.json").read_text(encoding="utf-8"))["options"]
    assert (options["base_url"], options["more_urls"]) == (chat.base_url, [other])
    # The address is not identity: a run may be resumed with one of them, or with others.
    (nih.folder / "run" / "records.jsonl").unlink()
    assert nih("run", "--resume", "run", "--base-url", other).code == 0
    assert {asked.headers["Host"].partition(":")[0] for asked in chat.asked[6:]} == {"localhost"}


@pytest.mark.parametrize("what", ["a run", "a file", "a file above"])
def test_nothing_is_asked_where_nothing_could_be_kept(nih: Any, chat: Any, fitted: list[object], what: str) -> None:
    place = nih.folder / "place"
    if what == "a run":
        place.mkdir()
        (place / "run.json").write_text("{}", encoding="utf-8")
    else:
        place.write_text("", encoding="utf-8")
    ended = nih("run", *fitted, "--out", "place/below" if what == "a file above" else "place")
    assert ended.code == 2 and "place" in ended.err.splitlines()[-1], ended.err
    assert chat.asked == []


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="the limit on a file's size is POSIX's")
def test_no_prompt_is_sent_while_the_disk_is_full(nih: Any, chat: Any, small: list[object]) -> None:
    """A limit on how large files may grow stands in for the full disk."""
    import resource

    ended = nih("run", *small, "--max-cost", "0", *PRICE, "--out", "run")
    assert ended.code == 4, ended.err
    asked = len(chat.asked)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        ended = nih("run", "--resume", "run", "--max-cost", "1")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert ended.code == 2 and says(ended.err, "errors.check_space_permissions"), ended.err
    assert len(chat.asked) == asked
    assert nih("run", "--resume", "run", "--max-cost", "1").code == 0


@pytest.mark.parametrize("phase", ["preflight", "calibration", "canary"])
def test_checks_that_are_broken_off_are_told(nih: Any, chat: Any, fitted: list[object], phase: str) -> None:
    place = {"preflight": 1, "calibration": 3, "canary": 0}[phase]
    if not place:
        assert nih("run", *fitted, "--out", "whole").code == 0
        texts = [asked.body for asked in chat.asked]
        place = 1 + next(number for number, body in enumerate(texts) if b"code is" in body)
        chat.asked.clear()
    chat.hold_from = place
    process = nih.start("run", *fitted, "--out", "run")
    chat.wait_for(place)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=600)
    assert process.returncode == 130, err
    (told,) = re.findall(r"\$([\d.]+)", re.search(wording("cli.asked_before_first_trial"), err.decode())[0])
    # What was under way counts at its worst case.
    assert float(told) > spent_usd(chat, place - 1)
    assert not (nih.folder / "run" / "run.json").exists()
    assert sum(beside_records(nih.folder / "run")) == pytest.approx(float(told), abs=1e-4)


def test_a_rate_holds_from_the_first_thing_that_is_asked(nih: Any, chat: Any, fitted: list[object]) -> None:
    """Preflight, counts, canary and trials are of one account: 600 a minute are ten a second."""
    times: list[float] = []
    say = chat.say
    chat.say = lambda text: (times.append(time.monotonic()), say(text))[1]
    ended = nih("run", *fitted, "--rpm", 600, "--no-controls", "--out", "run")
    assert ended.code == 0, ended.err
    assert len(times) == len(chat.asked) >= 4 + 4
    assert times[-1] - times[0] > 0.09 * (len(times) - 1)
