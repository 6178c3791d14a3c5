"""The server: asyncio streams on a real socket, many connections, in a thread of its own.

What it does to a request is a fault's `do`, one of

    {status: 429, headers: {...}, json: ... | text: ... | base64: ...}     an HTTP answer
    {answer: {text, reasoning, finish, usage, prompt_share, cached_share}} a good answer, changed
    {events: [...]}                                                        a stream of these events, ": ..." a comment
    {wire: ["bytes", 0.05, reset]}                                         these steps and no others

and, beside the first three: `cut` (only this share of the bytes), `then` (`reset`, `close` or `hang` after them),
`drip_s` (byte by byte, so long in between), `endless_s` (the last event, or the body, as a chunk over and over, so long
in between), `padding` (blank lines in front), `framing` (`length`, `chunked`, `close`),
`bad_bytes` (every § in the body is sent as a byte that is no UTF-8), `gzip` (the body is packed once), `packed` (48 MB
of nothing, packed so many times, are the body), `surplus_s` (so long after the answer another one, which nobody asked
for; the connection stays open). In a header
`{now+2}` and `{iso+2}` are a moment; there and in a text `{long}` is 200 KB.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import gzip
import hashlib
import json
import socket
import ssl
import struct
import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cache
from itertools import chain, cycle
from typing import Any

from benchmarks.scripted import answers
from benchmarks.scripted.scenario import Fault, Provider, Scenario

Step = bytes | float | str
"""What is done next: send bytes, wait seconds, or `reset`, `close`, `hang`."""

RIGHT = "Eat a sandwich and sit in Dolores Park on a sunny day."
WRONG = "The document does not say."
FOREIGN = "This is the answer to another question."
_NOTHING_BYTES = 48 * 1024 * 1024
_LONG = "x" * 200_000
_GOOD_ANSWER = Fault(do={"answer": {}})
GOOD = Scenario(name="nothing goes wrong")


@dataclass(frozen=True, kw_only=True)
class Known:
    """A prompt that the server knows: its index in the plan, and its tokens as the model counts them.

    `blind`: the needle is not in it.
    """

    index: int
    tokens: int
    blind: bool = False

    @property
    def text(self) -> str:
        """What the model answers: every fifth prompt wrong, and never what stands nowhere."""
        return WRONG if self.blind or self.index % 5 == 4 else RIGHT


_ANYONE = Known(index=0, tokens=0)


@dataclass
class Log:
    """What the server saw, by the prompt's index: requests, those that a provider would have billed, good answers.

    A prompt that several trials send is one to the server. `hits` counts how often each fault of the scenario
    happened, by its place there.
    """

    requests: Counter[int] = field(default_factory=Counter)
    billed: Counter[int] = field(default_factory=Counter)
    hits: Counter[int] = field(default_factory=Counter)
    answered: Counter[int] = field(default_factory=Counter)
    strangers: int = 0
    connections: int = 0

    @property
    def total(self) -> int:
        """All requests for an answer."""
        return sum(self.requests.values())


def key_of(messages: Sequence[Mapping[str, Any]]) -> str:
    """Return what a prompt is known by, the same whether a system message stands alone or before the user's words."""
    return hashlib.sha256("\n\n".join(str(message["content"]) for message in messages).encode()).hexdigest()


class Server:
    """Plays a scenario, or several one after the other: `play` takes the next one and forgets what was seen.

    Args:
        provider: whose good answers are given.
        known: the plan's prompts by their keys; a prompt that is not among them is answered with 599.
            None: every prompt is answered, and none is looked at.
        tls: a context of a server, for TLS.
        delay_s: how long every answer waits.
    """

    def __init__(
        self,
        provider: Provider,
        known: Mapping[str, Known] | None,
        *,
        tls: ssl.SSLContext | None = None,
        delay_s: float = 0.0,
    ) -> None:
        self.log = Log()
        self.scenario = GOOD
        self._provider = provider
        self._known = known
        self._tls = tls
        self._delay_s = delay_s
        self._loop = asyncio.new_event_loop()
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = int(self._socket.getsockname()[1])
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),))
        self._over = asyncio.Event()
        self._thread.start()

    def base_url(self, scheme: str = "http") -> str:
        """Return the base URL."""
        return f"{scheme}://127.0.0.1:{self.port}/v1"

    def play(self, scenario: Scenario, provider: Provider | None = None) -> None:
        """Play another scenario from now on."""
        self.log = Log()
        self.scenario = scenario
        self._provider = provider or self._provider

    def close(self) -> None:
        """Break all connections off and end."""
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()
        self._loop.close()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    async def _serve(self) -> None:
        tasks: set[asyncio.Task[None]] = set()

        async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            tasks.add(task)
            try:
                with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError, TimeoutError):
                    await self._converse(reader, writer)
            except asyncio.CancelledError:
                pass  # the server ends
            finally:
                tasks.discard(task)
                writer.close()

        self._loop.set_exception_handler(lambda loop, context: None)  # clients go away as they like
        server = await asyncio.start_server(client, sock=self._socket, limit=1 << 20)
        await self._over.wait()
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.log.connections += 1
        for place, fault in enumerate(self.scenario.faults):
            if fault.connections and self.log.connections % fault.connections == 1 % fault.connections:
                self.log.hits[place] += 1
                await _perform(writer, _wire(fault.do))
                return
        if self._tls is not None:
            await writer.start_tls(self._tls)
        while head := await _read_head(reader):
            length = _content_length(head)
            body = await reader.readexactly(length)
            if not await _perform(writer, self._steps(head, body)):
                return

    def _steps(self, head: bytes, body: bytes) -> Iterable[Step]:
        if not head.startswith(b"POST") or b"/chat/completions" not in head.split(b"\r\n", 1)[0]:
            models = answers.to_json({"object": "list", "data": [{"id": "x", "owned_by": "test"}]})
            known = head.startswith(b"GET /v1/models ")
            return [_response(200 if known else 404, models if known else b"{}")]
        asked = json.loads(body)
        trial = _ANYONE if self._known is None else self._known.get(key_of(asked["messages"]))
        if trial is None:
            self.log.strangers += 1
            return [_response(599, b"this prompt is not in the plan")]
        sending = self.log.requests[trial.index]
        self.log.requests[trial.index] += 1
        faults = self.scenario.faults
        place = next((i for i, fault in enumerate(faults) if fault.hits(trial.index, sending, asked)), None)
        fault = _GOOD_ANSWER if place is None else faults[place]
        if place is None:
            self.log.answered[trial.index] += 1
        else:
            self.log.hits[place] += 1
        self.log.billed[trial.index] += fault.is_billed
        steps = steps_of(fault.do, self._provider, trial, asked)
        return chain([self._delay_s], steps) if self._delay_s else steps


def steps_of(do: Mapping[str, Any], provider: Provider, trial: Known, asked: Mapping[str, Any]) -> Iterable[Step]:
    """Return what is to be done on the connection."""
    if "wire" in do:
        return _wire(do)
    headers = dict(do.get("headers", {}))
    status = int(do.get("status", 200))
    framing = do.get("framing", "length")
    if "answer" in do:
        pieces, streams = _answer(do["answer"], provider, trial, asked)
        if streams:
            framing, headers = do.get("framing", "chunked"), {"Content-Type": "text/event-stream"} | headers
    elif "events" in do:
        pieces = [answers.event(value) for value in do["events"]]
        framing, headers = do.get("framing", "chunked"), {"Content-Type": "text/event-stream"} | headers
    else:
        pieces = [_body(do)]
    pieces = [b"\n" for _ in range(do.get("padding", 0))] + pieces
    if do.get("bad_bytes"):
        pieces = [piece.replace("§".encode(), b"\xff") for piece in pieces]
    if do.get("gzip"):
        pieces, headers = [gzip.compress(b"".join(pieces))], headers | {"Content-Encoding": "gzip"}
    if "endless_s" in do:
        *first, last, _ = _framed(status, headers, "chunked", pieces)
        return chain(first, cycle([last, float(do["endless_s"])]))
    steps = _ended(do, _framed(status, headers, framing, pieces))
    return [*steps, float(do["surplus_s"]), _foreign(provider, asked)] if "surplus_s" in do else steps


def _foreign(provider: Provider, asked: Mapping[str, Any]) -> bytes:
    """Return an answer to nobody's question, as a stream where one was asked for."""
    if asked.get("stream") is True:
        pieces = answers.events(provider, {"content": FOREIGN}, "stop", None, with_usage=False)
        return b"".join(_framed(200, {"Content-Type": "text/event-stream"}, "chunked", pieces))
    return b"".join(_framed(200, {}, "length", [answers.whole(provider, {"content": FOREIGN}, "stop", None)]))


def _wire(do: Mapping[str, Any]) -> list[Step]:
    return [step.encode("latin-1") if _is_text(step) else step for step in do["wire"]]


def _answer(
    changed: Mapping[str, Any], provider: Provider, trial: Known, asked: Mapping[str, Any]
) -> tuple[list[bytes], bool]:
    text = changed.get("text", trial.text)
    message = {"content": text}
    if thought := changed.get("reasoning", provider.reasoning):
        message = {"reasoning_content": thought} | message
    tokens = round(trial.tokens * changed.get("prompt_share", 1.0))
    usage = changed.get("usage", answers.usage_of(provider, tokens, len(text) // 4))
    if "cached_share" in changed:
        usage = usage | {"prompt_tokens_details": {"cached_tokens": trial.tokens - tokens}}
    finish = changed.get("finish", "stop")
    if changed.get("stream", asked.get("stream") is True):
        with_usage = bool((asked.get("stream_options") or {}).get("include_usage"))
        return answers.events(provider, message, finish, usage, with_usage=with_usage), True
    return [answers.whole(provider, message, finish, usage)], False


def _body(do: Mapping[str, Any]) -> bytes:
    if "packed" in do:
        return _packed(do["packed"])
    if "json" in do:
        return answers.to_json(do["json"])
    return base64.b64decode(do["base64"]) if "base64" in do else _text(do.get("text", "")).encode()


@cache
def _packed(times: int) -> bytes:
    return gzip.compress(_packed(times - 1), 1) if times else bytes(_NOTHING_BYTES)


def _framed(status: int, headers: Mapping[str, str], framing: str, pieces: list[bytes]) -> list[bytes]:
    if framing == "chunked":
        chunks = [b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces if piece]
        return [_head(status, {"Transfer-Encoding": "chunked"} | dict(headers)), *chunks, b"0\r\n\r\n"]
    body = b"".join(pieces)
    size = {"Content-Length": str(len(body))} if framing == "length" else {"Connection": "close"}
    return [_head(status, size | dict(headers)), body]


def _ended(do: Mapping[str, Any], pieces: list[bytes]) -> list[Step]:
    data = b"".join(pieces)
    if "cut" in do:
        data = data[: round(len(data) * do["cut"])]
    steps: list[Step] = [data]
    if "drip_s" in do:
        steps = [step for byte in data for step in (bytes([byte]), float(do["drip_s"]))]
    then = do.get("then", "close" if do.get("framing") == "close" or "cut" in do else None)
    return [*steps, then] if then else steps


def _response(status: int, body: bytes) -> bytes:
    return _head(status, {"Content-Length": str(len(body))}) + body


def _head(status: int, headers: Mapping[str, str]) -> bytes:
    now = datetime.now(UTC)
    lines = [f"HTTP/1.1 {status} Scripted"]
    for name, value in ({"Date": "{now+0}"} | dict(headers)).items():
        text = _text(value)
        if text.startswith(("{now+", "{iso+")):
            moment = now + timedelta(seconds=float(text[5:-1]))
            text = format_datetime(moment, usegmt=True) if text.startswith("{now+") else moment.isoformat()
        lines.append(f"{name}: {text}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _text(value: object) -> str:
    return str(value).replace("{long}", _LONG)


def _is_text(step: object) -> bool:
    return isinstance(step, str) and step not in ("reset", "close", "hang")


async def _read_head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""


def _content_length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.split(b":", 1)[1])
    return 0


async def _perform(writer: asyncio.StreamWriter, steps: Iterable[Step]) -> bool:
    """Do the steps; return whether the connection stays open."""
    for step in steps:
        if isinstance(step, bytes):
            writer.write(step)
            await writer.drain()
        elif isinstance(step, (int, float)):
            await asyncio.sleep(step)
        elif step == "hang":
            await asyncio.sleep(3600)
        else:
            if step == "reset":
                own: socket.socket = writer.get_extra_info("socket")
                own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                writer.transport.abort()
            return False
    return True
