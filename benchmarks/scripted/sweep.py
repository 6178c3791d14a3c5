"""Runs one scenario to its end, resumes it against a mended server, and says what became of every trial.

What is right comes from the scenario file and from what the server saw; records are read as lines of JSON, without
the code under test.
"""

from __future__ import annotations

import asyncio
import json
import selectors
import socket
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.scripted.certificates import make_certificates
from benchmarks.scripted.grid import Plan
from benchmarks.scripted.scenario import Book, Fault, Scenario
from benchmarks.scripted.server import RIGHT, WRONG, Log, Server
from nihbench.endpoint.connection import Timeouts
from nihbench.endpoint.limits import Limiter, Limits
from nihbench.errors import StoppedError
from nihbench.run.runner import owed, run_trials
from nihbench.run.scores import score_run
from nihbench.run.store import RunFolder, create_run, manifest, open_run

HURRY = 40.0
CRASHED = "it crashed:"
VALUES = {RIGHT: 1.0, WRONG: 0.0}
COLUMNS = ("trials", "scored", "classed", "owed", "lost", "doubled", "foreign", "unfit", "crashed", "extra")
_MAY_PASS = ("bad_response", "transient", "rate_limit", "overloaded", "timeout", "quota")
_FINAL = ("overflow", "filtered")


class _Hurried(selectors.DefaultSelector):
    def __init__(self, times: float) -> None:
        super().__init__()
        self.times = times

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        return super().select(timeout if timeout is None else timeout / self.times)


class HurriedLoop(asyncio.SelectorEventLoop):
    """An event loop in which time runs so many times as fast: waits and deadlines of the client pass quickly."""

    def __init__(self, times: float = HURRY) -> None:
        super().__init__(_Hurried(times))
        self._times = times

    def time(self) -> float:
        """Return the loop's own time in seconds."""
        return super().time() * self._times


class UnhurriedLoop(HurriedLoop):
    """The same for a machine that is at work: a deadline passes late enough for every answer that is sent."""

    def __init__(self) -> None:
        super().__init__(HURRY / 10)


@dataclass(kw_only=True)
class Row:
    """What came of a scenario. `mistakes` says in words what is not as the scenario says; empty: all is right.

    `scored` and `classed` are counted when the run ended first, the others when it was resumed as well. `extra` are
    the requests beyond one a trial, `foreign` the answers that are another trial's or nobody's, `unfit` the failures
    that have a score, `crashed` the lives of the run that ended in an error which no command expects (exit code 1).
    """

    name: str
    trials: int
    scored: int = 0
    classed: int = 0
    owed: int = 0
    lost: int = 0
    doubled: int = 0
    extra: int = 0
    foreign: int = 0
    unfit: int = 0
    crashed: int = 0
    mistakes: list[str] = field(default_factory=list)


Loops = Callable[[], asyncio.AbstractEventLoop]


def play(
    plan: Plan, scenario: Scenario, book: Book, folder: Path, scratch: Path, loop_factory: Loops = HurriedLoop
) -> Row:
    """Play a scenario against the plan; its run is written to `folder`, certificates to `scratch`."""
    row = Row(name=scenario.name, trials=len(plan.ids))
    with ExitStack() as stack:
        own = make_certificates(scratch) if scenario.server == "tls" else None
        tls = own.context if own else None
        server = stack.enter_context(Server(book.providers[scenario.provider], plan.known, tls=tls))
        server.play(scenario)
        scheme = "https" if scenario.server in ("tls", "plain-as-tls") else "http"
        address = _nowhere() if scenario.server == "none" else server.base_url(scheme)
        here = plan.at(address, own.ca if own and scenario.ca else None)
        run = create_run(folder, manifest(here.setup, "2026-01-01T00:00:00+00:00"))
        stopped = measure(here, run, scenario, loop_factory)
        row.crashed += stopped.startswith(CRASHED)
        first, log = read_last(folder), server.log
        _check_first(row, plan, scenario, first, stopped)
        _check_calls(row, plan, scenario, book, log)
        row.mistakes += [f"{plan.ids[i]} was answered, and not kept" for i in log.answered if plan.ids[i] not in first]
        server.play(Scenario(name="mended"))
        if scenario.server != "plain":
            mended = stack.enter_context(Server(book.providers[scenario.provider], plan.known))
            here = plan.at(mended.base_url())
            server = mended
        stopped = measure(here, open_run(folder), Scenario(name="mended"), loop_factory)
        row.crashed += stopped.startswith(CRASHED)
        _check_resumed(row, plan, first, read_last(folder), server.log, stopped)
        _check_scores(row, plan, scenario, open_run(folder), first)
    row.doubled = len(doubled(folder))
    row.lost = row.trials - len(read_last(folder))
    return row


def measure(
    plan: Plan,
    run: RunFolder,
    scenario: Scenario,
    loop_factory: Loops = HurriedLoop,
) -> str:
    """Send what is owed, as `nih run` does; return what stopped the run, or nothing."""
    setup, records = plan.setup, run.records()

    async def main() -> None:
        limits = Limits(concurrency=setup.concurrency, start=setup.concurrency)
        limiter = Limiter(limits, clock=asyncio.get_running_loop().time)
        # Ten seconds of real time for a connection: this machine's other work must not look like a server's fault.
        timeouts = Timeouts(**({"connect_s": 10.0 * HURRY} | dict(scenario.timeouts)))
        with run.writer() as writer:
            opened = plan.model.client(
                stream=scenario.stream, timeouts=timeouts, limiter=limiter, patience_s=scenario.patience_s
            )
            async with opened as client:
                await run_trials(
                    setup,
                    owed(setup, records),
                    client,
                    writer,
                    total=len(setup.trials),
                    now=lambda: datetime.now(UTC),
                    on_progress=lambda progress: None,
                    limiters=(limiter,),
                )

    try:
        with asyncio.Runner(loop_factory=loop_factory) as runner:
            runner.run(main())
    except StoppedError as error:
        return str(error)
    except Exception as error:
        return f"{CRASHED} {error!r}"
    return ""


def read_last(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the last whole record of every trial, by its id."""
    return {record["id"]: record for record in _lines(folder)}


def doubled(folder: Path) -> set[str]:
    """Return the trials with two answers, or with anything after an answer."""
    answered: set[str] = set()
    twice: set[str] = set()
    for record in _lines(folder):
        if record["id"] in answered:
            twice.add(record["id"])
        if "completion" in record:
            answered.add(record["id"])
    return twice


def _lines(folder: Path) -> list[dict[str, Any]]:
    path = folder / "records.jsonl"
    content = path.read_bytes() if path.exists() else b""
    found = []
    for line in content.split(b"\n"):
        try:
            found.append(json.loads(line))
        except ValueError:
            continue  # the torn end of a file whose writer was killed
    return found


def _nowhere() -> str:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{unused.getsockname()[1]}/v1"


def met(scenario: Scenario, index: int) -> Fault | None:
    """Return the fault that a trial meets for certain."""
    return next((f for f in scenario.faults if not f.when and f.hits(index, 0, {})), None)


def _check_first(row: Row, plan: Plan, scenario: Scenario, records: Mapping[str, dict[str, Any]], stopped: str) -> None:
    """Every trial ends as the scenario says, or is owed because the run had to stop."""
    if scenario.stops:
        if f"({scenario.stops})" not in stopped:
            row.mistakes.append(f"it should stop because of {scenario.stops}, not {stopped or 'run to its end'!r}")
    elif stopped:
        row.mistakes.append(f"it stopped: {stopped}")
    for index, trial_id in enumerate(plan.ids):
        fault, record = met(scenario, index), records.get(trial_id)
        ends = fault.ends if fault else "answer"
        if record is None:
            row.owed += 1
            row.mistakes += [] if scenario.stops else [f"trial {index} has no record"]
            continue
        outcome = record.get("completion") or record["failure"]
        got = outcome.get("kind", "answer")
        row.scored += got == "answer"
        row.classed += got != "answer"
        if got != (scenario.stops if scenario.stops and got != "answer" else ends):
            row.mistakes.append(f"trial {index} should end as {ends}, not {got}: {outcome.get('message', '')}")
        if fault and fault.meets:
            row.mistakes += _wrongly_met(index, fault, _kinds(scenario, fault, outcome["earlier"]), got)
    _check_connections(row, scenario, records)


def _kinds(scenario: Scenario, fault: Fault, earlier: Sequence[Mapping[str, Any]]) -> set[str]:
    """Return the kinds of failure that a trial met.

    Where other trials' faults break connections, a kept one may end in the moment in which it is used again: such a
    sending was answered by nobody, and says nothing of this trial's fault.
    """
    broken = any(other is not fault and other.meets == "transient" for other in scenario.faults)
    return {e["kind"] for e in earlier if not (broken and e["kind"] == "transient" and e["status"] is None)} or {
        e["kind"] for e in earlier
    }


def _wrongly_met(index: int, fault: Fault, kinds: set[str], got: str) -> list[str]:
    if kinds - {fault.meets}:
        return [f"trial {index} met {sorted(kinds)}, not {fault.meets}"]
    return [f"trial {index} should have met {fault.meets}"] if got == "answer" and not kinds else []


def _check_connections(row: Row, scenario: Scenario, records: Mapping[str, dict[str, Any]]) -> None:
    """Faults of connections meet whom they will: what all trials met is what is right for them."""
    seen = {e["kind"] for r in records.values() for e in (r.get("completion") or r["failure"])["earlier"]}
    for fault in scenario.faults:
        if fault.connections and fault.meets and seen != {fault.meets}:
            row.mistakes.append(f"the trials met {sorted(seen)}, not {fault.meets}")


def _check_calls(row: Row, plan: Plan, scenario: Scenario, book: Book, log: Log) -> None:
    """No trial is sent more often than the scenario says, and none billed more often than its class allows."""
    if log.strangers:
        row.mistakes.append(f"{log.strangers} requests were for no trial of the plan")
    for place, fault in enumerate(scenario.faults):
        if fault.do and not log.hits[place]:
            row.mistakes.append(f"fault {place + 1} of the scenario never happened")
    row.extra = sum(log.requests.values()) - len(log.requests)
    loose = bool(scenario.more or scenario.stops)
    allowed = 0
    for index in range(len(plan.ids)):
        fault = met(scenario, index)
        calls = 1 if fault is None else fault.calls
        allowed += calls if calls is not None else log.requests[index]
        if not loose and calls is not None and log.requests[index] != calls:
            row.mistakes.append(f"trial {index} was sent {log.requests[index]} times, not {calls}")
        kind = (fault.meets or fault.ends) if fault else "answer"
        if log.billed[index] > book.billed_at_most[kind]:
            row.mistakes.append(f"trial {index} ({kind}) was billed {log.billed[index]} times")
    if not scenario.stops and log.total > allowed + scenario.more:
        row.mistakes.append(f"{log.total} requests, and {allowed + scenario.more} would do")


def _check_resumed(
    row: Row,
    plan: Plan,
    first: Mapping[str, dict[str, Any]],
    last: Mapping[str, dict[str, Any]],
    log: Log,
    stopped: str,
) -> None:
    """A resumed run asks again for what may pass, leaves what is final, and finishes."""
    if stopped:
        row.mistakes.append(f"resumed, it stopped: {stopped}")
    for index, trial_id in enumerate(plan.ids):
        before, after, sent = first.get(trial_id), last.get(trial_id), log.requests[index]
        kind = "owed" if before is None else before.get("failure", {}).get("kind", "answer")
        if after is None:
            row.mistakes.append(f"trial {index} is lost")
        elif kind in ("answer", *_FINAL) and sent:
            row.mistakes.append(f"trial {index} ended as {kind}, and was sent again")
        elif kind in ("owed", *_MAY_PASS) and (sent != 1 or "completion" not in after):
            row.mistakes.append(f"trial {index} ended as {kind}, and was sent {sent} times when resumed")


def _check_scores(
    row: Row, plan: Plan, scenario: Scenario, run: RunFolder, first: Mapping[str, dict[str, Any]]
) -> None:
    """Every answer is kept as it was sent and has the score that a reader would give it; a failure has none."""
    records = run.records()
    scores = score_run(run, records)
    last = read_last(run.path)
    texts = {plan.ids[known.index]: known.text for known in plan.known.values()}
    for index, trial_id in enumerate(plan.ids):
        if "completion" not in last.get(trial_id, {}):
            if trial_id in scores:
                row.unfit += 1
                row.mistakes.append(f"trial {index} failed, and has a score")
            continue
        fault = met(scenario, index) if "completion" in first.get(trial_id, {}) else None
        text = fault.text if fault and fault.text is not None else texts[trial_id]
        value = fault.value if fault and fault.value is not None else VALUES[text]
        kept = last[trial_id]["completion"]["text"]
        if kept != (text * (len(kept) // len(text)) if fault and fault.repeats else text):
            row.foreign += 1
            row.mistakes.append(f"trial {index} has another answer than was sent")
        if trial_id not in scores or scores[trial_id].value != value:
            row.mistakes.append(f"trial {index} has the wrong score")


def totals(rows: list[Row]) -> Counter[str]:
    """Return the sums of the columns."""
    sums: Counter[str] = Counter()
    for row in rows:
        for name in COLUMNS:
            sums[name] += getattr(row, name)
    return sums
