"""How long a server is left alone that asked for it: the longest wait that was asked for holds for all calls.

Pure: the time in seconds is an argument of every method; nothing waits here.
"""

from __future__ import annotations

from collections.abc import Callable

from nihbench.endpoint.retries import LONGEST_WAIT_S
from nihbench.endpoint.waits import in_words
from nihbench.errors import PutOffError
from nihbench.lang.messages import t
from nihbench.types import FailureKind

SAID_S = 10.0
"""Waits from here on are told: a shorter one is over before it is read."""


class HoldOff:
    """The wait that is running.

    Args:
        on_wait: told of every longer wait, in seconds, once for all calls that it holds up.
        now: the time.
    """

    def __init__(self, on_wait: Callable[[float], None], now: float) -> None:
        self._on_wait = on_wait
        self._until = now
        self._kind: FailureKind = "rate_limit"

    def left_s(self, now: float) -> float:
        """Return how much of the wait is left; it is over where that is not above 0."""
        return self._until - now

    def is_too_long(self, now: float) -> bool:
        """Say whether more is left than a run waits."""
        return self.left_s(now) > LONGEST_WAIT_S

    def ask(self, wait_s: float, kind: FailureKind, now: float) -> None:
        """Take in that the server asks to wait, and on account of what."""
        left_s = self.left_s(now)
        if wait_s <= left_s:
            return
        self._until, self._kind = now + wait_s, kind
        # Of several calls that are refused together each asks for nearly the same.
        if wait_s >= SAID_S and wait_s - left_s >= wait_s / 2 and not self.is_too_long(now):
            self._on_wait(wait_s)

    def error(self, now: float) -> PutOffError:
        """Return the error for a call that would wait as long as is left."""
        return put_off(self._kind, self.left_s(now))


def silent(wait_s: float) -> None:
    """Say nothing."""


def put_off(kind: FailureKind, wait_s: float) -> PutOffError:
    """Return the error for a server that asks to wait longer than a run does."""
    sentence = t("endpoint.run_had_stop_server", kind=kind, wait=in_words(wait_s), most=in_words(LONGEST_WAIT_S))
    return PutOffError(sentence, kind=kind, wait_s=wait_s)
