"""What follows from a failure of each kind: the one table that retries, resumes, stops and bills go by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from nihbench.types import FailureKind


class Handling(NamedTuple):
    """What follows from a failure.

    `retry`: send the same request again, now; `most_tries`: how often at most where it ends so each time (None: as
    often as the client may); `patient`: not counted at all, while the client has patience, for a refusal costs nothing.
    `retry_on_resume`: a resumed run asks again. `stop_run`: every other trial would fail too. `shrink`: fewer requests
    at a time, where the refusal came as 429 (an overload that others make comes as 503 or 529). `larger_output`: ask
    once more with a larger output limit, where there is room. `counts_as_spent`: the server may have charged for it,
    even where it tells no usage.
    """

    retry: bool = False
    retry_on_resume: bool = False
    stop_run: bool = False
    shrink: bool = False
    larger_output: bool = False
    counts_as_spent: bool = False
    most_tries: int | None = None
    patient: bool = False


HANDLING: Mapping[FailureKind, Handling] = {
    "auth": Handling(stop_run=True, retry_on_resume=True),
    "quota": Handling(stop_run=True, retry_on_resume=True),
    "rate_limit": Handling(retry=True, retry_on_resume=True, shrink=True, patient=True),
    "day_limit": Handling(stop_run=True, retry_on_resume=True),
    "overloaded": Handling(retry=True, retry_on_resume=True, shrink=True, patient=True),
    "transient": Handling(retry=True, retry_on_resume=True),
    # A prompt that timed out may have been paid for: it is sent once more, not again and again, and only where the wait
    # was a short one (see `Retries`).
    "timeout": Handling(retry=True, retry_on_resume=True, counts_as_spent=True, most_tries=2),
    "overflow": Handling(),
    "filtered": Handling(),
    "bad_parameter": Handling(stop_run=True, retry_on_resume=True),
    # A garbled answer is one in many, and worth another try, though both may be paid for. A gateway's page in place of
    # an answer comes again, and is not worth a third.
    "bad_response": Handling(retry=True, retry_on_resume=True, counts_as_spent=True, most_tries=2),
    "cut_prompt": Handling(counts_as_spent=True),
    "cut_answer": Handling(larger_output=True, counts_as_spent=True),
    "refused_by_server": Handling(),
}


def may_pass(kind: FailureKind) -> bool:
    """Say whether such a failure, met after its tries, is the moment's and says nothing of other requests."""
    return HANDLING[kind].retry and kind != "bad_response"
