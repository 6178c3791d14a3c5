"""What should be known before the first call that costs much: key, model, window, an answer, counts, streaming.

It asks a server a handful of cheap questions, the dearest a prompt of some eighty tokens, and reports what it heard.
It decides nothing and prints nothing.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import httpx

from nihbench.endpoint.access import ModelAccess
from nihbench.endpoint.client import ChatClient, silent
from nihbench.endpoint.connection import NO_ANSWER, Endpoint, Timeouts, no_answer
from nihbench.endpoint.failures import Diagnosis, classify, is_about_model, one_line, parse_json
from nihbench.endpoint.kinds import HANDLING
from nihbench.endpoint.limits import Limiter
from nihbench.endpoint.servers import ServerKind, listed_window
from nihbench.endpoint.spending import Budget
from nihbench.endpoint.transport import Asker
from nihbench.errors import EndpointError, NihError, StoppedError
from nihbench.lang.messages import Message as Sentence
from nihbench.lang.messages import Words, t, without_stop
from nihbench.languages.base import of
from nihbench.types import Completer, Failure, FailureKind, Message, ModelPreset, Outcome, RateState, Request

KNOWN_TEXT = (
    "The ferry leaves the northern quay at 6:45 on weekdays and an hour later on Sundays. "
    "Tickets cost 3.20 for one crossing; children travel free. 从渡口到集市要走二十分钟，路边有一家卖热豆浆的小店。"
)
"""Every preflight sends this very text, so that the counts of two servers can be compared."""

_QUICK = Timeouts(connect_s=5.0, write_s=10.0, idle_s=10.0, total_s=30.0)
CHECK_PATIENCE_S = 90.0
"""A minute's limit is waited for, and said to the user after that; nobody looks at a silent screen for longer."""
_ONE_ANSWER = Timeouts(first_token_s=300.0, idle_s=60.0, total_s=330.0, tell_s=20.0)
# Servers of one's own that list no window, but tell the one that they loaded a model with: where, and its names there.
_LOADED = (
    ("/api/ps", "models", ("name", "model"), "context_length"),  # Ollama
    ("/api/v0/models", "data", ("id",), "loaded_context_length"),  # LM Studio
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Preflight:
    """What a server showed of itself. None is not known, not "no".

    `key_valid`: the server let us in. `model_listed`: its list names the model; `models` is that list. `window`: what
    one request may hold by the server's own word, and `window_source` who said so. `answered`: an answer of one token
    came, or would have, had it not been used up by reasoning. `prompt_tokens`: the server's count of the known text as
    one user message; `counted_tokens`: the same by its counting endpoint. `cached_reported`: usage names cached tokens.
    `changes`: how requests must be written differently. `problem` is the first thing that is wrong, in a sentence, and
    `failure` what kind of failure the answer was, where none came. `withheld`: why no answer was asked for, where the
    budget had no room for it. `ollama`: the list is Ollama's.
    """

    host: str
    model: str
    reachable: bool
    kind: ServerKind = "other"
    key_valid: bool | None = None
    models: tuple[str, ...] = ()
    model_listed: bool | None = None
    window: int | None = None
    window_source: str | None = None
    answered: bool = False
    streamed: bool | None = None
    prompt_tokens: int | None = None
    counted_tokens: int | None = None
    cached_reported: bool | None = None
    first_token_s: float | None = None
    latency_s: float | None = None
    rates: RateState | None = None
    changes: tuple[Words, ...] = ()
    problem: Words = ""
    failure: FailureKind | None = None
    withheld: StoppedError | None = None
    ollama: bool = False


async def preflight(
    access: ModelAccess,
    *,
    client: ChatClient | None = None,
    stream: bool | None = None,
    budget: Budget | None = None,
    limiter: Limiter | None = None,
    on_silence: Callable[[str], None] = silent,
) -> Preflight:
    """Ask a server what must be known before a sweep; never raises for what a server does, or for want of money.

    Args:
        access: the model within reach.
        client: sends the one short prompt; None: a client of its own, which tries once and waits minutes, not hours.
        stream: whether that client asks for a stream; None: where the server can.
        budget: what that client's sendings are charged to.
        limiter: gives that client leave for every single sending.
        on_silence: told by that client, in a sentence, that the answer is long in coming.

    Raises:
        UsageError: the base URL, a header, the environment's proxy or the file of authorities can't be used.
    """
    endpoint = access.endpoint
    report = await asyncio.to_thread(_listing, endpoint, access)
    if not report.reachable:
        return report
    own = client or access.client(
        stream=stream,
        timeouts=_ONE_ANSWER,
        max_attempts=2,
        patience_s=CHECK_PATIENCE_S,
        budget=budget,
        limiter=limiter,
        on_silence=on_silence,
    )
    try:
        async with nullcontext() if client else own:
            outcome = await _ask(own, access)
    except StoppedError as error:
        return replace(report, withheld=error)
    report = _with_outcome(report, outcome)
    if report.answered and report.window is None and report.kind == "other" and endpoint.is_private:
        report = await asyncio.to_thread(_with_loaded_window, report, endpoint, access.preset.model)
    return report


def verdict(report: Preflight) -> NihError | None:
    """Return why a server can't be used as it is, with the exit code that this asks for; None where it can.

    What may pass by itself, such as an overload, is no reason.
    """
    host, said = report.host, without_stop(report.problem)
    if not report.reachable:
        return EndpointError(said)
    if report.key_valid is False:
        return StoppedError(
            t("endpoint.refuses_key_keys_api" if "moonshot" in host else "endpoint.refuses_key", host=host, said=said)
        )
    if report.withheld is not None:
        return report.withheld
    if report.failure is None:
        return None
    if report.model_listed is False or (report.failure == "auth" and is_about_model(said)):
        known = t("endpoint.more" if len(report.models) > 5 else "endpoint.it_has", models=tuple(report.models[:5]))
        return EndpointError(
            t(
                "endpoint.not_serve_model",
                host=host,
                model=report.model,
                said=said,
                known=known if report.model_listed is False else t("endpoint.see_nih_models"),
            )
        )
    handling = HANDLING[report.failure]
    # What is left of "auth" by here is about the address: a redirection, a page, a proxy.
    if handling.stop_run and report.failure not in ("bad_parameter", "auth"):
        return StoppedError(t("common.gives_no_answer", host=host, failure=report.failure, said=said))
    return (
        None
        if handling.momentary
        else EndpointError(t("common.gives_no_answer", host=host, failure=report.failure, said=said))
    )


async def _ask(client: ChatClient, access: ModelAccess) -> Outcome:
    preset = access.preset
    request = Request(
        model=preset.model, max_output=1, temperature=preset.temperature, extra_body=dict(preset.extra_body)
    )
    return await client.complete([Message(role="user", content=KNOWN_TEXT)], request)


def _listing(endpoint: Endpoint, access: ModelAccess) -> Preflight:
    """Return what the list of models and the counting endpoint say."""
    report = Preflight(host=endpoint.host, model=access.preset.model, reachable=True)
    try:
        with Asker(endpoint, _QUICK) as http:
            response = http.get(endpoint.url("/models"))
    except httpx.ReadTimeout:
        return report  # a busy server may still answer what it is there for
    except NO_ANSWER as error:
        return replace(report, reachable=False, problem=no_answer(error, endpoint)[1])
    if response.status_code != 200:
        found = classify(response.status_code, response.content, response.headers, secrets=endpoint.secrets())
        return _refused(report, response.status_code, found)
    entries = _entries(response.content, "data")
    models = tuple(entry["id"] for entry in entries if isinstance(entry.get("id"), str))
    report = replace(
        report,
        # A list that was had without a key says nothing about one.
        key_valid=True if endpoint.api_key else None,
        models=tuple(one_line(name, endpoint.keys()) for name in models),
        ollama=any(entry.get("owned_by") == "library" for entry in entries),
        model_listed=_is_listed(access.preset.model, models) if models else None,
    )
    return _with_counts(_with_window(report, entries, access), access)


def _refused(report: Preflight, status: int, found: Diagnosis) -> Preflight:
    if status in (401, 403):
        return replace(report, key_valid=False, problem=found.message)
    return report  # not every server has a list


def _with_window(report: Preflight, entries: Sequence[Mapping[str, Any]], access: ModelAccess) -> Preflight:
    if access.server is not None:
        told = access.server.window
        source = t("common.server") if told is not None else None
        return replace(report, kind=access.server.kind, window=told, window_source=source)
    told = listed_window(entries, report.model)
    return replace(report, window=told, window_source=t("endpoint.list_models") if told is not None else None)


def _with_counts(report: Preflight, access: ModelAccess) -> Preflight:
    counting = access.server_tokenizer or access.counter
    if counting is None:
        return report
    try:
        count = counting.count_messages([Message(role="user", content=KNOWN_TEXT)])
    except (EndpointError, StoppedError) as error:
        return replace(report, problem=error.args[0])
    return replace(report, counted_tokens=count)


def _with_outcome(report: Preflight, outcome: Outcome) -> Preflight:
    usage = outcome.usage
    report = replace(
        report,
        rates=outcome.rates,
        changes=outcome.changes,
        latency_s=outcome.latency_s,
        prompt_tokens=usage.prompt_tokens,
    )
    if isinstance(outcome, Failure):
        if outcome.kind == "cut_answer":
            return replace(report, answered=True, cached_reported=usage.cached_tokens is not None, **_in(report))
        barred = outcome.kind == "auth" and (
            outcome.status in (401, 403) or (outcome.status in (200, 400) and not is_about_model(outcome.message))
        )
        return replace(
            report, key_valid=False if barred else report.key_valid, problem=outcome.message, failure=outcome.kind
        )
    return replace(
        report,
        answered=True,
        streamed=outcome.streamed,
        cached_reported=usage.cached_tokens is not None,
        first_token_s=outcome.first_token_s,
        **_in(report),
    )


def _in(report: Preflight) -> dict[str, Any]:
    """Return what an answer proves whatever the list of models said: we were let in."""
    return {"key_valid": True, "problem": report.problem if report.key_valid is not False else ""}


def _with_loaded_window(report: Preflight, endpoint: Endpoint, model: str) -> Preflight:
    with Asker(endpoint, _QUICK) as http:
        for path, key, names, size in _LOADED:
            try:
                response = http.get(endpoint.root_url(path))
            except NO_ANSWER:
                return report
            entries = _entries(response.content, key) if response.status_code == 200 else []
            for entry in entries:
                told = entry.get(size)
                if any(_is_listed(model, (str(entry.get(name)),)) for name in names) and isinstance(told, int):
                    source = t("endpoint.model_loaded_now", path=path)
                    return replace(report, window=told, window_source=source)
    return report


def _entries(body: bytes, key: str) -> list[Mapping[str, Any]]:
    try:
        value = parse_json(body)
    except ValueError:
        return []
    listed = value.get(key) if isinstance(value, dict) else None
    return [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []


def _is_listed(model: str, models: Sequence[str]) -> bool:
    """Say whether a list names the model; Gemini's puts `models/` in front, and Ollama's `:latest` behind."""
    return any(name.removeprefix("models/").removesuffix(":latest") == model.removesuffix(":latest") for name in models)


# ---- a canary for cut prompts: a code in the first and the last line, which are asked back ---------------------------
# A server that drops the beginning or the end of what it can't hold answers all the same; the code that is missing from
# the answer tells which end it dropped. What it counts tells how much.


_CODE_DIGITS = 6
_OUTPUT_TOKENS = 200
_REASONING_OUTPUT_TOKENS = 8192

FRAME_TOKENS = 100
"""About what a canary's two codes and the chat template add to its text."""
# The commonest words are one token each in every vocabulary; digits, rare words and line breaks are not.
_GOODS = "water wood stone gold glass paper coffee sugar".split()
_PLACES = "river city road garden market island school church".split()
_TIMES = ("at night", "by train", "too late", "on Monday", "in spring", "last week", "this morning", "after work")

WHOLE_SHARE = 0.97
"""A server that counts this share of what a prompt is thought to have does not tell of a cut."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Canary:
    """What came of it. `head`, `tail`: whether the answer holds the code of the first and of the last line.

    `expected_tokens` is what the prompt was thought to have, `prompt_tokens` what the server counted.
    """

    head: bool
    tail: bool
    expected_tokens: int
    prompt_tokens: int | None
    failure: FailureKind | None = None
    message: Words = ""

    @property
    def sentence(self) -> Sentence:
        """What it means, for the user."""
        return t("endpoint.canary", finding=self.finding)

    @property
    def finding(self) -> Sentence:
        """The same without its name before it."""
        if self.failure is not None:
            return t("endpoint.no_answer", failure=self.failure, said=self.message)
        tokens = (
            t("endpoint.server_gave_no_count", expected=self.expected_tokens)
            if self.prompt_tokens is None
            else t("endpoint.server_counted_about_tokens", seen=self.prompt_tokens, expected=self.expected_tokens)
        )
        if self.head and self.tail:
            return t("endpoint.first_last_line_arrived", tokens=tokens)
        if not self.head and not self.tail:
            return t("endpoint.neither_code_came_back", tokens=tokens)
        counts_all = self.prompt_tokens is not None and self.prompt_tokens >= WHOLE_SHARE * self.expected_tokens
        why = t("endpoint.may_been_cut")
        if counts_all:
            why = t("endpoint.count_nothing_cut_model")
        if self.tail:
            return t("endpoint.first_line_not_come", why=why, tokens=tokens)
        return t("endpoint.last_line_not_come", why=why, tokens=tokens)


def filler(tokens: float, count: Callable[[str], int]) -> str:
    """Return a text of about so many tokens."""
    draw, sentences, size = Random(0), [""], 0
    while size < tokens:
        words = (draw.choice(each) for each in (_GOODS, _PLACES, _TIMES))
        sentences.append("The {} from the {} came in {}.".format(*words))
        size += count(sentences[-1])
    return " ".join(sentences[1:])


async def arrives_whole(
    client: Completer, preset: ModelPreset, tokens: int, count: Callable[[str], int], random: Random
) -> bool:
    """Say whether a prompt of so many tokens comes to the model whole: it gives back what its two ends hold.

    Raises:
        StoppedError: the budget has no room for it.
    """
    text = filler(tokens - FRAME_TOKENS, count)
    found = await sing(client, preset, text, language="en", expected_tokens=tokens, random=random)
    return found.head and found.tail


async def sing(
    client: Completer, preset: ModelPreset, text: str, *, language: str, expected_tokens: int, random: Random
) -> Canary:
    """Send `text` between two codes and look for them in the answer.

    Args:
        client: sends the prompt.
        preset: the model.
        text: what fills the prompt.
        language: what the codes are asked back in; English where it has no words for that.
        expected_tokens: about how many tokens the prompt has.
        random: draws the codes.
    """
    codes = ["".join(random.choices("23456789", k=_CODE_DIGITS)) for _ in range(2)]
    asking = of(language).asking
    first, last = asking.first_code.format(code=codes[0]), asking.last_code.format(code=codes[1])
    request = Request(
        model=preset.model,
        max_output=_REASONING_OUTPUT_TOKENS if preset.reasoning else _OUTPUT_TOKENS,
        temperature=preset.temperature,
        extra_body=dict(preset.extra_body),
        prompt_tokens=expected_tokens,
    )
    outcome = await client.complete([Message(role="user", content=f"{first}\n\n{text}\n\n{last}")], request)
    counted = outcome.usage.prompt_tokens
    if isinstance(outcome, Failure):
        return Canary(
            head=False,
            tail=False,
            expected_tokens=expected_tokens,
            prompt_tokens=counted,
            failure=outcome.kind,
            message=outcome.message,
        )
    digits = re.sub(r"[\s,.\-]", "", outcome.text)
    return Canary(
        head=codes[0] in digits, tail=codes[1] in digits, expected_tokens=expected_tokens, prompt_tokens=counted
    )
