"""The whole chain against a scripted model: from options to records, scores, picture and exit code."""

from __future__ import annotations

import hashlib
import json
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nihbench.lang.messages import t
from tests.wording import says, wording

PNG = b"\x89PNG\r\n\x1a\n"
KEY = "sk-never-to-be-seen"
HEADER = "header-never-to-be-seen"


def scores_of(folder: Path) -> dict[str, Any]:
    lines = (folder / "scores.rules.jsonl").read_text(encoding="utf-8").splitlines()
    return {score["id"]: score for score in map(json.loads, lines)}


def check_records(records: dict[str, Any], asked: list[Any]) -> None:
    """What is recorded is what was sent, counted by the same tokenizer on both sides of the wire."""
    assert {r["placement"]["prompt_sha256"] for r in records.values()} == {request.sha256 for request in asked}
    for record in records.values():
        place, trial = record["placement"], record["trial"]
        assert record["completion"]["usage"]["prompt_tokens"] == place["total_tokens"]
        assert 0 <= trial["length"] - place["total_tokens"] <= 8
        nominal = trial["depth_percent"] / 100 * place["haystack_tokens"]
        assert abs(place["needle_token"] - nominal) <= place["sentence_tokens"] / 2


def test_one_command_from_corpus_to_picture(nih: Any, chat: Any, small: list[object], records_of: Any) -> None:
    nih.environment["MY_KEY"] = KEY
    options = ["--api-key-env", "MY_KEY", "--header", f"X-Secret={HEADER}", "--out", "out/run"]
    options += ["--concurrency", "1"]
    ended = nih.fresh.process("run", *small, *options)
    assert ended.code == 0, ended.err
    folder = nih.folder / "out" / "run"
    assert (
        sorted(p.name for p in folder.iterdir() if not p.name.startswith("."))
        == "heatmap.png records.jsonl run.json scores.rules.jsonl".split()
    )

    assert len(chat.asked) == 6
    for request in chat.asked:
        body = json.loads(request.body)
        assert body.keys() - {"stream", "stream_options"} == {"model", "messages", "max_tokens", "temperature"}
        assert (body["model"], body["max_tokens"], body["temperature"]) == ("x", 300, 0.0)
        assert request.headers["Authorization"] == f"Bearer {KEY}"
        assert request.headers["X-Secret"] == HEADER
        (message,) = request.messages
        assert message["content"].count("Dolores Park on a sunny day.") == 1
        assert message["content"].endswith("\n\nWhat is the most fun thing to do in San Francisco based on my context? "
                                           "Don't give information outside the document")  # fmt: skip
    records = records_of(folder)
    assert len(records) == 6
    check_records(records, chat.asked)
    assert all(record["expected"].startswith("Eat a sandwich") for record in records.values())

    scores = scores_of(folder)
    assert scores.keys() == records.keys()
    for trial_id, score in scores.items():
        found = "Dolores Park" in records[trial_id]["completion"]["text"]
        assert (score["value"] >= 0.5) == found
    assert (folder / "heatmap.png").read_bytes().startswith(PNG)

    content = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert (content["lengths"], content["depths"], content["trials"]) == ([300, 600], [0, 50, 100], 6)
    assert (
        content["corpus"]["sha256"]
        == hashlib.sha256(Path(str(small[small.index("--corpus") + 1])).read_bytes()).hexdigest()
    )
    everything = b"".join(path.read_bytes() for path in folder.iterdir()) + (ended.out + ended.err).encode()
    assert KEY.encode() not in everything
    assert HEADER.encode() not in everything

    # Results on stdout, without colour or control characters; everything else on stderr.
    assert "sf-sandwich" in ended.out and "\x1b" not in ended.out + ended.err
    mean = 100 * sum(score["value"] for score in scores.values()) / 6
    assert f"{mean:.0f}%" in ended.out or f"{mean:.1f}%" in ended.out, ended.out
    assert re.search(r"6/6 original \S+ 300", ended.err)  # needles by position, the deepest first
    assert says(ended.err, "cli.heatmap", picture=str(Path("out/run/heatmap.png")))
    assert len(re.findall(wording("note.lengths_by_other", name="cl100k_base"), ended.err)) == 1


def test_chinese_with_three_messages_and_two_prompts(
    nih: Any, chat: Any, small: list[object], own_texts: dict[str, Path], records_of: Any
) -> None:
    chinese = ["--experiment", "beijing-coffee", "--corpus", own_texts["zh"], "--prompt", "original,kamradt-0.1.0"]
    ended = nih("run", *small, *chinese, "--repeats", 2, "--out", "run")
    assert ended.code == 0, ended.err
    records = records_of(nih.folder / "run")
    assert len(records) == len(chat.asked) == 2 * 3 * 2 * 2
    check_records(records, chat.asked)
    roles = {tuple(message["role"] for message in request.messages) for request in chat.asked}
    assert roles == {("user",), ("system", "user", "user")}
    for request in chat.asked:
        text = "".join(message["content"] for message in request.messages)
        assert text.count("铁手咖啡馆，喝一杯热美式。") == 1
        assert "\ufffd" not in text
    # Every repeat has a haystack of its own.
    starts = {record["trial"]["repeat"]: record["placement"]["source_start"] for record in records.values()}
    assert starts[0] == 0 and starts[1] > 0
    assert ended.out.count("original") >= 1 and ended.out.count("kamradt-0.1.0") >= 1


def test_a_plan_says_what_a_run_sends_and_sends_nothing(nih: Any, chat: Any, small: list[object]) -> None:
    planned = nih("plan", *small, "--json")
    assert (planned.code, chat.asked) == (0, [])
    estimate = json.loads(planned.out)["estimate"]
    assert (estimate["trials"], estimate["prompt_tokens"], estimate["max_output_tokens"]) == (6, 2700, 1800)
    assert says(nih("plan", *small).out, "cli.sent_most_answered", sent=2700)
    assert nih("run", *small, "--out", "run").code == 0
    assert len(chat.asked) == 6


def test_the_shown_prompt_is_the_sent_one(nih: Any, chat: Any, small: list[object], records_of: Any) -> None:
    assert nih("run", *small, "--out", "run").code == 0
    for record in records_of(nih.folder / "run").values():
        cell = ["--length", record["trial"]["length"], "--depth", record["trial"]["depth_percent"]]
        shown = json.loads(nih("prompt", *small, *cell, "--json").out)
        assert [(each["id"], each["placement"]) for each in shown] == [(record["id"], record["placement"])]
        sent = next(r for r in chat.asked if r.sha256 == record["placement"]["prompt_sha256"])
        assert shown[0]["messages"] == sent.messages
        assert nih("prompt", *small, *cell).out.rstrip("\n") == sent.messages[0]["content"]
    assert len(chat.asked) == 6


def test_failed_trials_end_in_three_and_are_never_scored(
    nih: Any, chat: Any, small: list[object], records_of: Any
) -> None:
    overflow = {"error": {"message": "too long", "code": "context_length_exceeded"}}
    chat.fail = {2: (400, overflow), 5: (400, overflow)}
    ended = nih("run", *small, "--out", "run", "--concurrency", 1)
    assert ended.code == 3
    records = records_of(nih.folder / "run")
    failed = {key for key, record in records.items() if "failure" in record}
    assert len(records) == 6 and len(failed) == 2
    assert scores_of(nih.folder / "run").keys() == records.keys() - failed
    assert says(ended.err, "cli.trials_failed_not_sent", failed=2)
    assert says(ended.err, "cli.trials_such", kind=t("failure.overflow"), count=2, said="too long")
    # What can't pass is not offered, nor tried again.
    assert "--resume" not in ended.err
    assert nih("run", "--resume", "run").code == 3
    assert len(chat.asked) == 6


def test_a_prompt_cut_by_the_server_is_a_failure(nih: Any, chat: Any, small: list[object], records_of: Any) -> None:
    """gpt-4-turbo's own tokenizer is the length unit here, so that the server's count must be ours."""
    nih.environment["OPENAI_API_KEY"] = KEY
    chat.share = 0.9
    ended = nih("run", "--model", "gpt-4-turbo", *small[2:], "--api-key-env", "OPENAI_API_KEY", "--out", "run")
    assert ended.code == 3
    kinds = [record["failure"]["kind"] for record in records_of(nih.folder / "run").values()]
    assert kinds == ["cut_prompt"] * 6
    assert chat.asked[0].headers["Authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    ("status", "error", "word"),
    [
        (
            401,
            {"message": f"Incorrect API key provided: {KEY}.", "code": "invalid_api_key"},
            wording(
                "run.run_had_stop",
                kind="auth",
                said=t("run.server_refused_key_check", said="Incorrect API key provided: ***"),
            ),
        ),
        (
            429,
            {"message": "You exceeded your current quota", "code": "insufficient_quota"},
            wording("run.run_had_stop", kind="quota", said=re.compile("You exceeded")),
        ),
        (
            404,
            {"message": "no such model", "code": "model_not_found"},
            wording(
                "run.run_had_stop", kind="auth", said=t("run.server_no_model_you", model="x", said="no such model")
            ),
        ),
    ],
)
def test_what_would_fail_everywhere_stops_the_run_and_keeps_what_is_done(
    nih: Any, chat: Any, small: list[object], records_of: Any, status: int, error: dict[str, str], word: str
) -> None:
    nih.environment["OPENAI_API_KEY"] = KEY
    chat.fail = {3: (status, {"error": error})}
    ended = nih("run", *small, "--api-key-env", "OPENAI_API_KEY", "--concurrency", 1, "--out", "run")
    assert ended.code == 4
    last = ended.err.splitlines()[-1]
    assert re.match(f"nih: {word}", last)
    assert last.endswith(t("cli.done_kept_go_nih", path="run"))
    assert KEY not in ended.err
    assert len(records_of(nih.folder / "run")) == 2
    assert len(chat.asked) == 3
    assert nih("run", "--resume", "run").code == 0
    assert len(records_of(nih.folder / "run")) == 6
    assert len(chat.asked) == 7


def test_ctrl_c_stops_cleanly_and_says_how_to_go_on(
    nih: Any, chat: Any, small: list[object], records_of: Callable[[Path], dict[str, Any]]
) -> None:
    chat.hold_from = 4
    process = nih.start("run", *small, "--concurrency", 1, "--out", "run")
    chat.wait_for(4)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=600)
    assert process.returncode == 130
    assert says(out.decode(), "figure.headline", measured="3", planned="6")  # what was paid for is shown
    assert err.decode().splitlines()[-1] == "nih: " + t("cli.stopped", go_on=t("cli.done_kept_go_nih", path="run"))
    assert b"Traceback" not in err
    done = records_of(nih.folder / "run")
    assert len(done) == 3
    chat.hold_from = None
    chat.release.set()
    assert nih("run", "--resume", "run").code == 0
    assert records_of(nih.folder / "run").items() >= done.items()
    assert len(chat.asked) == 4 + 3


def test_the_picture_is_drawn_from_stored_scores_alone(nih: Any, chat: Any, small: list[object]) -> None:
    assert nih.drawing("run", *small, "--out", "run").code == 0
    folder = nih.folder / "run"
    first = (folder / "heatmap.png").read_bytes()
    chat.close()
    scores = (folder / "scores.rules.jsonl").read_bytes()
    for name in ("again.png", "again.svg", "again.pdf"):
        ended = nih("plot", "run", "--out", name)
        assert (ended.code, ended.out, ended.err) == (0, "", t("cli.figure", out=name) + "\n")
    assert (nih.folder / "again.png").read_bytes() == first
    assert (folder / "scores.rules.jsonl").read_bytes() == scores
    # Lost or outdated scores are made again.
    (folder / "scores.rules.jsonl").unlink()
    assert nih("plot", "run", "--out", "again.png").code == 0
    assert (folder / "scores.rules.jsonl").read_bytes() == scores
    # Another score gives another picture.
    (folder / "scores.rules.jsonl").write_bytes(scores.replace(b'"value": 0.0', b'"value": 1.0'))
    assert nih("plot", "run", "--out", "again.png").code == 0
    assert (nih.folder / "again.png").read_bytes() != first


def test_a_fresh_number_in_every_cell_the_same_for_every_prompt_and_model(
    nih: Any, chat: Any, small: list[object], records_of: Any
) -> None:
    import re

    chat.say = lambda text: f"It is {re.search(r'lighthouse is ([0-9]{7})[.]', text)[1]}."  # type: ignore[index]
    both = ["--repeats", 2, "--vary", "haystack,needle"]
    magic = ["--experiment", "magic-number", "--prompt", "original,kamradt-0.1.0", *both]
    assert nih("run", *small, *magic, "--out", "one").code == 0
    assert nih("run", "--model", "y", *small[2:], *magic, "--out", "two").code == 0
    assert nih("run", *small, *magic, "--seed", 5, "--out", "three").code == 0
    numbers: dict[Any, set[str]] = {}
    for name in ("one", "two"):
        for record in records_of(nih.folder / name).values():
            trial = record["trial"]
            cell = (trial["length"], trial["depth_percent"], trial["repeat"])
            numbers.setdefault(cell, set()).add(record["expected"])
            assert record["fresh"] == {"number": record["expected"]}
            assert record["completion"]["text"] == f"It is {record['expected']}."
    assert all(len(each) == 1 for each in numbers.values())
    assert len(numbers) == len(set.union(*numbers.values())) == 12
    other = {record["expected"] for record in records_of(nih.folder / "three").values()}
    assert not other & set.union(*numbers.values())
    assert {score["value"] for score in scores_of(nih.folder / "one").values()} == {1.0}
