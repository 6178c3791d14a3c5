"""A judge's replies, kept in the run's folder: what was paid for once is not asked again.

A reply is known by a hash of all that could change it: the model, the words it was shown, its parameters, the vote's
number. Replies are kept as they came, so that a stricter reading is free. A line that can't be read is asked again.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from nihbench.errors import UsageError
from nihbench.fetch.regular import open_appending, parse_json
from nihbench.lang.messages import t
from nihbench.run.options import without_secrets
from nihbench.run.records import rows_in
from nihbench.score.judge import VERSION as JUDGE_VERSION
from nihbench.types import Message, Request

VERDICTS = "verdicts.jsonl"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What a judge said, and how the server says that it ended."""

    text: str
    finish_reason: str | None


def reply_key(judge: str, messages: Sequence[Message], request: Request, vote: int) -> str:
    """Return the hash that knows a reply.

    Args:
        judge: who is asked: the model's name, with its file's hash where that is known.
        messages: what it is shown.
        request: its parameters.
        vote: which of several votes it is, from 0.
    """
    asked = {
        "judge": judge,
        "version": JUDGE_VERSION,
        "messages": [asdict(message) for message in messages],
        "max_output": request.max_output,
        "temperature": request.temperature,
        "extra_body": without_secrets(request.extra_body),
        "vote": vote,
    }
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode("ascii")).hexdigest()


class Verdicts:
    """The kept replies of one folder, as a context manager: read when it begins, appended to one by one."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / VERDICTS
        self._known: dict[str, Reply] = {}

    def __enter__(self) -> Self:
        try:
            last = b"\n"
            for entry, line in rows_in(self._path, _entry):
                last = line
                if entry is not None:
                    self._known[entry[0]] = entry[1]
            self._file = open_appending(self._path)
            if not last.endswith(b"\n"):
                self._file.write(b"\n")
        except OSError as error:
            raise self._unwritable(error) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def get(self, key: str) -> Reply | None:
        """Return the reply of that key, if it is known."""
        return self._known.get(key)

    def keep(self, key: str, reply: Reply, about: Mapping[str, Any]) -> None:
        """Keep a reply; it is on the disk when this returns. `about` stands beside it for people to read.

        Raises:
            UsageError: it can't be written.
        """
        line = json.dumps({"key": key, "text": reply.text, "finish_reason": reply.finish_reason} | dict(about))
        try:
            self._file.write(line.encode("ascii") + b"\n")
            os.fsync(self._file.fileno())
        except OSError as error:
            raise self._unwritable(error) from error
        self._known[key] = reply

    def _unwritable(self, error: OSError) -> UsageError:
        return UsageError(t("run.cant_use_see_disk", path=self._path, strerror=error.strerror or error))


def _entry(line: bytes) -> tuple[str, Reply] | None:
    try:
        plain = parse_json(line)
        key, text, reason = plain["key"], plain["text"], plain["finish_reason"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    sound = isinstance(key, str) and isinstance(text, str) and (reason is None or isinstance(reason, str))
    return (key, Reply(text=text, finish_reason=reason)) if sound else None
