"""`nih plan`: what a run would send, cost and take, before anything is sent."""

from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal
from typing import Any

from nihbench.cli.bounds import Bounds, bounds
from nihbench.cli.capped import reach
from nihbench.cli.jobs import Ready, asked_jobs, made_ready
from nihbench.cli.output import show_json, tell
from nihbench.cli.planview import SIDE, Planned, as_json, as_text, total_json, total_text
from nihbench.cli.wiring import foreseen
from nihbench.errors import UsageError
from nihbench.lang.messages import t
from nihbench.plan.cache import Pace
from nihbench.prices import worst_cost
from nihbench.run.calibration import likely_prompts
from nihbench.run.forecast import Forecast
from nihbench.run.reach import Reach
from nihbench.run.setup import Setup


def plan(
    options: dict[str, Any], suite: str | None, prefill_speed: float | None, answer_speed: float | None, as_json: bool
) -> None:
    """Say what a run would send, cost and take, in tokens, dollars and time. No model is asked anything."""
    _check_speeds({"--prefill-speed": prefill_speed, "--answer-speed": answer_speed})
    with made_ready(asked_jobs(options, suite), sending=False, leave_out=True) as ready:
        planned = [_planned(each, prefill_speed, answer_speed) for each in ready]
    alone = suite is None and len(planned) == 1
    if as_json:
        rows = [row for row, _, _ in planned]
        show_json(rows[0] if alone else {"suite": suite, "runs": rows, "total": total_json(planned)})
        return
    tell("\n\n".join([*(text for _, text, _ in planned), *([] if alone else [total_text(planned)])]), hanging=SIDE)


def _planned(ready: Ready, prefill: float | None, answer: float | None) -> Planned:
    """Return what one run would need: for a program, for a reader, and as it was forecast."""
    setup = ready.setup
    found = foreseen(setup, ready.model, _pace(setup, prefill, answer))
    calibration = calibration_cost(setup, free=ready.model.counter is not None or ready.model.is_free)
    adaptive = _adaptive(ready, found) if setup.options.adaptive else None
    capped = _capped(ready)
    text = as_text(ready, found, calibration, adaptive, capped)
    whole = {
        "calibration": calibration,
        "adaptive": asdict(adaptive) if adaptive else None,
        "max_cost": asdict(capped) if capped else None,
    }
    return as_json(setup, found) | whole, text, found


def _capped(ready: Ready) -> Reach | None:
    """Return how far --max-cost reaches, for this run alone; None where there is none, or the price is unknown."""
    most = ready.setup.options.max_cost
    return None if most is None else reach((ready.setup, ready.members, ready.setup.trials), Decimal(str(most)))[0]


def _adaptive(ready: Ready, found: Forecast) -> Bounds:
    """Return what an adaptive run takes at least and at most."""
    free = ready.model.counter is not None
    return bounds(ready.setup, found.cost.least, lambda setup: foreseen(setup, ready.model).cost.most, fits_free=free)


def calibration_cost(setup: Setup, *, free: bool) -> dict[str, Any] | None:
    """Return what fitting the lengths to the server's counts would take; None where nothing is to be fitted.

    `cost_usd` None: the price is unknown. `free`: a counting endpoint counts, at no charge.
    """
    if not setup.wants_calibration:
        return None
    prompts = likely_prompts(setup)
    costs = [worst_cost(setup.preset.prices, tokens, 1) for tokens in prompts]
    known = [cost for cost in costs if cost is not None]
    price = float(sum(known)) if len(known) == len(costs) else None
    return {"requests": len(prompts), "prompt_tokens": sum(prompts), "cost_usd": 0.0 if free else price, "free": free}


def _check_speeds(given: dict[str, float | None]) -> None:
    for name, value in given.items():
        if value is not None and not 0 < value < float("inf"):
            raise UsageError(t("cli.must_more_than_0", name=name))


def _pace(setup: Setup, prefill: float | None, answer: float | None) -> Pace | None:
    """Return what is known of limits and speeds; None where nothing is."""
    rpm = setup.options.rpm or setup.preset.requests_per_minute
    tpm = setup.options.tpm or setup.preset.tokens_per_minute
    if not (rpm or tpm or prefill or answer):
        return None
    return Pace(requests_per_minute=rpm, tokens_per_minute=tpm, prefill_tokens_s=prefill, decode_tokens_s=answer)
