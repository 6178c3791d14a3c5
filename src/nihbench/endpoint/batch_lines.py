"""One line of a batch's result file, read as a live answer is: the same parser, the same classes of failures.

The format is OpenAI's ({custom_id, response: {status_code, body}, error}), as several engines write it. Pure.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from nihbench.endpoint.answer import Received, read_body
from nihbench.endpoint.error_body import own_words, parse_json
from nihbench.endpoint.failures import HANDLING, classify
from nihbench.lang.messages import Note, Words
from nihbench.types import Failure, Outcome

_LAST_SECOND = 253_402_300_799
"""Of the year 9999, the last that a date can say."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchResult:
    """Whose line it is, what came, and when the server says that it began (UTC; empty: it does not say).

    `outcome.latency_s` is NaN: a batch knows none.
    """

    custom_id: str
    outcome: Outcome
    created_at: str


def read_result(line: bytes, secrets: Iterable[str] = ()) -> BatchResult:
    """Read a line of a result file.

    Args:
        line: the line, JSON.
        secrets: texts that must not appear in a failure's message.

    Raises:
        ValueError: it is no JSON object with a custom_id.
    """
    data = parse_json(line)
    if not isinstance(data, dict) or not isinstance(data.get("custom_id"), str):
        raise ValueError(Note("line_without_custom_id"))
    response = data.get("response")
    response = response if isinstance(response, dict) else {}
    # One engine's documentation shows the answer in the place of its envelope.
    body = response if "choices" in response else response.get("body")
    status = response.get("status_code")
    status = status if isinstance(status, int) and not isinstance(status, bool) else None
    return BatchResult(
        custom_id=data["custom_id"],
        outcome=replace(_outcome(body, status, data.get("error"), tuple(secrets)), via_batch=True),
        created_at=_time(body.get("created")) if isinstance(body, dict) else "",
    )


def _outcome(body: Any, status: int | None, error: Any, secrets: tuple[str, ...]) -> Outcome:
    if body and status in (None, 200):
        received = Received(headers={}, latency_s=math.nan, secrets=secrets, keys=secrets)
        outcome, _ = read_body(json.dumps(_as_list(body)).encode(), received)
        return outcome
    said = error or body
    if not said:
        message = Note("line_without_result")
        return _failure("bad_response", message, status, billed=status == 200)
    found = classify(status or 200, json.dumps(said).encode(), {}, secrets=secrets)
    # Without a status the request was never carried out, as where the batch expired: that is no server's fault.
    billed = status == 200 and HANDLING[found.kind].counts_as_spent
    return _failure(found.kind, own_words(found.message, secrets), status, billed=billed)


def _failure(kind: Any, message: Words, status: int | None, *, billed: bool) -> Failure:
    return Failure(kind=kind, message=message, status=status, latency_s=math.nan, attempts=1, may_be_billed=billed)


def _as_list(body: Any) -> Any:
    """Return the body with its one choice in a list, where an engine writes it without."""
    if isinstance(body, Mapping) and isinstance(body.get("choices"), Mapping):
        return {**body, "choices": [body["choices"]]}
    return body


def _time(created: Any) -> str:
    if isinstance(created, bool) or not isinstance(created, int) or not 0 < created <= _LAST_SECOND:
        return ""
    return datetime.fromtimestamp(created, UTC).isoformat(timespec="seconds")
