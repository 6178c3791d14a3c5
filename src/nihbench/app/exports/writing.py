"""What all formats write with: JSON that every reader takes, files put in their place when they are whole."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from nihbench.app.exports.told import Told
from nihbench.errors import UsageError, unwritable
from nihbench.fetch.files import atomic_file
from nihbench.lang.messages import Message, t


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What a format is told beside the runs.

    `out` is the file or folder, `controls` whether control trials go with the others, apart from them. `model_id` is
    what the model is called on a hub (ORG/NAME), `dataset` the benchmark's name there, `source` an address where the
    results can be read, `organization` who made them. `now` is when.
    """

    out: Path
    now: datetime
    controls: bool = False
    model_id: str | None = None
    dataset: str | None = None
    source: str | None = None
    organization: str | None = None
    told: list[Message] = field(default_factory=list)
    """What a user should know of what was written."""

    def tell(self, sentence: Message) -> None:
        """Have the user told."""
        if str(sentence) not in map(str, self.told):
            self.told.append(sentence)


@dataclass(frozen=True, kw_only=True, slots=True)
class Form:
    """A format: `write` returns the files. `suffixes`: how a file's name may end; `folder`: it may be a folder."""

    write: Callable[[Sequence[Told], Asked], list[Path]]
    suffixes: tuple[str, ...] = ()
    folder: bool = False


def compact(value: Any) -> bytes:
    """Return a value as JSON on one line, in ASCII.

    Some readers take a line to end at characters that JSON leaves as they are. What is no finite number is NaN, which
    only formats have that say so.
    """
    return json.dumps(value, ensure_ascii=True, separators=(",", ":")).encode("ascii")


def indented(value: Any) -> bytes:
    """Return a value as JSON for a reader, in UTF-8."""
    return (json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False) + "\n").encode("utf-8")


def texts(value: dict[str, Any]) -> dict[str, str]:
    """Return a mapping whose values are texts, as some schemas ask for."""
    return {
        name: each if isinstance(each, str) else json.dumps(each, ensure_ascii=False) for name, each in value.items()
    }


@contextmanager
def placed(path: Path) -> Iterator[BinaryIO]:
    """Open a file that takes its place when it is written whole.

    Raises:
        UsageError: it can't be written there.
    """
    try:
        with atomic_file(path) as file:
            yield file
    except OSError as error:
        raise unwritable(path, error, UsageError, t("errors.choose_another_place")) from error
