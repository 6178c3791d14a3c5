"""How httpx is set up for an endpoint: TCP keep-alive, the environment's proxies, trusted certificates.

The only module that knows httpx's options. It sends nothing by itself. A SOCKS proxy works where httpx has its extra.
Importing it quietens the logs of httpx and httpcore, whose lines hold addresses and headers as they are.
"""

from __future__ import annotations

import logging
import os
import socket
import ssl
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypedDict

import httpx
import truststore

from nihbench.endpoint.coding import CodingError, Inflater, TooLongError
from nihbench.endpoint.connection import NO_ANSWER, Endpoint, Timeouts, no_answer, proxy_for
from nihbench.endpoint.failures import Diagnosis, classify
from nihbench.endpoint.kinds import HANDLING
from nihbench.endpoint.usage import MOST_BYTES
from nihbench.errors import NihError, UsageError
from nihbench.fetch.files import open_named
from nihbench.lang.messages import Words, t

# A long prefill sends nothing for minutes, and routers forget connections that are silent for about six.
KEEP_ALIVE_IDLE_S = 60
KEEP_ALIVE_INTERVAL_S = 60
KEEP_ALIVE_COUNT = 5
_MOST_BYTES = 50_000_000

SocketOptions = list[tuple[int, int, int]]

# A key may stand in an address or come back in a header: what these two log at lower levels must not be shown.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)


# A connection carries one request. What a server sends beyond its answer, at once or later, would be read as the next
# request's on a connection that is kept, and nothing in HTTP/1.1 tells the two apart; a handshake more costs little
# beside a long prompt. This also tells the server so.
_ONE_REQUEST = {"Connection": "close"}


class Lanes:
    """Asynchronous HTTP clients for one endpoint, each with one connection at a time and lent out for one sending.

    One client for all would do, but httpcore's pool looks at every connection of its own at every turn: with 64 under
    way that took more time than all the rest of a sending. The one who sends keeps the deadlines for reading.

    Raises:
        UsageError: the proxy that the environment names, or the file of authorities, can't be used.
    """

    def __init__(self, endpoint: Endpoint, timeouts: Timeouts) -> None:
        self._options = _options(endpoint)
        self._headers = endpoint.all_headers() | _ONE_REQUEST
        self._timeout = httpx.Timeout(connect=timeouts.connect_s, write=timeouts.write_s, read=None, pool=None)
        self._lanes = [self._new()]
        self._free = list(self._lanes)

    @contextmanager
    def lane(self) -> Iterator[httpx.AsyncClient]:
        """Lend a client out."""
        if not self._free:
            self._free.append(self._new())
            self._lanes.append(self._free[-1])
        client = self._free.pop()
        try:
            yield client
        finally:
            self._free.append(client)

    async def aclose(self) -> None:
        """Close all connections."""
        for client in self._lanes:
            await client.aclose()

    def _new(self) -> httpx.AsyncClient:
        try:
            transport = httpx.AsyncHTTPTransport(**self._options)
            return httpx.AsyncClient(transport=transport, headers=self._headers, timeout=self._timeout, trust_env=False)
        except (ImportError, ValueError, httpx.InvalidURL):
            raise _proxy_error() from None


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """An answer to a question that is no chat: its status, its headers, and its body unpacked."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes


class Asker:
    """Asks an endpoint what is no chat, one connection a question; may be shared by threads. A context manager.

    Of the deadlines it knows those for connecting, for writing, for a silence of the server (`idle_s`), and for an
    answer as a whole (`total_s`).

    Raises:
        UsageError: the proxy that the environment names, or the file of authorities, can't be used.
    """

    def __init__(self, endpoint: Endpoint, timeouts: Timeouts) -> None:
        self._timeouts = timeouts
        timeout = httpx.Timeout(connect=timeouts.connect_s, write=timeouts.write_s, read=timeouts.idle_s, pool=None)
        headers = endpoint.all_headers() | _ONE_REQUEST
        try:
            transport = httpx.HTTPTransport(**_options(endpoint))
            self._http = httpx.Client(transport=transport, headers=headers, timeout=timeout, trust_env=False)
        except (ImportError, ValueError, httpx.InvalidURL):
            raise _proxy_error() from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def get(self, url: str, *, params: Mapping[str, str | int] | None = None) -> Heard:
        """Return what is at `url`; raises as `ask`."""
        return self.ask("GET", url, params=params)

    def post(self, url: str, **options: Any) -> Heard:
        """Return the answer to what is sent to `url`; raises as `ask`, whose `options` these are."""
        return self.ask("POST", url, **options)

    def ask(self, method: str, url: str, *, most_bytes: int = MOST_BYTES, **options: Any) -> Heard:
        """Send a question and return the answer.

        Args:
            method: of HTTP.
            url: where to.
            most_bytes: how much the answer may hold.
            options: of httpx.

        Raises:
            httpx.HTTPError: no answer came, or not all of it, or one that can't be read (`NO_ANSWER`).
        """
        parts: list[bytes] = []
        with self.stream(method, url, most_bytes=most_bytes, **options) as (status, headers, pieces):
            parts += pieces
        return Heard(status_code=status, headers=headers, content=b"".join(parts))

    @contextmanager
    def stream(
        self, method: str, url: str, *, most_bytes: int, **options: Any
    ) -> Iterator[tuple[int, Mapping[str, str], Iterator[bytes]]]:
        """Send a question; give the answer's status, its headers, and its body in pieces. Raises as `ask`."""
        with _told_apart(), self._http.stream(method, url, **options) as response:
            yield response.status_code, response.headers, self._pieces(response, most_bytes)

    def _pieces(self, response: httpx.Response, most_bytes: int) -> Iterator[bytes]:
        inflater = Inflater(response.headers, lenient=response.status_code >= 400)
        end, size = time.monotonic() + self._timeouts.total_s, 0
        for packed in response.iter_raw():
            for piece in inflater.feed(packed):
                size += len(piece)
                if size > most_bytes:
                    raise TooLongError
                yield piece
            if time.monotonic() > end:
                raise httpx.ReadTimeout("")


@contextmanager
def _told_apart() -> Iterator[None]:
    """Turn whatever a server's answer does to the reading of it into one error that every caller knows."""
    try:
        yield
    except (*NO_ANSWER, NihError, OSError):
        raise
    except Exception as error:
        raise CodingError(type(error).__name__) from error


LONGEST_PAUSE_S = 60.0
"""What is no chat is asked again after so long at most, whatever its server asks for."""


class ClientOwner:
    """A context manager that has a `Asker` and closes it.

    Args:
        endpoint: the address, and what lets us in.
        timeouts: the deadlines of a question.
        sleep: waits the given seconds before a question is asked again.

    Raises:
        UsageError: the proxy that the environment names, or the file of authorities, can't be used.
    """

    def __init__(self, endpoint: Endpoint, timeouts: Timeouts, sleep: Callable[[float], object] = time.sleep) -> None:
        self._endpoint = endpoint
        self._client = Asker(endpoint, timeouts)
        self._sleep = sleep

    def _persist(
        self,
        send: Callable[[], Heard],
        attempts: int,
        known: Collection[int],
        unanswered: Callable[[Words], NihError],
        refused: Callable[[Diagnosis], NihError],
    ) -> Heard:
        """Ask, and ask again where that may help, until an answer has a status that the caller knows.

        Raises:
            NihError: what `unanswered` or `refused` says of the last attempt.
        """
        attempt = 0
        while True:
            attempt += 1
            wait_s: float = 2.0**attempt
            try:
                response = send()
            except NO_ANSWER as error:
                if attempt == attempts:
                    raise unanswered(no_answer(error, self._endpoint)[1]) from error
            else:
                if response.status_code in known:
                    return response
                found = self._diagnosis(response)
                if attempt == attempts or not HANDLING[found.kind].retry:
                    raise refused(found)
                wait_s = wait_s if found.wait_s is None else found.wait_s
            self._sleep(min(wait_s, LONGEST_PAUSE_S))

    def _diagnosis(self, response: Heard) -> Diagnosis:
        """Return what a refusal means."""
        return classify(response.status_code, response.content, response.headers, secrets=self._endpoint.secrets())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def keep_alive_options() -> SocketOptions:
    """Return the socket options for TCP keep-alive that this platform has."""
    options: SocketOptions = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
    # What Linux and Windows call TCP_KEEPIDLE is TCP_KEEPALIVE on macOS.
    idle = getattr(socket, "TCP_KEEPIDLE", None) or getattr(socket, "TCP_KEEPALIVE", None)
    values = (
        (idle, KEEP_ALIVE_IDLE_S),
        (getattr(socket, "TCP_KEEPINTVL", None), KEEP_ALIVE_INTERVAL_S),
        (getattr(socket, "TCP_KEEPCNT", None), KEEP_ALIVE_COUNT),
    )
    return options + [(socket.IPPROTO_TCP, name, value) for name, value in values if name is not None]


async def keep_alive_trace(event: str, info: dict[str, Any]) -> None:
    """Set the options on a connection that was just opened, as httpcore's `trace` extension tells of it.

    httpcore hands socket options on to direct connections only: those to a proxy get them here.
    """
    if event.endswith(".connect_tcp.complete"):
        opened = info["return_value"].get_extra_info("socket")
        for option in keep_alive_options():
            opened.setsockopt(*option)


class _Options(TypedDict):
    verify: ssl.SSLContext
    limits: httpx.Limits
    proxy: httpx.Proxy | None
    socket_options: SocketOptions
    trust_env: bool


def _options(endpoint: Endpoint) -> _Options:
    address = proxy_for(endpoint)
    try:
        proxy = httpx.Proxy(address) if address else None
    except (ValueError, httpx.InvalidURL):
        raise _proxy_error() from None
    return {
        "verify": _tls_context(endpoint),
        # The runner decides how many requests are under way; a pool that waits would only hide it.
        "limits": httpx.Limits(max_connections=None, max_keepalive_connections=0),
        "proxy": proxy,
        "socket_options": keep_alive_options(),
        "trust_env": False,
    }


def _tls_context(endpoint: Endpoint) -> ssl.SSLContext:
    """Return which certificates are trusted: the system's, those of SSL_CERT_FILE or SSL_CERT_DIR, and `ca_file`'s."""
    if endpoint.insecure or endpoint.scheme == "http":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE if endpoint.insecure else ssl.CERT_REQUIRED
        if endpoint.ca_file is not None:
            _load(context, "--ca-file", str(endpoint.ca_file), None)  # a wrong path is one, whether it is needed or not
        return context
    own_file, own_folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    if own_file or own_folder:
        # Who sets these means these only, as with every program that is built on OpenSSL.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        _load(context, t("endpoint.ssl_cert_file_ssl"), own_file, own_folder)
    else:
        context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if endpoint.ca_file is not None:
        _load(context, "--ca-file", str(endpoint.ca_file), None)
    return context


def _load(context: ssl.SSLContext, what: str, file: str | None, folder: str | None) -> None:
    try:
        if file:
            open_named(Path(file), _MOST_BYTES).close()  # OpenSSL would read a pipe or a device to its end
        context.load_verify_locations(cafile=file or None, capath=folder or None)
    except OSError as error:  # ssl.SSLError is one
        reason = t("endpoint.holds_no_certificate_pem") if isinstance(error, ssl.SSLError) else error.strerror
        raise UsageError(t("endpoint.certificates_cant_read", what=what, file=file or folder, reason=reason)) from error


def _proxy_error() -> UsageError:
    # Not in the error's own words: an address may hold a password.
    names = t("endpoint.http_proxy_https_proxy")
    return UsageError(t("endpoint.proxy_cant_used_mend", names=names))
