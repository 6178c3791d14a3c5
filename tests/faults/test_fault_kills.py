"""A real `nih run` process, killed at random moments under random faults and resumed: nothing lost, nothing doubled."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.scripted.grid import DEPTHS, LENGTHS, WINDOW, Plan
from benchmarks.scripted.mixtures import mixture, quick
from benchmarks.scripted.scenario import Book, Scenario
from benchmarks.scripted.server import Log, Server
from benchmarks.scripted.sweep import doubled, met, read_last

SOURCE = Path(__file__).parents[2] / "src"
CONCURRENCY = 6
KILLS = 5
PRESET = """
models:
  x: {model: x, tokenizer: cl100k_base, message_overhead: 4, reply_overhead: 3, max_output: 60}
"""


def start(folder: Path, environment: dict[str, str], *options: object) -> subprocess.Popen[bytes]:
    kept = {name: value for name, value in os.environ.items() if not name.endswith(("_API_KEY", "_BASE_URL"))}
    return subprocess.Popen(
        [sys.executable, "-c", "from nihbench.cli import main; main()", "run", *map(str, options)],
        cwd=folder,
        env=kept | {"PYTHONPATH": str(SOURCE), "PYTHONIOENCODING": "utf-8"} | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def check_life(scenario: Scenario, plan: Plan, before: set[str], after: set[str], log: Log, *, killed: bool) -> None:
    """No finished trial was sent again, none was sent too often, and little is lost that had been answered."""
    for index, trial_id in enumerate(plan.ids):
        fault = met(scenario, index)
        most = 1 if fault is None else fault.calls
        assert most is not None
        assert log.requests[index] <= (0 if trial_id in before else most), f"trial {index}"
    forgotten = [index for index in log.answered if plan.ids[index] not in after]
    assert len(forgotten) <= (CONCURRENCY if killed else 0)


@pytest.mark.parametrize("seed", [1, 2])
def test_sigkill_at_random_moments(
    seed: int, plan: Plan, book: Book, own_cache: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "models.yaml").write_text(PRESET, encoding="utf-8")
    scenario = mixture(book, seed, len(plan.ids), quick)
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
                target = draw.randint(0, 12)
                while server.log.total < target and process.poll() is None:
                    time.sleep(0.005)
                time.sleep(draw.uniform(0.0, 0.05))
                process.kill()
            _, said = process.communicate(timeout=120)
            killed = process.returncode == -9
            kills += killed
            check_life(scenario, plan, before, set(read_last(folder)), server.log, killed=killed)
            assert killed or process.returncode in (0, 3), said.decode()
            if not killed:
                break
        assert kills == KILLS and not killed
    records = read_last(folder)
    assert set(records) == set(plan.ids)
    assert doubled(folder) == set()
    for index, trial_id in enumerate(plan.ids):
        fault = met(scenario, index)
        expected = fault.ends if fault else "answer"
        assert records[trial_id].get("failure", {}).get("kind", "answer") == expected
