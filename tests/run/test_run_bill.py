"""The bill: whatever a service counts, names and bills, no cap is passed, and a ledger that was left goes on.

The calls go out as a run's do: a client, a budget, a ledger on the disk, a real socket; without what a run does beside.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from nihbench.endpoint.client import ChatClient
from nihbench.endpoint.connection import Endpoint
from nihbench.endpoint.spending import Budget
from nihbench.errors import StoppedError
from nihbench.run.spent import Ledger, read_ledger
from nihbench.types import Message, PriceTier, Request, Tokenizer
from tests.billing import CACHED, IN, OUT, WAYS, Service

PRICES = (PriceTier(up_to=None, input=IN, output=OUT, cached_input=CACHED),)
WORDS = "the quick brown fox jumps over the lazy dog " * 33
LIMIT = 50


def now() -> datetime:
    return datetime(2026, 11, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def shared(named_tokenizer: Callable[[str], Tokenizer]) -> Iterator[Service]:
    service = Service(count=named_tokenizer("cl100k_base").count, delay_s=0.002)
    yield service
    service.close()


@pytest.fixture
def service(shared: Service) -> Service:
    """One service for all ways; what it has billed before is another trial's."""
    shared.begin()
    shared.delay_s = 0.002
    return shared


async def no_wait(seconds: float) -> None:
    await asyncio.sleep(0)


def send(service: Service, folder: Path, cap: float, *, calls: int = 16, margin: float = 1.0) -> Decimal:
    """Send calls, up to eight at once, until the cap ends it; return what all of the folder has cost by its ledger."""
    text = WORDS * 1
    prompt = service.count(text) + 7

    async def main(ledger: Ledger) -> None:
        budget = Budget(cap, PRICES, spent=read_ledger(folder).total(), margin=margin, journal=ledger)
        async with ChatClient(Endpoint(base_url=service.base_url), budget=budget, sleep=no_wait) as client:
            room = asyncio.Semaphore(8)

            async def one() -> Any:
                async with room:
                    request = Request(model="x", max_output=LIMIT, prompt_tokens=prompt, output_room=4 * LIMIT)
                    return await client.complete([Message(role="user", content=text)], request)

            for end in await asyncio.gather(*(one() for _ in range(calls)), return_exceptions=True):
                if isinstance(end, BaseException) and not isinstance(end, StoppedError):
                    raise end

    with Ledger(folder, now) as ledger:
        asyncio.run(main(ledger))
    return read_ledger(folder).total()


@pytest.mark.parametrize("name", WAYS)
def test_no_way_to_bill_passes_a_cap(service: Service, tmp_path: Path, name: str) -> None:
    """The cap is what some calls cost; it holds, what was spent is never less than the bill, and it is of use."""
    service.way = WAYS[name]
    send(service, tmp_path / "one", 1000.0, calls=1)
    one = service.bill
    service.begin()
    # The first call shows what a call costs: less than that is the one thing that no cap can hold.
    cap = max(8 * one, 0.3)
    known = send(service, tmp_path / "run", cap)
    assert service.bill <= cap, (service.bill, cap, service.calls)
    assert float(known) >= service.bill - 1e-9, (known, service.bill)
    assert service.bill >= min(0.25 * cap, one)
    for _ in range(2):
        send(service, tmp_path / "run", cap)
    assert service.bill <= cap, "gone on with"
    assert float(read_ledger(tmp_path / "run").total()) >= service.bill - 1e-9
