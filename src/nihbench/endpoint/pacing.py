"""How fast: a token bucket for the requests or the tokens of a minute, whose rate is told, or learnt from refusals.

Source: the token bucket as in RFC 2697 (a level that fills at a steady rate up to a brim; a call takes its cost out).
It starts empty, because nothing is known of what the account has used before; a server's own word on what is left
replaces that. Costs are reserved before a call is sent and settled by usage. Pure: the time in seconds is an argument
of every method; nothing waits here.
"""

from __future__ import annotations

import math

MINUTE_S = 60.0
HEADROOM = 0.98
"""The share of a told rate that is used: clocks differ, and prompts do not arrive in the order and time of sending."""
GROWTH = 0.05
"""A learnt rate grows by this share of what was accepted: about a twentieth a minute, none while idle."""
FIRST_GROWTH = 4.0
"""The same for a rate that was learnt from less than a whole minute: the bucket may have been empty at the start."""
_ENOUGH = 0.8
"""A told rate is doubted when it is refused although the last minute took less than this share of it."""
_MOST_DOUBLINGS = 10
_ROUNDING = 1e-6


class Pace:
    """One bucket of requests or tokens a minute.

    Args:
        per_minute: the rate that an option or a preset gives; None is unknown: nothing waits until it is learnt.
        brim_s: how many seconds' worth the bucket holds (at least 1 unit).
        level: what is in it at the start.
        now: the time.
    """

    def __init__(self, per_minute: float | None, *, brim_s: float, level: float, now: float) -> None:
        self._own = per_minute
        self._announced: float | None = None
        self._rate = per_minute
        self._brim_s = brim_s
        self._level = level
        self._filled_at = now
        self._began_at = now
        self._learnt_at = now
        # The last minute's calls that were not refused, by number: when sent, and their cost.
        self._accepted: dict[int, tuple[float, float]] = {}
        self._refused_at = -math.inf
        self._refusals = 0  # in a row, of calls sent one after the other

    @property
    def per_minute(self) -> float | None:
        """The rate in use; None while it is unknown."""
        return self._rate

    def wait_s(self, cost: float, now: float) -> float:
        """Return how long a call of `cost` has to wait; one that costs more than the brim waits for a full bucket."""
        if self._rate is None:
            return 0.0
        self._fill(now)
        missing = min(cost, self._brim(self._rate)) - self._level
        return missing / self._per_second(self._rate) if missing > _ROUNDING else 0.0

    def take(self, number: int, cost: float, now: float) -> None:
        """Reserve the cost of the call of this number; the level may fall below zero."""
        self._fill(now)
        self._accepted[number] = (now, cost)
        while self._accepted and next(iter(self._accepted.values()))[0] <= now - MINUTE_S:
            del self._accepted[next(iter(self._accepted))]
        if self._rate is not None:
            self._level -= cost

    def settle(self, number: int, reserved: float, used: float, now: float) -> None:
        """Replace what was reserved for an accepted call by what it used; a learnt rate grows a little."""
        self._give(reserved - used, now)
        if number in self._accepted:
            sent_at, _ = self._accepted[number]
            self._accepted[number] = (sent_at, used)
            if sent_at > self._refused_at:
                self._refusals = 0
        told = self._told()
        if self._rate is not None and (told is None or self._rate < told):
            growth = GROWTH if self._learnt_at - self._began_at >= MINUTE_S else FIRST_GROWTH
            self._set_rate(min(told or math.inf, self._rate + growth * used), now)

    def cancel(self, number: int, reserved: float, now: float) -> None:
        """Give back what was reserved for a call that the server did not count."""
        self._give(reserved, now)
        self._accepted.pop(number, None)

    def refused(self, number: int, reserved: float, wait_s: float | None, now: float) -> None:
        """Take in that the server refused a call for this rate, and how long it asks to wait.

        A rate that is unknown, or told but plainly too high, is estimated as what was accepted in the last minute.
        The server holds less than the call costs: the level is put at half of that, and twice as far below at every
        further refusal in a row, or lower where the wait asks for it. So a level that runs behind the server's by
        what prompts are counted too low settles there by itself.
        """
        sent_at, _ = self._accepted.get(number, (-math.inf, reserved))
        if sent_at > self._refused_at:
            self._refusals, self._refused_at = min(self._refusals + 1, _MOST_DOUBLINGS), now
        self.cancel(number, reserved, now)
        accepted = sum(cost for sent_at, cost in self._accepted.values() if sent_at > now - MINUTE_S)
        told = self._told()
        doubted = told is not None and now - self._began_at >= MINUTE_S and accepted < _ENOUGH * told
        if told is None or doubted or self._rate is None:
            self._set_rate(max(accepted, reserved, 1.0), now)
            self._learnt_at = now
        if self._rate is not None:
            lacking = max(reserved * 2.0 ** (self._refusals - 2), self._per_second(self._rate) * (wait_s or 0.0))
            self._level = min(self._level, reserved - min(lacking, self._rate))

    def announce(self, per_minute: float | None, remaining: float | None, now: float) -> None:
        """Take in what the server says: its limit, and what is left beside all that has been sent."""
        if per_minute is not None and per_minute > 0 and per_minute != self._announced:
            self._announced = per_minute
            self._set_rate(self._told() or per_minute, now)
        if remaining is not None and self._rate is not None:
            self._fill(now)
            self._level = min(remaining, self._brim(self._rate))

    def _told(self) -> float | None:
        """Return the lower of the user's own rate and the announced one."""
        told = [rate for rate in (self._own, self._announced) if rate is not None]
        return min(told) if told else None

    def _brim(self, rate: float) -> float:
        return max(1.0, rate * self._brim_s / MINUTE_S)

    def _per_second(self, rate: float) -> float:
        return HEADROOM * rate / MINUTE_S

    def _set_rate(self, rate: float, now: float) -> None:
        self._fill(now)
        self._rate = rate

    def _give(self, amount: float, now: float) -> None:
        self._fill(now)
        if self._rate is not None:
            self._level = min(self._level + amount, self._brim(self._rate))

    def _fill(self, now: float) -> None:
        passed_s = max(0.0, now - self._filled_at)
        self._filled_at = max(self._filled_at, now)
        if self._rate is not None:
            self._level = min(self._level + self._per_second(self._rate) * passed_s, self._brim(self._rate))
