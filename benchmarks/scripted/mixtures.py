"""Random mixtures: every trial of a run draws one of the file's faults, or none, by a seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace

from benchmarks.scripted.scenario import Book, Fault, Scenario

_SHARE = 0.6
_LASTING = ("overflow", "filtered", "refused_by_server")


def quick(fault: Fault) -> bool:
    """Say whether a fault brings no wait of more than a second, and a failure that no resumed run asks for again."""
    lasting = fault.ends in (*_LASTING, "answer")
    return lasting and fault.meets in (None, "transient", "cut_answer", "bad_response") and "drip_s" not in fault.do


def mixture(book: Book, seed: int, trials: int, fits: Callable[[Fault], bool] = lambda fault: True) -> Scenario:
    """Return a scenario in which more than half of the trials meet some fault, each its own."""
    draw = random.Random(seed)
    choices = [fault for scenario in book.scenarios for fault in _mixable(scenario) if fits(fault)]
    faults = []
    for index in range(trials):
        if draw.random() < _SHARE:
            drawn = draw.choice(choices)
            # A failure that lasts is met at every sending: a killed run must come to it again.
            sendings = 0 if drawn.ends != "answer" else drawn.sendings
            faults.append(replace(drawn, only=frozenset({index}), sendings=sendings))
    return Scenario(name=f"mixture {seed}", faults=tuple(faults))


def _mixable(scenario: Scenario) -> Iterator[Fault]:
    """Yield the faults that mean the same beside others: of streams, and of single trials."""
    alone = scenario.stops or scenario.timeouts or scenario.more or scenario.server != "plain"
    if not alone and scenario.stream is None:
        yield from (f for f in scenario.faults if not f.connections and "130" not in str(f.do.get("headers")))
