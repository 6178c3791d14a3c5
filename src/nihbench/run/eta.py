"""How long the rest of a run takes, by what its trials have taken: a long prompt takes longer, and limits hold it up.

A trial's seconds are fitted as a + b x length over the finished ones, both at least 0. How much of that work is done in
a second of the clock is measured over the last trials: it holds how many are under way at once, waits, retries, and
whatever else there is. What a minute allows is a floor. Lengths beyond the longest measured one are a guess too low
where time grows faster than length, and `Left.at_least` says so.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass

_RECENT = 40


@dataclass(frozen=True, kw_only=True, slots=True)
class Left:
    """Seconds that the rest takes; `at_least`: longer trials than any measured one are to come."""

    seconds: float
    at_least: bool


class Eta:
    """Takes the finished trials of one session.

    Args:
        owed: the lengths of the trials to come, in tokens.
        now: when the session began, by a clock in seconds that is used for all other times, too.
    """

    def __init__(self, owed: Iterable[int], now: float) -> None:
        self._owed = Counter(owed)
        self._began = now
        self._recent: deque[tuple[float, int]] = deque(maxlen=_RECENT)
        self._longest = 0
        self._count = 0
        self._x = self._y = self._xx = self._xy = 0.0

    @property
    def owed(self) -> dict[int, int]:
        """How many trials of each length are to come."""
        return {length: count for length, count in self._owed.items() if count}

    @property
    def trials(self) -> int:
        """How many trials are owed."""
        return self._owed.total()

    @property
    def tokens(self) -> int:
        """How many tokens the owed trials have."""
        return sum(length * count for length, count in self._owed.items())

    def take(self, length: int, seconds: float, now: float) -> None:
        """Count a finished trial of so many tokens that took so many seconds."""
        if self._owed[length] > 0:
            self._owed[length] -= 1
        self._recent.append((now, length))
        self._longest = max(self._longest, length)
        self._count += 1
        self._x, self._y = self._x + length, self._y + seconds
        self._xx, self._xy = self._xx + length * length, self._xy + length * seconds

    def left(
        self,
        now: float,
        *,
        in_flight: int = 0,
        tokens_per_minute: float | None = None,
        requests_per_minute: float | None = None,
        wait_s: float = 0.0,
    ) -> Left | None:
        """Return how long the rest takes; None before anything was measured.

        Args:
            now: the time.
            in_flight: how many trials are being answered; they are taken to be half done.
            tokens_per_minute: what is allowed, None: unknown.
            requests_per_minute: the same for requests.
            wait_s: how long nothing may be sent, as the server asked.
        """
        if not self._count or now <= self._began:
            return None
        fixed, per_token = self._fit()
        owed = self.owed
        if not owed:
            return Left(seconds=0.0, at_least=False)
        # The window begins when its first trial ended, so that this trial's own work is before it.
        full = len(self._recent) == _RECENT
        since = self._recent[0][0] if full else self._began
        ended = list(self._recent)[1 if full else 0 :]
        begun = in_flight * (fixed + per_token * self._x / self._count) / 2
        # When the session began nothing was under way; at a later beginning of the window as much as now.
        pace = sum(fixed + per_token * length for _, length in ended) + (0.0 if full else begun)
        pace /= max(now - since, 1e-3)
        work = sum(count * (fixed + per_token * length) for length, count in owed.items())
        floors = [wait_s]
        if tokens_per_minute:
            floors.append(60 * self.tokens / tokens_per_minute)
        if requests_per_minute:
            floors.append(60 * self.trials / requests_per_minute)
        return Left(
            seconds=max(*floors, (work - min(begun, work / 2)) / pace if pace > 0 else 0.0),
            at_least=max(owed) > self._longest,
        )

    def _fit(self) -> tuple[float, float]:
        """Return a and b by least squares; through the origin, or level, where the line would cross zero."""
        spread = self._count * self._xx - self._x * self._x
        if spread > 0:
            slope = (self._count * self._xy - self._x * self._y) / spread
            fixed = (self._y - slope * self._x) / self._count
            if slope >= 0 and fixed >= 0:
                return fixed, slope
            if slope < 0:
                return self._y / self._count, 0.0
        return 0.0, self._xy / self._xx if self._xx else 0.0
