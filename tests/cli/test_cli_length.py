"""Lengths in the model's tokens from end to end: preflight, calibration, canary, counts."""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nihbench.app.checks import with_window
from nihbench.app.events import Caller
from nihbench.endpoint.access import open_model
from nihbench.endpoint.checkup import Preflight
from nihbench.endpoint.servers import ServerInfo
from nihbench.lang.messages import t
from nihbench.types import ModelPreset
from tests.wording import says, wording


@pytest.fixture
def foreign(chat: Any, own_texts: dict[str, Path]) -> list[object]:
    """The options of a small run against a model whose vocabulary is not at hand."""
    plain = chat.count
    chat.count = lambda text: round(1.27 * plain(text))
    return [
        *("--model", "x", "--base-url", chat.base_url, "--window", 8000, "--corpus", own_texts["en"]),
        *("--lengths", "400,800,1600", "--depths", "0,100", "--no-controls"),
    ]


def counts_of(folder: Path) -> list[tuple[int, int, int]]:
    lines = (folder / "records.jsonl").read_text(encoding="utf-8").splitlines()
    return [
        (r["trial"]["length"], r["placement"]["total_tokens"], r["completion"]["usage"]["prompt_tokens"])
        for r in map(json.loads, lines)
    ]


def test_a_run_counts_as_the_server_does(nih: Any, chat: Any, foreign: list[object]) -> None:
    ended = nih("run", *foreign, "--out", "run")
    assert ended.code == 0, ended.err
    assert all(abs(server / nominal - 1) <= 0.01 for nominal, _, server in counts_of(nih.folder / "run"))
    assert all(local < 0.9 * nominal for nominal, local, _ in counts_of(nih.folder / "run"))
    assert says(ended.err, "cli.calibrated_counts_tokens_server") and says(ended.err, "run.token_counts_server_differ")
    content = json.loads((nih.folder / "run" / "run.json").read_text(encoding="utf-8"))
    fit = content["calibration"]
    assert fit["source"] == "usage" and 1.2 < fit["ratio"] < 1.35
    # The preflight and the fit's answers have one token each; the trials come after.
    sent = [json.loads(asked.body)["max_tokens"] for asked in chat.asked]
    assert sent == [1] * (1 + fit["requests"]) + [300] * 6
    lines = (nih.folder / "run" / "records.jsonl").read_bytes().splitlines(keepends=True)
    assert all(json.loads(line)["completion"]["prompt_check"] == "fits" for line in lines)
    (nih.folder / "run" / "records.jsonl").write_bytes(b"".join(lines[:4]))
    assert nih("run", "--resume", "run").code == 0
    assert len(chat.asked) == len(sent) + 2


def test_a_plan_says_what_the_fit_costs_and_asks_nothing(nih: Any, chat: Any, foreign: list[object]) -> None:
    plan = json.loads(nih("plan", *foreign, "--json").out)["calibration"]
    assert plan == {"requests": 4, "prompt_tokens": 2900, "cost_usd": None, "free": False}
    assert says(nih("plan", *foreign).out, "cli.unknown_price")
    assert json.loads(nih("plan", *foreign, "--json", "--no-calibrate").out)["calibration"] is None
    assert chat.asked == []


@pytest.mark.parametrize("told", [True, False])
def test_counts_that_leave_out_what_was_cached(nih: Any, chat: Any, foreign: list[object], told: bool) -> None:
    """As Ollama's do: where the server tells what it had cached, it is added; else a canary judges."""
    whole, seen = chat.take, []

    def cached(asked: Any) -> tuple[int, Any]:
        status, value = whole(asked)
        text = "".join(message["content"] for message in asked.messages)
        codes = re.findall(r"The (?:first|last) code is (\d+)", text)
        if codes:
            value["choices"][0]["message"]["content"] = " ".join(codes)
        known = max((len(os.path.commonprefix([text, other])) for other in seen), default=0)
        seen.append(text)
        usage = value["usage"]
        hit = usage["prompt_tokens"] * known // len(text)
        usage["prompt_tokens"] = max(usage["prompt_tokens"] - hit, 1)
        if told:
            usage["prompt_tokens_details"] = {"cached_tokens": hit}
        return status, value

    chat.take = cached
    ended = nih("run", *foreign, "--concurrency", 1, "--out", "run")
    assert ended.code == 0, ended.err
    assert says(ended.err, "cli.note_server_counts_far_less") is not told
    assert says(ended.err, "cli.calibrated_counts_tokens_server") is told


def test_a_server_that_cuts_is_found_before_the_sweep(nih: Any, chat: Any, foreign: list[object]) -> None:
    whole = chat.take

    def cut(asked: Any) -> tuple[int, Any]:
        status, value = whole(asked)
        value["usage"]["prompt_tokens"] = min(value["usage"]["prompt_tokens"], 1024)
        return status, value

    chat.take = cut
    ended = nih("run", *foreign, "--out", "run")
    assert ended.code == 2 and says(ended.err, "run.server_counted_tokens_prompt") and not (nih.folder / "run").exists()
    # Without a fit nothing is known beforehand, but the run's own counts tell.
    ended = nih("run", *foreign, "--no-calibrate", "--out", "run")
    assert ended.code == 3 and says(ended.err, "cli.trials_failed_not_sent", failed=2)
    assert len(counts_of(nih.folder / "run")) == 6


def test_a_preflight_stops_a_run_in_one_sentence(nih: Any, chat: Any, foreign: list[object]) -> None:
    chat.fail = {1: (401, {"error": {"message": "Incorrect API key"}}), 2: (404, {"error": {"message": "no model x"}})}
    ended = nih("run", *foreign)
    assert ended.code == 4 and says(ended.error(), "endpoint.refuses_key")
    ended = nih("run", *foreign)
    assert ended.code == 2 and says(ended.error(), "endpoint.not_serve_model")
    assert len(chat.asked) == 2


@pytest.mark.parametrize("ratio", [1.0, 1.1])
def test_a_second_server_must_count_as_the_first_does(nih: Any, chat: Any, foreign: list[object], ratio: float) -> None:
    count = chat.count
    other = type(chat)(count=lambda text: round(ratio * count(text)))
    try:
        ended = nih("run", *foreign, "--base-url", other.base_url, "--out", "run")
        if ratio == 1.0:
            assert ended.code == 0, ended.err
            assert len(other.asked) > 1
            assert nih("run", "--resume", "run").code == 0
        else:
            assert ended.code == 2 and says(ended.error(), "cli.base_url_server_counts_tokens")
            assert len(other.asked) == 1 and not (nih.folder / "run").exists()
    finally:
        other.close()


def test_a_canary_tells_which_end_is_lost(nih: Any, chat: Any, foreign: list[object]) -> None:
    chat.say = lambda text: " and ".join(re.findall(r"code is (\d+)", text))
    ended = nih("run", *foreign, "--canary", "--out", "a")
    assert says(ended.err, "endpoint.canary", finding=re.compile(wording("endpoint.first_last_line_arrived")))
    chat.say = lambda text: " ".join(re.findall(r"last code is (\d+)", text))
    ended = nih("run", *foreign, "--canary", "--out", "b")
    assert says(ended.err, "endpoint.canary", finding=re.compile(wording("endpoint.first_line_not_come")))
    assert t("endpoint.count_nothing_cut_model") in ended.err


def test_missing_usage_is_unverified(nih: Any, chat: Any, foreign: list[object]) -> None:
    whole = chat.take
    chat.take = lambda asked: (200, whole(asked)[1] | {"usage": {}})
    ended = nih("run", *foreign, "--out", "run")
    assert ended.code == 0 and says(ended.err, "run.answers_came_without_token")
    assert says(ended.err, "cli.note_server_tells_no")
    lines = (nih.folder / "run" / "records.jsonl").read_text(encoding="utf-8").splitlines()
    assert {json.loads(line)["completion"]["prompt_check"] for line in lines} == {"unverified"}


@pytest.mark.parametrize(
    ("server", "preset", "told", "window"),
    [
        (None, 128_000, 4096, 4096),
        (None, 128_000, 1_000_000, 128_000),
        (None, None, 4096, 4096),
        (None, 128_000, None, 128_000),
        # Ollama's list tells no window, but what it has loaded does.
        (ServerInfo(kind="other"), None, 4096, 4096),
        (ServerInfo(kind="vllm", window=8192), 128_000, 4096, 8192),
    ],
)
def test_the_smaller_window_counts(
    server: ServerInfo | None, preset: int | None, told: int | None, window: int
) -> None:
    named = ModelPreset(name="x", model="x", base_url="http://127.0.0.1:9/v1", window=preset)
    report = Preflight(host="h", model="x", reachable=True, window=told, window_source="the server")
    with open_model(named, key=None, headers={}, ask_server=False) as model:
        assert with_window(replace(model, server=server), report, Caller()).window == window
