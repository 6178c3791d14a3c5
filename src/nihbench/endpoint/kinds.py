"""What follows from a failure of each kind: one table for retries, resumes, limits, stops, bills; and the retries.

A further kind is a line here, its name in `types.FailureKind` and its word in the catalogs (`failure.`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from nihbench.endpoint.waits import in_words
from nihbench.errors import PutOffError
from nihbench.lang.messages import t
from nihbench.types import Failure, FailureKind, Record

Group = Literal["account", "server", "request", "content", "answer"]
Slowing = Literal["", "pause", "fewer", "exceeded"]
_OURS = 429
"""The status of a refusal that is about how much we send; an overload that others make comes as 503 or 529."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Handling:
    """What follows from a failure.

    Attributes:
        group: Which kinds share a pattern in figures.
        letter: What a map in a terminal shows.
        retry: Send the same request again, now.
        most_tries: How often at most where it ends so each time (None: as often as the client may).
        patient: Not counted at all, while the client has patience, for a refusal costs nothing.
        first_wait_s: How long the first wait is where the server names none.
        retry_on_resume: A resumed run asks again.
        stop_run: Every other trial would fail too: the run ends with exit code 4 (`StoppedError`). After any other
            failure it goes on, and ends with 3 where a trial stays without an answer.
        slows: What the limiter does: it stops to grow ("pause"), sends fewer at a time where the refusal is about us
            ("fewer"), or slows down in what was exceeded.
        weighed: The server read the prompt, so that its tokens count against those of a minute.
        larger_output: Ask once more with a larger output limit, where there is room.
        no_help: A larger output limit that ends so did not help.
        counts_as_spent: The server may have charged for it, even where it tells no usage.
        unworked: It was refused before any work was done, whatever its status.
        momentary: Met after its tries it is the moment's, and says nothing of other requests.
    """

    group: Group
    letter: str
    retry: bool = False
    most_tries: int | None = None
    patient: bool = False
    first_wait_s: float = 0.5
    retry_on_resume: bool = False
    stop_run: bool = False
    slows: Slowing = ""
    weighed: bool = False
    larger_output: bool = False
    no_help: bool = False
    counts_as_spent: bool = False
    unworked: bool = False
    momentary: bool = False

    def sends_fewer(self, status: int | None) -> bool:
        """Say whether it calls for fewer requests at a time, having come with a status."""
        return self.slows == "fewer" and status == _OURS


HANDLING: Mapping[FailureKind, Handling] = {
    "auth": Handling(group="account", letter="A", stop_run=True, retry_on_resume=True),
    "quota": Handling(group="account", letter="Q", stop_run=True, retry_on_resume=True),
    "rate_limit": Handling(group="account", letter="R", retry=True, retry_on_resume=True, slows="exceeded",
                           patient=True, first_wait_s=1.0, momentary=True),
    "day_limit": Handling(group="account", letter="D", stop_run=True, retry_on_resume=True),
    "overloaded": Handling(group="server", letter="L", retry=True, retry_on_resume=True, slows="fewer", patient=True,
                           first_wait_s=2.0, unworked=True, momentary=True),
    "transient": Handling(group="server", letter="X", retry=True, retry_on_resume=True, slows="pause", weighed=True,
                          momentary=True),
    # A prompt that timed out may have been paid for: it is sent once more, not again and again, and only where the wait
    # was a short one (see `Retries`).
    "timeout": Handling(group="server", letter="T", retry=True, retry_on_resume=True, slows="pause", weighed=True,
                        counts_as_spent=True, most_tries=2, momentary=True),
    "overflow": Handling(group="request", letter="O", no_help=True),
    "filtered": Handling(group="content", letter="F", weighed=True),
    "bad_parameter": Handling(group="request", letter="P", stop_run=True, retry_on_resume=True, no_help=True),
    # A garbled answer is one in many, and worth another try, though both may be paid for. A gateway's page in place of
    # an answer comes again, and is not worth a third.
    "bad_response": Handling(group="server", letter="B", retry=True, retry_on_resume=True, weighed=True,
                             counts_as_spent=True, most_tries=2),
    "cut_prompt": Handling(group="request", letter="C", weighed=True, counts_as_spent=True),
    "cut_answer": Handling(group="answer", letter="K", weighed=True, larger_output=True, counts_as_spent=True,
                           no_help=True),
    "refused_by_server": Handling(group="content", letter="S"),
}  # fmt: skip


def may_be_asked(record: Record | None) -> bool:
    """Say whether a trial has no record, or only a failure that may pass now."""
    return record is None or (isinstance(record.outcome, Failure) and HANDLING[record.outcome.kind].retry_on_resume)


# ---- whether one request is sent again after a failure, and when: the rules of `HANDLING`, counted -------------------
# Pure: nothing waits here, and chance is an argument.


LONGEST_WAIT_S = 900.0
"""A server that asks for more than this is asked again by a later run: this one does not sit there for hours."""
_LONGEST_BACKOFF_S = 30.0
GONE_S = 300.0
"""How long a server is waited for that has answered before and can't be reached: an engine that is started again loads
its model in minutes."""
_LONGEST_CALL_S = 5.0
_DOUBLINGS = 16
_SHORTEST_ASKED_S = 1.0
_BELIEVED = 2
"""So many waits below that are believed: "Retry-After: 0", said for ever, would be a request every few milliseconds."""


def was_unsent(failure: Failure) -> bool:
    """Say whether nothing of the request was sent, so that it has cost nothing: the server can't be reached."""
    return failure.kind == "transient" and failure.status is None and not failure.may_be_billed


class Retries:
    """The failures of one request so far.

    Args:
        max_attempts: how often it may be sent, not counting refusals that cost nothing.
        patience_s: how many seconds it may wait in all because of such refusals, and for answers that did not come in
            time: after half an hour in vain nobody should have to sit through another one.
        random: returns a number in [0, 1) that spreads the waits.
        is_awaited: says whether the server has answered before, and has not been gone for too long (`GONE_S`).
    """

    def __init__(
        self,
        *,
        max_attempts: int,
        patience_s: float,
        random: Callable[[], float],
        is_awaited: Callable[[], bool] = bool,
    ) -> None:
        self._left = max_attempts
        self._patience_s = patience_s
        self._random = random
        self._is_awaited = is_awaited
        self._calls = 0
        self._kinds: Counter[FailureKind] = Counter()

    def wait_s(self, failure: Failure) -> float | None:
        """Return how long to wait before the request is sent again; None: it is not."""
        handling = HANDLING[failure.kind]
        if was_unsent(failure) and self._is_awaited():
            self._calls += 1
            return min(self._backoff_s(failure.kind, self._calls), _LONGEST_CALL_S)
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
        longest = HANDLING[kind].first_wait_s * 2.0 ** min(count - 1, _DOUBLINGS)
        return min(longest, _LONGEST_BACKOFF_S) * (0.75 + 0.25 * self._random())


# ---- holdoff ---------------------------------------------------------------------------------------------------------
# How long a server is left alone that asked for it: the longest wait that was asked for holds for all calls.
#
# Pure: the time in seconds is an argument of every method; nothing waits here.

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
