"""A judge is asked by the engine that asks for trials: within the same limits, and stopped by the same rules."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nihbench.endpoint.limits import Limiter, Limits
from nihbench.errors import StoppedError
from nihbench.run.judging import Ballot, Docket, Judge, Verdicts, ask_judge
from nihbench.types import Completion, Failure, FailureKind, Message, Outcome, Request, Usage

JUDGE = Judge(scorer="judge-m", identity="m", request=Request(model="m", max_output=50))


class Scripted:
    """Answers with what it was given, and counts how many calls it had, and how many at once."""

    def __init__(self, *outcomes: Outcome) -> None:
        self._outcomes = outcomes
        self.calls = self.going = self.most = 0

    async def complete(self, messages: Sequence[Message], request: Request) -> Outcome:
        outcome = self._outcomes[self.calls % len(self._outcomes)]
        self.calls += 1
        self.going += 1
        self.most = max(self.most, self.going)
        await asyncio.sleep(0)
        self.going -= 1
        return outcome


def failed(kind: FailureKind, status: int) -> Failure:
    return Failure(kind=kind, message="no", status=status, latency_s=0.1, attempts=1)


def answer(text: str = "{}") -> Completion:
    return Completion(text=text, finish_reason="stop", usage=Usage(), model="m", latency_s=0.1, attempts=1)


def asked(completer: Scripted, folder: Path, questions: int = 20, at_once: int = 2) -> tuple[dict[str, object], int]:
    owed = tuple(Ballot(str(n), (Message(role="user", content=str(n)),), 5) for n in range(questions))
    limiter = Limiter(Limits(concurrency=at_once, start=at_once))
    with Verdicts(folder) as verdicts:
        failures, outcomes = asyncio.run(
            ask_judge(
                Docket(cases={}, owed=owed, known=0), JUDGE, completer, verdicts,
                now=lambda: datetime.now(UTC), limiters=[limiter], on_progress=lambda done, total: None,
            )
        )  # fmt: skip
    return dict(failures), len(outcomes)


def test_as_many_at_once_as_the_limiter_allows(tmp_path: Path) -> None:
    judge = Scripted(answer())
    assert asked(judge, tmp_path, at_once=3) == ({}, 20)
    assert judge.most == 3


@pytest.mark.parametrize("kind", ["rate_limit", "overloaded"])
def test_a_server_that_refuses_one_call_after_the_other_is_left_alone(kind: FailureKind, tmp_path: Path) -> None:
    judge = Scripted(failed(kind, 429))
    with pytest.raises(StoppedError):
        asked(judge, tmp_path)
    assert judge.calls < 6


def test_a_refused_key_stops_it_and_says_what_to_check(tmp_path: Path) -> None:
    judge = Scripted(failed("auth", 401))
    with pytest.raises(StoppedError, match="key"):
        asked(judge, tmp_path)
    assert judge.calls <= 2


def test_one_failure_among_answers_is_one_without_a_verdict(tmp_path: Path) -> None:
    judge = Scripted(*[answer()] * 4, failed("timeout", 408))
    failures, outcomes = asked(judge, tmp_path)
    assert (len(failures), outcomes) == (4, 20)
