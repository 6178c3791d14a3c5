"""What each command that reads a run costs at 20,000 trials, beside 5,000: `python -m benchmarks.size`.

The runs are real ones as far as their folders say: planned, and their prompts built and hashed, by `nih batch export`,
so that every prompt can be made again; the answers are of a formula. Four kinds: answers that are mostly right, 4,000
of 20,000 that miss in words of their own, half failures with 4,000 misses of 2 KB, and failures alone. Each row is one
process; "ratio" is its processor time at the larger size over that at the smaller one (4 is in proportion). It exits
with 1 where a command takes more than 10 s of processor time or 400 MB, or a `--resume` more than 3 s until its first
request.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

MOST_SECONDS, MOST_START_SECONDS, MOST_MB = 10.0, 3.0, 400.0
NIH = "from nihbench.cli.app import main; main()"
PLAN = [
    "--model", "gpt-4o", "--base-url", "http://127.0.0.1:9/v1", "--no-controls", "--corpus", "paul-graham-en",
    "--length-unit", "cl100k_base", "--no-calibrate", "--no-preflight", "--depths", "0:100:25",
]  # fmt: skip
FOUND = "Eat a sandwich and sit in Dolores Park on a sunny day."
WORDS = "the essay says that one should make something people want and walk in a park on some day of spring".split()
MISSED = {"found": 0.01, "misses": 0.2, "half": 0.4}
KINDS = ("found", "misses", "half", "failures")


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table and return the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--trials", type=int, default=20_000, help="of the larger run; the smaller has a quarter")
    parser.add_argument("--kinds", nargs="*", default=KINDS, choices=KINDS)
    parser.add_argument("--only", default="", help="a word of the rows to measure")
    parser.add_argument("--keep", type=Path, help="a folder for the runs, which are made once and stay")
    chosen = parser.parse_args(arguments)
    kept = True
    print(f"{'run':<10}{'command':<12}{'cpu s':>8}{'bound':>8}{'ratio':>8}{'peak MB':>9}", flush=True)
    with tempfile.TemporaryDirectory() as temporary:
        folder = chosen.keep or Path(temporary)
        for kind in chosen.kinds:
            small, large = (made(folder, kind, trials) for trials in (chosen.trials // 4, chosen.trials))
            for name, seconds, ratio, peak in rows(small, large, chosen.only):
                most = MOST_START_SECONDS if name == "resume" else MOST_SECONDS
                kept &= peak < MOST_MB and seconds < most
                print(f"{kind:<10}{name:<12}{seconds:>8.2f}{most:>8.0f}{ratio:>8.1f}{peak:>9.0f}", flush=True)
    return 0 if kept else 1


def rows(small: Path, large: Path, only: str) -> Iterator[tuple[str, float, float, float]]:
    """Give every command's name, seconds, ratio and peak in MB."""
    for name, (code, arguments) in COMMANDS.items():
        if only in name:
            (less, _), (seconds, peak) = (measured(code, filled(arguments, run)) for run in (small, large))
            yield name, seconds, seconds / less, peak
    if only in "resume":
        (less, _), (seconds, peak) = resumed(small), resumed(large)
        yield "resume", seconds, seconds / less, peak


FRAME = """
import sys
from pathlib import Path
import nihbench
nihbench.load_run(Path(sys.argv[1])).frame()
"""
PROMPTS = """
import sys
from pathlib import Path
from nihbench.catalog.loading import load
from nihbench.run.like import rebuild_prompt
from nihbench.run.store import open_run
from nihbench.run.texts import stored_corpus
run = open_run(Path(sys.argv[1]))
corpus = stored_corpus(load(), "paul-graham-en", Path.cwd(), run.manifest.corpus.sha256)
for record in run.records().values():
    rebuild_prompt(run, record, corpus)
"""


def filled(arguments: Sequence[str], run: Path) -> list[str]:
    """Return a command's arguments for a run."""
    shutil.rmtree(run.parent / "merged", ignore_errors=True)
    with (run / "records.jsonl").open(encoding="utf-8") as records:
        trial = json.loads(records.readline())["id"]
    return [each.format(run=run, at=run.parent, trial=trial) for each in arguments]


COMMANDS = {
    "score": (NIH, ["score", "{run}"]),
    "cases": (NIH, ["cases", "{run}"]),
    "cases --md": (NIH, ["cases", "{run}", "--md"]),
    "report": (NIH, ["report", "{run}", "--out", "{at}/out.html"]),
    "plot": (NIH, ["plot", "{run}", "--out", "{at}/out.png"]),
    "against": (NIH, ["cases", "{run}", "--against", "{at}/other"]),
    "difference": (NIH, ["plot", "{run}", "{at}/other", "--kind", "difference", "--out", "{at}/out.png"]),
    "csv": (NIH, ["export", "{run}", "--out", "{at}/out.csv"]),
    "json": (NIH, ["export", "{run}", "--out", "{at}/out.json"]),
    "parquet": (NIH, ["export", "{run}", "--out", "{at}/out.parquet"]),
    "frame()": (FRAME, ["{run}"]),
    "compare": (NIH, ["compare", "{run}", "{at}/other"]),
    "diagnose": (NIH, ["diagnose", "{run}"]),
    "rebuild": (NIH, ["rebuild", "{run}", "{trial}"]),
    "prompts": (PROMPTS, ["{run}"]),
    "watch": (NIH, ["watch", "{run}"]),
    "merge": (NIH, ["merge", "{at}/part-1", "{at}/part-2", "--out", "{at}/merged"]),
}
"""Each reading command as Python code and its arguments; what it writes lies beside the run."""


def measured(
    code: str, arguments: Sequence[str], before: Callable[[int], None] = lambda pid: None
) -> tuple[float, float]:
    """Run code as a process; return its processor seconds and its peak memory in MB."""
    command = [sys.executable, "-c", code, *arguments]
    # As in an installation: modules are compiled once, and not with every command.
    compiled = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(Path(tempfile.gettempdir()) / "nih-compiled")}
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said, env=os.environ | compiled
        )
        before(process.pid)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in (0, 3, -signal.SIGKILL):
            said.seek(0)
            raise SystemExit(f"{arguments} ended with {process.returncode}: {said.read()[-2000:]!r}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6


def resumed(run: Path) -> tuple[float, float]:
    """Resume a run of which ten trials are owed, until its first trial reaches the server, which kills it then."""
    pids: list[int] = []

    class Killer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            os.kill(pids[0], signal.SIGKILL)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Killer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        at = f"http://127.0.0.1:{server.server_address[1]}/v1"
        told = ["run", "--resume", str(run.parent / "begun"), "--base-url", at, "--api-key-env", "SIZE_KEY", "--yes"]
        os.environ["SIZE_KEY"] = "none"
        used = measured(NIH, told, pids.append)
        server.shutdown()
    return used


def made(folder: Path, kind: str, trials: int) -> Path:
    """Return the folder of a run of a kind, made where it is not there yet."""
    place = folder / f"{kind}-{trials}"
    if not place.exists():
        plans = planned(folder, trials)
        place.mkdir()
        answer(plans / "whole", place / "run", kind, seed=0)
        answer(plans / "whole", place / "other", kind, seed=1)
        answer(plans / "whole", place / "begun", kind, seed=0, owed=10)
        for part in ("part-1", "part-2"):
            answer(plans / part, place / part, kind, seed=0)
    return place / "run"


def planned(folder: Path, trials: int) -> Path:
    """Return the folder of the exported plans of so many trials: all of them (`whole`), and in two parts."""
    place = folder / f"plans-{trials}"
    if not place.exists():
        lengths = ",".join(f"{1000 + 100 * number}t" for number in range(20))
        plan = [*PLAN, "--lengths", lengths, "--repeats", str(trials // (20 * 25))]
        for name, part in (("whole", []), ("part-1", ["--shard", "1/2"]), ("part-2", ["--shard", "2/2"])):
            command = [sys.executable, "-c", NIH, "batch", "export", *plan, *part, "--out", str(place / name)]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return place


def answer(plan: Path, run: Path, kind: str, seed: int, owed: int = 0) -> None:
    """Make a run of an exported plan: its run.json, and a record of all trials but `owed` of them."""
    run.mkdir()
    shutil.copy(plan / "run.json", run)
    lines = (plan / "batch" / "planned.jsonl").read_text(encoding="utf-8").splitlines()
    with (run / "records.jsonl").open("w", encoding="utf-8") as records:
        for line in lines[: len(lines) - owed]:
            record = json.loads(line)
            record |= {"started_at": "2026-01-01T00:00:00+00:00"} | outcome(record["id"], kind, seed)
            records.write(json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n")


def outcome(trial_id: str, kind: str, seed: int) -> dict[str, Any]:
    """Return what came of a trial, as a record's line has it."""
    luck = random.Random(f"{trial_id}:{seed}")
    call: dict[str, Any] = {"latency_s": 1.0, "attempts": 1}
    if kind == "failures" or (kind == "half" and luck.random() < 0.5):
        message = f"the server could not answer request {trial_id}"
        return {"failure": {"kind": "transient", "message": message, "status": 500, **call}}
    missed = luck.random() < MISSED[kind]
    words = luck.choices(WORDS, k=450 if kind == "half" else 40)  # 2 KB, and a sentence or two
    text = " ".join(words).capitalize() + "." if missed else FOUND
    usage = {"prompt_tokens": None, "completion_tokens": None}
    return {
        "completion": {"text": text, "finish_reason": "stop", "usage": usage, "model": "m", "streamed": False, **call}
    }


if __name__ == "__main__":
    raise SystemExit(main())
