"""A line of records.jsonl is read alike by the quick way and by the one that says what is wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from nihbench.run.records import _usual, parse_record


def _paths(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield at
    for key, each in value.items() if isinstance(value, dict) else ():
        yield from _paths(each, (*at, key))


def _with(value: Any, at: tuple[Any, ...], new: Any) -> Any:
    return new if not at else {**value, at[0]: _with(value[at[0]], at[1:], new)}


STRANGE = [None, True, -1, 1.5, 10**20, 1e30, float("nan"), "", "7", "the server could not be reached", [], {}, [1.0],
           {"code": "past_limit"}, {"code": 3}, {"prompt_tokens": 1}]  # fmt: skip


@pytest.mark.parametrize("outcome", ["completion", "failure"])
def test_what_is_read_quickly_is_what_the_parser_reads(outcome: str) -> None:
    came = {
        "completion": {"text": "yes", "finish_reason": "stop", "model": "m", "timings": {"n": {"of": 3}}},
        "failure": {"kind": "timeout", "message": "the server said nothing", "status": None, "wait_s": 3},
    }[outcome] | {
        "usage": {"prompt_tokens": 3, "cost_usd": 0.1}, "latency_s": 1.0, "attempts": 1, "changes": [], "earlier": [],
        "rates": {"limit_tokens": 7},
    }  # fmt: skip
    placement = {
        "source_start": 0, "source_copies": 1, "start": 0, "at": 5, "end": 9, "before": "", "after": "", "tail": "",
        "achieved_depth_percent": 50.0, "needle_token": 1, "haystack_tokens": 2, "needle_tokens": 3, "total_tokens": 9,
        "sentence_tokens": 1, "prompt_sha256": "0" * 64,
    }  # fmt: skip
    trial = {"experiment": "e", "needle": "n", "prompt": "p", "length": 10, "depth_percent": 50.0, "repeat": 0}
    trial |= {"control": None, "also_depths": [60.0], "extra": False}
    line = {
        "id": "0" * 16, "trial": trial, "placement": placement, "fresh": {"a": "b"}, "expected": "x",
        "started_at": "2026-01-01", outcome: came,
    }  # fmt: skip
    slow, quick = parse_record, 0
    for at in list(_paths(line))[1:]:
        for strange in STRANGE:
            written = json.dumps(_with(line, at, strange)).encode()
            found = _usual(written)
            if found is not None:
                quick += 1
                assert found == slow(written), written
    assert _usual(json.dumps(line).encode()) == slow(json.dumps(line).encode())
    assert quick > 100
