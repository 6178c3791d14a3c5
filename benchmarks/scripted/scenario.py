"""The scenario file: which providers there are to play, and what goes wrong at which requests.

An entry says what happens (`faults`) and what must come of it (`ends`, `calls`, `stops`): the oracle is in the file,
written by hand from what providers document, and not in the code under test.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml

SCENARIOS = Path(__file__).resolve().parents[2] / "tests" / "faults" / "scenarios.yaml"
ValueT = TypeVar("ValueT")


@dataclass(frozen=True, kw_only=True)
class Provider:
    """How a provider writes good answers.

    `usage`: `last` (an event without choices), `choice` (in the last choice), `every` (in each event) or `none`.
    `cached`: the field of cached tokens, by its usual names. `comments`: SSE comments in front of the answer.
    `first`: an event in front of the answer. `extra`: further fields of every object.
    """

    usage: str = "last"
    cached: str = "none"
    comments: tuple[str, ...] = ()
    first: Mapping[str, Any] | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    reasoning: str = ""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What goes wrong.

    `trials`: every so-manieth trial of the plan, `sendings`: at its first so many requests (0: at all of them).
    `only`: instead of that, these trials' indices.
    `when`: only where the request's body has (or, as `lacks`, has not) this field, or a system message.
    `connections`: instead of all that, at the first of every so many connections, before a byte is read (the first,
        because a quick run may open no more).
    `do`: what the server does (see `server`). `billed`: whether a provider would charge for it.
    `ends`: `answer`, or the class of failure that is right for such a trial; `meets`: the class that is right for the
    single sendings that this happens to. `text`: the answer, where it is not the usual one, and `value` its score.
    `repeats`: the answer is that text over and over, as far as it is read.
    `calls`: how many requests such a trial takes; None: that depends on chance.
    """

    do: Mapping[str, Any] = field(default_factory=dict)
    trials: int = 1
    sendings: int = 1
    only: frozenset[int] | None = None
    when: Mapping[str, str] = field(default_factory=dict)
    connections: int = 0
    ends: str = "answer"
    meets: str | None = None
    text: str | None = None
    repeats: bool = False
    value: float | None = None
    calls: int | None = None
    billed: bool | None = None

    def hits(self, index: int, sending: int, body: Mapping[str, Any]) -> bool:
        """Say whether this happens to the trial of this index at this sending, both from 0."""
        if self.connections or (index % self.trials if self.only is None else index not in self.only):
            return False
        if self.when:
            return self._fits(body)
        return not self.sendings or sending < self.sendings

    @property
    def is_billed(self) -> bool:
        """Whether a provider would charge for the request."""
        return self.billed if self.billed is not None else self.do.get("status", 200) == 200

    def _fits(self, body: Mapping[str, Any]) -> bool:
        roles = {message.get("role") for message in body.get("messages", ())}
        has, lacks = self.when.get("has"), self.when.get("lacks")
        return (has is None or has in body or has in roles) and (lacks is None or lacks not in body)


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One run.

    `stops`: the class of failure that ends the run at once. `stream`: as `--stream`; None: wherever the server can.
    `server`: `plain`, `tls` (a certificate of the tests' own authority), `plain-as-tls`, or `none` (nothing is there).
    `ca`: the client is given the server's authority (--ca-file).
    `timeouts`: deadlines of one sending in simulated seconds. `patience_s`: how long one request may take for answers
    that do not come in time, in real ones. `more`: calls beyond those of the faults that are right,
    as where several are under way before the first refusal teaches.
    """

    name: str
    provider: str = "openai"
    faults: tuple[Fault, ...] = ()
    stops: str | None = None
    stream: bool | None = None
    server: str = "plain"
    ca: bool = False
    timeouts: Mapping[str, float] = field(default_factory=dict)
    patience_s: float = 900.0
    more: int = 0


@dataclass(frozen=True, kw_only=True)
class Book:
    """The whole file. `billed_at_most`: how often one trial may be billed for, by the class it met."""

    providers: Mapping[str, Provider]
    billed_at_most: Mapping[str, int]
    scenarios: tuple[Scenario, ...]

    def scenario(self, name: str) -> Scenario:
        """Return the scenario of this name."""
        return next(scenario for scenario in self.scenarios if scenario.name == name)


def load_book(path: Path = SCENARIOS) -> Book:
    """Read a scenario file; an unknown key is an error."""
    plain = yaml.safe_load(path.read_text(encoding="utf-8"))
    scenarios = []
    for entry in plain["scenarios"]:
        faults = tuple(_made(Fault, fault) for fault in entry.pop("faults", ()))
        scenarios.append(_made(Scenario, entry | {"faults": faults}))
    names = [scenario.name for scenario in scenarios]
    if len(set(names)) != len(names):
        raise ValueError("two scenarios have one name")
    return Book(
        providers={name: _made(Provider, entry or {}) for name, entry in plain["providers"].items()},
        billed_at_most=plain["billed_at_most"],
        scenarios=tuple(scenarios),
    )


def _made(kind: type[ValueT], entry: Mapping[str, Any]) -> ValueT:
    return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()})


def slug(name: str) -> str:
    """Return a scenario's name as a folder's."""
    return re.sub(r"\W+", "-", name).strip("-")
