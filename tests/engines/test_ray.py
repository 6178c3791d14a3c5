"""Ray for real, on this machine: parts of a plan as tasks, one worker killed on the way; skipped where there is no Ray.

Ray is no dependency: `pip install ray`, then `pytest tests/engines`.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from os import kill
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
PARTS = 3


@pytest.fixture
def url() -> Iterator[str]:
    command = [sys.executable, "-m", "benchmarks.scripted", "--delay-s", "0.5"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, text=True, **pipes) as server:  # type: ignore[call-overload]
        yield server.stdout.readline().strip()
        server.stdin.close()


def records(folder: Path) -> dict[str, Any]:
    """Return a run's records by id, without what is time's."""
    found = {}
    for line in (folder / "records.jsonl").read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        for name in ("latency_s", "first_token_s", "entry"):
            record["completion"].pop(name, None)
        found[record["id"]] = {name: value for name, value in record.items() if name != "started_at"}
    return found


def workers() -> list[int]:
    """Return the processes that are at work on a part."""
    shown = subprocess.run(["ps", "-eo", "pid,args"], capture_output=True, text=True, check=True).stdout
    return [int(line.split()[0]) for line in shown.splitlines() if line.split()[1:2] == ["ray::part"]]


def test_parts_run_as_tasks_and_a_killed_workers_part_is_gone_on_with(url: str, tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="Ray is not installed here, and no dependency")
    options = ["--model", "m", "--base-url", url, "--corpus", "paul-graham-en", "--window", "8000", "--no-controls",
               "--lengths", "300,600,900", "--depths", "0,25,50,75,100", "--length-unit", "cl100k_base",
               "--concurrency", "1"]  # fmt: skip
    script = [sys.executable, str(ROOT / "examples" / "ray_shards.py"), str(PARTS), "out", *options]
    with subprocess.Popen(script, cwd=tmp_path) as sweep:
        part = tmp_path / "out-2" / "records.jsonl"
        while sweep.poll() is None and not (part.exists() and part.read_bytes().count(b"\n") > 1):
            time.sleep(0.05)
        assert (at_work := workers()), "nothing was at work when the second part had two records"
        kill(at_work[0], signal.SIGKILL)
        assert sweep.wait() == 0
    live = [sys.executable, "-m", "nihbench", "run", *options, "--out", "live", "--yes"]
    subprocess.run(live, cwd=tmp_path, check=True, stdin=subprocess.DEVNULL)
    assert records(tmp_path / "out") == records(tmp_path / "live")
