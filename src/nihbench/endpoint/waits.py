"""How long a server asks to wait, and what it says of its limits: every spelling of both is read here, and only here.

Pure: the time is an argument, and the answer's own Date goes before it, so that a wrong clock here does no harm.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from nihbench.types import RateState

_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DIGITS = r"\d{1,15}(?:\.\d{1,15})?"
_UNIT = r"(?:milliseconds?|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d)"
_NUMBER = re.compile(_DIGITS)
_PART = re.compile(rf"({_DIGITS})\s?({_UNIT})", re.IGNORECASE)
_DURATION = re.compile(rf"(?:{_DIGITS}\s?{_UNIT}[\s,]*)*{_DIGITS}\s?{_UNIT}(?![a-z])", re.IGNORECASE)
_SAID = re.compile(
    rf"\b(?:try(?:ing)? again|retry(?:ing)?(?: your request)?|wait(?:ing)?)(?: (?:after|in|for|about|at least))* "
    rf"({_DURATION.pattern})",
    re.IGNORECASE,
)
_SAID_IN_CHINESE = re.compile(rf"({_DIGITS})\s?(毫秒|秒钟?|分钟?|个?小时|天)(?:之|以)?后")
_CHINESE_UNITS = {"毫": "ms", "秒": "s", "分": "m", "个": "h", "小": "h", "天": "d"}
# A bare number this large is a moment (seconds since 1970, or milliseconds), not a duration: ten years is no wait.
_MOMENT_S = 315_360_000.0
_MOMENT_MS = 1e11
_LONGEST_S = 3_155_760_000.0
_MINUTE_S = 60.0


def duration_s(text: str) -> float | None:
    """Return a duration in seconds: `7`, `0.5`, `12ms`, `1s`, `6m0s`, `1h2m3.5s`, `2 minutes`; None for others."""
    text = text.strip()
    if _NUMBER.fullmatch(text):
        return float(text)
    if not _DURATION.fullmatch(text):
        return None
    return sum(float(number) * _UNITS_S[_unit(name)] for number, name in _PART.findall(text))


def until_s(text: str, reference: datetime | None) -> float | None:
    """Return the seconds from `reference` to what `text` names: a duration, an HTTP date, an ISO 8601 time or an epoch.

    What lies in the past is 0; a date without a reference, or anything else, is None.
    """
    seconds = duration_s(text)
    if seconds is not None and seconds < _MOMENT_S:
        return seconds
    if reference is None:
        return None
    if seconds is not None:
        epoch_s = seconds / 1000 if seconds >= _MOMENT_MS else seconds
        return _bounded(epoch_s - reference.timestamp())
    moment = _iso(text) or _http_date(text)
    return None if moment is None else _bounded((moment - reference).total_seconds())


def asked_wait_s(
    headers: Mapping[str, str], message: str, details: Iterable[object], now: datetime | None
) -> float | None:
    """Return the delay in seconds that headers, error details or the message name.

    Args:
        headers: the answer's headers.
        message: the error's own words.
        details: the error's list of details, as Google's APIs give it, and other objects that may name a delay.
        now: the time of the answer, where it has no Date of its own; None: dates are read by its Date only.
    """
    named = {key.lower(): value for key, value in headers.items()}
    for name in ("retry-after-ms", "x-ms-retry-after-ms"):
        value = named.get(name, "").strip()
        if _NUMBER.fullmatch(value):
            return _bounded(float(value) / 1000)
    # A proxy may add a header of its own, and both come as one.
    values = named.get("retry-after", "")
    parts = values.split(",") if all(map(_NUMBER.fullmatch, map(str.strip, values.split(",")))) else [values]
    waits = [until_s(part, _reference(named, now)) for part in parts]
    if (seconds := max((wait for wait in waits if wait is not None), default=None)) is not None:
        return seconds
    for detail in details:
        if isinstance(detail, dict) and (seconds := _wait_in(detail)) is not None:
            return _bounded(seconds)
    said = _said_s(message)
    return None if said is None else _bounded(said)


def rate_state(headers: Mapping[str, str], now: datetime | None) -> RateState | None:
    """Return what an answer's headers say of the account's limits; None where they say nothing.

    Read are OpenAI's x-ratelimit-*-requests and -tokens (and those of others that end in -minute), Anthropic's
    anthropic-ratelimit-requests-*, -tokens-* and -input-tokens-*, and the plain ratelimit-limit, -remaining and -reset
    (with or without x-), which are about requests. A plain limit may be a second's, an hour's or a day's: it is read
    only where its reset says that it is a minute's.
    """
    named = {key.lower(): value for key, value in headers.items()}
    if not any("ratelimit-" in name for name in named):
        return None
    reference = _reference(named, now)

    def first(what: str, kind: str) -> str:
        names = [
            f"x-ratelimit-{what}-{kind}",
            f"anthropic-ratelimit-{kind}-{what}",
            f"x-ratelimit-{what}-{kind}-minute",
        ]
        if kind == "requests":
            names += [f"x-ratelimit-{what}-req-minute", f"x-ratelimit-{what}", f"ratelimit-{what}"]
        else:  # of a long prompt's tokens nearly all are input
            names += [f"anthropic-ratelimit-input-tokens-{what}"]
        return next((named[name] for name in names if name in named), "")

    reset_requests_s = until_s(first("reset", "requests"), reference)
    is_plain = not any(re.search("requests|-req-", name) for name in named if "ratelimit-" in name)
    of_a_minute = not is_plain or (reset_requests_s is not None and 1 < reset_requests_s <= _MINUTE_S)
    state = RateState(
        limit_requests=_whole(first("limit", "requests")) if of_a_minute else None,
        remaining_requests=_whole(first("remaining", "requests")),
        reset_requests_s=reset_requests_s,
        limit_tokens=_whole(first("limit", "tokens")),
        remaining_tokens=_whole(first("remaining", "tokens")),
        reset_tokens_s=until_s(first("reset", "tokens"), reference),
    )
    return None if state == RateState() else state


def exhausted_wait_s(state: RateState | None) -> float | None:
    """Return when what is used up is there again, in seconds; None where nothing is, or the server does not say."""
    if state is None:
        return None
    pairs = ((state.remaining_requests, state.reset_requests_s), (state.remaining_tokens, state.reset_tokens_s))
    waits = [reset for remaining, reset in pairs if remaining == 0 and reset is not None]
    return max(waits, default=None)


def in_words(seconds: float) -> str:
    """Return a wait for a person to read: `40 s`, `7 min`, `5 h 10 min`."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"


def _said_s(message: str) -> float | None:
    """Return the delay in seconds that an error's words ask for, in English or Chinese."""
    said, chinese = _SAID.search(message), _SAID_IN_CHINESE.search(message)
    if said is None and chinese is not None:
        return float(chinese[1]) * _UNITS_S[_CHINESE_UNITS[chinese[2][0]]]
    return duration_s(said[1]) if said else None


def _wait_in(detail: Mapping[str, object]) -> float | None:
    """Return the delay in seconds that an error's object names; one whose name ends in ms is in milliseconds."""
    for name in ("retryDelay", "retry_after_ms", "retryAfterMs", "retry_after", "retryAfter", "retry_after_seconds"):
        value = detail.get(name)
        if isinstance(value, (str, int, float)) and not isinstance(value, bool):
            seconds = duration_s(str(value))
            if seconds is not None and (name != "retryDelay" or isinstance(value, str)):
                return seconds / 1000 if name.lower().endswith("ms") else seconds
    return None


def _bounded(seconds: float) -> float:
    """Return a wait that a date can be made of: a hundred years are as good as for ever."""
    return min(max(seconds, 0.0), _LONGEST_S)


def _unit(name: str) -> str:
    name = name.lower()
    return "ms" if name.startswith(("ms", "milli")) else name[0]


def _reference(named: Mapping[str, str], now: datetime | None) -> datetime | None:
    return _http_date(named.get("date", "")) or now


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _iso(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _whole(text: str) -> int | None:
    plain = text.strip()  # of more signs than float() takes away
    return int(float(plain)) if _NUMBER.fullmatch(plain) else None
