"""Two scripted servers on real sockets.

`scripted` speaks HTTP: it gives the replies of a list in turn and keeps what it was asked. `wire` speaks bytes: it
plays what no HTTP library would send, such as half bodies, slow drips and resets, with TLS where asked.
"""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from benchmarks.scripted.certificates import HAS_OPENSSL, Certificates, make_certificates
from nihbench.endpoint.client import ChatClient
from nihbench.endpoint.connection import Endpoint
from nihbench.types import Message, Outcome, Request
from tests.serving import Serving


@dataclass(kw_only=True)
class Reply:
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    drop: bool = False


@dataclass(kw_only=True)
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class ScriptedServer(Serving):
    """`reply` appends to the script; `routes` answer one path always; both take JSON values or bytes.

    `judge`, where set, sees every request first and may answer it.
    """

    def __init__(self) -> None:
        self.script: list[Reply] = []
        self.routes: dict[str, Reply] = {}
        self.judge: Callable[[Asked], Reply | None] = lambda asked: None
        self.asked: list[Asked] = []
        self.released = threading.Event()
        self.serve(_handler(self))

    def reply(self, body: Any = b"", status: int = 200, **kwargs: Any) -> None:
        self.script.append(Reply(status=status, body=_bytes(body), **kwargs))

    def route(self, path: str, body: Any, status: int = 200) -> None:
        self.routes[path] = Reply(status=status, body=_bytes(body))

    def close(self) -> None:
        self.released.set()
        super().close()


def _bytes(body: Any) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()


def _handler(owner: ScriptedServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            asked = Asked(method=self.command, path=self.path, headers=dict(self.headers), body=body)
            owner.asked.append(asked)
            reply = owner.routes.get(self.path.partition("?")[0]) or owner.judge(asked)
            if reply is None:
                reply = owner.script.pop(0) if owner.script else Reply(status=599, body=b"the script is over")
            if reply.delay_s:
                owner.released.wait(reply.delay_s)
            if reply.drop:
                self.close_connection = True
                return
            self.send_response(reply.status)
            for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            try:
                self.wfile.write(reply.body)
            except OSError:
                pass  # the client did not wait

        do_GET = do_POST = _serve

        def log_message(self, *args: object) -> None:
            pass

    return Handler


Step = bytes | float | str
"""What a wire does next: send bytes, wait seconds, or `close`, `reset`, `hang` (until the test ends), `deaf`."""


class Wire:
    """Plays one list of steps a request, in turn; `requests` keeps what was read, headers and body.

    `deaf` as the first step: the request is not read at all, beyond its first bytes.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.plays: list[Sequence[Step]] = []
        self.requests: list[bytes] = []
        self.connections = 0
        self._tls = tls
        self._released = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    @property
    def base_url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}/v1"

    def play(self, *steps: Step) -> None:
        self.plays.append(steps)

    def close(self) -> None:
        self._released.set()
        with socket.socket() as last:  # wakes `accept`
            last.connect(("127.0.0.1", self.port))
        for thread in self._threads:
            thread.join()
        self._socket.close()

    def _accept(self) -> None:
        while True:
            connection, _ = self._socket.accept()
            if self._released.is_set():
                connection.close()
                return
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            connection.settimeout(20)
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
            while self._request(connection):
                pass
        except OSError:
            pass  # the client went away, which is often the point
        finally:
            connection.close()

    def _request(self, connection: socket.socket) -> bool:
        deaf = bool(self.plays) and "deaf" in self.plays[0]
        data = connection.recv(65536)
        while not deaf and data and not _is_whole(data):
            more = connection.recv(65536)
            if not more:
                return False
            data += more
        if not data:
            return False
        self.requests.append(data)
        steps = self.plays.pop(0) if self.plays else (b"HTTP/1.1 599 Over\r\nContent-Length: 0\r\n\r\n",)
        for step in steps:
            if isinstance(step, bytes):
                connection.sendall(step)
            elif isinstance(step, float):
                self._released.wait(step)
            elif step == "reset":
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return False
            elif step == "close":
                return False
            elif step in ("hang", "deaf"):
                self._released.wait(300)
                return False
        return True


def _is_whole(data: bytes) -> bool:
    head, end, body = data.partition(b"\r\n\r\n")
    if not end:
        return False
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return len(body) >= (int(lengths[0].split(b":")[1]) if lengths else 0)


def head(*lines: str, status: str = "200 OK") -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode()


EVENTS = head("Content-Type: text/event-stream", "Transfer-Encoding: chunked")


def chunk(body: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(body), body)


def event(value: Any) -> bytes:
    return b"data: " + (value if isinstance(value, bytes) else json.dumps(value, ensure_ascii=False).encode()) + b"\n\n"


def piece(text: str | None = None, reason: str | None = None, **fields: Any) -> bytes:
    """Return an event with a delta, a finish reason, and further fields of the object."""
    delta = {} if text is None else {"content": text}
    return event({"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]} | fields)


class Waits:
    """In place of asyncio.sleep: keeps the seconds and waits none."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def __call__(self, seconds: float) -> Awaitable[None]:
        self.seconds.append(seconds)
        return asyncio.sleep(0)


@dataclass(frozen=True)
class Playing:
    """The helpers of this file, for tests to use without importing a conftest."""

    head: Callable[..., bytes]
    events: bytes
    chunk: Callable[[bytes], bytes]
    event: Callable[[Any], bytes]
    piece: Callable[..., bytes]
    reply: type[Reply]


@pytest.fixture(scope="session")
def playing() -> Playing:
    return Playing(head=head, events=EVENTS, chunk=chunk, event=event, piece=piece, reply=Reply)


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture(scope="session")
def ask() -> Callable[..., Outcome]:
    """Return a function that asks one question of a client of its own, without waiting between attempts."""

    def asked(base_url: str, request: Request | None = None, *messages: Message, **options: Any) -> Outcome:
        said = messages or (Message(role="user", content="在北京 🥪?"),)

        let_in = {field.name: options.pop(field.name) for field in fields(Endpoint) if field.name in options}
        endpoint = Endpoint(base_url=base_url, **let_in)

        async def run() -> Outcome:
            async with ChatClient(endpoint, **({"sleep": Waits(), "random": lambda: 0.0} | options)) as client:
                return await client.complete(said, request or Request(model="m", max_output=300))

        return asyncio.run(run())

    return asked


@pytest.fixture
def scripted() -> Iterator[ScriptedServer]:
    server = ScriptedServer()
    yield server
    server.close()


@pytest.fixture
def wire() -> Iterator[Wire]:
    server = Wire()
    yield server
    server.close()


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """A test authority and a server's certificate for 127.0.0.1, made by the openssl command."""
    if not HAS_OPENSSL:
        pytest.skip("the openssl command is not here to make a certificate with")
    return make_certificates(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def tls_wire(certificates: Certificates) -> Iterator[Wire]:
    server = Wire(certificates.context)
    yield server
    server.close()


@pytest.fixture
def expired_wire(certificates: Certificates) -> Iterator[Wire]:
    server = Wire(certificates.expired)
    yield server
    server.close()


@pytest.fixture(autouse=True)
def _no_hanging() -> Iterator[None]:
    started = time.monotonic()
    yield
    # What is waited for in earnest takes 15 minutes or more; a busy machine alone does not come to five.
    assert time.monotonic() - started < 300, "a test of an endpoint must not wait for real"
