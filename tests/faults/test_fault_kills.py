"""A real `nih run` process, killed at random moments under random faults and resumed: nothing lost, nothing doubled."""

from __future__ import annotations

import random
import subprocess
import time
from pathlib import Path

import pytest

from benchmarks.scripted.grid import DEPTHS, LENGTHS, WINDOW, Plan
from benchmarks.scripted.mixtures import mixture, quick
from benchmarks.scripted.scenario import Book, Fault, Scenario
from benchmarks.scripted.server import Log, Server
from benchmarks.scripted.sweep import doubled, met, read_last
from nihbench.plan.grid import CONTROLS
from tests.cli.nursery import started

CONCURRENCY = 6
KILLS = 5
PRESET = """
models:
  x: {model: x, tokenizer: cl100k_base, message_overhead: 4, reply_overhead: 3, max_output: 60}
"""


def start(folder: Path, environment: dict[str, str], *options: object) -> subprocess.Popen[bytes]:
    words = ["run", *map(str, options)]
    return started(words, folder, environment, stdout=subprocess.DEVNULL)


def check_life(scenario: Scenario, plan: Plan, before: set[str], after: set[str], log: Log, *, killed: bool) -> None:
    """No finished trial was sent again, none was sent too often, and little is lost that had been answered.

    The server knows prompts, and a sentinel's is that of a trial of the grid: those that share one are judged together.
    """
    assert set(log.requests) <= set(range(len(plan.sharing)))
    forgotten = 0
    for index, sharing in enumerate(plan.sharing):
        asked = len(set(sharing) - before)
        assert log.requests[index] <= most_calls(met(scenario, index), asked), f"prompt {index}"
        forgotten += max(0, log.answered[index] - len(set(sharing) & after - before))
    assert forgotten <= (CONCURRENCY if killed else 0)


def most_calls(fault: Fault | None, asked: int) -> int:
    """Return how often a prompt may be sent in one life, for so many trials that had no record yet."""
    if fault is None or not asked:
        return asked
    assert fault.calls is not None
    # A fault that passes is met by the first sendings of the life, whichever trial's they are.
    return asked + (fault.calls - 1) * (1 if fault.sendings else asked)


@pytest.mark.parametrize("seed", [1, 2])
def test_sigkill_at_random_moments(
    seed: int, whole_plan: Plan, book: Book, own_cache: dict[str, str], tmp_path: Path
) -> None:
    plan = whole_plan
    (tmp_path / "models.yaml").write_text(PRESET, encoding="utf-8")
    scenario = mixture(book, seed, len(plan.sharing), quick)
    draw = random.Random(seed)
    with Server(book.providers["openai"], plan.known, delay_s=0.03) as server:
        new = ["--model", "x", "--base-url", server.base_url(), "--corpus", plan.setup.options.corpus]
        new += [
            "--lengths",
            LENGTHS,
            "--depths",
            DEPTHS,
            "--window",
            WINDOW,
            "--prompt",
            "kamradt-0.1.0",
            "--out",
            "run",
        ]
        folder = tmp_path / "run"
        kills = 0
        for _ in range(30):
            before = set(read_last(folder))
            server.play(scenario)
            begun = (folder / "run.json").exists()
            options = ["--resume", "run"] if begun else new
            process = start(tmp_path, own_cache, *options, "--concurrency", CONCURRENCY)
            if kills < KILLS:
                target = draw.randint(0, 24)
                while server.log.total < target and process.poll() is None:
                    time.sleep(0.005)
                time.sleep(draw.uniform(0.0, 0.05))
                process.kill()
            _, said = process.communicate(timeout=600)
            killed = process.returncode == -9
            kills += killed
            check_life(scenario, plan, before, set(read_last(folder)), server.log, killed=killed)
            assert killed or process.returncode in (0, 3), said.decode()
            if not killed:
                break
        assert kills == KILLS and not killed
        # Finished is finished, controls too: the next life asks nothing.
        server.play(scenario)
        process = start(tmp_path, own_cache, "--resume", "run")
        process.communicate(timeout=600)
        assert process.returncode in (0, 3) and server.log.total == 0
    records = read_last(folder)
    assert set(records) == set(plan.ids)
    assert doubled(folder) == set()
    assert {trial.control for trial in plan.setup.trials} == {None, *CONTROLS}
    for index, sharing in enumerate(plan.sharing):
        fault = met(scenario, index)
        expected = fault.ends if fault else "answer"
        kinds = {records[trial_id].get("failure", {}).get("kind", "answer") for trial_id in sharing}
        assert kinds == {expected}, f"prompt {index}"
