"""A scripted HTTP server on a real socket: it gives the replies of a list in turn and keeps what it was asked."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest


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


class ScriptedServer:
    """`reply` appends to the script; `routes` answer one path always; both take JSON values or bytes."""

    def __init__(self) -> None:
        self.script: list[Reply] = []
        self.routes: dict[str, Reply] = {}
        self.asked: list[Asked] = []
        self.released = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def reply(self, body: Any = b"", status: int = 200, **kwargs: Any) -> None:
        self.script.append(Reply(status=status, body=_bytes(body), **kwargs))

    def route(self, path: str, body: Any, status: int = 200) -> None:
        self.routes[path] = Reply(status=status, body=_bytes(body))

    def close(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _bytes(body: Any) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()


def _handler(owner: ScriptedServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            owner.asked.append(Asked(method=self.command, path=self.path, headers=dict(self.headers), body=body))
            reply = owner.routes.get(self.path.partition("?")[0])
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


@pytest.fixture
def scripted() -> Iterator[ScriptedServer]:
    server = ScriptedServer()
    yield server
    server.close()


@pytest.fixture(autouse=True)
def _no_hanging() -> Iterator[None]:
    started = time.monotonic()
    yield
    assert time.monotonic() - started < 60, "a test of an endpoint must not wait for real"
