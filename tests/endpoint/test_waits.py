"""Waits and limits in every spelling, against the libraries that write those spellings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nihbench.endpoint.waits import asked_wait_s, duration_s, exhausted_wait_s, in_words, rate_state, until_s
from nihbench.types import RateState

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1)).map(lambda m: m.replace(microsecond=0))
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


def go_style(milliseconds: int) -> str:
    """Write a duration as Go's time.Duration does, which is where providers' `6m0s` and `12ms` come from."""
    if milliseconds < 1000:
        return f"{milliseconds}ms"
    seconds, rest = divmod(milliseconds, 1000)
    hours, seconds = divmod(seconds, 3600)
    minutes, seconds = divmod(seconds, 60)
    fraction = f".{rest:03d}".rstrip("0").rstrip(".")
    text = f"{seconds}{fraction}s"
    text = f"{minutes}m{text}" if minutes or hours else text
    return f"{hours}h{text}" if hours else text


@settings(max_examples=60, deadline=None)
@given(milliseconds=st.integers(0, 40_000_000))
def test_durations_are_what_was_written(milliseconds: int) -> None:
    seconds = milliseconds / 1000
    assert duration_s(go_style(milliseconds)) == pytest.approx(seconds)
    assert duration_s(f"{seconds:.3f}") == pytest.approx(seconds)
    assert duration_s(f"{seconds:.3f}s") == pytest.approx(seconds)
    assert asked_wait_s({"retry-after-ms": str(milliseconds), "retry-after": "9"}, "", (), NOW) == seconds
    said = f"Rate limit. Please try again in {go_style(milliseconds)}."
    assert asked_wait_s({}, said, (), NOW) == pytest.approx(seconds)


@settings(max_examples=50, deadline=None)
@given(now=MOMENTS, moment=MOMENTS, zone=ZONES)
def test_dates_are_what_the_standard_library_wrote(now: datetime, moment: datetime, zone: timezone) -> None:
    here, there = now.replace(tzinfo=UTC), moment.replace(tzinfo=UTC)
    expected = max(0.0, (there - here).total_seconds())
    for text in (format_datetime(there, usegmt=True), format_datetime(there), there.isoformat().replace("+00:00", "Z"),
                 there.astimezone(zone).isoformat()):  # fmt: skip
        assert until_s(text, here) == expected
    # The answer's own Date goes before the clock of this machine.
    headers = {"Retry-After": format_datetime(there, usegmt=True), "Date": format_datetime(here, usegmt=True)}
    assert asked_wait_s(headers, "", (), NOW) == expected
    if there.timestamp() > 315_360_000:  # ten years of seconds is still a wait
        assert until_s(str(int(there.timestamp())), here) == expected
        assert until_s(str(int(there.timestamp() * 1000)), here) == expected


@settings(max_examples=60, deadline=None)
@example(text="0\x1f")
@given(text=st.text(max_size=30) | st.from_regex(r"[0-9hms.: TZ+-]{1,30}", fullmatch=True))
def test_no_text_breaks_the_reading_or_gives_a_wait_below_zero(text: str) -> None:
    for seconds in (
        until_s(text, NOW),
        asked_wait_s({"retry-after": text, "date": text, "retry-after-ms": text}, f"try again in {text}", [text], NOW),
    ):
        assert seconds is None or seconds >= 0
    rate_state({"x-ratelimit-reset-tokens": text, "x-ratelimit-limit-tokens": text, "date": text}, NOW)


@pytest.mark.parametrize(
    ("seconds", "headers", "message", "details"),
    [
        (7.0, {"Retry-After": "7"}, "try again in 9s", []),
        (0.25, {"retry-after-ms": "250", "retry-after": "1"}, "", []),
        (1.5, {"x-ms-retry-after-ms": "1500"}, "", []),
        (26.0, {}, "", [{"@type": "RetryInfo", "retryDelay": "26s"}]),
        (26.25, {}, "", [{}, 3, {"retryDelay": "26.25s"}]),
        (1.0, {}, "max organization concurrency: 1, please try again after 1 seconds", []),
        (0.02, {}, "Please try again in 20ms.", []),
        (20.0, {}, "Please retry after 20 seconds.", []),
        (120.0, {}, "Try again in 2 minutes, please", []),
        (0.0, {"Retry-After": "Sun, 06 Nov 1994 08:49:37 GMT"}, "", []),
        (None, {"Retry-After": "soon"}, "try again later", [{"retryDelay": 3}]),
        (2.0, {"Retry-After": "1, 2"}, "", []),
        (10.0, {"Retry-After": "10s"}, "", []),
        (30.0, {"Retry-After": "Sunday, 22-Nov-26 10:00:30 GMT"}, "", []),
        (30.0, {"Retry-After": "Sun Nov 22 10:00:30 2026"}, "", []),
        (30.0, {}, "Please wait 30 seconds and try again.", []),
        (23.0, {}, "Please wait for 23 seconds before retrying.", []),
        (300.0, {}, "Try again in about 5 minutes", []),
        (6.0, {}, "Retry your request after 6 seconds.", []),
        (10.0, {}, "请在 10 秒后重试", []),
        (60.0, {}, "请于1分钟后再试", []),
        (7200.0, {}, "请2个小时之后再来", []),
        (0.5, {}, "", [{"retryAfterMs": 500}]),
        (26.0, {}, "", [{"retry_after": 26}]),
        (None, {}, "", [{"retry_after": True, "retryAfter": "soon", "retryDelay": 3}]),
        (None, {"Retry-After": "-5"}, "", []),
        (None, {}, "retry in 3 strides", []),
        (None, {}, "wait 3 strides, then retry 5 times", []),
        (None, {}, "", []),
    ],
)
def test_the_delay_is_read_wherever_it_stands(
    seconds: float | None, headers: dict[str, str], message: str, details: list[object]
) -> None:
    assert asked_wait_s(headers, message, details, NOW) == seconds


@pytest.mark.parametrize(
    ("headers", "state"),
    [
        (
            {
                "x-ratelimit-limit-requests": "60", "x-ratelimit-remaining-requests": "59",
                "x-ratelimit-reset-requests": "1s", "x-ratelimit-limit-tokens": "150000",
                "X-RateLimit-Remaining-Tokens": "149984", "x-ratelimit-reset-tokens": "6m0s",
            },
            RateState(limit_requests=60, remaining_requests=59, reset_requests_s=1.0, limit_tokens=150_000,
                      remaining_tokens=149_984, reset_tokens_s=360.0),
        ),
        (
            {
                "anthropic-ratelimit-requests-limit": "50", "anthropic-ratelimit-tokens-remaining": "0",
                "anthropic-ratelimit-tokens-reset": "2026-11-22T10:00:30Z",
            },
            RateState(limit_requests=50, remaining_tokens=0, reset_tokens_s=30.0),
        ),
        ({"X-RateLimit-Limit": "20", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1795341660000"},
         RateState(limit_requests=20, remaining_requests=0, reset_requests_s=60.0)),
        # A second's limit, a day's, and one of an unknown time are none of a minute; what is used up still is.
        ({"x-ratelimit-limit": "10", "x-ratelimit-remaining": "9", "x-ratelimit-reset": "1"},
         RateState(remaining_requests=9, reset_requests_s=1.0)),
        ({"X-RateLimit-Limit": "50", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "3600"},
         RateState(remaining_requests=0, reset_requests_s=3600.0)),
        ({"RateLimit-Limit": "100", "RateLimit-Remaining": "7"}, RateState(remaining_requests=7)),
        (
            {
                "anthropic-ratelimit-input-tokens-limit": "30000", "anthropic-ratelimit-input-tokens-remaining": "0",
                "anthropic-ratelimit-input-tokens-reset": "2026-11-22T10:00:30Z",
                "anthropic-ratelimit-output-tokens-limit": "8000",
            },
            RateState(limit_tokens=30_000, remaining_tokens=0, reset_tokens_s=30.0),
        ),
        (
            {
                "x-ratelimit-limit-tokens-minute": "60000", "x-ratelimit-remaining-tokens-minute": "0",
                "x-ratelimit-reset-tokens-minute": "12.5", "x-ratelimit-limit-req-minute": "60",
                "x-ratelimit-limit-requests-day": "3", "x-ratelimit-remaining-requests-day": "0",
            },
            RateState(limit_requests=60, limit_tokens=60_000, remaining_tokens=0, reset_tokens_s=12.5),
        ),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "1h2m"},
         RateState(remaining_tokens=0, reset_tokens_s=3720.0)),
        ({"x-ratelimit-remaining-tokens": "many"}, None),
        ({"Content-Type": "application/json"}, None),
    ],
)  # fmt: skip
def test_limits_of_all_providers(headers: dict[str, str], state: RateState | None) -> None:
    assert rate_state(headers, NOW) == state


def test_only_what_is_used_up_is_waited_for() -> None:
    assert exhausted_wait_s(None) is None
    assert exhausted_wait_s(RateState(remaining_tokens=5, reset_tokens_s=9.0)) is None
    both = RateState(remaining_tokens=0, reset_tokens_s=9.0, remaining_requests=0, reset_requests_s=2.0)
    assert exhausted_wait_s(both) == 9.0


def test_a_wait_in_words() -> None:
    assert [in_words(seconds) for seconds in (0.4, 40, 432, 18_600)] == ["0 s", "40 s", "7 min", "5 h 10 min"]
