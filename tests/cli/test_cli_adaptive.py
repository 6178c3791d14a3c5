"""`nih run --adaptive`: decided by the records, so that it is the same however often it is killed; bounds are kept."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path
from typing import Any

import pytest

from nihbench.analysis.grids import grid
from nihbench.analysis.statistics import summary
from nihbench.app.results import result_of
from nihbench.lang.messages import t
from nihbench.run.follow import Follower
from nihbench.run.store import open_run
from tests.ledgers import beside_records
from tests.wording import says

ADAPTIVE = ["--adaptive", "--precision", 0.25]
GRID = ["--depths", "5", "--lengths", "300,450,600"]


def trials_of(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / "records.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["trial"] for line in lines]


def extra_of(folder: Path) -> set[tuple[int, float, int]]:
    return {(t["length"], t["depth_percent"], t["repeat"]) for t in trials_of(folder) if t.get("extra")}


def test_first_every_cell_once_then_more_where_it_is_uncertain(nih: Any, chat: Any, small: list[object]) -> None:
    ended = nih("run", *small, *GRID, *ADAPTIVE, "--out", "run")
    assert ended.code == 0, ended.err
    made = trials_of(nih.folder / "run")
    first, extra = made[:15], made[15:]
    assert len({(t["length"], t["depth_percent"]) for t in first}) == 15
    assert all(t["repeat"] == 0 and "extra" not in t for t in first)
    # Four draws of a cell at a rate of one half: 0.25 x 1.96^2 / (5 x 0.25^2) = 3.07.
    assert extra and {t["repeat"] for t in extra} <= {1, 2, 3} and all(t["extra"] for t in extra)
    assert [t["repeat"] for t in extra] == sorted(t["repeat"] for t in extra)
    assert says(ended.err, "cli.adaptive_further_draws_enough", extra=len(extra), wanted=0.25)
    assert says(ended.out.replace("\n", " "), "figure.headline", measured="15", planned="15")
    over_all = ("cli.found_over_all_draws", "cli.found_over_all_draws_each")
    assert any(says(ended.out, key, draws=len(made)) for key in over_all)

    result = result_of(open_run(nih.folder / "run"))
    alone = {name: [v for v, more in zip(c, result.table["extra"], strict=True) if not more]
             for name, c in result.table.items()}  # fmt: skip
    of = {"experiment": "sf-sandwich", "prompt": "original"}
    assert result.summaries[0] == summary(alone, **of, planned=15)
    assert result.grids[0].measured.sum() == len(made) and grid(alone, **of).measured.sum() == 15
    assert result.owed == 0


def test_what_all_find_is_hardly_asked_again(nih: Any, chat: Any, small: list[object]) -> None:
    chat.say = lambda text: "Eat a sandwich and sit in Dolores Park on a sunny day."
    assert nih("run", *small, *GRID, *ADAPTIVE, "--out", "sure").code == 0
    chat.say = lambda text: "Eat a sandwich and sit in Dolores Park on a sunny day." if len(text) % 2 else "No."
    assert nih("run", *small, *GRID, *ADAPTIVE, "--out", "unsure").code == 0
    assert len(extra_of(nih.folder / "sure")) < 0.5 * len(extra_of(nih.folder / "unsure"))


def test_order_of_answers_changes_nothing(nih: Any, chat: Any, small: list[object], records_of: Any) -> None:
    assert nih("run", *small, *GRID, *ADAPTIVE, "--out", "one", "--concurrency", 1).code == 0
    other = ["--order", "random", "--concurrency", 5]
    assert nih("run", *small, *GRID, *ADAPTIVE, "--out", "five", *other).code == 0
    assert records_of(nih.folder / "one") == records_of(nih.folder / "five")


def test_killed_at_many_moments_it_decides_the_same(nih: Any, chat: Any, small: list[object], records_of: Any) -> None:
    assert nih("run", *small, *GRID, *ADAPTIVE, "--out", "whole").code == 0
    expected = records_of(nih.folder / "whole")
    chat.delay_s = 0.01
    draw = random.Random(5)
    torn = nih.folder / "torn"
    while len(records_of(torn) if (torn / "records.jsonl").exists() else ()) < 14:
        kill(nih, chat, small, draw)
    kills = 0
    while len(records_of(torn)) < len(expected) - 9 and kills < 3:  # among the rounds
        kills += kill(nih, chat, small, draw)
    assert kills >= 2
    ended = nih.process("run", "--resume", "torn")
    assert ended.code == 0, ended.err
    assert records_of(torn) == expected


def kill(nih: Any, chat: Any, small: list[object], draw: random.Random) -> bool:
    """Begin or resume the run in the folder torn, and kill it; return whether it was still going on."""
    before = len(chat.asked)
    begun = (nih.folder / "torn" / "run.json").exists()
    to_do = ["--resume", "torn"] if begun else [*small, *GRID, *ADAPTIVE, "--out", "torn"]
    process = nih.start("run", *to_do, "--concurrency", 2)
    chat.wait_for(before + draw.randint(4, 8))
    time.sleep(draw.uniform(0, 0.02))
    process.kill()
    process.communicate(timeout=600)
    return bool(process.returncode == -9)


def test_trials_are_bounded_and_a_higher_bound_goes_on(
    nih: Any, chat: Any, small: list[object], records_of: Any
) -> None:
    fine = [*small, *GRID, "--adaptive", "--precision", 0.1]
    ended = nih("run", *fine, "--max-trials", 30, "--out", "run")
    assert ended.code == 0, ended.err
    assert 22 <= len(trials_of(nih.folder / "run")) <= 30
    assert says(ended.err, "cli.adaptive_further_draws_enough_length", wanted=0.1, why=t("cli.max_trials_bounds_them"))
    assert nih("run", "--resume", "run", "--max-trials", 60).code == 0
    assert 45 <= len(trials_of(nih.folder / "run")) <= 60
    assert nih("run", *fine, "--max-trials", 60, "--out", "at-once").code == 0
    assert records_of(nih.folder / "run") == records_of(nih.folder / "at-once")


def test_the_money_ends_it_between_two_rounds(nih: Any, chat: Any, small: list[object], records_of: Any) -> None:
    fine = [*small, *GRID, "--adaptive", "--precision", 0.2, "--price", "1000,1000"]
    ended = nih("run", *fine, "--max-cost", 25, "--out", "run")
    assert ended.code == 0, ended.err
    assert t("cli.next_round_could_pass") in ended.err
    part = extra_of(nih.folder / "run")
    assert part
    ended = nih("run", "--resume", "run", "--max-cost", 1000)
    assert ended.code == 0, ended.err
    assert says(ended.err, "cli.adaptive_further_draws_enough")
    assert nih("run", *fine, "--max-cost", 1000, "--out", "at-once").code == 0
    assert records_of(nih.folder / "run") == records_of(nih.folder / "at-once")
    # Whole rounds only: what was there of a round before is all that there is of it now.
    rounds = {repeat for *_, repeat in part}
    assert part == {draw for draw in extra_of(nih.folder / "run") if draw[2] in rounds}


def test_a_first_draw_made_up_for_may_decide_otherwise_and_nothing_is_lost(
    nih: Any, chat: Any, small: list[object]
) -> None:
    chat.fail = {2: (400, {"error": {"message": "maximum context length is 10 tokens"}})}
    ended = nih("run", *small, *GRID, *ADAPTIVE, "--out", "run", "--concurrency", 1)
    assert ended.code == 3, ended.err
    before = extra_of(nih.folder / "run")
    ended = nih("run", "--resume", "run", "--retry-all")
    assert ended.code == 0, ended.err
    assert before <= extra_of(nih.folder / "run")


def test_the_plan_tells_least_and_most(nih: Any, chat: Any, small: list[object]) -> None:
    told = json.loads(nih("plan", *small, *GRID, *ADAPTIVE, "--price", "1,2", "--json").out)["adaptive"]
    assert told["trials"] == [15, 60]  # 4 draws a cell at most
    assert told["prompt_tokens"] == [15 * 450, 60 * 450]
    # At most: 60 prompts and 300 tokens of answer each, a quarter more tokens than cl100k_base counts.
    assert float(told["cost_usd"][1]) == pytest.approx((60 * 450 * 1.25 + 2 * 60 * 300) / 1e6, rel=1e-3)
    bounded = json.loads(nih("plan", *small, *GRID, *ADAPTIVE, "--max-trials", 20, "--json").out)["adaptive"]
    assert bounded["trials"] == [15, 20] and bounded["prompt_tokens"][1] == 15 * 450 + 5 * 600
    assert says(nih("plan", *small, *GRID, *ADAPTIVE).out, "cli.trials_grid_tokens_length", least="15", most="60")
    assert json.loads(nih("plan", *small, *GRID, "--json").out)["adaptive"] is None
    assert not chat.asked


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--precision", 0.1], t("run.adaptive_run_give_adaptive", name="precision")),
        (["--max-trials", 100], t("run.adaptive_run_give_adaptive", name="max-trials")),
        (["--adaptive", "--precision", 5], "--precision 5 "),
        (["--adaptive", "--precision", "nan"], "--precision nan "),
        (["--adaptive", "--max-trials", 5], t("run.max_trials_less_than", most=5, planned=6)),
    ],
)
def test_what_makes_no_sense_is_refused(
    nih: Any, chat: Any, small: list[object], options: list[object], words: str
) -> None:
    for verb in (["run", "--out", "run"], ["plan"]):
        ended = nih(*verb, *small, *options)
        assert ended.code == 2
        assert words in ended.error()
    assert not chat.asked


def test_a_further_draw_in_another_run_is_damage(nih: Any, chat: Any, small: list[object]) -> None:
    assert nih("run", *small, "--adaptive", "--precision", 0.3, "--out", "run").code == 0
    assert nih("run", *small, "--out", "plain").code == 0
    line = (nih.folder / "run" / "records.jsonl").read_text(encoding="utf-8").splitlines()[-1]
    assert json.loads(line)["trial"]["extra"]
    with (nih.folder / "plain" / "records.jsonl").open("a", encoding="utf-8") as file:
        file.write(line + "\n")
    assert nih("run", "--resume", "plain").code == 5
    # In its own run, too, a cell that the grid does not have is none.
    with (nih.folder / "run" / "records.jsonl").open("a", encoding="utf-8") as file:
        file.write(line.replace('"id":"', '"id":"0').replace('"repeat":', '"repeat":9') + "\n")
        other = json.loads(line)
        other["id"], other["trial"]["length"] = "f" * 16, 301
        file.write(json.dumps(other) + "\n")
    assert nih("run", "--resume", "run").code == 5


def test_parts_are_merged_and_the_whole_goes_on(nih: Any, chat: Any, small: list[object], records_of: Any) -> None:
    parts = ["part1", "part2"]
    for number, folder in enumerate(parts, 1):
        ended = nih("run", *small, *GRID, *ADAPTIVE, "--shard", f"{number}/2", "--out", folder)
        assert ended.code == 0, ended.err
        assert says(ended.err, "cli.adaptive_part_makes_first") and not extra_of(nih.folder / folder)
    assert nih("merge", *parts, "--out", "merged").code == 0
    assert nih("run", "--resume", "merged").code == 0
    assert nih("run", *small, *GRID, *ADAPTIVE, "--out", "whole").code == 0
    assert extra_of(nih.folder / "merged")
    assert records_of(nih.folder / "merged") == records_of(nih.folder / "whole")


def test_it_can_not_be_made_adaptive_afterwards(nih: Any, chat: Any, small: list[object]) -> None:
    assert nih("run", *small, "--out", "run").code == 0
    ended = nih("run", "--resume", "run", "--adaptive")
    assert ended.code == 2 and says(ended.error(), "cli.cant_resume_other_options", changed="--adaptive")
    assert says(nih("run", "--resume", "run", "--precision", 0.1).error(), "run.adaptive_run_give_adaptive")


def test_it_speaks_chinese_and_is_watched(nih: Any, chat: Any, small: list[object]) -> None:
    nih.environment["NIH_LANG"] = "zh"
    told = nih("plan", *small, *GRID, *ADAPTIVE, "--price", "1,2").out
    assert says(told, "cli.trials_grid_tokens_length", "zh", least=15, most=60)
    ended = nih("run", *small, *GRID, *ADAPTIVE, "--out", "run")
    assert ended.code == 0 and says(ended.err, "cli.adaptive_further_draws_enough", "zh", wanted=0.25)
    assert says(ended.out, "cli.found_over_all_draws_each", "zh")
    cases = nih("cases", "run").out
    assert says(cases, "cli.trials_further_draws_adaptive", "zh")
    follower = Follower(open_run(nih.folder / "run"))
    assert len(follower.news()) == follower.done == follower.total > len(follower.planned) == 15


@pytest.fixture
def foreign(chat: Any, small: list[object]) -> list[object]:
    """An adaptive run of a server that counts otherwise than the client, and each stretch of text a bit otherwise."""
    chat.count = lambda text: round(len(text) / 3.4 + 0.2 * text.count("e"))
    lengths = ["--depths", "5", "--lengths", "800,1200,1700"]
    return [*small, *lengths, *ADAPTIVE, "--length-unit", "model", "--price", "1,1"]


def fit_of(folder: Path) -> dict[str, Any]:
    fit: dict[str, Any] = json.loads((folder / "run.json").read_text(encoding="utf-8"))["calibration"]
    return fit


def test_each_further_haystack_is_fitted_to_the_servers_counts(
    nih: Any, chat: Any, foreign: list[object], records_of: Any
) -> None:
    ended = nih("run", *foreign, "--out", "run")
    assert ended.code == 0, ended.err
    lines = (nih.folder / "run" / "records.jsonl").read_text(encoding="utf-8").splitlines()
    sent = [(r["trial"], r["completion"]["usage"]["prompt_tokens"]) for r in map(json.loads, lines)]
    off = [(trial["length"], trial["repeat"], seen) for trial, seen in sent if abs(seen / trial["length"] - 1) > 0.01]
    repeats = {trial["repeat"] for trial, _ in sent if trial.get("extra")}
    assert repeats and off == []
    fit = fit_of(nih.folder / "run")
    assert {int(repeat) for repeat in fit["further"]} == repeats and len(fit["curves"]) == 1
    asked = len(chat.asked)
    # All that was asked is known: the counts, one for each point of a text's fit (a length that came out too far off is
    # aimed at again) and one without a haystack, and the trials.
    counts = [[base for _, base in later["points"][1:]] for each in fit["further"].values() for later in each]
    planned = len(fit["curves"][0])
    assert len(counts) == len(repeats) and all(len(each) in (3, 4) for each in counts)
    assert fit["requests"] == planned + sum(map(len, counts)) and asked == fit["requests"] + len(sent)
    # Of a count one token of output is asked for; they are in the ledger, for no record shows them.
    outputs = [json.loads(each.body)["max_tokens"] for each in chat.asked]
    assert outputs[: planned + 19] == [1] * planned + [300] * 15 + [1] * 3 + [300]
    assert sum(beside_records(nih.folder / "run")) == pytest.approx(1e-6 * (fit["tokens"] + fit["requests"]), rel=0.02)
    before = (nih.folder / "run" / "run.json").read_bytes()
    assert nih("run", "--resume", "run").code == 0
    assert len(chat.asked) == asked and (nih.folder / "run" / "run.json").read_bytes() == before
    # A further draw's very prompt can be made again, and is compared with the one that was sent.
    assert nih("rebuild", "run", json.loads(lines[-1])["id"]).code == 0
    # Killed after a haystack was fitted and before its first trial is answered, it decides and sends the same.
    torn = nih.folder / "torn"
    chat.hold_from = asked + planned + 15 + 3 + 1
    process = nih.start("run", *foreign, "--out", "torn", "--concurrency", 1)
    while not (torn / "run.json").exists() or not fit_of(torn)["further"]:
        time.sleep(0.01)
    process.kill()
    process.communicate(timeout=600)
    chat.release.set()
    ended = nih("run", "--resume", "torn")
    assert ended.code == 0, ended.err
    assert records_of(torn) == records_of(nih.folder / "run")
    assert fit_of(torn)["further"] == fit["further"]
