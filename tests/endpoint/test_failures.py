"""The rows of the table of errors that providers really send, and what must not be taken for one of them."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nihbench.endpoint.failures import HANDLING, MESSAGE_CHARACTERS, classify, own_words
from nihbench.types import FailureKind


def error(message: str = "", **fields: Any) -> dict[str, Any]:
    return {"error": {"message": message, **fields}}


OPENAI_QUOTA_WORDS = "You exceeded your current quota, please check your plan and billing details."

CASES: list[tuple[str, int, Any]] = [
    ("auth", 401, error("Invalid Authentication", type="invalid_authentication_error")),
    ("auth", 403, error("The API you are accessing is not open", type="permission_denied_error")),
    ("auth", 404, error("Not found the model kimi-x or Permission denied", type="resource_not_found_error")),
    ("auth", 404, {"detail": "Not Found"}),
    ("auth", 404, b"404 page not found"),
    ("auth", 307, b""),
    ("auth", 400, [error("API key not valid. Please pass a valid API key.", code=400, status="INVALID_ARGUMENT")]),
    ("quota", 429, error("Your account is suspended", type="exceeded_current_quota_error")),
    ("quota", 429, error(OPENAI_QUOTA_WORDS, type="insufficient_quota", code="insufficient_quota")),
    ("quota", 429, error(OPENAI_QUOTA_WORDS)),
    ("quota", 403, error("top up", code="credit_balance_exhausted")),
    ("quota", 402, error("Insufficient Balance")),
    ("quota", 400, error("Your credit balance is too low to access the API", type="invalid_request_error")),
    ("quota", 400, {"code": "Arrearage", "message": "make sure your account is in good standing"}),
    (
        "rate_limit",
        429,
        error(
            "request reached max organization concurrency: 1, please try again after 1 seconds",
            type="rate_limit_reached_error",
        ),
    ),
    ("rate_limit", 429, error("max RPM: 3, please try again after 1 seconds", type="rate_limit_reached_error")),
    ("rate_limit", 429, error("Rate limit reached for gpt-4o", code="rate_limit_exceeded")),
    (
        "rate_limit",
        429,
        [error(OPENAI_QUOTA_WORDS, code=429, status="RESOURCE_EXHAUSTED", details=[{"retryDelay": "26s"}])],
    ),
    ("rate_limit", 429, b""),
    ("day_limit", 429, error("TPD rate limit, current: 1500434, limit: 1500000", type="rate_limit_reached_error")),
    ("day_limit", 429, error("Rate limit exceeded: free-models-per-day", code=429)),
    (
        "day_limit",
        429,
        [error(OPENAI_QUOTA_WORDS, code=429, details=[{"violations": [{"quotaId": "RequestsPerDayPerModel"}]}])],
    ),
    ("day_limit", 429, error("Limit 200, Used 200 on requests per day (RPD). Please try again in 7m12s.")),
    ("overloaded", 429, error("The engine is currently overloaded", type="engine_overloaded_error")),
    ("overloaded", 503, error("Loading model", type="unavailable_error", code=503)),
    ("overloaded", 529, error("Overloaded", type="overloaded_error")),
    ("transient", 408, b""),
    ("transient", 409, error("conflict")),
    ("transient", 500, error("The server had an error")),
    ("transient", 502, b"<html><head><title>502 Bad Gateway</title></head></html>"),
    ("transient", 504, b"upstream timed out"),
    ("overflow", 400, error("This model's ...", code="context_length_exceeded")),
    ("overflow", 400, error("request (23786 tokens) exceeds", code=400, type="exceed_context_size_error")),
    ("overflow", 400, error("This model's maximum context length is 8192 tokens; max_tokens was 300")),
    ("overflow", 400, error("Invalid request: Your request exceeded model token limit: 8192")),
    ("overflow", 400, error("Input token length too long")),
    ("overflow", 422, error("The input (9000) is longer than the model's context length (8192).")),
    ("overflow", 400, {"object": "error", "message": "longer than the model's context length", "code": 400}),
    ("overflow", 413, error("prompt is too long: 200001 tokens > 200000 maximum", type="invalid_request_error")),
    ("overflow", 500, error("the request exceeds the available context size. try increasing it")),
    ("overflow", 400, {"code": "InvalidParameter", "message": "Range of input length should be [1, 30720]"}),
    ("overflow", 400, error("Your input exceeds the context window of this model.")),
    ("overflow", 400, {"error": "the model is loaded with context length of only 4096 tokens"}),
    ("filtered", 400, error("The request was rejected because it was considered high risk", type="content_filter")),
    ("filtered", 400, error("it was considered high risk")),
    ("filtered", 400, error("blocked", code="data_inspection_failed")),
    ("filtered", 403, error("Your input was flagged", code=403)),
    ("bad_parameter", 400, error("invalid temperature: only 1 is allowed for this model")),
    ("bad_parameter", 400, error("Unsupported parameter", code="unsupported_parameter", param="max_tokens")),
    ("bad_parameter", 422, {"detail": [{"loc": ["body", "top_p"], "msg": "too large", "input": 7}]}),
    ("bad_parameter", 400, error("`seed` is not supported")),
    ("refused_by_server", 400, error("messages must not be empty")),
    ("refused_by_server", 413, b"<html><title>413 Request Entity Too Large</title></html>"),
    # What can travel inside a 200.
    ("rate_limit", 200, error("slow down", code=429)),
    ("overloaded", 200, error("no instance", code=503)),
    ("overflow", 200, error("maximum context length is 10 tokens")),
    ("transient", 200, error("upstream error")),
    # Digits of a status in the words are no status: prompts are echoed.
    ("refused_by_server", 400, error("bad message: 'In 429 BC ... error 503, see page 401'")),
    ("transient", 500, error("could not render '404 Not Found, 402'")),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "status", "body"), CASES)
def test_an_error_is_classified_as_providers_mean_it(kind: str, status: int, body: Any) -> None:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    found = classify(status, raw, {})
    assert found.kind == kind
    assert found.message


@pytest.mark.parametrize(
    ("seconds", "headers", "body"),
    [
        (7.0, {"Retry-After": "7"}, {}),
        (0.25, {"retry-after-ms": "250", "retry-after": "1"}, {}),
        (26.0, {}, [error(OPENAI_QUOTA_WORDS, details=[{"retryDelay": "26s"}])]),
        (1.0, {}, error("please try again after 1 seconds")),
        (0.02, {}, error("Please try again in 20ms.")),
        (432.0, {}, error("Please try again in 7m12s.")),
        (None, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, error("later")),
        (None, {}, error("try again later")),
    ],
)
def test_the_delay_that_the_server_names_is_read(seconds: float | None, headers: dict[str, str], body: Any) -> None:
    assert classify(429, json.dumps(body).encode(), headers).wait_s == seconds


def test_every_kind_of_failure_is_handled_and_nothing_both_stops_and_repeats() -> None:
    assert set(HANDLING) == set(get_args(FailureKind))
    assert not [kind for kind, handling in HANDLING.items() if handling.retry and handling.stop_run]
    # What is asked again now may also be asked again tomorrow; the final ones are left alone.
    assert all(handling.retry_on_resume for handling in HANDLING.values() if handling.retry or handling.stop_run)
    assert not any(HANDLING[kind].retry_on_resume for kind in ("overflow", "filtered", "cut_answer", "cut_prompt"))
    # Only what costs nothing is tried without being counted, and only a lack of room asks for a larger one.
    assert not [kind for kind, handling in HANDLING.items() if handling.patient and handling.counts_as_spent]
    assert [kind for kind, handling in HANDLING.items() if handling.larger_output] == ["cut_answer"]


@pytest.mark.parametrize(
    ("body", "headers", "words"),
    [
        (error("TPD rate limit, current: 9, limit: 8"), {}, "--resume tomorrow"),
        (error("on requests per day (RPD). Please try again in 7m12s."), {}, "--resume in 7 min"),
        (error("tokens per day"), {"Retry-After": "20000"}, "--resume in 5 h 33 min"),
    ],
)
def test_a_day_limit_says_when_to_go_on(body: Any, headers: dict[str, str], words: str) -> None:
    assert words in classify(429, json.dumps(body).encode(), headers).message


def test_a_redirect_names_where_it_leads_without_the_key() -> None:
    headers = {"location": "https://other.example/v1?key=k-123456"}
    message = classify(308, b"", headers, secrets=("k-123456",)).message
    assert "https://other.example/v1?key=***" in message


def test_a_named_reset_is_the_wait_only_where_it_is_about_what_is_used_up() -> None:
    headers = {"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "6m0s"}
    assert classify(429, b"", headers).wait_s == 360.0
    assert classify(429, b"", headers | {"x-ratelimit-remaining-tokens": "5"}).wait_s is None
    # ... and it does not make a rate limit of an empty account.
    assert classify(429, json.dumps(error(OPENAI_QUOTA_WORDS)).encode(), headers).kind == "quota"


def test_the_message_is_the_servers_own_words_in_one_masked_line() -> None:
    body = json.dumps(error("Bad key sk-secret-1\x1b[31m\nuse another", type="x")).encode()
    assert classify(400, body, {}, secrets=("sk-secret-1",)).message == "Bad key *** [31m use another"


def test_a_secret_at_the_cut_does_not_show_its_first_half() -> None:
    message = "x" * (MESSAGE_CHARACTERS - 5) + "sk-secret-1" + "y" * 100
    assert "sk-s" not in own_words(message, ("sk-secret-1",))


def test_hints_name_the_mend() -> None:
    key = json.dumps(error("Invalid Authentication", type="invalid_authentication_error")).encode()
    assert "api.moonshot.cn" in classify(401, key, {}).message
    assert "/v1" in classify(404, b"404 page not found", {}).message
    assert "/v1" not in classify(404, json.dumps(error("model x not found")).encode(), {}).message


@settings(max_examples=60, deadline=None)
@given(status=st.integers(200, 599), body=st.binary(max_size=200) | st.recursive(
    st.none() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["error", "message", "code", "type", "detail", "details"]), inner, max_size=4),
).map(lambda value: json.dumps(value).encode()))  # fmt: skip
def test_no_body_breaks_the_classification(status: int, body: bytes) -> None:
    found = classify(status, body, {})
    assert found.kind in HANDLING
    assert "\n" not in found.message
