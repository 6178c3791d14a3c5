"""`nih run --like RUN`: what arrives at the server is, byte for byte, what the other run's server got."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from nihbench.lang.messages import t
from tests.wording import part, says


@pytest.fixture
def first(chat: Any, own_texts: dict[str, Path]) -> list[object]:
    """The options of a run whose lengths are fitted to a server that counts in tokens of its own."""
    plain = chat.count
    chat.count = lambda text: round(1.25 * plain(text))
    return [
        *("--model", "old", "--base-url", chat.base_url, "--window", 8000, "--corpus", own_texts["en"]),
        *("--lengths", "400,800,1600", "--depths", "0,30,100", "--repeats", 2, "--seed", 7),
    ]


def prompts_sent(chat: Any, since: int) -> Counter[str]:
    """Return the hashes of the prompts of trials that came after the first `since` requests."""
    asked = [each for each in chat.asked[since:] if json.loads(each.body)["max_tokens"] > 1]
    return Counter(each.sha256 for each in asked)


def lines_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "records.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("experiment", ["sf-sandwich", "magic-number"])
def test_the_same_bytes_arrive_and_pair(nih: Any, chat: Any, first: list[object], experiment: str) -> None:
    since = len(chat.asked)
    assert nih("run", *first, "-e", experiment, "--out", "a").code == 0
    sent = prompts_sent(chat, since)
    # Another server, another way to count, no fit, other words for the catalog: nothing of it matters.
    count = chat.count
    other = type(chat)(count=lambda text: round(0.7 * count(text)))
    try:
        shutil.move(nih.folder / "a", nih.folder / "elsewhere")
        reach = ["--model", "new", "--base-url", other.base_url, "--window", 6000, "--like", "elsewhere"]
        plan = nih("plan", *reach)
        assert plan.code == 0 and other.asked == []
        assert t("note.unit_of", name="old") in plan.out and says(plan.out, "cli.pair_pair_whose_prompts")
        ended = nih("run", *reach, "--out", "b")
        assert ended.code == 0, ended.err
        assert prompts_sent(other, 0) == sent
        assert [r["placement"]["prompt_sha256"] for r in lines_of(nih.folder / "b")]
        compared = nih("compare", "elsewhere", "b", "--json")
        assert compared.code == 0, compared.err
        (pairs,) = json.loads(compared.out)["comparisons"]
        assert (pairs["planned_pairs"], pairs["measured_pairs"], pairs["moved_needles"]) == (18, 18, 0)
        # The new run needs the other one no more, and goes on where it stopped.
        records = nih.folder / "b" / "records.jsonl"
        whole = records.read_bytes().splitlines(keepends=True)
        records.write_bytes(b"".join(whole[:5]))
        shutil.rmtree(nih.folder / "elsewhere")
        other.asked.clear()
        assert nih("run", "--resume", "b").code == 0
        again = Counter(json.loads(line)["placement"]["prompt_sha256"] for line in whole[5:])
        assert prompts_sent(other, 0) == again
        assert {r["id"] for r in lines_of(nih.folder / "b")} == {json.loads(line)["id"] for line in whole}
    finally:
        other.close()


def test_what_was_never_sent_or_does_not_fit_is_left_out(nih: Any, chat: Any, first: list[object]) -> None:
    assert nih("run", *first, "--no-controls", "--prompt", "original,explicit", "--out", "a").code == 0
    records = nih.folder / "a" / "records.jsonl"
    lines = records.read_bytes().splitlines(keepends=True)
    records.write_bytes(b"".join(lines[:-3]))
    reach = ["--model", "new", "--base-url", chat.base_url, "--no-preflight", "--prompt", "explicit", "--like", "a"]
    ended = nih("run", *reach, "--window", 1400, "--out", "b")
    assert ended.code == 0, ended.err
    assert says(ended.err, "note.like_owed", owed=3, run="a") and "1,600" in ended.err
    kept = [json.loads(line)["trial"] for line in lines[:-3]]
    wanted = {
        (t["length"], t["depth_percent"], t["repeat"]) for t in kept if t["prompt"] == "explicit" and t["length"] < 1600
    }
    made = {
        (r["trial"]["length"], r["trial"]["depth_percent"], r["trial"]["repeat"]) for r in lines_of(nih.folder / "b")
    }
    assert made == wanted
    chain = nih("run", "--model", "third", *reach[2:], "--like", "b", "--out", "c")
    assert chain.code == 0, chain.err
    assert {r["placement"]["prompt_sha256"] for r in lines_of(nih.folder / "c")} == {
        r["placement"]["prompt_sha256"] for r in lines_of(nih.folder / "b")
    }
    unit = json.loads((nih.folder / "c" / "run.json").read_text(encoding="utf-8"))["length_unit"]
    assert unit["of"] == "old" and unit["counted_by_model"] is False


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--lengths", "1k"], "--lengths"),
        (["--repeats", "3", "--seed", "1"], "--repeats, --seed"),
        (["--adaptive"], "--adaptive"),
        (["--suite", "moonshot-2023"], "--suite"),
        (["--prompt", "loud"], part("run.no_prompt")),
        (["--window", "400"], part("run.like_prompts_tokens_more")),
    ],
)
def test_what_can_not_be_is_said_in_a_sentence(
    nih: Any, chat: Any, small: list[object], more: list[str], said: str
) -> None:
    assert nih("run", *small, "--out", "a").code == 0
    since = len(chat.asked)
    ended = nih("run", "--model", "new", "--base-url", chat.base_url, "--no-preflight", "--like", "a", *more)
    assert ended.code == 2 and said in ended.error()
    assert nih("run", "--model", "new", "--base-url", chat.base_url, "--like", "nothing").code == 2
    assert len(chat.asked) == since


def test_damage_is_told_from_what_was_sent(nih: Any, chat: Any, small: list[object]) -> None:
    assert nih("run", *small, "--out", "a").code == 0
    records = nih.folder / "a" / "records.jsonl"
    records.write_text(records.read_text(encoding="utf-8").replace('"at":', '"at":1', 1), encoding="utf-8")
    ended = nih("run", "--model", "new", "--base-url", chat.base_url, "--no-preflight", "--like", "a", "--out", "b")
    assert ended.code == 5 and says(ended.err, "run.prompt_comes_out_other")
