"""What is foreseen of a cache rests on where needles will really stand: they go to sentence boundaries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from nihbench.run.forecast import sent_prompts
from nihbench.run.setup import Setup
from nihbench.types import Placement


def test_needles_are_foreseen_where_they_come_to_stand(make_setup: Callable[..., Setup]) -> None:
    setup = make_setup(lengths="200,300,420,500,700,900", depths="9")
    foreseen, placed = [], []
    for sent, trial in zip(sent_prompts(setup), setup.trials, strict=True):
        placement: Any = setup.build(trial)[1]
        assert isinstance(placement, Placement)
        foreseen.append(sent.needle_token)
        placed.append(placement.needle_token)
    # A haystack is some tokens shorter than the plan takes it for, which now and then tips the nearest boundary.
    near = sum(abs(one - other) <= 2 for one, other in zip(foreseen, placed, strict=True))
    assert near >= 0.85 * len(placed), list(zip(foreseen, placed, strict=True))
    # What this is for: needles of several lengths that come to one place, whose prompts share nearly everything.
    shared = [sum(count - 1 for count in Counter(places).values()) for places in (foreseen, placed)]
    assert shared[1] >= 8 and abs(shared[0] - shared[1]) <= 4, shared
