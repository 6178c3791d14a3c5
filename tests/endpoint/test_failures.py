"""The rows of the table of errors that providers really send, and what must not be taken for one of them."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nihbench.endpoint.failures import MESSAGE_CHARACTERS, classify, own_words
from nihbench.endpoint.kinds import HANDLING
from nihbench.lang.messages import quoted, t
from nihbench.types import FailureKind
from tests.wording import says, wording


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
    ("rate_limit", 200, error("slow down", code="429")),
    ("rate_limit", 200, error("slow down", status_code=429)),
    ("auth", 200, error("invalid key", code="401")),
    # Servers and gateways beyond the first ones, in their own words.
    ("overflow", 400, error("You passed 40961 input tokens and requested 300 output tokens. However, the model's "
                            "context length is only 40960 tokens, resulting in a maximum input length of 40660.")),
    ("overflow", 400, error("The decoder prompt (length 8357) is longer than the maximum model length of 8192.")),
    ("overflow", 400, error("The prompt (total length 9000) is too long to fit into the model (context length 8192).")),
    ("overflow", 400, {"error": "the input length exceeds the context length"}),
    ("overflow", 400, error("This model's maximum prompt length is 131072 but the request contains 200000 tokens.")),
    ("overflow", 422, {"error": "Input validation error: `inputs` must have less than 8192 tokens. Given: 9000"}),
    ("overflow", 422, {"error": "`inputs` tokens + `max_new_tokens` must be <= 4096. Given: 9000 `inputs` tokens"}),
    ("overflow", 400, {"error": "The number of tokens to keep from the prompt is greater than the context length"}),
    ("overflow", 400, error("too many tokens: size limit exceeded by 1234 tokens.")),
    ("overflow", 400, error("Prompt exceeds max length", code="1261")),
    ("overflow", 400, error("invalid params, context window exceeds limit (2013)")),
    ("overflow", 413, error("Request exceeds the maximum allowed number of bytes.", type="request_too_large")),
    ("overflow", 400, error("输入长度超过模型的最大上下文长度")),
    ("overflow", 400, error("Prompt 超长，请缩短", code="1261")),
    ("overflow", 429, error("Request too large for gpt-4-turbo in organization org-x on tokens per min (TPM): Limit "
                            "30000, Requested 45000.", type="tokens", code="rate_limit_exceeded")),
    ("overflow", 413, error("Request too large for model `x` on tokens per minute (TPM): Limit 6000, Requested 9000",
                            code="rate_limit_exceeded")),
    ("rate_limit", 429, error("Rate limit reached for gpt-4o on tokens per min (TPM): Limit 30000, Used 29000, "
                              "Requested 3000. Please try again in 4s.", type="tokens", code="rate_limit_exceeded")),
    ("filtered", 400, error("Content Exists Risk", type="invalid_request_error")),
    ("filtered", 400, error("Output blocked by content filtering policy", type="invalid_request_error")),
    ("filtered", 400, error("系统检测到输入或生成内容可能包含不安全或敏感内容", code="1301")),
    ("quota", 429, error("您的账户已欠费，请充值后重试", code="1113")),
    ("quota", 429, error("Insufficient balance or no resource package. Please recharge.", code="1113")),
    ("quota", 400, error("Budget has been exceeded! Current cost: 1.2, Max budget: 1.0", type="budget_exceeded")),
    ("quota", 403, error("Your team has used all available credits or reached its monthly spending limit.")),
    ("quota", 403, error("用户额度不足", code="insufficient_user_quota")),
    ("rate_limit", 429, error("您的账户已达到速率限制，请您控制请求频率", code="1302")),
    ("auth", 407, b"<html><title>407 Proxy Authentication Required</title></html>"),
    ("auth", 400, [error("User location is not supported for the API use.", code=400, status="FAILED_PRECONDITION")]),
    ("auth", 400, {"success": False, "errors": [{"code": 10000, "message": "Authentication error"}], "result": None}),
    ("timeout", 524, b"<html><title>api.example.com | 524: A timeout occurred</title></html>"),
    (
        "quota",
        429,
        [error(OPENAI_QUOTA_WORDS + " * Quota exceeded for metric: x/generate_content_free_tier_requests, limit: 0",
               code=429, status="RESOURCE_EXHAUSTED", details=[
                   {"violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel"}]}, {"retryDelay": "26s"}])],
    ),
    # What a gateway hands on of its upstream's answer says what it is about.
    ("overflow", 400, error("Provider returned error", code=400, metadata={"provider_name": "X", "raw": json.dumps(
        error("This model's maximum context length is 8192 tokens."))})),
    ("filtered", 400, error("Provider returned error", code=400, metadata={"raw": json.dumps(
        error("Input data may contain it", code="data_inspection_failed"))})),
    ("rate_limit", 429, error("Provider returned error", code=429, metadata={"raw": "x is rate-limited upstream"})),
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
    ("words", "body"),
    [
        ("deep", {"detail": {"error": {"message": "deep"}}}),
        ("first", {"success": False, "errors": [{"code": 5, "message": "first"}, {"message": "second"}]}),
        ("one; two", {"detail": ["one", "two"]}),
        ("no permission", {"error_code": 6, "error_msg": "no permission"}),
        ("described", {"error": "invalid_grant", "error_description": "described"}),
        ("Not Found", {"timestamp": 1, "status": 400, "error": "Not Found", "message": ""}),
        ("Bad thing", {"title": "Bad thing", "status": 400, "type": "about:blank"}),
        ("Words", {"Message": "Words"}),
        ("inner", {"error": {"message": {"text": "inner"}}}),
        ("violated", {"fault": {"faultstring": "violated", "detail": {"errorcode": "x"}}}),
        ("x: something else, n: 3", {"x": "something else", "n": 3, "y": {}}),
        ("just a text", "just a text"),
        ("Provider returned error: the upstream's words", error(
            "Provider returned error", metadata={"raw": json.dumps(error("the upstream's words"))})),
        ("Provider returned error: not json", error("Provider returned error", metadata={"raw": "not json"})),
        (t("note.status_alone", status=400), []),
        (t("note.status_alone", status=400), {"error": {"message": None, "code": 7}, "x": None}),
        (t("note.web_page_titled", title="502 Bad & Gateway"), b"\n\n<center><h1>502 Bad &amp; Gateway</h1></center>"),
        (t("note.web_page_titled", title="AccessDenied No"),
         b"<?xml version='1.0'?><Error><Code>AccessDenied</Code><M>No</M></Error>"),
        (t("note.web_page_titled", title="请求过于频繁"),
         "<!DOCTYPE html><meta charset=gbk><title>请求过于频繁".encode("gbk")),
        ("错误", '{"error": {"message": "错误"}}'.encode("gb18030")),
    ],
)  # fmt: skip
def test_the_servers_words_are_found_in_any_wrapper(words: str, body: Any) -> None:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    assert str(classify(400, raw, {"Content-Type": "application/json; charset=GB18030"}).message) == words


def test_a_hostile_page_is_read_in_time_in_proportion() -> None:
    import time

    started = time.process_time()
    for page in (b"<title" * 2_000_000, b"<" * 8_000_000, b"<html>" + b"\xff" * 8_000_000):
        assert len(quoted(classify(502, page, {}).message)) <= MESSAGE_CHARACTERS
    assert time.process_time() - started < 10


def test_alibaba_says_quota_and_means_the_minute() -> None:
    body = json.dumps(error(OPENAI_QUOTA_WORDS, type="insufficient_quota", code="insufficient_quota")).encode()
    assert classify(429, body, {}, host="dashscope-intl.aliyuncs.com").kind == "rate_limit"
    assert classify(429, body, {}, host="api.openai.com").kind == "quota"


def test_a_day_limit_that_a_gateway_hands_on_says_when() -> None:
    headers = {"X-RateLimit-Limit": "50", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1795341660000"}
    body = error("Rate limit exceeded: free-models-per-day. ", code=429, metadata={"headers": headers})
    now = datetime(2026, 11, 22, 5, 1, tzinfo=UTC)
    found = classify(429, json.dumps(body).encode(), {}, now=now)
    assert (found.kind, found.wait_s) == ("day_limit", 18_000.0)
    assert says(found.message, "note.hint_day_limit", wait="5 h 0 min")


@pytest.mark.parametrize(
    ("seconds", "headers", "body"),
    [
        (7.0, {"Retry-After": "7"}, {}),
        (0.25, {"retry-after-ms": "250", "retry-after": "1"}, {}),
        (26.0, {}, [error(OPENAI_QUOTA_WORDS, details=[{"retryDelay": "26s"}])]),
        (1.0, {}, error("please try again after 1 seconds")),
        (0.02, {}, error("Please try again in 20ms.")),
        (432.0, {}, error("Please try again in 7m12s.")),
        (2.5, {}, error("later", retry_after=2.5)),
        (0.5, {}, {"error": {"message": "later"}, "retry_after_ms": 500}),
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
    # A letter is one kind's, and what was never read is nothing that a server charges for.
    assert len({handling.letter for handling in HANDLING.values()} | {"U"}) == len(HANDLING) + 1
    assert not [kind for kind, handling in HANDLING.items() if handling.counts_as_spent and not handling.weighed]
    assert [HANDLING["overloaded"].sends_fewer(status) for status in (429, 503, None)] == [True, False, False]


@pytest.mark.parametrize(
    ("body", "headers", "words"),
    [
        (error("TPD rate limit, current: 9, limit: 8"), {}, wording("note.hint_day_limit_unknown")),
        (
            error("on requests per day (RPD). Please try again in 7m12s."),
            {},
            wording("note.hint_day_limit", wait="7 min"),
        ),
        (error("tokens per day"), {"Retry-After": "20000"}, wording("note.hint_day_limit", wait="5 h 33 min")),
    ],
)
def test_a_day_limit_says_when_to_go_on(body: Any, headers: dict[str, str], words: str) -> None:
    assert re.search(words, str(classify(429, json.dumps(body).encode(), headers).message))


def test_a_redirect_names_where_it_leads_without_the_key() -> None:
    headers = {"location": "https://other.example/v1?key=k-123456"}
    message = str(classify(308, b"", headers, secrets=("k-123456",)).message)
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
    assert says(classify(401, key, {}).message, "note.hint_moonshot_keys")
    assert "/v1" in str(classify(404, b"404 page not found", {}).message)
    for words in (
        "model x not found",
        "The API deployment for this resource does not exist.",
        "No endpoints found for x/y.",
    ):
        assert "/v1" not in str(classify(404, json.dumps(error(words)).encode(), {}).message)
    assert says(classify(407, b"", {}).message, "note.hint_proxy_login")


@settings(max_examples=60, deadline=None)
@given(status=st.integers(200, 599), body=st.binary(max_size=200) | st.recursive(
    st.none() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["error", "message", "code", "type", "detail", "details"]), inner, max_size=4),
).map(lambda value: json.dumps(value).encode()))  # fmt: skip
def test_no_body_breaks_the_classification(status: int, body: bytes) -> None:
    found = classify(status, body, {})
    assert found.kind in HANDLING
    assert "\n" not in str(found.message)
