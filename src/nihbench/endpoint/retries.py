"""Whether one request is sent again after a failure, and when: the rules of `failures.HANDLING`, counted.

Pure: nothing waits here, and chance is an argument.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

from nihbench.endpoint.failures import HANDLING
from nihbench.types import Failure, FailureKind

LONGEST_WAIT_S = 900.0
"""A server that asks for more than this is asked again by a later run: this one does not sit there for hours."""
_FIRST_WAIT_S: Mapping[FailureKind, float] = {"overloaded": 2.0, "rate_limit": 1.0}
_OTHER_FIRST_WAIT_S = 0.5
_LONGEST_BACKOFF_S = 30.0
_DOUBLINGS = 16
_SHORTEST_ASKED_S = 1.0
_BELIEVED = 2
"""So many waits below that are believed: "Retry-After: 0", said for ever, would be a request every few milliseconds."""


class Retries:
    """The failures of one request so far.

    Args:
        max_attempts: how often it may be sent, not counting refusals that cost nothing.
        patience_s: how many seconds it may wait in all because of such refusals, and for answers that did not come in
            time: after half an hour in vain nobody should have to sit through another one.
        random: returns a number in [0, 1) that spreads the waits.
    """

    def __init__(self, *, max_attempts: int, patience_s: float, random: Callable[[], float]) -> None:
        self._left = max_attempts
        self._patience_s = patience_s
        self._random = random
        self._kinds: Counter[FailureKind] = Counter()

    def wait_s(self, failure: Failure) -> float | None:
        """Return how long to wait before the request is sent again; None: it is not."""
        handling = HANDLING[failure.kind]
        self._kinds[failure.kind] += 1
        count = self._kinds[failure.kind]
        wait_s = self._backoff_s(failure.kind, count) if failure.wait_s is None else failure.wait_s
        if wait_s < _SHORTEST_ASKED_S and count > _BELIEVED:
            wait_s = max(wait_s, self._backoff_s(failure.kind, count - _BELIEVED))
        if handling.patient:
            self._patience_s -= wait_s
        else:
            self._left -= 1
        if failure.kind == "timeout":
            self._patience_s -= failure.latency_s
        used_up = self._left <= 0 or self._patience_s < 0
        if handling.most_tries is not None:
            used_up = used_up or count >= handling.most_tries
        return None if used_up or not handling.retry or wait_s > LONGEST_WAIT_S else wait_s

    def _backoff_s(self, kind: FailureKind, count: int) -> float:
        """Return an exponential wait in seconds, spread over its last quarter so that requests do not come in step."""
        longest = _FIRST_WAIT_S.get(kind, _OTHER_FIRST_WAIT_S) * 2.0 ** min(count - 1, _DOUBLINGS)
        return min(longest, _LONGEST_BACKOFF_S) * (0.75 + 0.25 * self._random())
