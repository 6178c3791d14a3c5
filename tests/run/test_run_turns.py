"""Who sends which trial next: leaders first, places kept together, nobody left waiting."""

import asyncio
from contextlib import aclosing

from nihbench.plan.grid import make_trials
from nihbench.plan.order import order_trials, turn_of
from nihbench.run.runner import Turns

VARY = ("sampling",)
TRIALS = order_trials(
    make_trials(
        experiment="e", needle="n", prompts=("a", "b"), lengths=(500, 1000), depths=(0.0, 50.0, 100.0), repeats=2
    ),
    "cache",
    0,
    vary=VARY,
)


def turns(order="cache"):
    return Turns([(str(i), trial) for i, trial in enumerate(TRIALS)], lambda trial: turn_of(trial, order, VARY, {}))


def sending(queue, senders, stop_after=None):
    """Send everything; return (begun, ended) events in order."""
    events = []

    async def work():
        while len(queue):
            async with aclosing(queue.take()) as mine:
                async for _, trial in mine:
                    events.append(("begun", trial))
                    await asyncio.sleep(0)
                    events.append(("ended", trial))
                    if stop_after is not None and len(events) >= stop_after:
                        return

    async def main():
        await asyncio.wait_for(asyncio.gather(*(work() for _ in range(senders))), 600)

    asyncio.run(main())
    return events


def test_all_are_sent_once_and_a_place_is_never_worked_on_by_two():
    for senders in (1, 3, 50):
        events = sending(turns(), senders)
        assert sorted(repr(t) for kind, t in events if kind == "begun") == sorted(map(repr, TRIALS))
        open_places = set()
        for kind, trial in events:
            place = (trial.length, trial.depth_percent)
            assert (place in open_places) == (kind == "ended")
            open_places ^= {place}


def test_the_leader_is_done_before_anyone_else_begins():
    events = sending(turns(), 4)
    assert events[:2] == [("begun", TRIALS[0]), ("ended", TRIALS[0])]
    assert {kind for kind, _ in events[2:4]} == {"begun"}
    # At depth 0 the longest leads the others once more.
    top = [(kind, t.length) for kind, t in events if t.depth_percent == 0.0]
    assert top[:2] == [("begun", 1000), ("ended", 1000)]


def test_in_other_orders_nobody_waits():
    assert [kind for kind, _ in sending(turns("grid"), 4)[:4]] == ["begun"] * 4


def test_a_leader_that_stops_leaves_nobody_waiting():
    assert sending(turns(), 4, stop_after=2)
