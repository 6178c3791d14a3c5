"""Stores records off the event loop, those of the same moment together: one flush to the disk for all of them.

A disk may take long to flush; answers that stream in meanwhile must not wait for it. Whoever stores a record waits
until it is on the disk, so that nothing is shown as done before.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from types import TracebackType
from typing import Self

from nihbench.run.records import RecordWriter
from nihbench.types import Record


class Recorder:
    """A context manager around a writer; what was given to `store` before it is left is on the disk after."""

    def __init__(self, writer: RecordWriter) -> None:
        self._writer = writer
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="nih-records")
        self._waiting: SimpleQueue[tuple[Record, asyncio.Future[None]]] = SimpleQueue()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.shutdown(wait=True)

    async def store(self, record: Record) -> None:
        """Return when the record is on the disk; where the wait is broken off (Ctrl-C), it is stored all the same.

        Raises:
            UsageError: it can't be written; what was stored before stays whole.
        """
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        self._waiting.put((record, done))
        # Whichever job comes first takes all that wait by then; the others find nothing left to do.
        self._thread.submit(self._flush, loop)
        await done

    def _flush(self, loop: asyncio.AbstractEventLoop) -> None:
        batch = []
        while not self._waiting.empty():
            batch.append(self._waiting.get())
        errors = self._writer.write([record for record, _ in batch])
        for (_, done), error in zip(batch, errors, strict=True):
            loop.call_soon_threadsafe(_end, done, error)


def _end(done: asyncio.Future[None], error: Exception | None) -> None:
    if done.cancelled():
        return
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)
