"""Who sends which trial next, so that what one computes is there when the others need it (see `plan.order`)."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Hashable, Sequence
from itertools import groupby

from nihbench.plan.order import Turn
from nihbench.types import Trial


class Turns:
    """The owed trials, shared by those who send them.

    Args:
        trials: what is owed, with ids, in sending order.
        turn_of: what a trial waits for.

    `one_a_place`: whether no place has several trials.
    """

    def __init__(self, trials: Sequence[tuple[str, Trial]], turn_of: Callable[[Trial], Turn]) -> None:
        self._turn_of = turn_of
        self._places = deque(list(place) for _, place in groupby(trials, key=lambda item: turn_of(item[1]).place))
        self.one_a_place = all(len(place) == 1 for place in self._places)
        self._led: dict[Hashable, asyncio.Event] = {}

    def __len__(self) -> int:
        """Return how many places nobody has taken yet."""
        return len(self._places)

    async def take(self) -> AsyncGenerator[tuple[str, Trial], None]:
        """Yield the trials of the next place, one after the other, each when it may be sent.

        A trial is done when the next is asked for, or the iterator is closed; who stops early must close it, since
        others may wait for what it leads.
        """
        for trial_id, trial in self._places.popleft():
            led = [event for group in self._turn_of(trial).groups if (event := await self._join(group))]
            try:
                yield trial_id, trial
            finally:
                for event in led:
                    event.set()

    async def _join(self, group: Hashable) -> asyncio.Event | None:
        """Wait for a group's first trial; return the event to be set where this is the first."""
        known = self._led.get(group)
        if known is not None:
            await known.wait()
            return None
        return self._led.setdefault(group, asyncio.Event())
