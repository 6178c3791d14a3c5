"""Ask a judge model about answers: what is known is not asked again, what is answered is kept before anything else.

What the judge is shown and how its verdict is read is `nihbench.score.judge`'s work; this module sends, keeps and adds
up. A verdict that did not come leaves its answer unscored.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from nihbench.endpoint.limits import Limiter
from nihbench.endpoint.spending import Budget
from nihbench.errors import UsageError, unwritable
from nihbench.fetch.files import open_appending, parse_json
from nihbench.lang.messages import Note, Words, t
from nihbench.run.options import without_secrets
from nihbench.run.records import rows_in
from nihbench.run.runner import Pool
from nihbench.run.scores import COMBINED, Answered, version_of
from nihbench.score.fold import final_answer
from nihbench.score.judge import UNSURE_BELOW, Case, Opinion, case, join_votes, read_verdict
from nihbench.score.judge import VERSION as JUDGE_VERSION
from nihbench.types import Completer, Completion, Failure, Grade, Message, Outcome, Request, Score, Unscored

# ---- A judge's replies, kept in the run's folder: what was paid for once is not asked again --------------------------
# A reply is known by a hash of all that could change it: the model, the words it was shown, its parameters, the vote's
# number. Replies are kept as they came, so that a stricter reading is free. A line that can't be read is asked again.

VERDICTS = "verdicts.jsonl"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What a judge said, and how the server says that it ended."""

    text: str
    finish_reason: str | None


def reply_key(judge: str, messages: Sequence[Message], request: Request, vote: int) -> str:
    """Return the hash that knows a reply.

    Args:
        judge: who is asked: the model's name, with its file's hash where that is known.
        messages: what it is shown.
        request: its parameters.
        vote: which of several votes it is, from 0.
    """
    asked = {
        "judge": judge,
        "version": JUDGE_VERSION,
        "messages": [asdict(message) for message in messages],
        "max_output": request.max_output,
        "temperature": request.temperature,
        "extra_body": without_secrets(request.extra_body),
        "vote": vote,
    }
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode("ascii")).hexdigest()


class Verdicts:
    """The kept replies of one folder, as a context manager: read when it begins, appended to one by one."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / VERDICTS
        self._known: dict[str, Reply] = {}

    def __enter__(self) -> Self:
        try:
            last = b"\n"
            for entry, line in rows_in(self._path, _entry):
                last = line
                if entry is not None:
                    self._known[entry[0]] = entry[1]
            self._file = open_appending(self._path)
            if not last.endswith(b"\n"):
                self._file.write(b"\n")
        except OSError as error:
            raise self._unwritable(error) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def get(self, key: str) -> Reply | None:
        """Return the reply of that key, if it is known."""
        return self._known.get(key)

    def keep(self, key: str, reply: Reply, about: Mapping[str, Any]) -> None:
        """Keep a reply; it is on the disk when this returns. `about` stands beside it for people to read.

        Raises:
            UsageError: it can't be written.
        """
        line = json.dumps({"key": key, "text": reply.text, "finish_reason": reply.finish_reason} | dict(about))
        try:
            self._file.write(line.encode("ascii") + b"\n")
            os.fsync(self._file.fileno())
        except OSError as error:
            raise self._unwritable(error) from error
        self._known[key] = reply

    def _unwritable(self, error: OSError) -> UsageError:
        return unwritable(self._path, error, UsageError)


def _entry(line: bytes) -> tuple[str, Reply] | None:
    try:
        plain = parse_json(line)
        key, text, reason = plain["key"], plain["text"], plain["finish_reason"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    sound = isinstance(key, str) and isinstance(text, str) and (reason is None or isinstance(reason, str))
    return (key, Reply(text=text, finish_reason=reason)) if sound else None


MARGIN = 3.0
"""So many tokens of the judge a token of the guess may be at most: then every byte is one (see `_tokens`)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Judge:
    """Who judges: the scorer's name, the model's identity, the request without its prompt, the votes an answer."""

    scorer: str
    identity: str
    request: Request
    votes: int = 1


class Ballot(NamedTuple):
    """One question to the judge that is not answered yet."""

    key: str
    messages: tuple[Message, ...]
    tokens: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Docket:
    """What a judge has to say: the case of every answer that needs one, and the questions still owed.

    `known` counts the votes whose replies are there already, for this answer or another with the same words.
    """

    cases: Mapping[str, Case]
    owed: tuple[Ballot, ...]
    known: int

    def tokens(self) -> int:
        """Return about how many tokens will be sent."""
        return sum(ballot.tokens for ballot in self.owed)

    def worst_usd(self, budget: Budget, max_output: int) -> float | None:
        """Return what the owed questions cost at most, in USD; None where a price is unknown."""
        costs = [budget.worst_cost(ballot.tokens, max_output) for ballot in self.owed]
        return None if None in costs else float(sum(cost for cost in costs if cost is not None))


@dataclass(frozen=True, kw_only=True, slots=True)
class Spent:
    """What the judge's calls came to, as the server counted; `unpriced` calls are not in `usd`."""

    calls: int
    failed: int
    prompt_tokens: int
    completion_tokens: int
    usd: float
    unpriced: int


def docket(answers: Sequence[Answered], judge: Judge, verdicts: Verdicts) -> Docket:
    """Make the cases of `answers` and find out what must be asked. An answer with nothing in it needs no judge."""
    cases = {}
    for answered in answers:
        final = final_answer(answered.text)
        if final is not None and any(map(str.isalnum, final)):
            cases[answered.id] = case(
                answered.needle, final.strip(), question=answered.question, expected=answered.expected
            )
    owed, known = {}, 0
    for one in cases.values():
        for key in _keys(one, judge):
            if key in owed or verdicts.get(key):
                known += 1
            else:
                owed[key] = Ballot(key, one.messages, _tokens(one.messages))
    return Docket(cases=cases, owed=tuple(owed.values()), known=known)


def _keys(one: Case, judge: Judge) -> list[str]:
    return [reply_key(judge.identity, one.messages, judge.request, vote) for vote in range(judge.votes)]


def _tokens(messages: Sequence[Message]) -> int:
    """Guess a prompt's tokens, for a judge's tokenizer is seldom at hand.

    `MARGIN` times as many are at least as many as the text has bytes, and no vocabulary has more tokens than those.
    """
    text = "".join(message.content for message in messages)
    wide = sum(not char.isascii() for char in text)
    return (len(text) - wide) // 3 + wide * 3 // 2 + 32


async def ask_judge(
    asked: Docket,
    judge: Judge,
    completer: Completer,
    verdicts: Verdicts,
    *,
    now: Callable[[], datetime],
    limiters: Sequence[Limiter],
    on_progress: Callable[[int, int], None],
) -> tuple[dict[str, Words], list[Outcome]]:
    """Send the owed questions, as many at a time as the limiters allow, and keep every reply.

    Args:
        asked: what `docket` found.
        judge: who is asked.
        completer: sends the messages, as far as its budget gives leave.
        verdicts: keeps the replies.
        now: the time, in UTC.
        limiters: those that the completer waits for.
        on_progress: told how many questions are answered, and of how many.

    Returns:
        Why a question got no reply, by its key, and what came of the calls.

    Raises:
        StoppedError: going on is pointless (key, quota, spending cap); what was answered is kept.
    """
    failures: dict[str, Words] = {}
    outcomes: list[Outcome] = []
    pool = Pool(
        model=judge.request.model,
        now=now,
        had_stop=lambda kind, said: t("run.judge_had_stop", kind=kind, message=said),
        limiters=limiters,
    )

    async def ask(ballot: Ballot) -> None:
        request = replace(judge.request, prompt_tokens=ballot.tokens)
        outcome = await completer.complete(ballot.messages, request)
        pool.raise_if_pointless(outcome)
        _take(ballot, outcome, verdicts, failures)
        outcomes.append(outcome)
        on_progress(len(outcomes), len(asked.owed))
        pool.raise_if_refused(outcome)

    await pool.work(partial(ask, ballot) for ballot in asked.owed)
    return failures, outcomes


def _take(ballot: Ballot, outcome: Outcome, verdicts: Verdicts, failures: dict[str, Words]) -> None:
    if isinstance(outcome, Completion):
        usage = {"prompt_tokens": outcome.usage.prompt_tokens, "completion_tokens": outcome.usage.completion_tokens}
        reply = Reply(text=outcome.text, finish_reason=outcome.finish_reason)
        verdicts.keep(ballot.key, reply, {"model": outcome.model, "usage": usage})
    else:
        failures[ballot.key] = Note("judge_failed", kind=outcome.kind, said=outcome.message)


def spent_on(outcomes: Sequence[Outcome], usd: Decimal, unpriced: int) -> Spent:
    """Return what a judge's calls came to, `usd` in all but for those of unknown price."""
    return Spent(
        calls=len(outcomes),
        failed=sum(isinstance(outcome, Failure) for outcome in outcomes),
        prompt_tokens=sum(outcome.usage.prompt_tokens or 0 for outcome in outcomes),
        completion_tokens=sum(outcome.usage.completion_tokens or 0 for outcome in outcomes),
        usd=float(usd),
        unpriced=unpriced,
    )


# ---- grades ----------------------------------------------------------------------------------------------------


def judged(
    answers: Sequence[Answered], asked: Docket, judge: Judge, verdicts: Verdicts, failures: Mapping[str, Words]
) -> dict[str, Grade]:
    """Return the judge's grades of `answers`; where there was nothing to judge, that of the rules under its name."""
    return {
        answered.id: _judged(answered, asked.cases.get(answered.id), judge, verdicts, failures) for answered in answers
    }


def _judged(
    answered: Answered, one: Case | None, judge: Judge, verdicts: Verdicts, failures: Mapping[str, Words]
) -> Grade:
    if one is None:
        return replace(answered.by_rules(), scorer=judge.scorer, version=version_of(judge.scorer))
    votes: list[Opinion | Words] = []
    for key in _keys(one, judge):
        reply = verdicts.get(key)
        votes.append(
            read_verdict(reply.text, one.code, reply.finish_reason)
            if reply
            else failures.get(key, Note("judge_not_asked"))
        )
    return join_votes(votes, judge.scorer)


def unsure(grades: Mapping[str, Grade]) -> frozenset[str]:
    """Return the ids of what the rules are unsure of: confidence under `UNSURE_BELOW`, or no score at all."""
    return frozenset(
        key for key, grade in grades.items() if isinstance(grade, Unscored) or grade.confidence < UNSURE_BELOW
    )


def combined(rules: Mapping[str, Grade], by_judge: Mapping[str, Grade], judge: Judge) -> tuple[str, dict[str, Grade]]:
    """Join the rules' grades and a judge's of some of them to a set of its own name, in which each says who decided."""
    name = COMBINED + judge.scorer
    version = version_of(name)
    joined: dict[str, Grade] = {}
    for key, grade in rules.items():
        decided = by_judge.get(key, grade)
        marked = replace(decided, scorer=name, version=version)
        joined[key] = replace(marked, decided_by=decided.scorer) if isinstance(marked, Score) else marked
    return name, joined
