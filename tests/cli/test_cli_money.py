"""Whose answers cost money: an address says nothing of it, a price or a key does, and so does a server that is unknown.

The scripted servers list models as the real ones do: LiteLLM owns all of them as `openai`, one-api by the name of each
channel, Ollama as `library`, SGLang as `sglang`; LM Studio has a list of its own beside.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nihbench.lang.messages import t
from tests.wording import says

DEAR = ("--lengths", "5k,7k", "--depths", "0:100:101", "--repeat-corpus")  # about 1,200,000 tokens


@pytest.fixture
def plain(small: list[object]) -> list[object]:
    """A run with all that is asked before it: preflight and, without a unit of its own, calibration."""
    left_out = ("--no-preflight", "--no-controls", "--length-unit", "cl100k_base")
    return [each for each in small if each not in left_out] + ["--no-controls"]


def test_a_price_on_this_machine_is_money(nih: Any, chat: Any, plain: list[object]) -> None:
    """Some 200 prompts of 5,000 and 7,000 tokens at 75 dollars a million are 90 dollars."""
    for price in ("75,0", "25,2"):
        ended = nih("run", *plain, *DEAR, "--price", price, "--out", "run")
        assert (
            ended.code == 2
            and says(ended.error(), "cli.trials_send_tokens_cost_predicted")
            and "--yes" in ended.error()
        )
    assert chat.asked == [] and not (nih.folder / "run").exists()


@pytest.mark.parametrize("owner", ["openai", "test", "ollama"])
def test_an_unknown_server_on_this_machine_is_money(nih: Any, chat: Any, plain: list[object], owner: str) -> None:
    chat.owner = owner
    ended = nih("run", *plain, *DEAR, "--out", "run")
    assert ended.code == 2 and says(ended.error(), "cli.trials_send_tokens_model")
    assert says(
        nih("run", *plain, "--max-cost", 1, "--out", "run").error(),
        "endpoint.max_cost_needs_price",
        what=t("endpoint.model"),
    )
    assert says(nih("plan", *plain).out, "cli.unknown_no_price")
    assert chat.asked == [] and not (nih.folder / "run").exists()


def test_a_server_that_answers_every_path_alike_is_no_engine(nih: Any, chat: Any, plain: list[object]) -> None:
    """A gateway with a route for everything, for one."""
    alike = {"object": "list", "data": [{"id": "x"}], "models": [{"name": "x"}]}
    for lists in ({path: alike for path in ("/api/tags", "/api/ps", "/api/v0/models")}, {"/api/tags": {"models": []}}):
        chat.owner, chat.lists = "somebody", lists
        assert says(nih("plan", *plain).out, "cli.unknown_no_price")


ENGINES: list[tuple[str, dict[str, Any], str]] = [
    ("sglang", {}, "SGLang"),
    ("library", {}, "Ollama"),
    ("somebody", {"/api/tags": {"models": [{"name": "x", "digest": "9f43", "size": 4_000}]}}, "Ollama"),
    ("organization_owner", {"/api/v0/models": {"data": [{"id": "x", "type": "llm", "state": "loaded"}]}}, "LM Studio"),
]


@pytest.mark.parametrize(("owner", "lists", "name"), ENGINES)
def test_an_engine_that_says_what_it_is_costs_nothing(
    nih: Any, chat: Any, small: list[object], owner: str, lists: dict[str, Any], name: str
) -> None:
    chat.owner, chat.lists = owner, lists
    assert says(nih("plan", *small, *DEAR).out, "cli.nothing_says", engine=name)
    assert float(json.loads(nih("plan", *small, "--json").out)["cost_usd"]["most"]) == 0
    ended = nih("run", *small, "--depths", "50%", "--max-cost", 0, "--out", "run")
    assert ended.code == 0 and not says(ended.err, "cli.spent_planned")


@pytest.mark.parametrize("key", ["named", "header", "preset", "login"])
@pytest.mark.parametrize(("owner", "lists", "name"), ENGINES[:1])
def test_an_engine_that_is_given_a_key_is_money(
    nih: Any, chat: Any, plain: list[object], owner: str, lists: dict[str, Any], name: str, key: str
) -> None:
    """A proxy that hands on to a rented engine says what that says, and wants a key."""
    chat.owner, chat.lists = owner, lists
    nih.environment["NIH_TEST_KEY"] = "k-1"
    arguments: list[object] = {"named": ["--api-key-env", "NIH_TEST_KEY"], "header": ["--header", "X-Api-Key=1"]}.get(
        key, []
    )
    if key == "preset":
        arguments = ["--api-key-env", "NIH_TEST_KEY"]  # a preset in the working folder alone sends none
        preset = f"models: {{x: {{base_url: '{chat.base_url}', key_env: NIH_TEST_KEY}}}}"
        (nih.folder / "models.yaml").write_text(preset, encoding="utf-8")
    if key == "login":
        arguments = ["--base-url", chat.base_url.replace("://", "://me:pw@")]
        plain = [each for each in plain if each not in ("--base-url", chat.base_url)]
    ended = nih("run", *plain, *arguments, *DEAR, "--out", "run")
    assert ended.code == 2 and says(ended.err.splitlines()[-1], "cli.trials_send_tokens_model"), ended.err
    assert chat.asked == []
    # Who says that nobody is paid is believed.
    assert "$0.0000" in nih("plan", *plain, *arguments, "--price", "0,0").out


def test_what_ollama_hands_on_to_its_service_is_money(nih: Any, chat: Any, small: list[object]) -> None:
    chat.owner = "library"
    for model, free in (("x", True), ("x:120b-cloud", False), ("x:cloud", False)):
        planned = nih("plan", "--model", model, *small[2:]).out
        assert says(planned, "cli.nothing_says") is free and says(planned, "cli.unknown_no_price") is not free


def wrong_arguments(own: Path, chat: Any) -> list[list[object]]:
    return [
        ["--lengths", "9k:9k:1"],  # over the window
        ["--lengths", "7500t"],  # longer than the corpus
        ["--lengths", "20t"],
        ["--depths", "0,140"],
        ["--depths", "50"],
        ["--shard", "9/3"],
        ["--vary", "weather"],
        ["--order", "alphabetical"],
        ["--corpus", own.parent / "missing.txt"],
        ["-e", "nothing-of-the-kind"],
        ["--prompt", "nobody"],
        ["--repeats", "0"],
        ["--concurrency", "0"],
        ["--temperature", "hot"],
        ["--length-unit", "no-such-tokenizer"],
        ["--adaptive", "--max-trials", "2"],
        ["--max-cost", "1"],
        ["--base-url", "nowhere"],
        ["--model", "x", "--model", "another-without-a-server", "--base-url", ""],
    ]


def test_wrong_arguments_are_found_before_anything_is_paid_for(
    nih: Any, chat: Any, plain: list[object], own_texts: dict[str, Path]
) -> None:
    """The preflight, the calibration and the canary are asked for money, whoever serves."""
    for wrong in wrong_arguments(own_texts["en"], chat):
        ended = nih("run", *plain, *wrong, "--canary", "--out", "run")
        assert ended.code == 2, (wrong, ended.err)
        assert chat.asked == [], wrong
        assert not (nih.folder / "run").exists()


def test_a_wrong_second_model_is_found_before_the_first_is_asked(nih: Any, chat: Any, plain: list[object]) -> None:
    presets = (
        f"models: {{one: {{model: x, base_url: '{chat.base_url}', window: 8000}}, "
        f"two: {{model: x, base_url: '{chat.base_url}', window: 350}}}}"
    )
    (nih.folder / "models.yaml").write_text(presets, encoding="utf-8")
    options = plain[4:]  # without model and server
    assert "--model" not in options and chat.base_url not in options
    options = [each for each in options if each not in ("--window", 8000)]
    ended = nih("run", "--model", "one", "--model", "two", *options, "--out", "tree")
    assert ended.code == 2 and says(ended.err.splitlines()[-1], "run.window_tokens_less_answer"), ended.err
    assert chat.asked == [] and not (nih.folder / "tree").exists()
