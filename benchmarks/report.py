"""How long `nih report` takes on 10,000 trials, and how much memory, as a whole process: `python -m benchmarks.report`.

Synthetic runs of the shapes that weigh most: 100 x 100 cells once, and 15 x 15 cells 44 times, also with failures, so
that every row has other numbers of trials; every answer has words of its own, so that neither the texts nor their
clusters are few. Beside it the same for importing numpy and
reading the run's records, which no report goes below. It exits with 1 over 5 s of processor time, 300 MB of memory or
6 MB of file.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from scripts.synthetic_runs import write_run  # noqa: E402

WORDS = "the essay says that one should make something people want and walk in Dolores park on a sunny day".split()
MOST_SECONDS, MOST_MB, MOST_FILE_MB = 5.0, 300.0, 6.0
FLOOR = """
import sys
from pathlib import Path
import numpy
from nihbench.run.store import open_run
open_run(Path(sys.argv[1])).records()
"""


def measured(code: str, *arguments: str) -> tuple[float, float, float]:
    """Run Python code as a process; return its wall seconds, processor seconds and peak memory in MB."""
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-c", code, *arguments], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"it ended with {process.returncode}: {arguments}")
    return time.perf_counter() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6


def wordy_run(folder: Path, name: str, lengths: int, depths: int, repeats: int, failing: bool) -> Path:
    """Write a run in which every answer has words of its own."""
    run = write_run(
        ROOT / "results" / "reference-smollm2-135m",
        folder,
        name,
        strength=1.0,
        lengths=tuple(int(length) for length in np.linspace(1000, 128_000, lengths)),
        depths=tuple(round(float(depth), 2) for depth in np.linspace(0, 100, depths)),
        repeats=repeats,
        failing=failing,
    )
    file = run / "records.jsonl"
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    for number, line in enumerate(lines):
        if line.get("completion"):
            line["completion"]["text"] += " " + " ".join(random.Random(number).choices(WORDS, k=30))
    file.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
    return run


SHAPES = (("square", 100, 100, 1, False), ("repeats", 15, 15, 44, False), ("failing", 15, 15, 44, True))


def main(shapes: Sequence[tuple[str, int, int, int, bool]] = SHAPES) -> int:
    missed = False
    print(f"{'run':<10} {'trials':>7} {'wall s':>7} {'cpu s':>6} {'peak MB':>8} {'file MB':>8} {'times the floor':>16}")
    for name, lengths, depths, repeats, failing in shapes:
        with tempfile.TemporaryDirectory() as folder:
            run = wordy_run(Path(folder), name, lengths, depths, repeats, failing)
            nih, out = "from nihbench.cli.app import main; main()", Path(folder) / "report.html"
            measured(nih, "score", str(run))
            _, floor, _ = measured(FLOOR, str(run))
            wall, cpu, peak = measured(nih, "report", str(run), "--out", str(out))
            size = out.stat().st_size / 1e6
        print(
            f"{name:<10} {lengths * depths * repeats:>7,} {wall:>7.2f} {cpu:>6.2f} {peak:>8.0f} {size:>8.1f} "
            f"{cpu / floor:>16.1f}",
            flush=True,
        )
        missed |= cpu > MOST_SECONDS or peak > MOST_MB or size > MOST_FILE_MB
    return int(missed)


if __name__ == "__main__":
    raise SystemExit(main())
