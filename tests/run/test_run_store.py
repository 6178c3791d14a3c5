"""Records on disk: a kill at any byte costs one trial, damage changes nothing, nothing finished is sent again."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nihbench.errors import DamagedDataError, MovedError, StoppedError, UsageError
from nihbench.run.records import RecordWriter, read_records, record_line
from nihbench.run.runner import owed, run_trials
from nihbench.run.setup import Setup
from nihbench.run.store import create_run, manifest, open_run
from nihbench.text.prompt import digest
from nihbench.types import Completion, Failure, Message, Outcome, Placement, Record, Request, Trial, Usage
from tests.wording import wording

MakeSetup = Callable[..., Setup]
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def answered(text: str, **more: Any) -> Completion:
    return Completion(
        text=text, finish_reason="stop", usage=Usage(**more), model="x", latency_s=0.5, attempts=1, reasoning="Hm."
    )


def failed(kind: Any) -> Failure:
    return Failure(kind=kind, message="no", status=500, latency_s=0.1, attempts=4)


class Model:
    """A completer that answers each prompt by its hash, or as the script says for its turn; it keeps what it saw."""

    def __init__(self, script: dict[int, Outcome] | None = None) -> None:
        self.script = script or {}
        self.seen: list[str] = []

    async def complete(self, messages: Sequence[Message], request: Request) -> Outcome:
        self.seen.append(digest(messages))
        turn = len(self.seen)
        await asyncio.sleep(0)
        return self.script.get(turn) or answered(f"答 {self.seen[-1][:6]} 🥪")


def measure(setup: Setup, path: Path, model: Model) -> None:
    """Do what is owed in a records file."""
    records, _ = read_records(path)
    with RecordWriter(path) as writer:
        run = run_trials(
            setup,
            owed(setup, records),
            model,
            writer,
            total=len(setup.trials),
            now=lambda: NOW,
            on_progress=lambda progress: None,
        )
        asyncio.run(run)


def test_a_tail_torn_at_any_byte_costs_at_most_its_own_trial(make_setup: MakeSetup, tmp_path: Path) -> None:
    setup = make_setup(depths="0,100", concurrency=1)
    path = tmp_path / "records.jsonl"
    measure(setup, path, Model())
    data = path.read_bytes()
    expected, _ = read_records(path)
    assert len(expected) == len(setup.trials) == 4
    starts = [0, *(i + 1 for i, byte in enumerate(data) if byte == 10)]
    for cut in range(starts[-3], len(data)):
        # A line that lacks nothing but its line end is a record.
        kept = sum(cut >= end - 1 for end in starts[1:])
        path.write_bytes(data[:cut])
        with RecordWriter(path):
            pass
        stored = path.read_bytes()
        assert (stored if stored.endswith(b"\n") else stored + b"\n") == data[: starts[kept]], cut
        if cut % 60 and all(abs(cut - start) > 2 for start in starts):
            continue
        path.write_bytes(data[:cut])
        model = Model()
        measure(setup, path, model)
        assert path.read_bytes() == data, cut
        assert model.seen == [record.placement.prompt_sha256 for record in expected.values()][kept:], cut


@pytest.mark.parametrize("tail", [b"\0" * 700, b"\xff\xfe", b'{"id": "\xe5\x9c', b"[" * 100_000, b"null", b"  "])
def test_any_last_line_that_is_no_record_is_owed_again(make_setup: MakeSetup, tmp_path: Path, tail: bytes) -> None:
    setup = make_setup()
    path = tmp_path / "records.jsonl"
    measure(setup, path, Model())
    expected, size = read_records(path)
    with path.open("ab") as file:
        file.write(tail)
    model = Model()
    measure(setup, path, model)
    assert read_records(path)[0] == expected
    assert model.seen == []


def spoil(data: bytes, how: str) -> bytes:
    """Return records whose second line is damaged."""
    first, second, *rest = data.splitlines(keepends=True)
    plain = json.loads(second)
    changes: dict[str, Callable[[], object]] = {
        "fresh": lambda: plain.update(fresh=5),
        "id": lambda: plain.pop("id"),
        "kind": lambda: plain["completion"].update(usage={"prompt_tokens": "many"}),
        "trial": lambda: plain["trial"].pop("length"),
        "outcome": lambda: plain.pop("completion"),
    }
    if how in changes:
        changes[how]()
        second = json.dumps(plain).encode() + b"\n"
    else:
        second = {"torn": second[:50] + b"\n", "deep": b"[" * 100_000 + b"\n", "bytes": b"\xff\xff\n", "list": b"[]\n"}[
            how
        ]
    return b"".join([first, second, *rest])


@pytest.mark.parametrize("how", ["fresh", "id", "kind", "trial", "outcome", "torn", "deep", "bytes", "list"])
def test_a_damaged_line_is_named_and_nothing_is_changed(make_setup: MakeSetup, tmp_path: Path, how: str) -> None:
    setup = make_setup()
    path = tmp_path / "records.jsonl"
    measure(setup, path, Model())
    damaged = spoil(path.read_bytes(), how)
    path.write_bytes(damaged)
    with pytest.raises(DamagedDataError, match=wording("run.line_no_record_restore", path=path, number=2)) as caught:
        RecordWriter(path).__enter__()
    assert len(str(caught.value)) < 500
    assert path.read_bytes() == damaged


text = st.text(st.characters(codec=None), max_size=20)
numbers = st.none() | st.integers(0, 10**6)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=text, reasoning=text, tokens=numbers, failure=st.booleans(), timings=st.dictionaries(text, numbers))
def test_a_record_comes_back_as_it_was_written(
    tmp_path: Path, said: str, reasoning: str, tokens: int | None, failure: bool, timings: dict[str, int | None]
) -> None:
    """Whatever a server says: line breaks of all kinds, control characters, lone surrogates."""
    place = dict.fromkeys("source_start start at end needle_token haystack_tokens needle_tokens".split(), 3)
    outcome: Outcome = Completion(
        text=said, finish_reason=None, usage=Usage(prompt_tokens=tokens), model=said, latency_s=0.25, attempts=1,
        reasoning=reasoning, timings=timings,
    )  # fmt: skip
    if failure:
        outcome = Failure(kind="filtered", message=said, status=tokens, latency_s=0.0, attempts=2)
    record = Record(
        id="a" * 16,
        trial=Trial(experiment="e", needle="n", prompt="p", length=1000, depth_percent=33.33, repeat=2),
        placement=Placement(
            **place, source_copies=1, before="\n\n", after="。", tail="……", achieved_depth_percent=33.3,
            total_tokens=1000, sentence_tokens=20, prompt_sha256="0" * 64,
        ),
        outcome=outcome,
        fresh={"number": said},
        expected=reasoning,
        started_at="2026-01-01T00:00:00+00:00",
    )  # fmt: skip
    line = record_line(record)
    assert line.endswith(b"\n") and line.count(b"\n") == 1
    path = tmp_path / "one.jsonl"
    path.write_bytes(line)
    assert read_records(path) == ({record.id: record}, len(line))


@pytest.mark.parametrize("concurrency", [1, 3])
def test_what_ends_a_run_keeps_what_is_in_flight(make_setup: MakeSetup, tmp_path: Path, concurrency: int) -> None:
    setup = make_setup(depths="5", concurrency=concurrency)
    path = tmp_path / "records.jsonl"
    model = Model({4: failed("auth")})
    with pytest.raises(StoppedError, match="auth"):
        measure(setup, path, model)
    stored = [record.placement.prompt_sha256 for record in read_records(path)[0].values()]
    assert sorted(stored) == sorted(sha for turn, sha in enumerate(model.seen, 1) if turn != 4)
    assert 4 <= len(model.seen) <= 3 + concurrency
    again = Model()
    measure(setup, path, again)
    assert not set(stored) & set(again.seen)
    assert len(read_records(path)[0]) == 10


def test_only_failures_that_may_pass_are_tried_again(make_setup: MakeSetup, tmp_path: Path) -> None:
    setup = make_setup(concurrency=1)
    path = tmp_path / "records.jsonl"
    model = Model({1: failed("timeout"), 2: failed("overflow"), 3: failed("filtered"), 4: failed("rate_limit")})
    measure(setup, path, model)
    again = Model()
    measure(setup, path, again)
    assert again.seen == [model.seen[0], model.seen[3]]
    kinds = [getattr(record.outcome, "kind", "answer") for record in read_records(path)[0].values()]
    assert kinds == ["answer", "overflow", "filtered", "answer", "answer", "answer"]


@pytest.mark.parametrize(("counted", "kind"), [(0.96, "cut_prompt"), (0.98, None), (1.0, None), (None, None)])
def test_a_prompt_that_the_server_cut_is_no_answer(
    make_setup: MakeSetup, tmp_path: Path, counted: float | None, kind: str | None
) -> None:
    """Only where the length unit is the model's own: another tokenizer may count less for honest reasons."""
    for preset, expected in (({"tokenizer": "cl100k_base"}, kind), ({}, None)):
        setup = make_setup(preset=preset, lengths="400,400", depths="50,50")
        seen = None if counted is None else round(400 * counted)
        path = tmp_path / f"{len(preset)}.jsonl"
        measure(setup, path, Model({1: answered("Eat.", prompt_tokens=seen)}))
        (record,) = read_records(path)[0].values()
        assert getattr(record.outcome, "kind", None) == expected
        assert record.outcome.usage.prompt_tokens == seen


def test_a_full_disk_keeps_what_is_done_and_says_so(make_setup: MakeSetup, tmp_path: Path) -> None:
    resource = pytest.importorskip("resource", reason="only POSIX can limit a file's size")
    setup = make_setup(concurrency=1)
    path = tmp_path / "records.jsonl"
    measure(setup, path, Model())
    lines = path.read_bytes().splitlines(keepends=True)
    start = b"".join(lines[:2])
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    # The third record fits only in part, and a torn tail is longer than what comes to stand in its place.
    path.write_bytes(start + b"{" + b"x" * 200)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(start) + 100, before[1]))
    try:
        with pytest.raises(UsageError, match=wording("errors.cant_write", path=re.compile(r"records\.jsonl"))):
            measure(setup, path, Model())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert path.read_bytes() == start
    model = Model()
    measure(setup, path, model)
    assert path.read_bytes() == b"".join(lines)
    assert len(model.seen) == 4


def test_a_run_is_never_mixed_with_another(make_setup: MakeSetup, tmp_path: Path) -> None:
    setup = make_setup()
    folder = create_run(tmp_path / "a", manifest(setup, "now"))
    with pytest.raises(UsageError, match=wording("run.already_holds_run_go", path=folder.path)):
        create_run(folder.path, manifest(setup, "now"))
    measure(setup, folder.path / "records.jsonl", Model())
    (folder.path / "run.json").unlink()
    with pytest.raises(UsageError, match=wording("run.holds_records_run_whose", path=folder.path, manifest="run.json")):
        create_run(folder.path, manifest(setup, "now"))


WRONG: list[Any] = [None, 7, "x", [], {}]


def test_a_damaged_manifest_is_said_to_be_damaged(make_setup: MakeSetup, tmp_path: Path) -> None:
    folder = create_run(tmp_path / "a", manifest(make_setup(), "now"))
    file = folder.path / "run.json"
    good = json.loads(file.read_text(encoding="utf-8"))
    assert open_run(folder.path).manifest.raw == good
    read_later = "options model experiment needle prompts corpus length_unit lengths depths repeats identity".split()
    for key in read_later:
        file.write_text(json.dumps({name: good[name] for name in good if name != key}), encoding="utf-8")
        with pytest.raises(DamagedDataError, match=wording("run.damaged_restore_from_copy_run", error=re.compile(key))):
            open_run(folder.path)
    for key in ("options", "model", "needle", "corpus", "length_unit"):
        for value in WRONG:
            file.write_text(json.dumps(good | {key: value}), encoding="utf-8")
            with pytest.raises(
                DamagedDataError, match=wording("run.damaged_restore_from_copy_run", error=re.compile(key))
            ):
                open_run(folder.path)
    unreadable = (
        "run.cant_read_restore_from_copy",
        "run.damaged_restore_from_copy_run",
        "run.not_format_written_another",
    )
    for content in ("", "[]", "{", '{"format": 2}', "[" * 100_000, "\0"):
        file.write_text(content, encoding="utf-8")
        with pytest.raises(
            DamagedDataError,
            match="|".join(map(wording, unreadable)),
        ):
            open_run(folder.path)


def test_of_two_that_begin_a_run_in_one_moment_one_is_refused(make_setup: MakeSetup, tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor
    from threading import Barrier

    content = manifest(make_setup(), "now")
    for attempt in range(5):
        together = Barrier(6)

        def begin(number: int, attempt: int = attempt, together: Barrier = together) -> str:
            together.wait()
            try:
                create_run(tmp_path / str(attempt), {**content, "created_at": f"by {number}"})
            except UsageError:
                return ""
            return f"by {number}"

        with ThreadPoolExecutor(6) as threads:
            begun = [who for who in threads.map(begin, range(6)) if who]
        assert begun == [open_run(tmp_path / str(attempt)).manifest.created_at]


def test_several_records_of_a_folder_that_was_moved_are_written_once(make_setup: Any, tmp_path: Path) -> None:
    """Its file is open still: what is written to it arrives, although it has another place now."""
    setup: Setup = make_setup()
    (tmp_path / "run").mkdir()
    measure(setup, tmp_path / "run" / "records.jsonl", Model())
    records = list(read_records(tmp_path / "run" / "records.jsonl")[0].values())[:3]
    (tmp_path / "run" / "records.jsonl").unlink()
    with RecordWriter(tmp_path / "run" / "records.jsonl") as writer:
        (tmp_path / "run").rename(tmp_path / "elsewhere")
        errors = writer.write(records)
    assert [type(error) for error in errors] == [MovedError] * 3
    lines = (tmp_path / "elsewhere" / "records.jsonl").read_bytes().splitlines(keepends=True)
    assert lines == [record_line(record) for record in records]
