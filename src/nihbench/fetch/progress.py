"""How a long step tells how far it is; who shows it, and how, is not decided here."""

from __future__ import annotations

from typing import Protocol


class Report(Protocol):
    """Is called now and then with what is being brought and how many bytes are done (`total` None: unknown)."""

    def __call__(self, what: str, done: int, total: int | None, /) -> None:
        """Take note of the state; must be quick and must not raise."""
        ...


def silent(what: str, done: int, total: int | None, /) -> None:
    """Report nothing: the default where nobody watches."""
