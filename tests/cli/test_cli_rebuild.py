"""`nih rebuild` gives the bytes back that the server received."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.wording import says

OWN = """
needles:
  braces:
    language: en
    text: 'The 100% key, \\1 and \\n, stands at 3.14 "Café" Row {'
    question: "Where does the %s stand?"
    answer: "Café Row"
"""


@pytest.mark.parametrize(
    ("language", "options"),
    [
        ("en", ["--repeats", "2"]),
        ("en", ["--prompt", "kamradt-0.1.0,explicit", "--temperature", "none"]),
        ("zh", ["--experiment", "moonshot-address", "--prompt", "kamradt-0.1.0", "--repeats", "3"]),
        ("zh", ["--experiment", "magic-number-zh", "--repeats", "2"]),
        ("en", ["--experiment", "magic-number", "--lengths", "6k,7k", "--repeat-corpus", "--repeats", "2"]),
        ("zh", ["--experiment", "beijing-coffee", "--lengths", "7k", "--repeat-corpus"]),
        ("en", ["--experiment", "braces"]),
    ],
)
def test_every_prompt_is_rebuilt_byte_for_byte(
    nih: Any, chat: Any, small: list[object], own_texts: dict[str, Path], records_of: Any, language: str,
    options: list[str],
) -> None:  # fmt: skip
    (nih.folder / "needles.yaml").write_text(OWN, encoding="utf-8")
    (nih.folder / "texts").mkdir()
    own = nih.folder / "texts" / own_texts[language].name
    own.write_bytes(own_texts[language].read_bytes().replace(b"\n", b"\r\n"))
    ended = nih("run", *small, "--corpus", f"texts/{own.name}", *options, "--out", "run")
    assert ended.code == 0, ended.err
    (nih.folder / "needles.yaml").unlink()  # run.json is enough
    records = records_of(nih.folder / "run")
    sent = {request.sha256: request for request in chat.asked}
    assert len(records) == len(sent) == len(chat.asked)
    for key, record in records.items():
        request = sent[record["placement"]["prompt_sha256"]]
        rebuilt = json.loads(nih("rebuild", "run", key[:9], "--json").out)
        assert rebuilt == request.messages
        # The very bytes of the request's body, not only what they mean.
        assert json.dumps(rebuilt, ensure_ascii=False, separators=(",", ":")).encode() in request.body
        if len(rebuilt) == 1:
            ended = nih("rebuild", "run", key)
            assert (ended.code, ended.out, ended.err) == (0, rebuilt[0]["content"], "")
    if "--repeat-corpus" in options:
        assert {record["placement"]["source_copies"] for record in records.values()} != {1}
    if "--repeats" in options:
        assert any(record["placement"]["source_start"] for record in records.values())


def test_a_source_wraps_round_in_a_prompt(nih: Any, chat: Any, small: list[object], own_texts: dict[str, Path]) -> None:
    """At least one repeat's haystack runs over the corpus's end into its beginning, and is rebuilt all the same."""
    assert nih("run", *small, "--lengths", "1890,1890", "--depths", "50,50", "--repeats", 6, "--out", "run").code == 0
    text = own_texts["en"].read_text(encoding="utf-8")
    join = text.rstrip()[-30:]
    wrapped = [request for request in chat.asked if join in request.messages[0]["content"]]
    assert wrapped
    for line in (nih.folder / "run" / "records.jsonl").read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        sent = next(r for r in chat.asked if r.sha256 == record["placement"]["prompt_sha256"])
        assert json.loads(nih("rebuild", "run", record["id"], "--json").out) == sent.messages


@pytest.fixture
def own(nih: Any, chat: Any, small: list[object], own_texts: dict[str, Path]) -> Path:
    """A run over a text of the user's own."""
    path: Path = nih.folder / "mine.txt"
    path.write_bytes(own_texts["en"].read_bytes())
    assert nih("run", *small, "--corpus", "mine.txt", "--lengths", "300,300", "--out", "run").code == 0
    return path


def first_id(folder: Path) -> str:
    return str(json.loads((folder / "records.jsonl").read_text(encoding="utf-8").splitlines()[0])["id"])


def test_a_changed_or_missing_corpus_is_refused_and_a_moved_one_is_found(nih: Any, own: Path) -> None:
    trial = first_id(nih.folder / "run")
    good = nih("rebuild", "run", trial).out
    own.rename(nih.folder / "moved.txt")
    ended = nih("rebuild", "run", trial)
    assert ended.code == 2 and "mine.txt" in ended.error()
    assert nih("rebuild", "run", trial, "--corpus", "moved.txt").out == good
    own.write_text("Something else. " * 200, encoding="utf-8")
    ended = nih("rebuild", "run", trial)
    assert ended.code == 2 and says(ended.error(), "run.corpus_here_not_one")


def test_an_unknown_or_ambiguous_trial_is_refused(nih: Any, own: Path) -> None:
    assert says(nih("rebuild", "run", "zzz").error(), "run.no_trial_run_id")
    assert says(nih("rebuild", "run", "").error(), "run.trials_run_id_begins", count=3)


def test_a_record_that_rebuilds_to_other_bytes_is_damaged(nih: Any, own: Path) -> None:
    path = nih.folder / "run" / "records.jsonl"
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    records[0]["placement"]["at"] += 1
    records[1]["trial"]["prompt"] = "other"
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    before = path.read_bytes()
    for record in records[:2]:
        ended = nih("rebuild", "run", record["id"])
        damaged = ("run.prompt_trial_rebuilds_other", "run.record_not_run_plan")
        assert ended.code == 5 and any(says(ended.error(), key) for key in damaged)
    assert path.read_bytes() == before
