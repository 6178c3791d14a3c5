"""Work on an event loop, run to its end from wherever it is called, and how it ends early."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from contextvars import copy_context
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from nihbench.app.events import Caller, Event
from nihbench.errors import (
    DamagedDataError,
    InterruptedRunError,
    MovedError,
    NihError,
    Terminated,
    TerminatedRunError,
)
from nihbench.lang.messages import Message, t, without_stop

T = TypeVar("T")


def now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)


def complete(main: Coroutine[Any, Any, T], caller: Caller) -> T:
    """Run a coroutine to its end on a loop of its own; whoever called may end it as Ctrl-C does.

    Raises:
        KeyboardInterrupt: it was ended.
    """

    async def begun() -> T:
        cancelling()
        return await main

    try:
        with caller.guard() as cancelling:
            return asyncio.run(begun())
    finally:
        main.close()  # where it did not come to begin


def stopped(error: KeyboardInterrupt, go_on: Message) -> InterruptedRunError:
    """Return the error for work that was ended by Ctrl-C or by a signal; `go_on` says what is kept, and how."""
    if isinstance(error, Terminated):
        name = str(error.args[0]) if error.args else "SIGTERM"
        return TerminatedRunError(t("cli.stopped_2", signal=name, go_on=go_on))
    return InterruptedRunError(t("cli.stopped", go_on=go_on))


def completed(main: Coroutine[Any, Any, T], caller: Caller, go_on: Message) -> T:
    """Run a coroutine as `complete` does; where it ends early, the error says what is kept, and how to go on.

    Raises:
        InterruptedRunError: it was ended by Ctrl-C or by a signal.
        NihError: what it raised, with `go_on`; a folder that is damaged, or moved, can't be gone on with.
    """
    try:
        return complete(main, caller)
    except KeyboardInterrupt as error:
        raise stopped(error, go_on) from error
    except (DamagedDataError, MovedError):
        raise
    except NihError as error:
        raise type(error)(t("cli.error_go_on", error=without_stop(error), go_on=go_on)) from error


def interruptible(caller: Caller) -> Caller:
    """Return a caller whose `emit` may end the work: an interrupt that it raises is as good as Ctrl-C.

    Raised in a task it would leave the loop at once, and what other tasks have under way with it.
    """
    first: list[asyncio.Task[Any]] = []
    ended: list[BaseException] = []

    def emit(event: Event) -> None:
        try:
            caller.emit(event)
        except (KeyboardInterrupt, SystemExit) as error:
            if not first:  # no loop runs
                raise
            if not ended:
                ended.append(error)
                first[0].get_loop().call_soon_threadsafe(first[0].cancel)

    @contextmanager
    def guard() -> Iterator[Callable[[], None]]:
        with caller.guard() as cancelling:

            def begun() -> None:
                cancelling()
                task = asyncio.current_task()
                assert task is not None
                first.append(task)

            try:
                yield begun
            except asyncio.CancelledError as error:
                if ended:
                    raise ended.pop() from error
                raise
            finally:
                first.clear()
            if ended:  # with the last that there was to tell
                raise ended.pop()

    return replace(caller, emit=emit, guard=guard)


# ---- threads ---------------------------------------------------------------------------------------------------------
# Where a loop runs already (a notebook's, a program's own), work has a thread of its own, and so a loop of its own.


class Work(Generic[T]):
    """Work in a thread of its own, which whoever waits for it can end as Ctrl-C does.

    What it tells and asks is done where `deliver` does it: given a call, it makes it there and returns its result.
    """

    def __init__(
        self, work: Callable[[Caller], T], caller: Caller, deliver: Callable[[Callable[[], None]], None]
    ) -> None:
        self._lock = threading.Lock()
        self._stopped = False
        self._task: tuple[asyncio.AbstractEventLoop, asyncio.Task[Any]] | None = None
        self.done: Future[T] = Future()
        here = replace(
            caller,
            emit=lambda event: deliver(lambda: caller.emit(event)),
            agree=lambda bill: deliver(lambda: caller.agree(bill)),
            guard=self._guard,
        )
        context = copy_context()
        self._thread = threading.Thread(target=lambda: context.run(self._run, work, here), name="nihbench")

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End it as Ctrl-C would: what is under way is put in order, and then `done` has the error."""
        with self._lock:
            self._stopped = True
            if self._task is not None:
                loop, task = self._task
                loop.call_soon_threadsafe(task.cancel)

    def _run(self, work: Callable[[Caller], T], caller: Caller) -> None:
        try:
            result = work(caller)
        except BaseException as error:
            self.done.set_exception(error)
        else:
            self.done.set_result(result)

    @contextmanager
    def _guard(self) -> Iterator[Callable[[], None]]:
        def cancelling() -> None:
            task = asyncio.current_task()
            assert task is not None
            with self._lock:
                self._task = (asyncio.get_running_loop(), task)
                if self._stopped:
                    task.cancel()

        try:
            yield cancelling
        except asyncio.CancelledError as error:
            if not self._stopped:
                raise
            raise KeyboardInterrupt from error
        finally:
            with self._lock:
                self._task = None


def wait_for(work: Callable[[Caller], T], caller: Caller) -> T:
    """Do work that has a loop of its own, wherever this is called; events are told in the caller's thread.

    Raises:
        KeyboardInterrupt: it was ended by Ctrl-C; what was under way is in order.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return work(interruptible(caller))
    told: queue.SimpleQueue[tuple[Callable[[], None], Future[None]] | None] = queue.SimpleQueue()

    def deliver(call: Callable[[], None]) -> None:
        made: Future[None] = Future()
        told.put((call, made))
        made.result()

    doing = Work(work, caller, deliver)
    doing.done.add_done_callback(lambda done: told.put(None))
    doing.start()
    while True:
        try:
            while (each := _next(told)) is not None:
                _settle(*each)
            return doing.done.result()
        except KeyboardInterrupt:
            if doing.done.done():
                raise
            doing.stop()


def _next(told: queue.SimpleQueue[T]) -> T:
    """Wait for what comes next; Windows knows of Ctrl-C between two waits only."""
    while True:
        with suppress(queue.Empty):
            return told.get(timeout=1.0)


async def wait_for_async(work: Callable[[Caller], T], caller: Caller) -> T:
    """Do work that has a loop of its own without holding up this one, in which events are told.

    Cancelled, it ends the work as Ctrl-C does, and is cancelled when that is in order.
    """
    loop = asyncio.get_running_loop()

    def deliver(call: Callable[[], None]) -> None:
        made: Future[None] = Future()
        loop.call_soon_threadsafe(_settle, call, made)
        made.result()

    doing = Work(work, caller, deliver)
    doing.start()
    waiting = asyncio.wrap_future(doing.done)
    cancelled: asyncio.CancelledError | None = None
    while not waiting.done():
        try:
            await asyncio.wait([waiting])
        except asyncio.CancelledError as error:
            cancelled = error
            doing.stop()
    if cancelled is not None:
        waiting.exception()  # it is known what ended it
        raise cancelled
    return waiting.result()


def _settle(call: Callable[[], None], made: Future[None]) -> None:
    """Make a call for another thread, which has its result or its error."""
    try:
        call()
    except Exception as error:
        made.set_exception(error)
    except BaseException:
        # Ctrl-C: the other thread is ended in good order, not by an error amid its loop.
        made.set_result(None)
        raise
    else:
        made.set_result(None)
