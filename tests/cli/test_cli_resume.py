"""Killed at any moment and resumed, a run has the same records as one that was left alone, each trial once."""

from __future__ import annotations

import dataclasses
import json
import random
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from nihbench.lang.messages import t
from tests.wording import part, says


def recorded(folder: Path) -> set[str]:
    """The prompts that have a whole record, read without the code under test."""
    path = folder / "records.jsonl"
    if not path.exists():
        return set()
    found = set()
    for line in path.read_bytes().split(b"\n"):
        try:
            found.add(json.loads(line)["placement"]["prompt_sha256"])
        except ValueError:
            continue
    return found


def test_sigkill_at_many_moments(nih: Any, chat: Any, small: list[object], records_of: Any) -> None:
    grid = ["--depths", "6", "--repeats", 6]
    assert nih("run", *small, *grid, "--out", "whole").code == 0
    expected = records_of(nih.folder / "whole")
    assert len(expected) == 72

    chat.delay_s = 0.05
    draw = random.Random(3)
    folder = nih.folder / "torn"
    # While the process starts (no folder yet, perhaps), in mid-request, and at moments after a request came.
    moments: list[tuple[int, float]] = [(0, 0.1), (0, 0.3), (1, 0.0), (2, 0.0)]
    moments += [(draw.randint(1, 3), draw.uniform(0, 0.02)) for _ in range(6)]
    killed = 0
    for requests, delay_s in moments:
        before, done = len(chat.asked), recorded(folder)
        to_do = ["--resume", "torn"] if (folder / "run.json").exists() else [*small, *grid, "--out", "torn"]
        process = (nih if requests else nih.fresh).start("run", *to_do, "--concurrency", 2)
        if requests:
            chat.wait_for(before + requests)
        time.sleep(delay_s)
        process.kill()
        process.communicate(timeout=600)
        killed += process.returncode == -9
        assert not done & {request.sha256 for request in chat.asked[before:]}, "a finished trial was sent again"
    assert killed >= 8
    before, done = len(chat.asked), recorded(folder)
    assert 0 < len(done) < 72
    ended = nih.process("run", "--resume", "torn")
    assert ended.code == 0, ended.err
    assert says(ended.err, "cli.run_folder_trials_done", done=len(done), total=72)
    assert not done & {request.sha256 for request in chat.asked[before:]}
    assert records_of(folder) == expected
    assert (folder / "heatmap.png").exists()


def test_a_torn_tail_is_measured_again_and_nothing_else(
    nih: Any, chat: Any, small: list[object], records_of: Any
) -> None:
    assert nih("run", *small, "--out", "run").code == 0
    path = nih.folder / "run" / "records.jsonl"
    data, expected = path.read_bytes(), records_of(nih.folder / "run")
    starts = [0, *(i + 1 for i, byte in enumerate(data) if byte == 10)]
    # Every byte of it is tried in tests/run; here, through the command line, a few.
    for cut, owed in (
        (starts[-2] + 1, 1),
        (len(data) - 2, 1),
        (len(data) - 1, 0),
        (starts[-3] + 200, 2),
        (3, 6),
        (0, 6),
    ):
        path.write_bytes(data[:cut])
        before = len(chat.asked)
        ended = nih("run", "--resume", "run")
        assert ended.code == 0, ended.err
        assert len(chat.asked) - before == owed
        assert records_of(nih.folder / "run") == expected
    path.unlink()
    assert nih("run", "--resume", "run").code == 0
    assert records_of(nih.folder / "run") == expected


@pytest.fixture
def begun(nih: Any, chat: Any, small: list[object]) -> Path:
    """A run that was stopped after four trials, with some options of its own."""
    chat.fail = {5: (401, {"error": {"message": "no"}})}
    options = ["--concurrency", 1, "--seed", 3, "--extra-body", '{"top_p": 0.5}', "--header", "X-Beta=one"]
    assert nih("run", *small, *options, "--out", "run").code == 4
    assert len(chat.asked) == 5
    folder: Path = nih.folder / "run"
    return folder


def test_what_is_left_out_or_said_again_resumes(nih: Any, chat: Any, begun: Path, small: list[object]) -> None:
    copy = begun.with_name("copy")
    shutil.copytree(begun, copy)
    assert nih("run", "--resume", begun, "--header", "X-Beta=one").code == 0
    same = [*small, "--seed", 3, "--extra-body", '{"top_p": 0.5}', "--header", "X-Beta=one", "--max-output", "300"]
    ended = nih(
        "run", "--resume", copy, *small, "--seed", 3, "--extra-body", '{"top_p": 0.5}', "--header", "X-Beta=one"
    )
    assert ended.code == 0, ended.err
    # An option that was left out at the beginning is another option, even where its value is the default.
    assert "--max-output" in nih("run", "--resume", copy, *same).error()
    assert len(chat.asked) == 5 + 2 + 2
    assert [json.loads(request.body)["top_p"] for request in chat.asked] == [0.5] * 9


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--model", "y"),
        ("--experiment", "magic-number"),
        ("--prompt", "explicit"),
        ("--lengths", "300,500"),
        ("--depths", "0,50"),
        ("--repeats", "2"),
        ("--length-unit", "o200k_base"),
        ("--window", "9000"),
        ("--order", "random"),
        ("--seed", "4"),
        ("--max-output", "20"),
        ("--temperature", "1"),
        ("--extra-body", '{"top_p": 0.6}'),
        ("--repeat-corpus", None),
        ("--quick", None),
    ],
)
def test_another_option_is_refused_by_its_name(
    nih: Any, chat: Any, begun: Path, option: str, value: str | None
) -> None:
    before = (begun / "records.jsonl").read_bytes()
    ended = nih("run", "--resume", begun, "--header", "X-Beta=one", option, *([value] if value else []))
    assert ended.code == 2
    assert says(ended.error(), "cli.cant_resume_other_options", changed=option)
    assert len(chat.asked) == 5
    assert (begun / "records.jsonl").read_bytes() == before


def test_concurrency_and_address_may_change(nih: Any, chat: Any, begun: Path) -> None:
    address = chat.base_url.replace("127.0.0.1", "localhost")
    ended = nih("run", "--resume", begun, "--header", "X-Beta=one", "--base-url", address, "--concurrency", 3)
    assert ended.code == 0, ended.err
    assert chat.asked[-1].headers["Host"].startswith("localhost")


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ([], t("run.run_sent_headers_their", headers="X-Beta")),
        (["--header", "X-Beta=two"], part("run.values_header_differ_from")),
        (["--header", "X-Beta=one", "--header", "X-More=1"], part("run.values_header_differ_from")),
    ],
)
def test_headers_must_come_again(nih: Any, chat: Any, begun: Path, headers: list[str], words: str) -> None:
    ended = nih("run", "--resume", begun, *headers)
    assert (ended.code, len(chat.asked)) == (2, 5)
    assert words in ended.error()


def test_a_changed_corpus_is_not_mixed_in(nih: Any, chat: Any, small: list[object], own_texts: dict[str, Path]) -> None:
    own = nih.folder / "mine.txt"
    text = own_texts["en"].read_text(encoding="utf-8")
    own.write_text(text, encoding="utf-8")
    assert nih("run", *small, "--corpus", "mine.txt", "--out", "run").code == 0
    own.write_text(text.replace("Nothing", "Something"), encoding="utf-8")
    ended = nih("run", "--resume", "run")
    assert ended.code == 2
    assert says(ended.error(), "run.corpus_here_not_one")
    assert len(chat.asked) == 6


def test_a_changed_needle_is_named_unless_only_its_facts_changed(nih: Any, chat: Any, small: list[object]) -> None:
    own = nih.folder / "needles.yaml"
    lines = ["needles:", "  key:", "    language: en", "    text: 'The spare key of San Mateo hangs behind the oar.'",
             "    question: 'Where does the spare key hang?'", "    answer: 'Behind the oar.'"]  # fmt: skip
    own.write_text("\n".join(lines), encoding="utf-8")
    assert nih("run", *small, "--experiment", "key", "--out", "run").code == 0
    own.write_text("\n".join(lines).replace("'Behind the oar.'", "'Behind it.'"), encoding="utf-8")
    assert nih("run", "--resume", "run").code == 0
    own.write_text("\n".join(lines).replace("Where does", "Where exactly does"), encoding="utf-8")
    assert "questions" in nih("run", "--resume", "run").error()
    own.write_text("\n".join(lines).replace("San Mateo", "San Rafael"), encoding="utf-8")
    assert "identity.statements" in nih("run", "--resume", "run").error()
    assert len(chat.asked) == 6


def stop_after(chat: Any, nih: Any, trials: int, *arguments: object) -> Path:
    """Begin a run that is stopped after some trials."""
    chat.fail = {len(chat.asked) + trials + 1: (401, {"error": {"message": "no"}})}
    ended = nih("run", *arguments, "--concurrency", 1, "--out", "run")
    assert ended.code == 4, ended.err
    folder: Path = nih.folder / "run"
    return folder


def test_another_corpus_is_refused_by_its_text(nih: Any, chat: Any, begun: Path, own_texts: dict[str, Path]) -> None:
    before = (begun / "records.jsonl").read_bytes()
    other = nih.folder / "other.txt"
    other.write_text(own_texts["en"].read_text(encoding="utf-8") + "One more.", encoding="utf-8")
    ended = nih("run", "--resume", begun, "--header", "X-Beta=one", "--corpus", other)
    assert (ended.code, len(chat.asked)) == (2, 5)
    assert says(ended.error(), "run.corpus_here_not_one")
    assert (begun / "records.jsonl").read_bytes() == before


@pytest.mark.parametrize("name", ["mine.txt", "a,b=c.txt", "zh=mine.txt"])
def test_a_relative_corpus_is_found_from_another_folder_and_may_be_moved(
    nih: Any, chat: Any, small: list[object], own_texts: dict[str, Path], name: str
) -> None:
    own = nih.folder / name
    own.write_bytes(own_texts["en"].read_bytes())
    folder = stop_after(chat, nih, 2, *small, "--corpus", name)
    (nih.folder / "elsewhere").mkdir()
    there = dataclasses.replace(nih, folder=nih.folder / "elsewhere")
    chat.fail = {5: (401, {"error": {"message": "no"}})}
    assert there("run", "--resume", folder).code == 4
    assert len(chat.asked) == 5
    own.rename(nih.folder / "moved.txt")
    assert there("run", "--resume", folder).code == 2
    ended = there("run", "--resume", folder, "--corpus", "../moved.txt")
    assert ended.code == 0, ended.err
    assert len(chat.asked) == 5 + 3


def test_what_was_cut_off_an_address_must_be_given_again(nih: Any, chat: Any, small: list[object]) -> None:
    address = chat.base_url.replace("://", "://me:hidden@")
    other = [address if option == chat.base_url else option for option in small]
    folder = stop_after(chat, nih, 4, *other)
    assert "hidden" not in (folder / "run.json").read_text(encoding="utf-8")
    ended = nih("run", "--resume", folder)
    assert (ended.code, len(chat.asked)) == (2, 5)
    assert says(ended.error(), "run.run_held_secret_not", option="--base-url")
    assert nih("run", "--resume", folder, "--base-url", address).code == 0
    assert len(chat.asked) == 7
    assert len({request.headers.get("Authorization") for request in chat.asked}) == 1


def test_secrets_of_the_extra_body_are_not_stored_and_must_be_given_again(
    nih: Any, chat: Any, small: list[object]
) -> None:
    body = '{"top_p": 0.5, "search": [{"apiKey": "hidden-1"}], "auth-token": "hidden-2", "eos_token": "seen"}'
    folder = stop_after(chat, nih, 4, *small, "--extra-body", body)
    assert "hidden-1" in chat.asked[0].body.decode()
    for path in folder.iterdir():
        assert b"hidden-" not in path.read_bytes(), path
    assert "seen" in (folder / "run.json").read_text(encoding="utf-8")
    assert says(nih("run", "--resume", folder).error(), "run.run_held_secret_not", option="--extra-body")
    ended = nih("run", "--resume", folder, "--extra-body", body.replace("hidden-1", "hidden-3"))
    assert says(ended.error(), "cli.cant_resume_other_options", changed="--extra-body")
    assert len(chat.asked) == 5
    ended = nih("run", "--resume", folder, "--extra-body", body)
    assert ended.code == 0, ended.err
    assert [json.loads(request.body)["auth-token"] for request in chat.asked] == ["hidden-2"] * 7


def test_a_text_that_another_python_made_is_found_by_its_hash(
    nih: Any, chat: Any, small: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    from nihbench.corpora import store

    (nih.folder / "haystack").mkdir()
    folder = stop_after(chat, nih, 4, *small, "--corpus", "python-reference-en")
    trial = json.loads((folder / "records.jsonl").read_bytes().splitlines()[0])["id"]
    before = nih("rebuild", folder, trial).out
    # Another Python: other words in its reference.
    monkeypatch.setattr(store, "python_topics", lambda: ["Another reference altogether. " * 2000])
    assert nih("rebuild", folder, trial).out == before
    ended = nih("run", "--resume", folder)
    assert ended.code == 0, ended.err
    assert len(chat.asked) == 7


def test_a_run_of_older_placement_rules_is_refused_before_anything_is_sent(
    nih: Any, chat: Any, small: list[object]
) -> None:
    assert nih("run", *small, "--out", "old").code == 0
    path = nih.folder / "old" / "run.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["identity"]["placement"] = 2
    path.write_text(json.dumps(content), encoding="utf-8")
    records = nih.folder / "old" / "records.jsonl"
    records.write_bytes(records.read_bytes().split(b"\n")[0] + b"\n")  # the rest is owed
    before = len(chat.asked)
    ended = nih("run", "--resume", "old")
    assert ended.code == 2
    assert says(ended.err, "run.cant_resume_older_version") and len(ended.err.splitlines()) == 1
    assert len(chat.asked) == before
    trial = json.loads(records.read_bytes())["id"]
    assert nih("rebuild", "old", trial).code == 0, "its prompts can be made again all the same"
