"""Depths whose prompts are the same are one trial, from the plan to the figure: sent, paid and counted once."""

from __future__ import annotations

import csv
import json
import math
import re
from pathlib import Path
from typing import Any

import pytest

import nihbench
from nihbench.app.results import result_of
from nihbench.run.store import open_run
from tests.wording import says

DEPTHS = 21
FULL = "Eat a sandwich and sit in Dolores Park on a sunny day."
GRID = ["--lengths", "300:300:1", "--depths", f"0:100:{DEPTHS}"]


def exact(hits: int, n: int) -> tuple[float, float]:
    """The Clopper-Pearson interval, by halving from the binomial sums of its definition."""

    def at_least(k: int, p: float) -> float:
        return sum(math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k, n + 1))

    def solve(target: float, k: int) -> float:
        low, high = 0.0, 1.0
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (low, middle) if at_least(k, middle) > target else (middle, high)
        return low

    return (solve(0.025, hits) if hits else 0.0), (solve(0.975, hits + 1) if hits < n else 1.0)


@pytest.fixture
def texts(nih: Any, small: list[object]) -> list[str]:
    """The prompt of every depth by itself."""
    made = []
    for number in range(DEPTHS):
        ended = nih("prompt", *small, "--length", "300", "--depth", number * 100 / (DEPTHS - 1), "--json")
        assert ended.code == 0, ended.err
        made.append(json.loads(ended.out)[0]["messages"][0]["content"])
    return made


def test_the_exact_interval_is_that_of_the_tables() -> None:
    assert exact(9, 11) == pytest.approx((0.4822, 0.9772), abs=1e-4)  # what the issue says of 9 of 11 prompts


def test_identical_prompts_are_sent_and_counted_once(
    nih: Any, chat: Any, small: list[object], texts: list[str], records_of: Any
) -> None:
    different = list(dict.fromkeys(texts))
    n = len(different)
    assert 5 < n < DEPTHS - 3
    missed = {different[1], different[3]}
    chat.say = lambda text: "I do not know." if text in missed else FULL
    ended = nih("run", *small, *GRID, "--out", "r")
    assert ended.code == 0, ended.err
    assert says(ended.err, "note.same_prompts", length=300, prompts=n)
    assert sorted(asked.messages[0]["content"] for asked in chat.asked) == sorted(different)

    low, high = exact(n - 2, n)
    said = " ".join(ended.out.split())
    assert says(
        said, "figure.metric_found", value=re.compile(rf"{(n - 2) / n:.1%} \[{low:.1%} \S+ {high:.1%}\]")
    ) and says(said, "figure.headline", measured=str(n), planned=str(n))

    made = result_of(open_run(nih.folder / "r"))
    (cells,), (numbers,), (summary,) = made.grids, made.statistics, made.summaries
    values = [0.0 if text in missed else 1.0 for text in texts]
    assert cells.value[:, 0].tolist() == values and cells.measured[:, 0].tolist() == [1] * DEPTHS
    assert (summary.planned, summary.measured, made.owed) == (n, n, 0)
    assert [row.found.value for row in numbers.by_depth] == values
    assert [row.found.measured for row in numbers.by_length] == [n]
    thirds = [part.found.planned for row in numbers.by_third for part in row if part]
    assert sum(thirds) == n and numbers.diagnosis.misses.trials == n

    frame = nihbench.load_run(nih.folder / "r").frame()
    assert len(frame) == n and frame["found"].sum() == n - 2
    assert frame["also_depths"].str.split().str.len().fillna(0).sum() == DEPTHS - n
    assert nih("export", "r", "--out", "t.csv").code == 0
    with (nih.folder / "t.csv").open(encoding="utf-8-sig", newline="") as file:
        assert len(list(csv.DictReader(file))) == n
    assert nih("plot", "r", "--out", "f.svg").code == 0
    drawn = re.findall(r"<!-- (.*?) -->", (nih.folder / "f.svg").read_text(encoding="utf-8"), re.DOTALL)
    assert says(" ".join(drawn), "figure.one_prompt", trials=n, places=DEPTHS)
    cases = json.loads(nih("cases", "r", "--json").out)["runs"][0]
    assert (cases["trials"], cases["below_full_marks"]) == (n, 2)

    again = nih("run", "--resume", "r")
    assert again.code == 0 and len(chat.asked) == n


def test_parts_batches_and_other_depths_agree(nih: Any, chat: Any, small: list[object], records_of: Any) -> None:
    assert nih("run", *small, *GRID, "--concurrency", 1, "--out", "whole").code == 0
    whole = records_of(nih.folder / "whole")
    for part in (1, 2):
        assert nih("run", *small, *GRID, "--concurrency", 1, "--shard", f"{part}/2", "--out", f"p{part}").code == 0
    assert nih("merge", "p1", "p2", "--out", "merged").code == 0
    assert records_of(nih.folder / "merged") == whole
    assert nih("batch", "export", *small, *GRID, "--out", "batch").code == 0
    lines = (nih.folder / "batch/batch/requests-0001.jsonl").read_text(encoding="utf-8").splitlines()
    assert {json.loads(line)["custom_id"] for line in lines} == whole.keys()

    other = ["--lengths", "300:300:1", "--depths", "0,5,35,50,100"]
    assert nih("run", *small, *other, "--out", "few").code == 0
    few = records_of(nih.folder / "few")
    ended = nih("compare", "whole", "few", "--json")
    assert ended.code == 0, ended.err
    (made,) = json.loads(ended.out)["comparisons"]
    assert made["planned_pairs"] == made["measured_pairs"] == len(few)


def test_an_old_run_is_counted_by_the_same_rule(nih: Any, chat: Any, small: list[object], texts: list[str]) -> None:
    """Records as they were: each depth its own, of which what is sent twice may even have been answered otherwise."""
    assert nih("run", *small, *GRID, "--out", "r").code == 0
    folder: Path = nih.folder / "r"
    lines = [json.loads(line) for line in (folder / "records.jsonl").read_text(encoding="utf-8").splitlines()]
    content = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    content["trials"] = DEPTHS
    del content["same_prompt"]
    (folder / "run.json").write_text(json.dumps(content), encoding="utf-8")
    old = []
    for line in lines:
        depths = sorted((line["trial"]["depth_percent"], *line["trial"].pop("also_depths", ())))
        for number, depth in enumerate(depths):
            text = "I do not know." if number else line["completion"]["text"]
            old.append(
                line
                | {"id": f"{len(old):016x}", "trial": line["trial"] | {"depth_percent": depth}}
                | {"completion": line["completion"] | {"text": text}}
            )
    (folder / "records.jsonl").write_text("".join(json.dumps(line) + "\n" for line in old), encoding="utf-8")
    made = result_of(open_run(folder), again=True)
    n = len(set(texts))
    assert (made.summaries[0].planned, made.summaries[0].measured) == (n, n)
    assert made.grids[0].measured[:, 0].tolist() == [1] * DEPTHS
    by_text = {}
    for text, value in zip(texts, made.grids[0].value[:, 0].tolist(), strict=True):
        assert by_text.setdefault(text, value) == value
    assert len(nihbench.load_run(folder).frame()) == n


def test_an_adaptive_run_asks_no_prompt_twice(nih: Any, chat: Any, small: list[object], records_of: Any) -> None:
    chat.say = lambda text: FULL if len(text) % 2 else "No."
    grid = ["--lengths", "300,900", "--depths", f"0:100:{DEPTHS}"]
    ended = nih("run", *small, *grid, "--adaptive", "--precision", 0.15, "--out", "r")
    assert ended.code == 0, ended.err
    asked = [request.sha256 for request in chat.asked]
    assert len(asked) == len(set(asked))
    records = records_of(nih.folder / "r")
    assert any(record["trial"].get("extra") for record in records.values())
    sent = len(chat.asked)
    assert nih("run", "--resume", "r").code == 0 and len(chat.asked) == sent
    made = result_of(open_run(nih.folder / "r"))
    assert made.summaries[0].planned == sum(not record["trial"].get("extra") for record in records.values())


def test_repeats_of_the_same_prompt_are_no_further_places(nih: Any, chat: Any, small: list[object]) -> None:
    """Asked three times, a prompt stays one place of its text: 9 answers to 3 prompts bound the rate as 3 do."""
    chat.say = lambda text: FULL
    vary = ["--vary", "sampling", "--temperature", 1, "--repeats", 3]
    ended = nih("run", *small, "--lengths", "300:300:1", *vary, "--out", "r")
    assert ended.code == 0, ended.err
    low, high = exact(3, 3)
    assert (
        says(ended.out, "figure.metric_found", value=re.compile(rf"100.0% \[{low:.1%} \S+ {high:.1%}\]"))
        and len(chat.asked) == 9
    )
