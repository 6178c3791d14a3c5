"""The peak memory of `nih run` as a process: `python -m benchmarks.memory` prints a table.

Two runs against the scripted server: the default grid of 225 trials from 1K to 128K tokens, 8 at once, and prompts of
1M tokens, 2 at once. The text is made up, and long enough for both; --corpus takes another one (novels, say).
The peak is the operating system's own (the process's largest resident set). It exits with 1 over a bound.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.scripted.grid import write_corpus
from benchmarks.scripted.process import ROOT, served
from nihbench.endpoint.tokenizers import load_tokenizer
from nihbench.fetch.files import cache_dir

RUNS = {
    "225 trials, 1K to 128K tokens, 8 at once": (
        ("--lengths", "1k:128k:15", "--window", "200000", "--concurrency", "8"),
        250.0,
    ),
    "10 trials, 1M tokens, 2 at once": (
        ("--lengths", "1m:1m:1", "--depths", "10", "--window", "1200000", "--concurrency", "2"),
        400.0,
    ),
}


def main() -> int:
    """Print the table and return the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--corpus", type=Path, help="a file or folder of 1.1M tokens or more; else a text is made up")
    parser.add_argument("--only", default="", help="a word of the rows to measure")
    chosen = parser.parse_args()
    kept = True
    print(f"{'run':<48}{'peak MB':>9}{'at most':>9}{'seconds':>9}")
    with tempfile.TemporaryDirectory() as temporary:
        corpus = chosen.corpus or write_corpus(Path(temporary) / "long.txt", 110_000)
        for name, (options, most) in RUNS.items():
            if chosen.only in name:
                peak, seconds = peak_mb([*options, "--corpus", str(corpus.resolve())])
                kept &= peak < most
                print(f"{name:<48}{peak:>9.0f}{most:>9.0f}{seconds:>9.0f}", flush=True)
    return 0 if kept else 1


def peak_mb(options: list[str]) -> tuple[float, float]:
    """Run `nih run` with the options and return its peak memory in MB and its seconds."""
    with tempfile.TemporaryDirectory() as temporary, served() as base_url:
        command = [sys.executable, "-c", "from nihbench.cli.app import main; main()", "run", "--model", "x"]
        command += ["--base-url", base_url, "--length-unit", "cl100k_base", *options, "--out", "run"]
        began = time.monotonic()
        process = subprocess.Popen(
            command,
            cwd=temporary,
            env=os.environ | {"PYTHONPATH": str(ROOT / "src")} | _empty_cache(Path(temporary)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=(Path(temporary) / "notes").open("wb"),
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit((Path(temporary) / "notes").read_text("utf-8", "replace")[-2000:])
        return _mb(usage), time.monotonic() - began


def _empty_cache(folder: Path) -> dict[str, str]:
    """Return the environment for a cache without any corpus's token positions: making them takes memory too."""
    load_tokenizer("cl100k_base")
    usual = [str(cache_dir() / "tiktoken"), f"{tempfile.gettempdir()}/data-gym-cache"]
    ranks = next(place for place in (os.environ.get("TIKTOKEN_CACHE_DIR"), *usual) if place and Path(place).is_dir())
    return {"NIH_CACHE_DIR": str(folder / "cache"), "TIKTOKEN_CACHE_DIR": ranks}


def _mb(usage: resource.struct_rusage) -> float:
    """Return the largest resident set: macOS tells bytes, Linux kilobytes."""
    return usage.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e6 / 1024)


if __name__ == "__main__":
    sys.exit(main())
