"""How long `nih plot` takes on a run of 225 trials, as a whole process: `python -m benchmarks.plot`.

Processor time (user and system) of the process, the least of several; beside it that of importing matplotlib's figure
and Agg canvas alone, which no drawing goes below, and their ratio.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from scripts.synthetic_runs import write_run  # noqa: E402

TIMES = 5
IMPORTS = "import matplotlib.figure, matplotlib.backends.backend_agg"


def seconds(code: str, *arguments: str) -> float:
    def used() -> float:
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    times = []
    for _ in range(TIMES):
        before = used()
        subprocess.run([sys.executable, "-c", code, *arguments], check=True, capture_output=True)
        times.append(used() - before)
    return min(times)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        like = ROOT / "results" / "reference-smollm2-135m"
        run = write_run(like, Path(folder), "synthetic-225", strength=2.0)
        plot = "from nihbench.cli.app import main; main()"
        whole = seconds(plot, "plot", str(run), "--out", str(Path(folder) / "f.png"))
    alone = seconds(IMPORTS)
    print(f"nih plot, 225 trials: {whole:.2f} s; importing matplotlib: {alone:.2f} s; ratio {whole / alone:.1f}")


if __name__ == "__main__":
    main()
