"""A model within reach: its preset, what its server says of itself, its tokenizer and its client."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Generic, TypeVar

from nihbench.endpoint.client import ChatClient, silent
from nihbench.endpoint.connection import Endpoint, Timeouts
from nihbench.endpoint.counting import CountingEndpoint, ServerTokenizer, chat_overhead
from nihbench.endpoint.kinds import GONE_S, HANDLING
from nihbench.endpoint.limits import Limiter, Limits
from nihbench.endpoint.servers import ServerInfo, probe
from nihbench.endpoint.spending import Budget
from nihbench.endpoint.tokenizers import load_tokenizer
from nihbench.endpoint.wire.base import Dialect, wire_of
from nihbench.errors import PutOffError, UsageError
from nihbench.fetch.files import Report
from nihbench.lang.messages import t
from nihbench.types import Completer, Failure, Message, ModelPreset, Outcome, PriceTier, Request, Tokenizer

REFERENCE_TOKENIZER = "cl100k_base"
"""Counts lengths for a model whose own tokenizer is not to be had; the server's count is recorded beside."""

_OLLAMA_CLOUD = (":cloud", "-cloud")
"""How the names of models end that Ollama does not run itself."""

NOTHING = (PriceTier(up_to=None, input=0.0, output=0.0),)
"""The price of what nobody is paid for."""

FEW = 4
"""Calls at once to begin with, where nothing is known."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelAccess:
    """A model that can be asked. The key and the headers' values never show in its repr.

    `server` is what the server says of itself; None where it was not asked. `model_sha256` is that of the model's
    file, where it is known. `counter` counts requests where the service has an endpoint for nothing but that.
    `known_text_tokens` is its count of the text that every preflight sends; None where it told none, or had none.
    """

    preset: ModelPreset
    server: ServerInfo | None
    server_tokenizer: ServerTokenizer | None
    model_sha256: str | None
    key: str | None = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    counter: CountingEndpoint | None = None
    known_text_tokens: int | None = None
    ca_file: Path | None = None
    insecure: bool = False

    @property
    def window(self) -> int | None:
        """The window in tokens, as the server says it, else as the preset does."""
        told = self.server.window if self.server else None
        return told or self.preset.window

    def tokenizer(self, length_unit: str, report: Report) -> tuple[Tokenizer, bool]:
        """Return the tokenizer of a length unit, and whether it counts as the model does.

        Args:
            length_unit: `model`, or a tokenizer's name.
            report: told what has to be fetched.
        """
        if length_unit != "model":
            return load_tokenizer(length_unit, report=report), length_unit == self.preset.tokenizer
        if self.server_tokenizer is not None:
            return self.server_tokenizer, True
        name = self.preset.tokenizer or REFERENCE_TOKENIZER
        return load_tokenizer(name, report=report), self.preset.tokenizer is not None

    def overhead(self, messages: Sequence[Message], tokenizer: Tokenizer) -> int:
        """Return the tokens of the chat template around `messages`."""
        counts = self.server_tokenizer is not None and tokenizer is self.server_tokenizer
        return chat_overhead(
            messages,
            tokenizer,
            self.server_tokenizer.count_messages if self.server_tokenizer is not None and counts else None,
            self.preset.message_overhead,
            self.preset.reply_overhead,
        )

    def strange_marks(self) -> tuple[str, ...]:
        """Return the marks of the server's chat template that its model knows no tokens for; they are text to it.

        An engine takes a template of its own where a model's file has none: a base model then reads and writes it.

        Raises:
            EndpointError, StoppedError: the server can't be asked.
        """
        count = self.server_tokenizer.count if self.server_tokenizer is not None else None
        if self.server is None or count is None:
            return ()
        return tuple(mark for mark in self.server.marks if count(mark) > 1)

    @property
    def is_free(self) -> bool:
        """Whether nobody is paid for an answer: the embedded model, or an engine of one's own that wants no key.

        An address says nothing of it: gateways to services run on this machine and in private networks, too. A price
        or a key is money, and so is a server that does not say which engine it is.
        """
        if self.preset.prices:
            return False
        if self.model_sha256 is not None:
            return True
        engine = self.server.engine if self.server is not None else ""
        if not engine or not self.endpoint.is_private or self.endpoint.has_key:
            return False
        # Ollama hands these on to its own service.
        return not (engine == "Ollama" and self.preset.model.endswith(_OLLAMA_CLOUD))

    @property
    def prices(self) -> tuple[PriceTier, ...]:
        """What an answer costs: the model's price tiers, or nothing; empty where that is not known."""
        return NOTHING if self.is_free else self.preset.prices

    def limits(self, *, concurrency: int | None = None, rpm: float | None = None, tpm: float | None = None) -> Limits:
        """Return what is known of the server's limits before the first call; options win over the preset.

        A service says no when it has enough, so that the number of calls at once may grow until it does. A server
        of one's own says nothing and queues: there it stays at what it says of its slots, or at a few.

        Args:
            concurrency: the user's ceiling for calls at once.
            rpm: the user's requests a minute.
            tpm: the user's tokens a minute.
        """
        told = concurrency or self.preset.concurrency
        if told is None and Endpoint(base_url=self.base_url).is_private:
            told = (self.server.slots if self.server else None) or FEW
        limits = Limits(
            requests_per_minute=rpm or self.preset.requests_per_minute,
            tokens_per_minute=tpm or self.preset.tokens_per_minute,
            start=FEW,
        )
        return limits if told is None else replace(limits, concurrency=told, start=told)

    def client(
        self,
        *,
        stream: bool | None = None,
        timeouts: Timeouts | None = None,
        limiter: Limiter | None = None,
        budget: Budget | None = None,
        max_attempts: int = 4,
        patience_s: float = 900.0,
        on_change: Callable[[str], None] = silent,
        on_silence: Callable[[str], None] = silent,
    ) -> ChatClient:
        """Return a client for the model; a context manager.

        Args:
            stream: whether answers are asked for as streams; None: wherever the server can.
            timeouts: the deadlines of one sending.
            limiter: gives leave for every single sending.
            budget: money is set aside of it for every single sending.
            max_attempts: how often one request is sent at most.
            patience_s: how long one request may wait in all for a server that has enough, or is too slow.
            on_change: told once, in a sentence, of every change in how requests are written, and of a server that goes
                past the output limit.
            on_silence: told once, in a sentence, that nothing of an answer has come for long.
        """
        return ChatClient(
            self.endpoint,
            dialect=Dialect.of(self.preset, stream=stream),
            limiter=limiter,
            budget=budget,
            max_attempts=max_attempts,
            patience_s=patience_s,
            timeouts=timeouts,
            gone_s=self.gone_s,
            on_change=on_change,
            on_silence=on_silence,
        )

    @property
    def gone_s(self) -> float:
        """How long its server is waited for once it is gone: nobody starts an embedded one again."""
        return 0.0 if self.model_sha256 is not None else GONE_S

    @property
    def endpoint(self) -> Endpoint:
        """The address and all that must be sent along to be let in."""
        wire = wire_of(self.preset.wire)
        return Endpoint(
            base_url=self.base_url,
            api_key=self.key,
            key_header=self.preset.key_header or wire.key_header,
            headers={**wire.headers, **self.preset.headers, **self.headers},
            fields=dict(self.preset.extra_body),
            ca_file=self.ca_file,
            insecure=self.insecure,
        )

    @property
    def base_url(self) -> str:
        """The address of the model's server."""
        return _base_url(self.preset)


@contextmanager
def open_model(
    preset: ModelPreset,
    *,
    key: str | None,
    headers: Mapping[str, str],
    ask_server: bool,
    model_sha256: str | None = None,
    ca_file: Path | None = None,
    insecure: bool = False,
) -> Iterator[ModelAccess]:
    """Reach a model.

    Args:
        preset: the model, with its base URL.
        key: the API key, if there is one.
        headers: the user's further headers.
        ask_server: whether the server may be asked what it is (no model reads anything for it).
        model_sha256: hash of the model's file, where it is known.
        ca_file: further certificate authorities to trust, as PEM.
        insecure: whether to go without checking certificates.

    Raises:
        UsageError: the preset has no base URL.
        EndpointError: the server can't be reached.
    """
    access = ModelAccess(
        preset=preset,
        server=None,
        server_tokenizer=None,
        model_sha256=model_sha256,
        key=key,
        headers=headers,
        ca_file=ca_file,
        insecure=insecure,
    )
    if ask_server:
        yield from _with_server(access)
    else:
        yield from _with_counter(access)


def _with_server(access: ModelAccess) -> Iterator[ModelAccess]:
    """Yield the access with what the server says of itself, and its tokenizer where it counts for others."""
    preset, endpoint = access.preset, access.endpoint
    info = probe(endpoint, model=preset.model or None)
    if not preset.model:
        if not info.models:
            host = endpoint.host
            raise UsageError(t("endpoint.server_not_say_models", host=host))
        preset = replace(preset, model=info.models[0])
    if info.kind == "other":
        yield replace(access, preset=preset, server=info)
        return
    with ServerTokenizer(
        endpoint, info, model=preset.model, extra_body=preset.extra_body, gone_s=access.gone_s
    ) as tokenizer:
        yield replace(access, preset=preset, server=info, server_tokenizer=tokenizer)


def _with_counter(access: ModelAccess) -> Iterator[ModelAccess]:
    """Yield the access with the service's counting endpoint, where it has one; it is asked nothing yet."""
    if access.preset.counter is None:
        yield access
        return
    with CountingEndpoint(access.endpoint, access.preset.counter, access.preset.model) as counter:
        yield replace(access, counter=counter)


def _base_url(preset: ModelPreset) -> str:
    if not preset.base_url:
        raise UsageError(t("endpoint.model_no_server_give", preset_name=preset.name))
    return preset.base_url


# ---- several endpoints side by side, each with its own limiter: which one a call goes to -----------------------------
# Calls that share a prefix go to one endpoint, where the prefix is cached, unless it is full while another is not.
# Source: consistent hashing with bounded loads (Mirrokni, Thorup and Zadimoghaddam, 2016), with remembered homes in
# place of hashes.

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
