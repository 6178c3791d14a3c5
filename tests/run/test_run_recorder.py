"""Records are stored in groups beside the event loop, and none is shown before it is on the disk."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nihbench.errors import UsageError
from nihbench.run.records import RecordWriter, all_records, read_records, record_line
from nihbench.run.runner import Recorder
from nihbench.types import Completion, Failure, Placement, Record, Trial, Usage


def record(number: int, said: str = "x") -> Record:
    return Record(
        id=f"{number:016x}",
        trial=Trial(experiment="e", needle="n", prompt="p", length=1000, depth_percent=0.0, repeat=number),
        placement=Placement(
            source_start=0, source_copies=1, start=0, at=0, end=9, before="", after="", tail="",
            achieved_depth_percent=0.0, needle_token=0, haystack_tokens=9, needle_tokens=1, sentence_tokens=1,
            total_tokens=10, prompt_sha256="0" * 64,
        ),
        outcome=Completion(
            text=said, finish_reason="stop", usage=Usage(), model="m", latency_s=0.1, attempts=1
        ),
        fresh={},
        expected="x",
        started_at="2026-01-01T00:00:00+00:00",
    )  # fmt: skip


class SlowDisk(RecordWriter):
    """A writer whose flushes take long; it keeps how many records came with each."""

    def __init__(self, path: Path, flush_s: float) -> None:
        super().__init__(path)
        self.flush_s = flush_s
        self.groups: list[int] = []

    def write(self, records: Sequence[Record]) -> list[UsageError | None]:
        if records:
            self.groups.append(len(records))
            time.sleep(self.flush_s)
        return super().write(records)


def test_a_slow_disk_holds_up_neither_the_loop_nor_one_record_after_the_other(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"

    async def one(recorder: Recorder, number: int) -> None:
        await asyncio.sleep(0.001 * number)
        await recorder.store(record(number))
        assert record_line(record(number)) in path.read_bytes()

    async def main(disk: SlowDisk) -> int:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                await asyncio.sleep(0.005)
                ticks += 1

        ticking = asyncio.ensure_future(tick())
        with Recorder(disk) as recorder:
            await asyncio.gather(*(one(recorder, number) for number in range(60)))
        ticking.cancel()
        return ticks

    with SlowDisk(path, 0.1) as disk:
        ticks = asyncio.run(main(disk))
    assert sum(disk.groups) == 60 and len(disk.groups) <= 10
    assert ticks >= 3 * len(disk.groups)
    assert list(read_records(path)[0]) == [record(number).id for number in range(60)]


def test_a_wait_that_is_broken_off_stores_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"

    async def main(disk: SlowDisk) -> None:
        with Recorder(disk) as recorder:
            tasks = [asyncio.ensure_future(recorder.store(record(number))) for number in range(5)]
            await asyncio.sleep(0.02)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            assert all(task.cancelled() for task in tasks)

    with SlowDisk(path, 0.1) as disk:
        asyncio.run(main(disk))
    assert len(read_records(path)[0]) == 5


def test_of_a_group_that_does_not_fit_what_fits_is_kept(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource", reason="only POSIX can limit a file's size")
    path = tmp_path / "records.jsonl"
    records = [record(0), record(1), record(2, "long " * 300), record(3)]
    sizes = [len(record_line(each)) for each in records]
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    async def main(writer: RecordWriter) -> list[Any]:
        with Recorder(writer) as recorder:
            return await asyncio.gather(*map(recorder.store, records), return_exceptions=True)

    with RecordWriter(path) as writer:
        resource.setrlimit(resource.RLIMIT_FSIZE, (sum(sizes) - sizes[2] + 100, before[1]))
        try:
            ended = asyncio.run(main(writer))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [error is None for error in ended] == [True, True, False, True]
    assert isinstance(ended[2], UsageError)
    assert path.read_bytes() == b"".join(record_line(records[number]) for number in (0, 1, 3))


def test_what_was_tried_twice_is_read_twice_and_a_doubled_line_once(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    lines = [record_line(each) for each in (record(0, "first"), record(1), record(0, "second"), record(1))]
    path.write_bytes(b"".join(lines) + lines[0][:40])
    assert [r.outcome.text for r in all_records(path) if isinstance(r.outcome, Completion)] == ["first", "x", "second"]
    assert len(read_records(path)[0]) == 2


def test_an_older_failure_copied_behind_the_answer_does_not_undo_it(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    failure = Failure(kind="transient", message="reset", status=None, attempts=1, latency_s=0.1, usage=Usage())
    failed, answered = replace(record(0), outcome=failure), record(0)
    for lines, kept in (
        ([failed, answered, failed], Completion),
        ([answered, failed], Completion),
        ([failed], Failure),
    ):
        path.write_bytes(b"".join(map(record_line, lines)))
        assert isinstance(read_records(path)[0][answered.id].outcome, kept)
