"""The bill of whole commands: runs, parts, merges, judges, probes, checks, killed and gone on with."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nihbench.types import Tokenizer
from tests.billing import PRICE, WAYS, Service
from tests.cli.conftest import shown_spent, told_spent

pytestmark = pytest.mark.slow  # whole commands, killed and gone on with


@pytest.fixture(scope="module")
def shared(named_tokenizer: Callable[[str], Tokenizer]) -> Iterator[Service]:
    service = Service(count=named_tokenizer("cl100k_base").count)
    yield service
    service.close()


@pytest.fixture
def service(shared: Service) -> Service:
    """One service for all; what it has billed before is another trial's."""
    shared.begin()
    return shared


@pytest.fixture
def model(service: Service, own_texts: dict[str, Path]) -> list[object]:
    return [
        *("--model", "x", "--base-url", service.base_url, "--window", 8000, "--corpus", own_texts["en"]),
        *("--max-output", 50, "--no-stream", *PRICE),
    ]


@pytest.fixture
def options(model: list[object]) -> list[object]:
    """Eight trials of 300 tokens and answers of fifty at the most: four cents each."""
    grid = ("--lengths", "300:300:1", "--depths", "0:100:8", "--length-unit", "cl100k_base")
    return [*model, *grid, "--no-preflight", "--no-controls", "--concurrency", 4]


@pytest.mark.parametrize(
    "name", ["reasoning beside it, total", "own key", "three tokens for one", "past the limit", "billed 502"]
)
def test_the_cap_holds_for_a_run(nih: Any, service: Service, options: list[object], name: str) -> None:
    service.way, service.delay_s = WAYS[name], 0.01
    cap = 0.2
    ended = nih("run", *options, "--max-cost", cap, "--out", "run")
    assert ended.code == 4, ended.err
    assert 0.2 * cap < service.bill <= cap, (service.bill, service.calls)
    # What is shown is no less than the bill, in the last digit that is shown.
    assert shown_spent(ended.err) >= service.bill - 5e-5


def kill(nih: Any, service: Service, *arguments: object, calls: int = 1) -> int:
    """Give a command and kill it once it waits for an answer; return how it ended."""
    wanted = service.calls + calls
    process = nih.start(*arguments)
    while process.poll() is None:
        if service.wait_for(wanted, 0.05):
            process.kill()
            break
    process.communicate(timeout=600)
    return int(process.returncode)


def killed_to_the_end(nih: Any, service: Service, first: list[object], again: list[object], most: int = 9) -> None:
    """Kill a command, and the one that goes on with it, until it says that no money is left."""
    service.hold_from = 1
    ended = kill(nih, service, *first)
    for _ in range(most):
        if ended != -9:
            break
        ended = kill(nih, service, *again)
    assert ended == 4, ended


def test_what_is_asked_before_there_is_a_run_stays_paid_for(nih: Any, service: Service, model: list[object]) -> None:
    """Killed in its first question each time, and given again: a preflight, of a run that is never begun."""
    command = ["run", *model, "--lengths", "300:300:1", "--depths", "0:100:8", "--max-cost", 0.025, "--out", "run"]
    killed_to_the_end(nih, service, command, command)
    assert 0.01 < service.bill <= 0.025
    assert not (nih.folder / "run" / "run.json").exists()
    # What is left is enough for the rest, once the cap says so; and what was lost is counted.
    service.release.set()
    service.hold_from = None
    ended = nih("run", *command[1:-4], "--max-cost", 5, "--no-controls", "--out", "run")
    assert ended.code in (0, 3), ended.err
    assert shown_spent(ended.err) >= service.bill - 5e-5


def test_parts_that_were_killed_are_paid_for_when_they_are_merged(
    nih: Any, service: Service, options: list[object]
) -> None:
    for number in (1, 2):
        service.hold_from = service.calls + 2
        part = ["run", *options, "--shard", f"{number}/2", "--max-cost", 0.25, "--out", f"part{number}"]
        assert kill(nih, service, *part, calls=3) == -9
    service.release.set()
    service.hold_from = None
    assert nih("merge", "part1", "part2", "--out", "whole").code == 3
    cap = 0.4
    ended = nih("run", "--resume", "whole", "--max-cost", cap)
    assert ended.code == 4, ended.err
    assert 0.2 < service.bill <= cap
    # Copies of one run are paid for once.
    shown = [nih("merge", "whole", other, "--out", f"with-{other}").code for other in ("part1", "part2")]
    assert shown == [3, 3]
    lines = [(nih.folder / name / "spent.jsonl").read_text(encoding="utf-8") for name in ("whole", "with-part1")]
    assert sorted(lines[0].splitlines()) == sorted(lines[1].splitlines())


def test_a_run_of_an_older_version_that_was_killed(nih: Any, service: Service, options: list[object]) -> None:
    """Its `.committed` holds what it may have spent: for a resumed run, and for one that is merged."""
    for number in (1, 2):
        part = ["run", *options, "--shard", f"{number}/2", "--max-cost", 0.05, "--out", f"part{number}"]
        assert nih(*part).code == 4
        folder = nih.folder / f"part{number}"
        (folder / "spent.jsonl").unlink()
        (folder / ".committed").write_text("0.23".rjust(48) + "\n", encoding="ascii")
    assert nih("merge", "part1", "part2", "--out", "whole").code == 3
    before = service.calls
    for folder in ("whole", "part1"):
        ended = nih("run", "--resume", folder, "--max-cost", 0.24 if folder == "part1" else 0.47)
        assert ended.code == 4 and service.calls == before, ended.err
    assert not (nih.folder / "part1" / ".committed").exists()
    ended = nih("run", "--resume", "whole", "--max-cost", 0.6)
    assert service.calls > before and told_spent(ended.err, 0.46 + service.bill - _of(before, service))


def _of(calls: int, service: Service) -> float:
    """The bill of the first so many calls, all of which are alike in price to a tenth of a cent."""
    return service.bill * calls / service.calls


JUDGE = """
models:
  wise: {{base_url: "{url}", window: 8000, prices: [{{input: 100, output: 200}}], prices_as_of: "2026-11"}}
"""


def test_a_judge_that_is_killed_stays_paid_for(nih: Any, service: Service, options: list[object]) -> None:
    assert nih("run", *options, "--out", "run").code == 0
    (nih.folder / "models.yaml").write_text(JUDGE.format(url=service.base_url), encoding="utf-8")
    run = service.bill
    command = ["score", "run", "--judge", "wise", "--max-output", 60, "--max-cost", 0.75]
    killed_to_the_end(nih, service, command, command)
    assert 0 < service.bill - run <= 0.75
    # It is an account of its own: the run has cost what it has cost.
    assert nih("run", "--resume", "run", "--max-cost", run + 0.001).code == 0


def test_probes_that_are_killed_stay_paid_for(nih: Any, service: Service, options: list[object]) -> None:
    service.text = "The document does not say."
    assert nih("run", *options, "--out", "run").code == 0
    run = service.bill
    command = ["cases", "run", "--probe", "--concurrency", 1, "--max-cost", run + 0.1]
    killed_to_the_end(nih, service, command, command)
    assert 0.03 < service.bill - run <= 0.1


def test_the_ledger_says_what_a_call_may_cost_before_it_is_sent(
    nih: Any, service: Service, options: list[object]
) -> None:
    service.hold_from = 2
    assert kill(nih, service, "run", *options, "--concurrency", 1, "--out", "run", calls=2) == -9
    rows = [json.loads(line) for line in (nih.folder / "run" / "spent.jsonl").read_bytes().splitlines()]
    assert [row["call"] for row in rows] == [rows[0]["call"]] * 2 + [rows[2]["call"]]
    assert float(rows[0]["usd"]) > float(rows[1]["usd"]) and float(rows[2]["usd"]) > 0.03
