"""How much of a bare httpx loop's throughput a run reaches: `python -m benchmarks.throughput` prints the ratio.

The server, a process of its own, answers every prompt after 250 ms with a stream. Both clients send the same bodies of
some 20 KB, 64 at once, through the same httpx and in the same process, in turns; the ratio is of the better halves, so
that what else the machine does touches both alike. A run does more than the loop: it builds the prompts, counts their
tokens, keeps limits, reads the answers and puts every record on the disk. It exits with 1 below 0.95.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import httpx

from benchmarks.scripted.grid import Plan, make_plan, write_corpus
from benchmarks.scripted.process import served
from benchmarks.scripted.server import GOOD
from benchmarks.scripted.sweep import measure
from nihbench.endpoint.dialect import Call
from nihbench.endpoint.wire.base import Dialect
from nihbench.run.store import create_run, manifest

AT_ONCE = 64
DELAY_S = 0.25
LEAST = 0.95
_LENGTHS, _DEPTHS = "4400:4800:16", "40"  # 640 trials of some 20 KB


def main() -> int:
    """Measure in turns, print the ratio and return the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--profile", action="store_true", help="print where a run's time goes")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary, served(DELAY_S) as base_url:
        folder = Path(temporary)
        plan = prepared(folder, base_url)
        bodies = [body_of(plan, index) for index in range(len(plan.ids))]
        size = sum(map(len, bodies)) / len(bodies)
        print(
            f"{len(bodies)} prompts of {size / 1000:.1f} KB, {AT_ONCE} at once, answered after {DELAY_S * 1000:.0f} ms"
        )
        if chosen.profile:
            return profile(plan, folder / "profiled")
        bare, run = [], []
        for turn in range(chosen.turns):
            bare.append(len(bodies) / asyncio.run(bare_loop(base_url, bodies)))
            run.append(len(bodies) / nih_run(plan, folder / f"run-{turn}"))
            print(f"turn {turn + 1}: bare loop {bare[-1]:6.1f} a second, nih {run[-1]:6.1f}", flush=True)
    ratio = better_half(run) / better_half(bare)
    print(f"nih reaches {ratio:.3f} of the bare loop's throughput (at least {LEAST} is wanted)")
    return 0 if ratio >= LEAST else 1


def better_half(rates: Sequence[float]) -> float:
    """Return the median of the better half."""
    return median(sorted(rates)[len(rates) // 2 :])


def prepared(folder: Path, base_url: str) -> Plan:
    """Return the plan: 640 trials over a corpus of a user's own."""
    corpus = write_corpus(folder / "long.txt", 1000)
    options = {
        "lengths": _LENGTHS,
        "depths": _DEPTHS,
        "prompts": None,
        "corpus": str(corpus),
        "concurrency": AT_ONCE,
    }
    return make_plan(folder, **options).at(base_url)


def body_of(plan: Plan, index: int) -> bytes:
    """Return the very bytes that the run sends for a trial."""
    messages, _ = plan.setup.build(plan.setup.trials[index])
    return b"".join(Call(messages=messages, request=plan.setup.request).body(Dialect()))


async def bare_loop(base_url: str, bodies: Sequence[bytes]) -> float:
    """Send all bodies as the simplest loop does, and return the seconds."""
    waiting = iter(bodies)
    headers = {"Content-Type": "application/json"}
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    began = time.perf_counter()
    async with httpx.AsyncClient(timeout=None, limits=limits, trust_env=False, headers=headers) as http:

        async def work() -> None:
            for body in waiting:
                async with http.stream("POST", f"{base_url}/chat/completions", content=body) as response:
                    async for line in response.aiter_lines():
                        if line == "data: [DONE]":
                            break

        await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    return time.perf_counter() - began


def nih_run(plan: Plan, folder: Path) -> float:
    """Run the plan as `nih run` does, and return the seconds."""
    run = create_run(folder, manifest(plan.setup, ""))
    began = time.perf_counter()
    measure(plan, run, GOOD, asyncio.new_event_loop)
    seconds = time.perf_counter() - began
    answered = sum("completion" in line for line in (folder / "records.jsonl").read_text("utf-8").splitlines())
    if answered != len(plan.ids):
        raise SystemExit(f"only {answered} of {len(plan.ids)} trials were answered")
    return seconds


def profile(plan: Plan, folder: Path) -> int:
    """Print where the time of one run goes in this thread."""
    import cProfile
    import pstats

    with cProfile.Profile() as profiler:
        nih_run(plan, folder)
    pstats.Stats(profiler).sort_stats("tottime").print_stats(45)
    return 0


if __name__ == "__main__":
    sys.exit(main())
