"""An endpoint's /files and /batches, as OpenAI has them: upload requests, create a batch, ask how it stands, download.

Only creating a batch costs money. It is sent once and never again by itself: where no clear answer came, the caller is
told so (`UnsureError`), and `find` looks whether the batch exists. All else is asked again until it works.
"""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Any

from nihbench.endpoint.answer import Received, read_body
from nihbench.endpoint.connection import NO_ANSWER, Endpoint, Timeouts, no_answer
from nihbench.endpoint.failures import Diagnosis, classify, one_line, own_words, parse_json
from nihbench.endpoint.kinds import HANDLING
from nihbench.endpoint.masking import masked
from nihbench.endpoint.transport import ClientOwner, Heard
from nihbench.errors import EndpointError, StoppedError
from nihbench.fetch.files import atomic_file, open_regular
from nihbench.lang.messages import Note, Words, t
from nihbench.types import Failure, Outcome

LOST = "lost"
"""The status of a batch that the server does not know: it is gone, or another account's."""
_TIMEOUTS = Timeouts(connect_s=10.0, write_s=120.0, idle_s=600.0)
_ATTEMPTS = 5
_IDENTITY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,199}")
# 50,000 answers of 32,000 characters each, in bytes.
_MOST_OF_A_FILE = 8 * 1024**3
_PAGE = 100
_MOST_PAGES = 200


class UnsureError(EndpointError):
    """A batch may have been created, or not: no clear answer came."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """A batch as the server describes it; `message` says why it failed as a whole."""

    id: str
    status: str
    input_file_id: str | None = None
    output_file_id: str | None = None
    error_file_id: str | None = None
    total: int | None = None
    completed: int | None = None
    failed: int | None = None
    message: str = ""


class BatchEndpoint(ClientOwner):
    """The /files and /batches of a chat endpoint.

    Args:
        endpoint: the chat endpoint; what it sends along is sent here too.
        sleep: waits the given seconds between attempts.
    """

    def __init__(self, endpoint: Endpoint, *, sleep: Callable[[float], object] = time.sleep) -> None:
        super().__init__(endpoint, _TIMEOUTS, sleep)

    def keys(self) -> tuple[str, ...]:
        """Return what lets in there, and must not be kept where the server gives it back."""
        return self._endpoint.keys()

    def upload(self, path: Path) -> str:
        """Upload a file of requests and return the id that the server gives it.

        Raises:
            StoppedError: the key or the account does not allow it.
            EndpointError: the server does not take it.
        """
        # The client's own content type is JSON; httpx takes the boundary out of this one.
        boundary = token_hex(24)

        def send() -> Heard:
            # A file may be put into another's place between the look at it and this.
            with open_regular(path) as file:
                return self._client.post(
                    self._endpoint.url("/files"),
                    data={"purpose": "batch"},
                    files={"file": (path.name, file, "application/jsonl")},
                    headers={"Content-Type": f"multipart/form-data; boundary={boundary}"},
                )

        return self._identity(self._object(self._asked(send, t("endpoint.upload", name=path.name))).get("id"))

    def create(self, input_file_id: str, *, url: str, completion_window: str, metadata: Mapping[str, str]) -> Batch:
        """Create a batch: from here on it costs money. It is sent once.

        Raises:
            UnsureError: it may have been created.
            StoppedError: the key or the account does not allow it.
            EndpointError: the server refused it.
        """
        what = t("endpoint.create_batch")
        body = {
            "input_file_id": input_file_id,
            "endpoint": url,
            "completion_window": completion_window,
            "metadata": dict(metadata),
        }
        try:
            response = self._client.post(self._endpoint.url("/batches"), json=body)
        except NO_ANSWER as error:
            _, words, arrived = no_answer(error, self._endpoint)
            raise (UnsureError if arrived else EndpointError)(_failed(what, words)) from error
        if response.status_code >= 500 or response.status_code == 408:
            raise UnsureError(_failed(what, self._diagnosis(response).message))
        if response.status_code not in (200, 201):
            raise self._refusal(self._diagnosis(response), what)
        try:
            return self._batch(self._object(response))
        except EndpointError as error:
            raise UnsureError(str(error)) from error

    def find(self, input_file_id: str) -> Batch | None:
        """Return the batch that was created of an uploaded file, or None where there is none.

        Raises:
            StoppedError: the key or the account does not allow it.
            EndpointError: the server does not list its batches.
        """
        return next((batch for batch in self._all() if batch.input_file_id == input_file_id), None)

    def _all(self) -> Iterator[Batch]:
        after: str | None = None
        for _ in range(_MOST_PAGES):
            parameters: dict[str, str | int] = {"limit": _PAGE} | ({"after": after} if after else {})
            page = self._get("/batches", t("endpoint.list_batches"), parameters)
            rows = page.get("data")
            if not isinstance(rows, list):
                raise EndpointError(t("endpoint.gave_no_list_batches", host=self._host))
            batches = [self._batch(row) for row in rows]
            yield from batches
            if not page.get("has_more") or not batches or batches[-1].id == after:
                return
            after = batches[-1].id
        raise EndpointError(t("endpoint.lists_batches_without_end", host=self._host))

    def retrieve(self, batch_id: str) -> Batch:
        """Return how a batch stands; one that the server does not know is `LOST`. Raises as `find`."""
        self._identity(batch_id)  # it may come out of a run's folder, and must not choose another address
        what = t("endpoint.ask_batch", batch_id=batch_id)
        response = self._asked(lambda: self._client.get(self._endpoint.url(f"/batches/{batch_id}")), what, known=404)
        if response.status_code == 404:
            return Batch(id=batch_id, status=LOST, message=str(self._diagnosis(response).message))
        return self._batch(self._object(response))

    def download(self, file_id: str, target: Path) -> None:
        """Write a file of results to `target`, whole or not at all.

        Raises:
            StoppedError: the key or the account does not allow it.
            EndpointError: the server does not give it.
            FetchError: it can't be written.
        """
        self._identity(file_id)
        what = t("endpoint.download_file", file_id=file_id)

        def get() -> Heard:
            url = self._endpoint.url(f"/files/{file_id}/content")
            with self._client.stream("GET", url, most_bytes=_MOST_OF_A_FILE) as (status, headers, pieces):
                if status != 200:
                    return Heard(status_code=status, headers=headers, content=b"".join(pieces))
                with atomic_file(target) as file:
                    for piece in pieces:
                        file.write(piece)
                return Heard(status_code=status, headers=headers, content=b"")

        self._asked(get, what)

    @property
    def _host(self) -> str:
        return self._endpoint.host

    def _get(self, path: str, what: str, parameters: Mapping[str, str | int]) -> Mapping[str, Any]:
        url = self._endpoint.url(path)
        response = self._asked(lambda: self._client.get(url, params=dict(parameters)), what, known=404)
        if response.status_code == 404:
            raise EndpointError(_failed(what, f"{self._host}: {self._diagnosis(response).message}"))
        return self._object(response)

    def _asked(self, send: Callable[[], Heard], what: str, known: int = 200) -> Heard:
        """Ask, and ask again where that may help; `known` is a further status that the caller understands."""
        return self._persist(
            send, _ATTEMPTS, (200, 201, known), lambda said: EndpointError(_failed(what, said)),
            lambda found: self._refusal(found, what),
        )  # fmt: skip

    def _refusal(self, found: Diagnosis, what: str) -> StoppedError | EndpointError:
        words = _failed(what, f"{self._host}: {found.message}")
        return StoppedError(words) if HANDLING[found.kind].stop_run else EndpointError(words)

    def _object(self, response: Heard) -> Mapping[str, Any]:
        try:
            value = parse_json(response.content)
        except ValueError:
            value = None
        if not isinstance(value, dict):
            raise EndpointError(t("endpoint.sent_something_other_than", host=self._host))
        return value

    def _batch(self, row: Any) -> Batch:
        row = row if isinstance(row, dict) else {}
        counts = row.get("request_counts")
        counts = counts if isinstance(counts, dict) else {}

        def file(key: str) -> str | None:
            return self._identity(row[key]) if row.get(key) else None

        return Batch(
            id=self._identity(row.get("id")),
            status=one_line(str(row.get("status", "")), self._endpoint.secrets())[:40],
            input_file_id=file("input_file_id"),
            output_file_id=file("output_file_id"),
            error_file_id=file("error_file_id"),
            total=_count(counts.get("total")),
            completed=_count(counts.get("completed")),
            failed=_count(counts.get("failed")),
            message=one_line("; ".join(_messages(row.get("errors"))), self._endpoint.secrets()),
        )

    def _identity(self, value: Any) -> str:
        """Return an id as it may stand in an address and in a file."""
        usable = isinstance(value, str) and _IDENTITY.fullmatch(value)
        if not usable or masked(value, self._endpoint.keys()) != value:
            raise EndpointError(t("endpoint.gave_no_usable_id", host=self._host))
        return str(value)


def _failed(what: str, words: Words) -> str:
    return t("endpoint.cant", what=what, words=words)


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53 else None


def _messages(errors: Any) -> Iterator[str]:
    rows = errors.get("data") if isinstance(errors, dict) else errors
    for row in rows[:5] if isinstance(rows, list) else ():
        if isinstance(row, dict) and isinstance(row.get("message"), str):
            yield row["message"]


# ---- batch lines -----------------------------------------------------------------------------------------------------
# One line of a batch's result file, read as a live answer is: the same parser, the same classes of failures.
#
# The format is OpenAI's ({custom_id, response: {status_code, body}, error}), as several engines write it. Pure.

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
    response = _unpacked(data.get("response"))
    response = response if isinstance(response, dict) else {}
    # One engine's documentation shows the answer in the place of its envelope.
    body = response if "choices" in response else _unpacked(response.get("body"))
    status = response.get("status_code")
    status = status if isinstance(status, int) and not isinstance(status, bool) else None
    return BatchResult(
        custom_id=data["custom_id"],
        outcome=replace(_outcome(body, status, _unpacked(data.get("error")), tuple(secrets)), via_batch=True),
        created_at=_time(body.get("created")) if isinstance(body, dict) else "",
    )


def _unpacked(value: Any) -> Any:
    """Return the object that a text holds as JSON, as some services write it (llama-stack); anything else as it is."""
    if not isinstance(value, str) or not value.lstrip().startswith("{"):
        return value
    try:
        return parse_json(value)
    except ValueError:
        return value


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
