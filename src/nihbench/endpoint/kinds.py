"""What follows from a failure of each kind: the one table that retries, resumes, limits, stops, bills and shows go by.

A further kind is a line here, its name in `types.FailureKind` and its word in the catalogs (`failure.`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from nihbench.types import FailureKind

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
