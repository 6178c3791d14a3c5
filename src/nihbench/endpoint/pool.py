"""Several endpoints side by side, each with its own limiter: which one a call goes to.

Calls that share a prefix go to one endpoint, where the prefix is cached, unless it is full while another is not.
Source: consistent hashing with bounded loads (Mirrokni, Thorup and Zadimoghaddam, 2016), with remembered homes in
place of hashes.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Generic, TypeVar

from nihbench.endpoint.failures import HANDLING
from nihbench.endpoint.limits import Limiter
from nihbench.errors import PutOffError
from nihbench.lang.messages import t
from nihbench.types import Completer, Failure, Message, Outcome, Request

MemberT = TypeVar("MemberT")


class Pool(Generic[MemberT]):
    """Endpoints of one model.

    Args:
        members: what `choose` gives out (a client, an address), each with its limiter; at least one.
    """

    def __init__(self, members: Sequence[tuple[MemberT, Limiter]]) -> None:
        if not members:
            raise ValueError(t("endpoint.pool_needs_least_one"))
        self._members = tuple(members)
        self._chosen = [0] * len(members)
        self._homes: dict[Hashable, int] = {}

    @contextmanager
    def choose(self, prefix_key: Hashable) -> Iterator[MemberT]:
        """Give the endpoint for a call whose prompt begins like all others of this key; it is busy with it meanwhile.

        An endpoint whose last word was trouble (`Limiter.ailing`) is passed over while another is well.
        """
        at = self._place(prefix_key)
        self._homes[prefix_key] = at
        self._chosen[at] += 1
        try:
            yield self._members[at][0]
        finally:
            self._chosen[at] -= 1

    def _place(self, prefix_key: Hashable) -> int:
        places = range(len(self._members))
        well = [at for at in places if not self._members[at][1].ailing] or list(places)
        best = min(well, key=self._load)
        home = self._homes.get(prefix_key)
        # Nobody waits at a full endpoint while another has room.
        return home if home in well and (self._load(home) < 1 or self._load(home) <= self._load(best)) else best

    def _load(self, at: int) -> float:
        """Return an endpoint's calls, waiting ones included, in rounds of what it takes at once."""
        return self._chosen[at] / self._members[at][1].limit


class SideBySide:
    """A `Completer` over several endpoints of one model.

    Args:
        members: the endpoints' clients, each with its limiter.
    """

    def __init__(self, members: Sequence[tuple[Completer, Limiter]]) -> None:
        self._pool = Pool(members)

    async def complete(self, messages: Sequence[Message], request: Request) -> Outcome:
        """Ask one endpoint; where that is out of order and took no money, ask another that is well.

        Raises:
            PutOffError: each asks to wait longer than a run does.
            StoppedError: the budget has no room for another sending.
        """
        with self._pool.choose(request.prefix) as first:
            try:
                outcome = await first.complete(messages, request)
            except PutOffError as error:
                return await self._elsewhere(first, messages, request, error)
        if not isinstance(outcome, Failure) or outcome.may_be_billed or not HANDLING[outcome.kind].retry:
            return outcome
        with self._pool.choose(request.prefix) as second:
            if second is first:
                return outcome
            again = await second.complete(messages, request)
        earlier = (*outcome.earlier, replace(outcome, attempts=1, earlier=()), *again.earlier)
        return replace(again, attempts=outcome.attempts + again.attempts, earlier=earlier)

    async def _elsewhere(
        self, first: Completer, messages: Sequence[Message], request: Request, error: PutOffError
    ) -> Outcome:
        with self._pool.choose(request.prefix) as second:
            if second is first:
                raise error
            return await second.complete(messages, request)
