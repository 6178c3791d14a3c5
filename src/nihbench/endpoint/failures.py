"""What a failed request means: one table of rules that reads an error answer. What follows from it see `kinds`.

Pure. It knows HTTP statuses, headers and what `error_body` reads, not sockets; a dropped connection is judged in
`connection`.
Rules look at the status line and at the server's own words (type, code, message), never at digits inside a body:
prompts are echoed in error messages.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from nihbench.endpoint.error_body import ErrorBody, own_words, read_error
from nihbench.endpoint.waits import exhausted_wait_s, in_words, rate_state
from nihbench.lang.messages import Note, Words, quoted
from nihbench.types import FailureKind


class Diagnosis(NamedTuple):
    """A failure's kind, the server's own words about it, and how long it asks to wait (None: it does not say).

    `tags` are the error's type, code, status and parameter names in lower case.
    """

    kind: FailureKind
    message: Words
    wait_s: float | None
    tags: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Rule:
    """Matches when the status is one of `statuses` (None: any), and a tag or a word fits where either is given.

    `host`: how the name of the server ends that this is true of.
    """

    kind: FailureKind
    statuses: Collection[int] | None = None
    tags: frozenset[str] = frozenset()
    words: re.Pattern[str] | None = None
    told_to_wait: bool = False
    host: str = ""

    def matches(self, status: int, error: ErrorBody, host: str) -> bool:
        if not host.endswith(self.host) or (self.statuses is not None and status not in self.statuses):
            return False
        if self.told_to_wait:
            return error.wait_s is not None
        if not self.tags and self.words is None:
            return True
        if self.tags & error.tags:
            return True
        return self.words is not None and self.words.search(f"{quoted(error.message)} {error.quotas}") is not None


def _tags(*names: str) -> frozenset[str]:
    return frozenset(names)


def _words(*phrases: str) -> re.Pattern[str]:
    return re.compile("|".join(phrases), re.IGNORECASE)


_REFUSALS = (200, 400, 403, 413, 422)
SAMPLING = (
    "temperature", "top_p", "top_k", "min_p", "seed", "presence_penalty", "frequency_penalty", "repetition_penalty",
)  # fmt: skip
"""Parameters that a request can do without: a server that refuses one is asked again without it."""
_MODEL_WORDS = ("model", "deployment", "endpoints found")
_PARAMETERS = (*SAMPLING, "max_tokens", "max_completion_tokens")

# The first rule that matches decides. Type and code come before wording, and a named delay before both wordings of
# "quota": OpenAI's words for an empty account are Gemini's words for "wait 26 seconds".
_RULES = (
    # Alibaba calls the tokens of a minute a quota, too; an empty account is "Arrearage" there.
    _Rule(kind="rate_limit", statuses=(429,), tags=_tags("insufficient_quota"), host=".aliyuncs.com"),
    _Rule(
        kind="quota",
        tags=_tags(
            "exceeded_current_quota_error", "insufficient_quota", "credit_balance_exhausted", "insufficient_balance",
            "billing_hard_limit_reached", "billing_not_active", "arrearage", "insufficient_user_quota",
            "budget_exceeded",
        ),
    ),
    _Rule(kind="quota", statuses=(402,)),
    _Rule(
        kind="quota",
        statuses=(200, 400, 403, 429),
        words=_words(
            "credit balance is too low", "insufficient balance", "budget has been exceeded",
            "used all available credits", "monthly spending limit", "账户已?欠费", "余额不足", "额度不足",
        ),
    ),
    _Rule(kind="overflow", tags=_tags("context_length_exceeded", "exceed_context_size_error", "request_too_large")),
    # More tokens in one prompt than the account has for a minute: no waiting makes room for it.
    _Rule(kind="overflow", statuses=(413, 429), words=_words("request too large for")),
    _Rule(
        kind="overflow",
        statuses=(200, 400, 413, 422, 500),
        words=_words(
            "maximum context length", "exceeded model token limit", "input token length too long",
            "longer than the model's context length", "longer than the maximum model length", "prompt is too long",
            "exceeds the available context size", "range of input length", "exceeds? context limit",
            "(exceeds|larger than) the( model's)? context window", "context window exceeds limit",
            "(exceeds|greater than) the( model's| maximum)? context length", "maximum prompt length",
            "exceeds the maximum number of tokens", "exceeds the maximum allowed length", "prompt exceeds max length",
            "context length (is|of) only", "too long to fit into the model",
            "input is too long", "too many tokens: size limit", r"must have less than \d+ tokens",
            r"max_new_tokens`? must be <=", "(超过|超出).{0,20}上下文", "prompt ?超长", "输入(内容)?超长",
        ),
    ),
    _Rule(
        kind="filtered",
        tags=_tags(
            "content_filter", "content_policy_violation", "responsibleaipolicyviolation", "data_inspection_failed",
            "datainspectionfailed",
        ),
    ),
    _Rule(
        kind="filtered",
        statuses=_REFUSALS,
        words=_words(
            "considered high risk", "content management policy", "inappropriate content", "input was flagged",
            "content exists risk", "content filtering policy", "敏感内容", "违规内容",
        ),
    ),
    _Rule(kind="overloaded", tags=_tags("engine_overloaded_error", "overloaded_error")),
    _Rule(kind="overloaded", statuses=(503, 529)),
    # Google's way to say that this account may not use this model at all.
    _Rule(kind="quota", statuses=(429,), words=_words(r"\blimit: 0\b")),
    # A day's allowance is used up: waiting does not help this run, its message says when to come back.
    _Rule(
        kind="day_limit",
        statuses=(429,),
        words=_words(r"\b[TR]PD\b", "per[- _]?day", r"\bdaily (rate |request |token )?(limit|quota)"),
    ),
    _Rule(kind="rate_limit", statuses=(429,), told_to_wait=True),
    _Rule(kind="quota", statuses=(429,), words=_words("exceeded your current quota", "plan and billing")),
    _Rule(kind="rate_limit", statuses=(429,)),
    _Rule(kind="rate_limit", tags=_tags("rate_limit_reached_error", "rate_limit_exceeded", "rate_limit_error")),
    _Rule(kind="auth", statuses=(*range(300, 400), 401, 403, 404, 405, 407)),
    _Rule(
        kind="auth",
        tags=_tags(
            "invalid_authentication_error", "authentication_error", "invalid_api_key", "permission_error",
            "permission_denied_error", "model_not_found", "resource_not_found_error",
        ),
    ),
    _Rule(
        kind="auth",
        statuses=(400,),
        words=_words(
            "api key not valid", "(incorrect|invalid) api key", "authentication error", "location is not supported"
        ),
    ),
    _Rule(
        kind="bad_parameter",
        statuses=(200, 400, 422),
        tags=_tags("unsupported_parameter", "unsupported_value", "unknown_parameter", *_PARAMETERS),
        words=_words(*(rf"\b{name}\b" for name in _PARAMETERS)),
    ),
    # Cloudflare waits a hundred seconds for an answer, and a long prompt may be read for longer.
    _Rule(kind="timeout", statuses=(524,)),
    _Rule(kind="transient", statuses=(200, 408, 409, 425, *range(500, 600))),
)  # fmt: skip


def classify(
    status: int,
    body: bytes,
    headers: Mapping[str, str],
    *,
    secrets: Iterable[str] = (),
    now: datetime | None = None,
    host: str = "",
) -> Diagnosis:
    """Return what an error answer means.

    Args:
        status: the HTTP status; 200 for an error that came inside a good answer.
        body: the answer's body as it came: JSON in any of the usual wrappers, HTML, plain text, nothing.
        headers: the answer's headers.
        secrets: texts that must not appear in the message, such as the API key.
        now: the time of the answer, in UTC, for delays that are given as a date.
        host: the server's name, for those that mean something of their own.
    """
    error = read_error(body, headers, secrets, now)
    # Gateways report the upstream's status as a field of an error that travels inside a 200.
    judged = error.code if status == 200 and error.code is not None else status
    kind: FailureKind = next((rule.kind for rule in _RULES if rule.matches(judged, error, host)), "refused_by_server")
    wait_s = error.wait_s
    if wait_s is None and kind in ("rate_limit", "day_limit"):
        wait_s = exhausted_wait_s(rate_state({**error.headers, **headers}, now))
    message = error.message or error.plain or Note("status_alone", status=status)
    hinted = own_words(_hinted(message, kind, status, headers, error, wait_s), secrets)
    return Diagnosis(kind, hinted, wait_s, error.tags)


def is_about_model(message: Words) -> bool:
    """Say whether a server's words are about the model that was asked for: then the address itself is right."""
    return any(word in quoted(message).lower() for word in _MODEL_WORDS)


def _hinted(
    message: Words, kind: FailureKind, status: int, headers: Mapping[str, str], error: ErrorBody, wait_s: float | None
) -> Words:
    """Return a message with what to do about it behind it, where that is known."""
    if kind == "day_limit":
        if wait_s is None:
            return Note(
                "hint_day_limit_unknown",
                message=message,
            )
        return Note(
            "hint_day_limit",
            message=message,
            wait=in_words(wait_s),
        )
    if 300 <= status < 400:
        target = next((value for name, value in headers.items() if name.lower() == "location"), "")
        return Note(
            "hint_redirect",
            message=message,
            target=target or Note("another_address"),
        )
    if status == 401 and "invalid_authentication_error" in error.tags:
        return Note(
            "hint_moonshot_keys",
            message=message,
        )
    if status == 407:
        return Note(
            "hint_proxy_login",
            message=message,
        )
    if status in (404, 405) and not is_about_model(error.message):
        return Note("hint_base_url", message=message)
    return message
