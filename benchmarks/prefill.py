"""How many prompt tokens llama.cpp really computes: `python -m benchmarks.prefill --help`.

The embedded model's server answers small plans, its cache of earlier prompts in RAM off, so that only what a slot
holds can be used again. Measured is the sum of `timings.prompt_n` over the sum of prompt tokens, as the server says
them; predicted is what `nih plan` says of the same plan. Every design has a server of its own, so that none finds what
another left. It exits with 1 when a share in cache order at concurrency 1 is above its bound, or a prediction in cache
order is more than three points off.

`--full` is the 15 x 15 grid to 8K in cache order: about three quarters of an hour on two cores.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from nihbench.app.events import Caller
from nihbench.app.wiring import prepared
from nihbench.catalog.loading import load
from nihbench.endpoint.limits import Limiter, Limits
from nihbench.fetch.files import silent
from nihbench.local.server import LocalServer, model_file
from nihbench.run.forecast import cache_use, forecast_of
from nihbench.run.options import RunOptions
from nihbench.run.runner import owed, run_trials
from nihbench.run.store import create_run, manifest

MODEL = "smollm2-135m"
SMALL = {"lengths": "400:2k:5", "depths": "5"}
FULL = {"lengths": "500:8k:15", "depths": "15"}
MOST_POINTS_OFF = 3.0


@dataclass(frozen=True, kw_only=True)
class Design:
    """A plan to be measured, and the share of its tokens that may be computed at most (None: no bound)."""

    name: str
    prompts: tuple[str, ...]
    repeats: int
    vary: tuple[str, ...]
    bound: float


DESIGNS = (
    Design(name="one variant", prompts=("original",), repeats=1, vary=("haystack",), bound=0.53),
    Design(name="two variants", prompts=("original", "explicit"), repeats=1, vary=("haystack",), bound=0.28),
    Design(
        name="two x three, same text",
        prompts=("original", "explicit"),
        repeats=3,
        vary=("temperature",),
        bound=0.11,
    ),
    Design(
        name="two x three, fresh haystacks",
        prompts=("original", "explicit"),
        repeats=3,
        vary=("haystack",),
        bound=0.28,
    ),
)


def measure(design: Design, order: str, concurrency: int, grid: dict[str, str]) -> tuple[float, float]:
    """Run a design on a fresh server; return the predicted and the measured share of computed tokens."""
    preset = load().models[MODEL]
    assert preset.local is not None
    path = model_file(preset.local, report=silent)
    with (
        LocalServer(path, alias=preset.model, window=8192, slots=concurrency, cache_ram_mib=0) as server,
        tempfile.TemporaryDirectory() as folder,
    ):
        options = RunOptions(
            model=MODEL,
            base_url=server.base_url,
            prompts=design.prompts,
            repeats=design.repeats,
            vary=design.vary,
            order=order,
            concurrency=concurrency,
            max_output=4,
            **grid,
        )
        with prepared(options, Caller(), sending=True) as (setup, model):
            run = create_run(Path(folder) / "run", manifest(setup, datetime.now(UTC).isoformat()))
            trials = owed(setup, {})
            limiter = Limiter(Limits(concurrency=concurrency, start=concurrency))

            async def send() -> None:
                async with model.client(limiter=limiter) as client:
                    with run.writer() as writer:
                        await run_trials(
                            setup,
                            trials,
                            client,
                            writer,
                            total=len(trials),
                            now=lambda: datetime.now(UTC),
                            on_progress=lambda progress: None,
                            limiters=[limiter],
                        )

            asyncio.run(send())
            use = cache_use(forecast_of(setup), run.records().values())
            assert use is not None, "the server says nothing of its cache"
            return use.predicted, use.computed


def cases(args: argparse.Namespace) -> Iterator[tuple[Design, str, int, dict[str, str]]]:
    """Yield what is to be measured."""
    if args.full:
        yield DESIGNS[0], "cache", 1, FULL
        return
    for order in args.orders.split(","):
        for concurrency in map(int, args.concurrency.split(",")):
            for number in map(int, args.designs.split(",")):
                yield DESIGNS[number], order, concurrency, SMALL


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--full", action="store_true", help="the 15 x 15 grid to 8K, one variant, in cache order")
    parser.add_argument("--orders", default="cache,random,grid")
    parser.add_argument("--concurrency", default="1,4")
    parser.add_argument("--designs", default="0,1,2,3", help="which of the designs, by number")
    args = parser.parse_args()
    missed = False
    print(f"{'design':<30} {'order':<7} {'at a time':>9} {'predicted':>10} {'measured':>9} {'bound':>6}")
    for design, order, concurrency, grid in cases(args):
        predicted, measured = measure(design, order, concurrency, grid)
        bounded = order == "cache" and concurrency == 1
        bound = f"{design.bound:.0%}" if bounded else ""
        print(
            f"{design.name:<30} {order:<7} {concurrency:>9} {predicted:>10.1%} {measured:>9.1%} {bound:>6}", flush=True
        )
        missed |= bounded and (measured > design.bound or 100 * abs(predicted - measured) > MOST_POINTS_OFF)
    return int(missed)


if __name__ == "__main__":
    raise SystemExit(main())
