"""Lines of batch results: read by the same code as live answers, and never more than a ValueError for nonsense."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nihbench.endpoint.answer import Received, read_body
from nihbench.endpoint.batches import read_result
from nihbench.types import Completion, Failure

ANSWER = {
    "model": "m", "created": 1, "system_fingerprint": "f",
    "choices": [{"message": {"content": "<think>hm</think>在五道营\ud800", "refusal": None}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 9, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 4}},
}  # fmt: skip


def line(response, error=None, **more):
    return json.dumps({"custom_id": "a", "response": response, "error": error, **more}).encode()


bodies = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just(ANSWER),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["choices", "message", "content", "error", "code", "usage", "created", "status_code", "body"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@given(body=bodies.filter(bool))
def test_a_line_is_judged_as_the_same_live_answer_is(body):
    found = read_result(line({"status_code": 200, "body": body}))
    if not (isinstance(body, dict) and isinstance(body.get("choices"), dict)):
        live, _ = read_body(json.dumps(body).encode(), Received(headers={}, latency_s=1.0))
        assert math.isnan(found.outcome.latency_s)
        assert found.outcome.via_batch and replace(found.outcome, latency_s=1.0, via_batch=False) == live


@given(response=bodies, error=bodies)
def test_no_line_can_break_an_import(response, error):
    outcome = read_result(line(response, error)).outcome
    assert isinstance(outcome, Completion | Failure)
    json.dumps(outcome.text if isinstance(outcome, Completion) else str(outcome.message))


@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_what_is_no_line_is_a_value_error(data):
    with pytest.raises(ValueError):
        read_result(data)
    with pytest.raises(ValueError):
        read_result(json.dumps({"custom_id": 7, "response": {}}).encode())


@pytest.mark.parametrize(
    ("response", "error", "kind", "billed"),
    [
        (None, {"code": "batch_expired", "message": "not in time"}, "transient", False),
        (None, {"code": "batch_cancelled", "message": "cancelled"}, "transient", False),
        ({"status_code": 400, "body": {"error": {"code": "context_length_exceeded"}}}, None, "overflow", False),
        (
            {"status_code": 400},
            {"message": "maximum context length is 9", "type": "BadRequestError"},
            "overflow",
            False,
        ),
        ({"status_code": 400}, {"error": {"message": "considered high risk"}}, "filtered", False),
        ({"status_code": 429, "body": {"error": {"code": "insufficient_quota"}}}, None, "quota", False),
        ({"status_code": 500, "body": None}, "boom", "transient", False),
        ({"status_code": 200, "body": {"choices": []}}, None, "bad_response", True),
        ({"status_code": 200, "body": None}, None, "bad_response", True),
        ({}, None, "bad_response", False),
        (
            {"status_code": 400, "body": json.dumps({"error": {"code": "context_length_exceeded"}})},
            None,
            "overflow",
            False,
        ),
        (None, json.dumps({"code": "batch_expired", "message": "not in time"}), "transient", False),
    ],
)
def test_failures_have_the_classes_of_live_ones(response, error, kind, billed):
    outcome = read_result(line(response, error)).outcome
    assert isinstance(outcome, Failure) and (outcome.kind, outcome.may_be_billed) == (kind, billed)


def test_other_engines_spellings_and_times_are_read():
    whole = read_result(line({"status_code": 200, "body": ANSWER}))
    assert isinstance(whole.outcome, Completion) and whole.outcome.text == "在五道营\ud800"
    assert whole.created_at == "1970-01-01T00:00:01+00:00"
    lone = ANSWER | {"choices": ANSWER["choices"][0]}
    packed = json.dumps(ANSWER)  # llama-stack's
    for response in ({"status_code": 200, "body": lone}, {"body": ANSWER}, ANSWER, {"body": packed}, packed):
        assert replace(read_result(line(response)).outcome, latency_s=1) == replace(whole.outcome, latency_s=1)
    for created in (True, -1, 10**15, "1", None):
        assert read_result(line({"body": ANSWER | {"created": created}})).created_at == ""
    masked = read_result(line({"status_code": 400, "body": {"error": "the key s3cret is bad"}}), secrets=["s3cret"])
    assert isinstance(masked.outcome, Failure) and "s3cret" not in str(masked.outcome.message)
