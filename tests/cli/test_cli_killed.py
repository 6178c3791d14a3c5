"""What was in flight when a command was killed outright is spent, as far as anyone knows: no cap is passed that way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.cli.conftest import told_spent
from tests.ledgers import beside_records

PRICE = ("--price", "100,0")  # USD per million: a prompt of 300 tokens is three cents
COMMITTED = ".committed"


def arrived_usd(chat: Any) -> float:
    """What the server would charge for all that arrived, answered or not."""
    texts = [[message["content"] for message in asked.messages] for asked in chat.asked]
    return sum(sum(chat.count(text) + 4 for text in each) + 3 for each in texts) * 100 / 1e6


def kill_in_flight(nih: Any, chat: Any, *arguments: object, count: int = 1) -> int:
    """Run a command and kill it once it has waited for an answer; return how it ended."""
    before = len(chat.asked)
    process = nih.start(*arguments)
    while process.poll() is None:
        with chat.arrived:
            if chat.arrived.wait_for(lambda: len(chat.asked) >= before + count, 0.05):
                process.kill()
                break
    process.communicate(timeout=600)
    return int(process.returncode)


def test_a_cap_holds_however_often_the_command_is_killed(nih: Any, chat: Any, small: list[object]) -> None:
    """Each time a prompt is on its way, and has been paid for."""
    chat.hold_from = 2
    most = 0.3
    options = ["--max-cost", most, "--concurrency", 1]
    ended = kill_in_flight(nih, chat, "run", *small, *PRICE, *options, "--out", "run")
    for _ in range(12):
        if ended != -9:
            break
        ended = kill_in_flight(nih, chat, "run", "--resume", "run", *options)
    assert ended == 4
    assert 0.6 * most < arrived_usd(chat) <= most


def test_what_was_settled_before_the_kill_is_not_counted_twice(nih: Any, chat: Any, small: list[object]) -> None:
    chat.hold_from = 5
    assert kill_in_flight(nih, chat, "run", *small, *PRICE, "--concurrency", 1, "--out", "run", count=5) == -9
    chat.hold_from = None
    chat.release.set()
    answered = arrived_usd(chat)
    in_flight = json.loads(chat.asked[-1].body) and sum(
        chat.count(message["content"]) + 4 for message in chat.asked[-1].messages
    )
    ended = nih("run", "--resume", "run")
    assert ended.code == 0, ended.err
    (lost,) = beside_records(nih.folder / "run")
    # One call was broken off: it counts at its worst, a quarter more than the client's own count of it.
    assert lost < 1.3 * (in_flight + 3) * 100 / 1e6
    assert told_spent(ended.err, arrived_usd(chat) + lost - broken(chat))
    assert not (nih.folder / "run" / COMMITTED).exists() and answered > 0


def broken(chat: Any) -> float:
    """The price of the prompt that came twice: once before the kill, once after it."""
    sizes: dict[str, list[int]] = {}
    for asked in chat.asked:
        tokens = sum(chat.count(message["content"]) + 4 for message in asked.messages) + 3
        sizes.setdefault(asked.sha256, []).append(tokens)
    (twice,) = (each for each in sizes.values() if len(each) == 2)
    return twice[0] * 100 / 1e6


def test_a_run_that_ends_leaves_nothing_behind(nih: Any, chat: Any, small: list[object]) -> None:
    assert nih("run", *small, *PRICE, "--out", "run").code == 0
    folder: Path = nih.folder / "run"
    assert not (folder / COMMITTED).exists() and beside_records(folder) == []
    assert nih("run", *small, "--out", "unpriced").code == 0
    assert not (nih.folder / "unpriced" / "spent.jsonl").exists()
