"""Trials under every fault that providers are known for: each is scored right or classed right, once.

What is right stands in scenarios.yaml. `python -m benchmarks.faults` plays the same to sixty trials and prints a table.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.scripted.certificates import HAS_OPENSSL
from benchmarks.scripted.grid import Plan
from benchmarks.scripted.mixtures import mixture
from benchmarks.scripted.scenario import Book, Fault, Scenario, load_book
from benchmarks.scripted.sweep import Row, UnhurriedLoop, doubled, play

BOOK = load_book()
TRIALS = 32


def played(plan: Plan, scenario: Scenario, book: Book, folder: Path) -> Row:
    row = play(plan, scenario, book, folder / "run", folder)
    if row.mistakes and scenario.timeouts:
        # A machine that is at work answers later than a deadline of a second: what is wrong stays wrong with ten.
        row = play(plan, scenario, book, folder / "again", folder, UnhurriedLoop)
    return row


@pytest.mark.parametrize("scenario", BOOK.scenarios, ids=lambda scenario: scenario.name)
def test_every_trial_is_scored_right_or_classed_right(
    scenario: Scenario, plan: Plan, book: Book, tmp_path: Path
) -> None:
    if scenario.server == "tls" and not HAS_OPENSSL:
        pytest.skip("the openssl command is not here to make a certificate with")
    row = played(plan, scenario, book, tmp_path)
    assert row.mistakes == []
    assert (row.trials, row.lost, row.doubled) == (TRIALS, 0, 0)
    assert (row.foreign, row.unfit, row.crashed) == (0, 0, 0)
    assert row.scored + row.classed + row.owed == TRIALS


def test_the_file_holds_the_faults_that_were_promised(book: Book) -> None:
    assert sum(bool(scenario.faults or scenario.stops) for scenario in book.scenarios) >= 40
    classes = {f.ends for s in book.scenarios for f in s.faults} | {s.stops for s in book.scenarios}
    classes |= {f.meets for s in book.scenarios for f in s.faults}
    assert classes >= set(book.billed_at_most)


@pytest.mark.parametrize("seed", range(6))
def test_a_random_mixture_of_faults(seed: int, plan: Plan, book: Book, tmp_path: Path) -> None:
    scenario = mixture(book, seed, len(plan.ids))
    assert len(scenario.faults) > 10
    row = played(plan, scenario, book, tmp_path)
    assert row.mistakes == []
    assert (row.lost, row.doubled) == (0, 0)


BROKEN = Fault(trials=6, do={"status": 500}, meets="transient", calls=2)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (replace(BROKEN, ends="overflow"), "should end as overflow, not answer"),
        (replace(BROKEN, sendings=0), "should end as answer, not transient"),
        (replace(BROKEN, calls=1), "was sent 2 times, not 1"),
        (replace(BROKEN, meets="timeout"), "met ['transient'], not timeout"),
        (replace(BROKEN, text="Eat a sandwich and sit in Dolores Park on a sunny day."), "has another answer"),
        (replace(BROKEN, value=0.5), "has the wrong score"),
        (replace(BROKEN, sendings=3, calls=4, billed=True, meets="overloaded"), "was billed 4 times"),
        (replace(BROKEN, when={"has": "no such field"}), "never happened"),
    ],
)
def test_a_scenario_that_is_wrong_is_caught(wrong: Fault, said: str, plan: Plan, book: Book, tmp_path: Path) -> None:
    mistakes = played(plan, Scenario(name="wrong", faults=(wrong,)), book, tmp_path).mistakes
    assert any(said in mistake for mistake in mistakes), mistakes


def test_a_run_that_should_have_stopped_is_caught(plan: Plan, book: Book, tmp_path: Path) -> None:
    mistakes = played(plan, Scenario(name="wrong", stops="quota"), book, tmp_path).mistakes
    assert mistakes == ["it should stop because of quota, not 'run to its end'"]


def test_a_doubled_answer_is_counted(tmp_path: Path) -> None:
    lines = [{"id": "a", "failure": {}}, {"id": "a", "completion": {}}, {"id": "b", "completion": {}}]
    file = tmp_path / "records.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    assert doubled(tmp_path) == set()
    with file.open("a", encoding="utf-8") as more:
        more.write(json.dumps({"id": "b", "failure": {}}) + "\n")
    assert doubled(tmp_path) == {"b"}
