"""The runner against servers with limits, through the client and real sockets; the time runs fast, nothing is faked."""

from __future__ import annotations

import asyncio
import importlib
import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from nihbench.endpoint.connection import Endpoint
from nihbench.endpoint.limits import Limits
from nihbench.errors import StoppedError
from nihbench.run.records import read_records
from nihbench.run.runner import AHEAD
from nihbench.run.setup import Setup
from nihbench.types import Completion, Tokenizer
from tests.wording import wording

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # as `python -m benchmarks.wire` has it
wire: Any = importlib.import_module("benchmarks.wire")

MakeSetup = Callable[..., Setup]


@pytest.fixture
def count(named_tokenizer: Callable[[str], Tokenizer]) -> Callable[[str], int]:
    return named_tokenizer("cl100k_base").count


def run(setup: Setup, played: list[Any], limits: Limits, path: Path, speed: float = 40.0) -> Any:
    async def main() -> Any:
        for one in played:
            one.server.filled_at = asyncio.get_running_loop().time()
        return await wire.sweep(setup, played, limits, path)

    return wire.hurried(main, speed)


def check_whole(setup: Setup, path: Path) -> None:
    records, _ = read_records(path)
    assert len(path.read_bytes().splitlines()) == len(records) == len(setup.trials)
    assert all(isinstance(record.outcome, Completion) for record in records.values())


def test_an_unannounced_concurrency_limit_of_three_is_found_and_kept(
    make_setup: MakeSetup, tmp_path: Path, count: Callable[[str], int]
) -> None:
    setup = make_setup(lengths="300:900:15", depths="15", repeat_corpus=True)
    played = wire.Played(server=wire.ConcurrencyServer(3), count=count)
    done = run(setup, [played], Limits(), tmp_path / "records.jsonl")
    assert len(setup.trials) >= 220  # of 225 cells, a few of which share a prompt
    assert done.limiters[0].limit == 3
    assert played.refused < 0.05 * played.asked
    # In use, not only allowed; for how much of the time depends on the machine's load.
    assert max(played.at_once[20:]) == 3
    check_whole(setup, tmp_path / "records.jsonl")


def test_a_told_token_rate_is_used_to_the_full(
    make_setup: MakeSetup, tmp_path: Path, count: Callable[[str], int]
) -> None:
    setup = make_setup(lengths="300:2000:9", depths="9", repeat_corpus=True, order="random")
    played = wire.Played(server=wire.TokenBucketServer(30_000), count=count)
    done = run(setup, [played], Limits(tokens_per_minute=30_000), tmp_path / "records.jsonl", speed=25.0)
    least_s = 60 * played.tokens / 30_000
    assert least_s <= done.seconds <= 1.05 * least_s + played.longest_s
    assert played.refused <= 0.02 * played.asked
    check_whole(setup, tmp_path / "records.jsonl")


def test_two_endpoints_share_the_work_and_each_keeps_its_own_stretch(
    make_setup: MakeSetup, tmp_path: Path, count: Callable[[str], int]
) -> None:
    setup = make_setup(lengths="300:900:6", depths="10", repeat_corpus=True)
    sides = [wire.Played(server=wire.ConcurrencyServer(3), count=count) for _ in range(2)]
    run(setup, sides, Limits(concurrency=3, start=3), tmp_path / "records.jsonl")
    assert sum(side.asked for side in sides) == len(setup.trials) == 60
    assert min(side.asked for side in sides) >= 20
    assert all(max(side.at_once) == 3 for side in sides)
    check_whole(setup, tmp_path / "records.jsonl")


def test_an_endpoint_that_is_gone_leaves_its_work_to_the_other(
    make_setup: MakeSetup, tmp_path: Path, count: Callable[[str], int]
) -> None:
    from nihbench.endpoint.access import SideBySide
    from nihbench.endpoint.client import ChatClient
    from nihbench.endpoint.limits import Limiter
    from nihbench.run.records import RecordWriter
    from nihbench.run.runner import owed, run_trials

    setup = make_setup(lengths="300:900:4", depths="5", repeat_corpus=True)
    played = wire.Played(server=wire.ConcurrencyServer(4), count=count)

    async def main() -> None:
        http = await asyncio.start_server(played.serve, "127.0.0.1", 0)
        clock = asyncio.get_running_loop().time
        limiters = [Limiter(Limits(concurrency=2, start=2), clock=clock) for _ in range(2)]
        urls = ["http://127.0.0.1:9/v1", f"http://127.0.0.1:{http.sockets[0].getsockname()[1]}/v1"]
        clients = [ChatClient(Endpoint(base_url=url), limiter=own) for url, own in zip(urls, limiters, strict=True)]
        async with http, clients[0], clients[1]:
            with RecordWriter(tmp_path / "records.jsonl") as writer:
                await run_trials(
                    setup, owed(setup, {}), SideBySide(list(zip(clients, limiters, strict=True))), writer,
                    total=20, now=lambda: datetime.now(UTC), on_progress=lambda progress: None,
                    limiters=limiters,
                )  # fmt: skip

    wire.hurried(main, 10.0)
    check_whole(setup, tmp_path / "records.jsonl")
    assert played.asked == 20


def test_prompts_are_built_just_in_time(make_setup: MakeSetup, tmp_path: Path, count: Callable[[str], int]) -> None:
    """Tasks of the loop: one a trial under way, and what the servers and the sweep itself need."""
    setup = make_setup(lengths="300:900:6", depths="10", repeat_corpus=True)
    played = wire.Played(server=wire.ConcurrencyServer(4), count=count)
    done = run(setup, [played], Limits(concurrency=4, start=4), tmp_path / "records.jsonl")
    # A trial waits for the limiter with at most two tasks of its own; each connection of the server has one.
    assert done.most_under_way <= 2 * (4 + AHEAD) + 4 + 6


def test_a_stop_sends_nothing_that_only_waited(
    make_setup: MakeSetup, tmp_path: Path, count: Callable[[str], int]
) -> None:
    setup = make_setup(lengths="300:900:6", depths="10", repeat_corpus=True)

    class Barred(wire.Played):  # type: ignore[misc, name-defined]
        async def _answer(self, body: Any) -> tuple[int, Any]:
            self.asked += 1
            return 401, {"error": {"message": "no such key."}}

    played = Barred(server=wire.ConcurrencyServer(1), count=count)
    with pytest.raises(StoppedError, match=wording("run.server_refused_key_check", said="no such key")) as error:
        run(setup, [played], Limits(concurrency=1, start=1), tmp_path / "records.jsonl")
    assert played.asked == 1 and "\n" not in str(error.value)
    assert read_records(tmp_path / "records.jsonl")[0] == {}


class PutOff(wire.Played):  # type: ignore[misc, name-defined]
    """Answers the first calls, then asks to be left alone for two hours."""

    async def _answer(self, body: Any) -> tuple[int, Any]:
        if self.asked < 3:
            answer: tuple[int, Any] = await super()._answer(body)
            return answer
        self.asked += 1
        return 429, {"error": {"message": "Rate limit reached: please try again in 2h", "code": "rate_limit_exceeded"}}


def test_a_wait_of_hours_stops_the_run_and_says_when_to_go_on(
    make_setup: MakeSetup, tmp_path: Path, count: Callable[[str], int]
) -> None:
    setup = make_setup(lengths="300:900:6", depths="10", repeat_corpus=True)
    played = PutOff(server=wire.ConcurrencyServer(4), count=count)
    asked = re.compile(wording("endpoint.run_had_stop_server", kind="rate_limit", wait="2 h 0 min"))
    when = rf"{datetime.now(UTC) + timedelta(hours=2):%Y-%m-%d %H}"
    with pytest.raises(StoppedError, match=wording("run.not_before_utc", error=asked, when=re.compile(when))):
        run(setup, [played], Limits(concurrency=2, start=2), tmp_path / "records.jsonl")
    assert played.asked <= 3 + 2
    records, _ = read_records(tmp_path / "records.jsonl")
    # What was refused has no record: it is owed, as all that was not sent.
    assert len(records) == 3 and all(isinstance(record.outcome, Completion) for record in records.values())


def test_while_one_endpoint_is_to_be_left_alone_for_hours_the_other_does_its_work(
    make_setup: MakeSetup, tmp_path: Path, count: Callable[[str], int]
) -> None:
    setup = make_setup(lengths="300:900:4", depths="10", repeat_corpus=True)
    sides = [
        PutOff(server=wire.ConcurrencyServer(4), count=count),
        wire.Played(server=wire.ConcurrencyServer(4), count=count),
    ]
    done = run(setup, sides, Limits(concurrency=2, start=2), tmp_path / "records.jsonl")
    check_whole(setup, tmp_path / "records.jsonl")
    assert sides[0].asked <= 3 + 2 and done.seconds < 600
