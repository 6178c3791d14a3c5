"""Work on an event loop, run to its end from wherever it is called, and how it ends early."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any, TypeVar

from nihbench.app.events import Caller
from nihbench.errors import InterruptedRunError, Terminated, TerminatedRunError
from nihbench.lang.messages import Message, t

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
