"""A service that keeps an honest bill of its own: every way to count, to name a price and to fail that is billed."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.serving import Answering, Serving

IN, OUT, CACHED = 100.0, 200.0, 10.0
"""US dollars a million tokens: of a prompt, of an answer, of a prompt out of the cache."""
PRICE = ("--price", "100,200,10")
THOUGHT = 40
"""Tokens of reasoning, where a way has some."""
SAID = "Eat a sandwich and sit in Dolores Park on a sunny day."


@dataclass(frozen=True)
class Call:
    """A request as the service sees it: its number (from 1), its prompt's tokens, its limit, the answer's tokens."""

    number: int
    prompt: int
    limit: int
    said: int


@dataclass(frozen=True)
class Answered:
    """What the service sends, and what it bills for it in US dollars."""

    usd: float
    usage: Mapping[str, Any] | None = None
    status: int = 200
    body: bytes | None = None
    finish: str = "stop"
    text: str | None = None
    over: Mapping[str, Any] = field(default_factory=dict)


def usd(prompt: float, answer: float, cached: float = 0, written: float = 0) -> float:
    """The bill for so many tokens; of the prompt's so many came out of the cache and went into one."""
    return (IN * (prompt - cached) + CACHED * cached + 0.25 * IN * written + OUT * answer) / 1e6


def told(prompt: int, answer: int, **more: Any) -> dict[str, Any]:
    return {"prompt_tokens": prompt, "completion_tokens": answer, "total_tokens": prompt + answer, **more}


def _half(call: Call) -> int:
    return call.prompt // 2


def _broken(call: Call) -> bool:
    return call.number % 2 == 0


def _plain(call: Call) -> Answered:
    return Answered(usd(call.prompt, call.said), told(call.prompt, call.said))


def _inside(call: Call) -> Answered:
    both = call.said + THOUGHT
    details = {"reasoning_tokens": THOUGHT}
    return Answered(usd(call.prompt, both), told(call.prompt, both, completion_tokens_details=details))


def _beside(call: Call, **more: Any) -> Answered:
    both = call.said + THOUGHT
    usage = told(call.prompt, call.said, completion_tokens_details={"reasoning_tokens": THOUGHT})
    return Answered(usd(call.prompt, both), usage | {"total_tokens": call.prompt + both} | more)


def _without_total(call: Call) -> Answered:
    found = _beside(call)
    return Answered(found.usd, {key: value for key, value in (found.usage or {}).items() if key != "total_tokens"})


def _in_total_only(call: Call) -> Answered:
    both = call.said + THOUGHT
    return Answered(usd(call.prompt, both), told(call.prompt, call.said) | {"total_tokens": call.prompt + both})


def _cached(call: Call, name: str = "prompt_tokens_details") -> Answered:
    hit = _half(call)
    usage = told(call.prompt, call.said) | {name: {"cached_tokens": hit} if name.endswith("details") else hit}
    return Answered(usd(call.prompt, call.said, hit), usage)


def _cached_left_out(call: Call) -> Answered:
    hit = _half(call)
    usage = told(call.prompt - hit, call.said, prompt_tokens_details={"cached_tokens": hit})
    return Answered(usd(call.prompt, call.said, hit), usage)


def _cached_in_total_only(call: Call) -> Answered:
    found = _cached_left_out(call)
    return Answered(found.usd, {**(found.usage or {}), "total_tokens": call.prompt + call.said})


def _written(call: Call) -> Answered:
    """As Anthropic has it: beside the prompt's count."""
    into = call.prompt - 20
    usage = told(call.prompt - into, call.said) | {"cache_creation_input_tokens": into, "cache_read_input_tokens": 0}
    return Answered(usd(call.prompt, call.said, written=into), usage)


def _written_inside(call: Call) -> Answered:
    into = call.prompt - 20
    usage = told(call.prompt, call.said, prompt_tokens_details={"cached_tokens": 0, "cache_write_tokens": into})
    return Answered(usd(call.prompt, call.said, written=into), usage)


def _priced(share: float, **more: Any) -> Callable[[Call], Answered]:
    def answer(call: Call) -> Answered:
        cost = usd(call.prompt, call.said)
        return Answered(cost, told(call.prompt, call.said, cost=share * cost, **more))

    return answer


def _priced_alone(share: float) -> Callable[[Call], Answered]:
    def answer(call: Call) -> Answered:
        cost = usd(call.prompt, call.said)
        return Answered(cost, {"cost": share * cost})

    return answer


def _own_key(call: Call) -> Answered:
    cost = usd(call.prompt, call.said)
    more = {"is_byok": True, "cost": 0.05 * cost, "cost_details": {"upstream_inference_cost": cost}}
    return Answered(1.05 * cost, told(call.prompt, call.said, **more))


def _own_key_unsaid(call: Call) -> Answered:
    cost = usd(call.prompt, call.said)
    return Answered(1.05 * cost, told(call.prompt, call.said, is_byok=True, cost=0.05 * cost))


def _upstream(call: Call) -> Answered:
    cost = usd(call.prompt, call.said)
    details = {"upstream_inference_cost": cost}
    return Answered(1.05 * cost, told(call.prompt, call.said, cost=0.05 * cost, cost_details=details))


def _dearer(call: Call) -> Answered:
    """Another upstream served it, at three times the price that is known."""
    cost = 3 * usd(call.prompt, call.said)
    return Answered(cost, told(call.prompt, call.said, cost=cost))


def _thrice(call: Call) -> Answered:
    return Answered(usd(3 * call.prompt, call.said), told(3 * call.prompt, call.said))


def _past_limit(call: Call) -> Answered:
    """It thinks without an end, whatever the limit says: 6 times as much."""
    much = 6 * call.limit
    return Answered(usd(call.prompt, much), told(call.prompt, much))


def _uncounted(call: Call) -> Answered:
    return Answered(usd(call.prompt, call.limit))


def _zeros(call: Call) -> Answered:
    return Answered(usd(call.prompt, call.limit), told(0, 0))


def _failing(status: int, body: bytes, *, counts: bool = False) -> Callable[[Call], Answered]:
    """Every second call was worked on, and is billed, though its answer is lost."""

    def answer(call: Call) -> Answered:
        if not _broken(call):
            return _plain(call)
        usage = told(call.prompt, call.said) if counts else None
        content = json.dumps({"error": {"message": "upstream"}, "usage": usage}).encode() if counts else body
        return Answered(usd(call.prompt, call.said), usage, status=status, body=content)

    return answer


def _refusing(call: Call) -> Answered:
    body = json.dumps({"error": {"message": "slow down", "code": "rate_limit_exceeded"}}).encode()
    return Answered(0.0, status=429, body=body) if _broken(call) else _plain(call)


def _cut(call: Call) -> Answered:
    """All of the limit went into reasoning, and is billed, until the limit is four times as large."""
    if call.limit >= 4 * 50:
        return _plain(call)
    return Answered(usd(call.prompt, call.limit), told(call.prompt, call.limit), finish="length", text="")


def _filtered(call: Call) -> Answered:
    found = _plain(call)
    return Answered(found.usd, found.usage, finish="content_filter", text="")


def _in_choice(call: Call) -> Answered:
    found = _plain(call)
    return Answered(found.usd, None, over={"usage": found.usage})


WAYS: Mapping[str, Callable[[Call], Answered]] = {
    "plain": _plain,
    "reasoning in the answer's count": _inside,
    "reasoning beside it, total": _beside,
    "reasoning beside it, no total": _without_total,
    "reasoning in the total only": _in_total_only,
    "cached": _cached,
    "cached, Moonshot": lambda call: _cached(call, "cached_tokens"),
    "cached, DeepSeek": lambda call: _cached(call, "prompt_cache_hit_tokens"),
    "cached, left out": _cached_left_out,
    "cached, in the total only": _cached_in_total_only,
    "written beside the prompt": _written,
    "written, in the prompt": _written_inside,
    "cost in dollars": _priced(1.0),
    "cost in thousands": _priced(0.001),
    "cost in cents": _priced(100.0),
    "cost in ticks": _priced(1e10),
    "cost of nothing": _priced(0.0),
    "cost alone": _priced_alone(1.0),
    "cost alone, in thousands": _priced_alone(0.001),
    "own key": _own_key,
    "own key, upstream unsaid": _own_key_unsaid,
    "own key, unsaid": _upstream,
    "dearer than known": _dearer,
    "three tokens for one": _thrice,
    "past the limit": _past_limit,
    "no counts": _uncounted,
    "zeros": _zeros,
    "counts in the choice": _in_choice,
    "billed 502": _failing(502, b"<html>Bad Gateway</html>"),
    "billed 500": _failing(500, b'{"error": {"message": "internal"}}'),
    "billed 502 with counts": _failing(502, b"", counts=True),
    "error in a 200": _failing(200, b"", counts=True),
    "garbage in a 200": _failing(200, b"<html>welcome</html>"),
    "nothing in a 200": _failing(200, b""),
    "unbilled refusals": _refusing,
    "cut before the answer": _cut,
    "filtered": _filtered,
}
"""By name, what is sent and what is billed for a call."""


@dataclass
class Service(Serving):
    """Answers by one of the ways; `bill` is what it will charge, in US dollars, answered or not.

    From request number `hold_from` on none is answered until `release` is set.
    """

    count: Callable[[str], int]
    way: Callable[[Call], Answered] = _plain
    bill: float = 0.0
    calls: int = 0
    hold_from: int | None = None
    delay_s: float = 0.0
    release: threading.Event = field(default_factory=threading.Event)
    arrived: threading.Condition = field(default_factory=threading.Condition)
    text: str = SAID

    def __post_init__(self) -> None:
        self.serve(_handler(self))

    def begin(self) -> None:
        """Begin anew: what was billed so far is another trial's."""
        self.release.set()
        self.way, self.bill, self.calls, self.hold_from = _plain, 0.0, 0, None
        self.text, self.delay_s = SAID, 0.0
        self.release = threading.Event()

    def close(self) -> None:
        self.release.set()
        super().close()

    def wait_for(self, calls: int, timeout_s: float = 600.0) -> bool:
        with self.arrived:
            return self.arrived.wait_for(lambda: self.calls >= calls, timeout_s)

    def take(self, body: Mapping[str, Any]) -> tuple[Call, Answered]:
        prompt = sum(self.count(message["content"]) + 4 for message in body["messages"]) + 3
        limit = body.get("max_tokens") or body.get("max_completion_tokens") or 0
        with self.arrived:
            self.calls += 1
            call = Call(self.calls, prompt, limit, min(self.count(SAID), limit))
            answered = self.way(call)
            self.bill += answered.usd
            self.arrived.notify_all()
        if self.hold_from is not None and call.number >= self.hold_from:
            self.release.wait(600)
        elif self.delay_s:
            self.release.wait(self.delay_s)
        return call, answered


def _handler(owner: Service) -> type[Answering]:
    class Handler(Answering):
        def do_GET(self) -> None:
            listed = {"data": [{"id": "x", "owned_by": "test"}]}
            self.answer(200 if self.path == "/v1/models" else 404, json.dumps(listed).encode())

        def do_POST(self) -> None:
            body = self.body()
            if body is not None:
                call, answered = owner.take(json.loads(body))
                self.answer(answered.status, _body(answered, owner.text))

    return Handler


def _body(answered: Answered, text: str) -> bytes:
    if answered.body is not None:
        return answered.body
    message = {"role": "assistant", "content": text if answered.text is None else answered.text}
    choice = {"index": 0, "message": message, "finish_reason": answered.finish, **answered.over}
    value = {"model": "x-1", "choices": [choice]} | ({"usage": answered.usage} if answered.usage is not None else {})
    return json.dumps(value).encode()
