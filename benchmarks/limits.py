"""How near the limiter comes to what an account allows: `python -m benchmarks.limits` prints the table.

Sweeps run against scripted servers in simulated time (`VirtualLoop`: waiting costs nothing, and waiting for what can
never come is an error). The servers refuse as real ones do and tell nothing that a row does not name. It exits with 1
when a row misses its bound. Nothing is sent anywhere.
"""

from __future__ import annotations

import asyncio
import random
import selectors
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol, TypeVar

from nihbench.endpoint.limits import Limiter, Limits, Signal

ResultT = TypeVar("ResultT")

MAX_OUTPUT = 300
TRIALS = 225


class Deadlock(Exception):
    """Everything waits, and nothing is going to happen."""


class _NoWaiting(selectors.SelectSelector):
    """Lets simulated time pass in place of waiting."""

    now_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise Deadlock
        self.now_s += timeout
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to the next thing that is due."""

    def __init__(self) -> None:
        self._selector_of_time = _NoWaiting()
        super().__init__(self._selector_of_time)

    def time(self) -> float:
        """Return the simulated time in seconds."""
        return self._selector_of_time.now_s


def simulate(main: Callable[[], Coroutine[Any, Any, ResultT]]) -> ResultT:
    """Run a coroutine in simulated time, which begins at 0."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main())


def new_limiter(limits: Limits) -> Limiter:
    """Return a limiter that lives in the running loop's time."""
    return Limiter(limits, clock=asyncio.get_running_loop().time)


@dataclass(frozen=True, kw_only=True)
class Call:
    """One trial: the tokens that the server counts, and the prompt as the client counts it."""

    prompt: int
    output: int
    guessed: int

    @property
    def seconds(self) -> float:
        """How long it takes once accepted: prefill at 5,000 tokens a second, output at 50."""
        return 0.5 + self.prompt / 5000 + self.output / 50


class Server(Protocol):
    """A scripted server."""

    def arrive(self, call: Call) -> Signal | None:
        """Return a refusal, or None where the call is accepted."""
        ...

    def leave(self, call: Call) -> None:
        """An accepted call has ended."""
        ...


@dataclass
class TokenBucketServer:
    """A bucket of one minute's tokens that fills continuously and starts empty (`level`).

    It charges what a call really uses: on arrival, or its output only when the answer is there (`late_output`).
    """

    per_minute: float
    level: float = 0.0
    named: bool = True
    late_output: bool = False
    filled_at: float = 0.0

    def arrive(self, call: Call) -> Signal | None:
        """Refuse what the bucket does not hold."""
        self._fill()
        cost = call.prompt + (0 if self.late_output else call.output)
        if self.level < min(cost, self.per_minute):
            return Signal(kind="rate_limit", exceeded="tokens" if self.named else None)
        self.level -= cost
        return None

    def leave(self, call: Call) -> None:
        """Charge the output if that is done late."""
        if self.late_output:
            self._fill()
            self.level -= call.output

    def _fill(self) -> None:
        now = asyncio.get_running_loop().time()
        self.level = min(self.per_minute, self.level + (now - self.filled_at) * self.per_minute / 60)
        self.filled_at = now


@dataclass
class ConcurrencyServer:
    """Takes so many calls at once and refuses the others; `announced`: it says how many."""

    limit: int
    announced: bool = False
    named: bool = False
    in_flight: int = 0

    def arrive(self, call: Call) -> Signal | None:
        """Refuse one too many."""
        if self.in_flight < self.limit:
            self.in_flight += 1
            return None
        if self.announced:
            return Signal(kind="rate_limit", exceeded="concurrency", allowed=self.limit)
        return Signal(kind="rate_limit", exceeded="concurrency" if self.named else None)

    def leave(self, call: Call) -> None:
        """Make room."""
        self.in_flight -= 1


@dataclass(kw_only=True)
class Sweep:
    """What came of a sweep."""

    limiter: Limiter
    sent: int = 0
    refused: int = 0
    ended_s: float = 0.0
    limits_seen: list[int] = field(default_factory=list)

    @property
    def refused_share(self) -> float:
        """Refused calls among all that were sent."""
        return self.refused / self.sent


async def sweep(calls: Sequence[Call], server: Server, limits: Limits, *, seed: int = 0) -> Sweep:
    """Send all calls, refused ones again after a jittered wait, and say what it took."""
    draw = random.Random(seed)
    loop = asyncio.get_running_loop()
    limiter = new_limiter(limits)
    result = Sweep(limiter=limiter)

    async def attempt(call: Call) -> bool:
        async with limiter.slot(tokens=call.guessed + MAX_OUTPUT) as slot:
            result.sent += 1
            await asyncio.sleep(0.05 * (0.5 + draw.random()))
            refusal = server.arrive(call)
            if refusal is not None:
                result.refused += 1
                await asyncio.sleep(0.05)
                slot.settle(refusal)
                return False
            await asyncio.sleep(call.seconds * (0.8 + 0.4 * draw.random()))
            server.leave(call)
            slot.settle(Signal(kind="ok", prompt_tokens=call.prompt, completion_tokens=call.output))
            result.limits_seen.append(limiter.limit)
            return True

    async def measure(call: Call) -> None:
        tries = 0
        while not await attempt(call):
            await asyncio.sleep(min(30.0, 2.0**tries) * (0.75 + 0.25 * draw.random()))
            tries += 1

    await asyncio.gather(*(measure(call) for call in calls))
    result.ended_s = loop.time()
    return result


def mixed_calls(*, seed: int = 0, trials: int = TRIALS, guess: float = 1.0, order: str = "random") -> list[Call]:
    """Return calls of 15 lengths from 1K to 128K tokens; `guess` is the client's count over the server's."""
    draw = random.Random(seed)
    prompts = [round(1000 + (i % 15) * 127_000 / 14) for i in range(trials)]
    draw.shuffle(prompts)
    if order != "random":
        prompts.sort(reverse=order == "longest first")
    return [Call(prompt=p, output=draw.randint(10, MAX_OUTPUT), guessed=round(p * guess)) for p in prompts]


def lower_bound_s(calls: Sequence[Call], per_minute: float) -> float:
    """Return the least time in which a bucket that starts empty gives the tokens of all calls."""
    return 60 * sum(call.prompt + call.output for call in calls) / per_minute


def longest_call_s(calls: Sequence[Call]) -> float:
    """Return how long the slowest call can take in `sweep`, its way there included."""
    return max(call.seconds for call in calls) * 1.2 + 0.1


@dataclass(frozen=True, kw_only=True)
class Row:
    """A line of the table: a sweep and what it must keep to."""

    name: str
    calls: Sequence[Call]
    server: Callable[[], Server]
    limits: Limits
    most_refused: float
    per_minute: float | None = None
    settles_at: int | None = None
    must: bool = True

    def run(self) -> tuple[str, bool]:
        """Return the line, and whether the bounds are kept."""
        done = simulate(lambda: sweep(self.calls, self.server(), self.limits))
        kept = done.refused_share <= self.most_refused
        bound = over = ""
        if self.per_minute is not None:
            least_s = lower_bound_s(self.calls, self.per_minute)
            bound, over = f"{least_s:8.0f}", f"{(done.ended_s - longest_call_s(self.calls)) / least_s:5.3f}"
            kept &= done.ended_s <= 1.05 * least_s + longest_call_s(self.calls)
        settled = settled_at(done)
        if self.settles_at is not None:
            kept &= settled == self.settles_at
        verdict = "kept" if kept else "MISSED" if self.must else "over"
        line = (
            f"{self.name:<58}{len(self.calls):>6}{100 * done.refused_share:>9.1f}%{done.ended_s:>9.0f}"
            f"{bound:>9}{over:>7}{settled:>8}  {verdict}"
        )
        return line, kept or not self.must


def settled_at(done: Sweep) -> int:
    """Return the concurrency that most calls of the sweep's second half ended under."""
    second_half = done.limits_seen[len(done.limits_seen) // 2 :]
    return max(set(second_half), key=second_half.count)


def rows() -> list[Row]:
    """Return the table's rows."""
    table = []
    for per_minute in (128_000, 500_000, 2_000_000, 5_000_000):
        for order in ("random", "shortest first", "longest first"):
            table.append(_bucket_row(f"bucket of {per_minute:,}, {order}", per_minute, order=order))
    table.append(_bucket_row("bucket of 500,000, output charged late", 500_000, late_output=True))
    table.append(_bucket_row("bucket of 500,000, our counts 5% too low", 500_000, guess=0.95))
    table.append(_bucket_row("bucket of 500,000, our counts 5% too high", 500_000, guess=1.05))
    table.append(_bucket_row("bucket of 2,000,000, our counts 5% too low", 2_000_000, guess=0.95))
    short = [Call(prompt=4000, output=60, guessed=4000)] * TRIALS
    for start in (1, 4, 8):
        for announced, named in ((False, False), (False, True), (True, True)):
            told = "announced" if announced else "named" if named else "unnamed"
            table.append(
                Row(
                    name=f"3 at once, {told}, start {start}",
                    calls=short,
                    server=partial(ConcurrencyServer, 3, announced, named),
                    limits=Limits(start=start),
                    most_refused=0.05,
                    settles_at=3,
                )
            )
    table.append(
        Row(
            name="50 at once, unnamed, start 4",
            calls=short * 10,
            server=partial(ConcurrencyServer, 50),
            limits=Limits(start=4),
            most_refused=0.05,
        )
    )
    for level, name in ((1.0, "full"), (0.0, "empty")):
        table.append(
            Row(
                name=f"bucket of 500,000 that nobody told, {name}",
                calls=mixed_calls(),
                server=partial(TokenBucketServer, 500_000, level * 500_000),
                limits=Limits(),
                most_refused=0.1,
                per_minute=500_000,
                must=False,
            )
        )
    return table


def _bucket_row(name: str, per_minute: float, *, order: str = "random", guess: float = 1.0, **server: Any) -> Row:
    return Row(
        name=name,
        calls=mixed_calls(guess=guess, order=order),
        server=partial(TokenBucketServer, per_minute, **server),
        limits=Limits(tokens_per_minute=per_minute),
        most_refused=0.02,
        per_minute=per_minute,
    )


def main() -> int:
    """Print the table and return the exit code."""
    print(f"{'sweep':<58}{'calls':>6}{'refused':>10}{'seconds':>9}{'least':>9}{'over':>7}{'limit':>8}")
    good = True
    for row in rows():
        line, kept = row.run()
        print(line, flush=True)
        good &= kept
    print("\nover: (seconds - one longest call) / least; limit: calls at once in the second half of the sweep")
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
