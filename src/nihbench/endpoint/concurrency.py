"""How many at once: a limit that grows while calls succeed and shrinks when the server refuses.

Source: AIMD, as in TCP's congestion control (RFC 5681): double a round until the first refusal, then one more a
round; times 0.75 on a refusal, once a burst (refusals of calls sent before the last decrease say nothing new). Two
things are changed, because a refused prompt costs more than a lost packet and an account's limit rarely moves: the
limit falls back to a number that is known to hold where there is one, as CUBIC remembers its last window (RFC 9438),
and a step that was refused is tried again only after twice as many rounds. Growth needs a limit that is in use.

Pure: it counts calls, and knows no time.
"""

from __future__ import annotations

DECREASE = 0.75
LONG_PROMPT_TOKENS = 200_000
_FIRST_PATIENCE = 4
_LONGEST_PATIENCE = 64


def start_for(tokens: int, start: int) -> int:
    """Return how many calls of this many tokens to begin with: `start`, or 4 to 1 for more than 200K tokens."""
    return start if tokens <= LONG_PROMPT_TOKENS else max(1, min(start, 4 * LONG_PROMPT_TOKENS // tokens))


class Concurrency:
    """The limit and what it learnt.

    Args:
        start: calls at once to begin with.
        most: calls at once at most.
    """

    def __init__(self, start: int, most: int) -> None:
        self.most = most
        self.limit = max(1, min(start, most))
        self._holds = 0  # so many at once were accepted
        self._clean = 0  # successes with the limit in use since it last changed
        self._patience = 0  # rounds of them that the next step needs
        self._stepped = False  # the last change was a step up
        self._decreased_at = -1  # the last call that was sent before the last decrease

    def succeeded(self, number: int, at_once: int, in_flight: int) -> None:
        """Take in a call's success.

        Args:
            number: the call's place in the order of sending.
            at_once: calls in flight when it was sent, itself included.
            in_flight: calls in flight now, itself included.
        """
        if number > self._decreased_at:
            self._holds = max(self._holds, at_once)
        if in_flight < self.limit:
            return
        self._clean += 1
        if self._clean < self._patience * self.limit or self.limit >= self.most:
            return
        if self._stepped:
            self._patience //= 2
        self.limit, self._clean, self._stepped = self.limit + 1, 0, True

    def refused(self, number: int, last_sent: int, in_flight: int) -> None:
        """Take in a refusal for too many calls at once; `last_sent` is the number of the newest call."""
        if number <= self._decreased_at:
            return
        self._decreased_at = last_sent
        tried = min(self.limit, in_flight)
        lower = int(tried * DECREASE)
        if self._holds < tried:
            lower = max(lower, self._holds)
        else:
            self._holds = 0
        self.limit, self._clean, self._stepped = max(1, lower), 0, False
        self._patience = min(max(_FIRST_PATIENCE, 2 * self._patience), _LONGEST_PATIENCE)

    def announced(self, allowed: int, number: int, last_sent: int, in_flight: int) -> None:
        """Take in a refusal that names the most calls at once."""
        self.most = max(1, min(self.most, allowed))
        if self.limit > self.most:
            self.limit, self._clean, self._decreased_at = self.most, 0, last_sent
        elif in_flight <= allowed:  # others use the same account
            self.refused(number, last_sent, in_flight)

    def pause(self) -> None:
        """Put off growth by a round: the server has trouble that is not of our making."""
        self._clean = -self.limit

    def begin_low(self, limit: int) -> None:
        """Start again from `limit` at most, for calls that weigh more than any before."""
        if limit < self.limit:
            self.limit, self._clean, self._holds = limit, 0, 0
