"""The limits once more, through the runner, the client and real sockets: `python -m benchmarks.wire` prints the table.

An HTTP server in the same event loop plays the scripted servers of `benchmarks.limits`; the loop's time runs `speed`
times as fast as the clock, so that a sweep of minutes takes seconds. Prompts are built from a real text and counted by
a real tokenizer. It exits with 1 when a row misses its bound.
"""

from __future__ import annotations

import asyncio
import json
import random
import selectors
import tempfile
import time
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.limits import Call, ConcurrencyServer, Server, TokenBucketServer
from nihbench.endpoint.access import SideBySide, open_model
from nihbench.endpoint.client import ChatClient
from nihbench.endpoint.connection import Endpoint, Timeouts
from nihbench.endpoint.limits import Limiter, Limits
from nihbench.run.options import RunOptions
from nihbench.run.records import RecordWriter
from nihbench.run.resolve import outline_of
from nihbench.run.runner import owed, run_trials
from nihbench.run.setup import Setup
from nihbench.types import Completer, ModelPreset

ResultT = TypeVar("ResultT")
# The loop's seconds are short ones; no deadline is to be met here.
_PATIENT = Timeouts(connect_s=1e6, write_s=1e6, first_token_s=1e6, idle_s=1e6, total_s=1e6)


class _Hurried(selectors.DefaultSelector):
    speed = 1.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        return super().select(None if timeout is None else timeout / self.speed)


class FastLoop(asyncio.SelectorEventLoop):
    """An event loop whose time runs `speed` times as fast as the clock; sockets are real."""

    def __init__(self, speed: float) -> None:
        selector = _Hurried()
        selector.speed = speed
        self._speed = speed
        super().__init__(selector)

    def time(self) -> float:
        """Return the loop's time in seconds."""
        return time.monotonic() * self._speed


def hurried(main: Callable[[], Coroutine[Any, Any, ResultT]], speed: float) -> ResultT:
    """Run a coroutine in fast time."""
    with asyncio.Runner(loop_factory=lambda: FastLoop(speed)) as runner:
        return runner.run(main())


@dataclass(kw_only=True)
class Played:
    """An HTTP server around a scripted one: what came, and what was refused."""

    server: Server
    count: Callable[[str], int]
    words: str = "rate limit exceeded"
    asked: int = 0
    refused: int = 0
    in_flight: int = 0
    at_once: list[int] = field(default_factory=list)
    tokens: int = 0
    longest_s: float = 0.0
    first_at: float | None = None
    draw: random.Random = field(default_factory=lambda: random.Random(0))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                size = next(int(h.split(b":")[1]) for h in head.lower().split(b"\r\n") if h.startswith(b"content-le"))
                status, value = await self._answer(json.loads(await reader.readexactly(size)))
                body = json.dumps(value).encode()
                writer.write(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # the client is done
        finally:
            writer.close()

    async def _answer(self, body: Any) -> tuple[int, Any]:
        self.asked += 1
        loop = asyncio.get_running_loop()
        self.first_at = self.first_at or loop.time()
        texts = [message["content"] for message in body["messages"]]
        prompt = sum(self.count(text) + 4 for text in texts) + 3
        call = Call(prompt=prompt, output=self.draw.randint(10, body["max_tokens"]), guessed=prompt)
        if self.server.arrive(call) is not None:
            self.refused += 1
            return 429, {"error": {"message": self.words, "type": "rate_limit_reached_error"}}
        self.in_flight += 1
        self.at_once.append(self.in_flight)
        self.tokens += call.prompt + call.output
        self.longest_s = max(self.longest_s, 1.2 * call.seconds)
        await asyncio.sleep(call.seconds * (0.8 + 0.4 * self.draw.random()))
        self.in_flight -= 1
        self.server.leave(call)
        usage = {"prompt_tokens": prompt, "completion_tokens": call.output}
        choice = {"message": {"role": "assistant", "content": "Eat a sandwich."}, "finish_reason": "stop"}
        return 200, {"choices": [choice], "usage": usage}


@dataclass(frozen=True, kw_only=True)
class Swept:
    """What came of a sweep: seconds in the loop's time, and the limiters as they were at its end."""

    seconds: float
    limiters: tuple[Limiter, ...]
    most_under_way: int


async def sweep(setup: Setup, servers: list[Played], limits: Limits, records: Path) -> Swept:
    """Run all trials of `setup` against the servers, side by side, into a records file."""
    loop = asyncio.get_running_loop()
    under_way: list[int] = []
    async with AsyncExitStack() as opened:
        members: list[tuple[Completer, Limiter]] = []
        for played in servers:
            http = await opened.enter_async_context(await asyncio.start_server(played.serve, "127.0.0.1", 0))
            limiter = Limiter(limits, clock=loop.time)
            url = f"http://127.0.0.1:{http.sockets[0].getsockname()[1]}/v1"
            client = ChatClient(
                Endpoint(base_url=url), limiter=limiter, timeouts=_PATIENT, random=random.Random(1).random
            )
            members.append((await opened.enter_async_context(client), limiter))
        writer = opened.enter_context(RecordWriter(records))
        started = loop.time()
        await run_trials(
            setup,
            owed(setup, {}),
            SideBySide(members) if len(members) > 1 else members[0][0],
            writer,
            total=len(setup.trials),
            now=lambda: datetime.now(UTC),
            on_progress=lambda progress: under_way.append(len(asyncio.all_tasks())),
            limiters=[limiter for _, limiter in members],
        )
        seconds = loop.time() - min(played.first_at or started for played in servers)
    return Swept(
        seconds=seconds, limiters=tuple(limiter for _, limiter in members), most_under_way=max(under_way, default=0)
    )


def _setup(url: str) -> Setup:
    from nihbench.catalog.loading import load
    from nihbench.fetch.files import silent

    options = RunOptions(
        model="x",
        base_url=url,
        corpus="python-reference-en",
        length_unit="cl100k_base",
        window=9000,
        lengths="500:7k:15",
        depths="15",
        order="random",
    )
    with open_model(ModelPreset(name="x", model="x", base_url=url), key=None, headers={}, ask_server=False) as reached:
        return outline_of(options, load(), reached, folder=Path.cwd(), report=silent).laid_out()


def main() -> int:
    """Print the table and return the exit code."""
    setup = _setup("http://127.0.0.1:9/v1")
    count = setup.tokenizer.count
    good = True
    print(f"{'sweep':<44}{'trials':>7}{'refused':>9}{'seconds':>9}{'least':>8}{'over':>7}{'limit':>7}")
    for name, server, limits, most_refused in (
        ("3 at once, unannounced, start 4", ConcurrencyServer(3), Limits(start=4), 0.05),
        ("bucket of 150,000 a minute, told", TokenBucketServer(150_000), Limits(tokens_per_minute=150_000), 0.02),
    ):
        speed = 15.0
        played = Played(server=server, count=count)

        async def run(played: Played = played, limits: Limits = limits, server: Server = server) -> Swept:
            if isinstance(server, TokenBucketServer):
                server.filled_at = asyncio.get_running_loop().time()
            with tempfile.TemporaryDirectory() as folder:
                return await sweep(setup, [played], limits, Path(folder) / "records.jsonl")

        done = hurried(run, speed)
        share = played.refused / played.asked
        kept = share <= most_refused
        least = over = ""
        if isinstance(server, TokenBucketServer):
            least_s = 60 * played.tokens / server.per_minute
            least, over = f"{least_s:.0f}", f"{(done.seconds - played.longest_s) / least_s:.3f}"
            kept &= done.seconds <= 1.05 * least_s + played.longest_s
        else:
            kept &= done.limiters[0].limit == 3
        good &= kept
        print(
            f"{name:<44}{len(setup.trials):>7}{100 * share:>8.1f}%{done.seconds:>9.0f}{least:>8}{over:>7}"
            f"{done.limiters[0].limit:>7}  {'kept' if kept else 'MISSED'}",
            flush=True,
        )
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
