"""What every HTTP server of the tests has: a real socket of its own, a start and an end, clients that may be killed."""

from __future__ import annotations

import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Serving:
    """A server that answers by a handler from `serve` until `close`."""

    def serve(self, handler: type[BaseHTTPRequestHandler], port: int = 0) -> None:
        self._handler = handler
        self._server = _Server(("127.0.0.1", port), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def restart(self) -> None:
        """Listen again at the address of before `close`."""
        self.serve(self._handler, self._server.server_address[1])


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Pass over clients that were killed; anything else is a mistake of the tests and must be seen."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Answering(BaseHTTPRequestHandler):
    """A handler that keeps connections open, logs nothing, and reads whole bodies only."""

    protocol_version = "HTTP/1.1"

    def body(self) -> bytes | None:
        """Return the request's body, None where the client was killed while it was sending."""
        size = int(self.headers["Content-Length"])
        body = self.rfile.read(size)
        if len(body) == size:
            return body
        self.close_connection = True
        return None

    def answer(self, status: int, content: bytes) -> None:
        try:
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
        except OSError:
            self.close_connection = True  # the client was killed

    def log_message(self, *args: object) -> None:
        pass
