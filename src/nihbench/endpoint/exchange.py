"""One sending: a body goes out, and what comes back is read to its end, within its deadlines.

It retries nothing and judges nothing. Whether a stream comes is told by what comes, not by what was asked for.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from secrets import token_hex
from typing import Any

import httpx

from nihbench.endpoint.coding import Inflater, TooLongError
from nihbench.endpoint.connection import Timeouts
from nihbench.endpoint.dialect import pieces_of
from nihbench.endpoint.stream import EventReader, StreamedAnswer, is_event_stream
from nihbench.endpoint.usage import MOST_BYTES, OutputBound
from nihbench.endpoint.wire.base import Wire
from nihbench.lang.messages import Note, Words
from nihbench.text.encoded import Pieces

# ---- ties an answer to its request by an id of our own, where a server or a gateway gives ids back -------------------
# Pure but for chance. vLLM makes the answer's id of the header X-Request-Id, and many gateways send the header back.
# Who gives nothing back says nothing; who gives back the id of another request of ours has mixed two answers up.

HEADER = "X-Request-Id"
_BYTES = 12
_OURS = re.compile(rf"nih-[0-9a-f]{{{2 * _BYTES}}}")
# An answer's object names itself at its beginning or its end.
_LOOKED_AT = 4096


def new_id() -> str:
    """Return an id that no other request has."""
    return f"nih-{token_hex(_BYTES)}"


def is_foreign(own: str, headers: Mapping[str, str], *said: str | bytes) -> bool:
    """Say whether an answer bears another request's id, and not its own.

    Args:
        own: the request's id.
        headers: the answer's headers.
        said: what the answer says of itself, such as its id, or its whole body.
    """
    texts = [*headers.values(), *(text if isinstance(text, str) else _ends(text) for text in said)]
    found = {each for text in texts for each in _OURS.findall(text)}
    return bool(found) and own not in found


def _ends(body: bytes) -> str:
    part = body if len(body) <= 2 * _LOOKED_AT else body[:_LOOKED_AT] + body[-_LOOKED_AT:]
    return part.decode("latin-1")


# Usage may still come after the answer; it is not worth a long wait.
_AFTER_ANSWER_S = 15.0
# What an error says stands at its beginning.
_MOST_OF_AN_ERROR = 1024 * 1024
SUCCESS = range(200, 300)
"""Statuses of an answer: gateways make a 201 of the usual 200."""
_BLANK = b" \t\r\n\0"


class DeadlineError(Exception):
    """The server did not keep a deadline; the message says which."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What came back: a whole body, or a stream that is over (then `body` is empty). Seconds are since the sending."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    stream: StreamedAnswer | None
    latency_s: float
    first_token_s: float | None

    def is_foreign(self, request_id: str) -> bool:
        """Say whether it bears the id of another request."""
        return is_foreign(request_id, self.headers, self.body if self.stream is None else self.stream.id)


async def exchange(
    http: httpx.AsyncClient,
    url: str,
    body: Pieces,
    *,
    streams: bool,
    timeouts: Timeouts,
    bound: OutputBound,
    clock: Callable[[], float],
    on_headers: Callable[[Mapping[str, str]], None],
    on_silence: Callable[[], None],
    own_headers: Mapping[str, str],
    wire: Wire,
    extensions: dict[str, Any] | None = None,
) -> Reply:
    """Send `body` and read the answer.

    Args:
        http: the client.
        url: where to.
        body: the request's body in pieces.
        streams: whether a stream was asked for: then the deadline for the first token holds.
        timeouts: the deadlines; those for connecting and writing are kept by `http`.
        bound: what the answer may hold; a stream is cut off there, and what came of it is the answer.
        clock: returns seconds that only ever grow.
        on_headers: told of the answer's headers as soon as they are there.
        on_silence: called where no token, or nothing of a whole answer, is there after `timeouts.tell_s`.
        own_headers: of this request alone.
        wire: the format that is spoken.
        extensions: of httpx, for this request.

    Raises:
        DeadlineError: the answer did not come in time.
        TooLongError: the answer, which does not come as a stream, is beyond the bound.
        CodingError: the answer is packed, and not as any answer should be.
        httpx.HTTPError: no answer came, or not all of it.
    """
    reading = _Reading(streams=streams, timeouts=timeouts, bound=bound, clock=clock, wire=wire)
    telling = asyncio.get_running_loop().call_later(timeouts.tell_s, lambda: None if reading.begun else on_silence())
    headers = {"Content-Length": str(sum(map(len, body))), **own_headers}
    try:
        async with asyncio.timeout_at(reading.deadline()) as timer:
            async with http.stream(
                "POST", url, content=_sent(body), headers=headers, extensions=extensions
            ) as response:
                on_headers(response.headers)
                await reading.read(response, timer)
    except TimeoutError as error:
        if not reading.answered:
            raise DeadlineError(reading.missed()) from error
    except httpx.HTTPError:
        # What breaks after the answer takes nothing away from it; a stream that breaks before is judged as one.
        if not reading.answered:
            raise
    finally:
        telling.cancel()
    return reading.reply()


async def _sent(body: Pieces) -> AsyncIterator[bytes]:
    for piece in pieces_of(body):
        yield piece


class _Reading:
    """What has been read of one answer so far, and until when the next piece of it must be there."""

    def __init__(
        self, *, streams: bool, timeouts: Timeouts, bound: OutputBound, clock: Callable[[], float], wire: Wire
    ) -> None:
        self._wire = wire
        self.status = 0
        self.headers: Mapping[str, str] = {}
        self._streams = streams
        self._timeouts = timeouts
        self._bound = bound
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._started_s = clock()
        self._ended_s: float | None = None
        self._first_token_s: float | None = None
        self._not_blank = False
        self._parts: list[bytes] = []
        self._size = 0
        self._is_stream: bool | None = None
        self._events = EventReader()
        self._stream: StreamedAnswer | None = None
        self._inflater = Inflater({})

    @property
    def answered(self) -> bool:
        """Whether all that matters of a streamed answer is there."""
        return self._stream is not None and self._stream.complete

    @property
    def begun(self) -> bool:
        """Whether a token came, or the first byte of a body that is no stream."""
        return self._stream.started if self._stream is not None else self._not_blank

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to be read: the answer was cut off, or its server said its last word."""
        if self._stream is not None:
            return self._stream.past_limit or self._stream.done
        return self.status not in SUCCESS and self._size > _MOST_OF_AN_ERROR

    async def read(self, response: httpx.Response, timer: asyncio.Timeout) -> None:
        """Read an answer for as long as more of it is wanted, putting off the deadline with each piece.

        Raises:
            TooLongError: see `take`.
            CodingError: see `begin` and `take_packed`.
        """
        self.begin(response.status_code, response.headers)
        # Unpacked here and not by httpx, which would unpack gigabytes at once, and several times over.
        async for packed in response.aiter_raw():
            self.take_packed(packed)
            if self.is_over:
                return  # leaving the response closes its connection, and so ends the server's work
            timer.reschedule(self.deadline())

    def begin(self, status: int, headers: Mapping[str, str]) -> None:
        """Take in the answer's status and headers.

        Raises:
            CodingError: an answer is packed in a way that is not read.
        """
        self.status, self.headers = status, headers
        self._inflater = Inflater(headers, lenient=status not in SUCCESS)

    def take_packed(self, packed: bytes) -> None:
        """Take in the next piece of the body as it came; the rest of it is left when nothing more is to be read.

        Raises:
            TooLongError: it makes a body too long of which nothing is an answer yet.
            CodingError: it is not packed as its server says.
        """
        for piece in self._inflater.feed(packed):
            self.take(piece)
            if self.is_over:
                return

    def take(self, piece: bytes) -> None:
        """Take in the next piece of the body.

        Raises:
            TooLongError: it makes a body too long of which nothing is an answer yet.
        """
        self._size += len(piece)
        if not self._not_blank:  # blanks in front keep a connection open, and say nothing
            piece = piece.lstrip(_BLANK)
            self._not_blank = bool(piece)
        if self.status not in SUCCESS:
            self._parts.append(piece)
        elif self._size > (self._bound.size if self._stream is None else MOST_BYTES):
            if not (self._stream is not None and self._stream.started):
                raise TooLongError
            self._stream.cut_off()
        elif self._stream is not None:
            self._feed(piece)
        elif piece:
            self._parts.append(piece)
            if self._is_stream is None:
                self._look()

    def deadline(self) -> float:
        """Return by which time of the event loop the next piece must be there."""
        end = self._began + self._timeouts.total_s
        now = self._loop.time()
        if self.answered:
            return min(end, now + min(_AFTER_ANSWER_S, self._timeouts.idle_s))
        if self.begun:
            return min(end, now + self._timeouts.idle_s)
        return min(end, self._began + self._timeouts.first_token_s) if self._streams else end

    def missed(self) -> Words:
        """Return in words which deadline was missed."""
        timeouts = self._timeouts
        if self._loop.time() - self._began >= timeouts.total_s:
            return Note("answer_late", seconds=timeouts.total_s)
        if self.begun:
            return Note("answer_stalled", seconds=timeouts.idle_s)
        return Note("first_token_late", seconds=timeouts.first_token_s)

    def reply(self) -> Reply:
        """Return what was read, at its end."""
        if self._stream is not None and not self._stream.past_limit:
            for event in self._events.close():
                self._stream.add(event)
        ended_s = self._clock() if self._ended_s is None else self._ended_s
        return Reply(
            status=self.status,
            headers=self.headers,
            body=b"".join(self._parts),
            stream=self._stream,
            latency_s=ended_s - self._started_s,
            first_token_s=self._first_token_s,
        )

    def _look(self) -> None:
        """Tell by the body's beginning whether it is a stream, and read it as one from then on."""
        start = b"".join(self._parts)
        self._is_stream = is_event_stream(start) if self.status in SUCCESS else False
        if self._is_stream:
            self._stream = StreamedAnswer(self._wire)
            self._parts.clear()
            self._feed(start)

    def _feed(self, piece: bytes) -> None:
        assert self._stream is not None
        for event in self._events.feed(piece):
            self._stream.add(event)
            if self._stream.is_past(self._bound):
                self._stream.cut_off()
                break
        if self._stream.started and self._first_token_s is None:
            self._first_token_s = self._clock() - self._started_s
        if self._stream.complete and self._ended_s is None:
            # Latency ends with the answer, however late the connection does.
            self._ended_s = self._clock()
