"""How httpx is set up for an endpoint: TCP keep-alive, the environment's proxies, trusted certificates.

The only module that knows httpx's options. It sends nothing by itself. A SOCKS proxy works where httpx has its extra.
Importing it quietens the logs of httpx and httpcore, whose lines hold addresses and headers as they are.
"""

from __future__ import annotations

import logging
import os
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self, TypedDict

import httpx
import truststore

from nihbench.endpoint.connection import Endpoint, Timeouts
from nihbench.endpoint.proxies import proxy_for
from nihbench.errors import UsageError
from nihbench.lang import t

# A long prefill sends nothing for minutes, and routers forget connections that are silent for about six.
KEEP_ALIVE_IDLE_S = 60
KEEP_ALIVE_INTERVAL_S = 60
KEEP_ALIVE_COUNT = 5

SocketOptions = list[tuple[int, int, int]]

# A key may stand in an address or come back in a header: what these two log at lower levels must not be shown.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)


class Lanes:
    """Asynchronous HTTP clients for one endpoint, each with one connection at a time and lent out for one sending.

    One client for all would do, but httpcore's pool looks at every connection of its own at every turn: with 64 under
    way that took more time than all the rest of a sending. The one who sends keeps the deadlines for reading.

    Raises:
        UsageError: the proxy that the environment names, or the file of authorities, can't be used.
    """

    def __init__(self, endpoint: Endpoint, timeouts: Timeouts) -> None:
        self._options = _options(endpoint)
        self._headers = endpoint.all_headers()
        self._timeout = httpx.Timeout(connect=timeouts.connect_s, write=timeouts.write_s, read=None, pool=None)
        self._lanes = [self._new()]
        self._free = list(self._lanes)

    @contextmanager
    def lane(self) -> Iterator[httpx.AsyncClient]:
        """Lend a client out; the last one that came back is the likeliest to have its connection still open."""
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


def sync_client(endpoint: Endpoint, timeouts: Timeouts) -> httpx.Client:
    """Return an HTTP client for `endpoint` that may be shared by threads; the caller closes it.

    Of the deadlines it knows those for connecting, for writing, and for a silence of the server (`idle_s`).

    Raises:
        UsageError: the proxy that the environment names, or the file of authorities, can't be used.
    """
    timeout = httpx.Timeout(connect=timeouts.connect_s, write=timeouts.write_s, read=timeouts.idle_s, pool=None)
    try:
        transport = httpx.HTTPTransport(**_options(endpoint))
        return httpx.Client(transport=transport, headers=endpoint.all_headers(), timeout=timeout, trust_env=False)
    except (ImportError, ValueError, httpx.InvalidURL):
        raise _proxy_error() from None


class ClientOwner:
    """A context manager that has a client of `sync_client` and closes it.

    Raises:
        UsageError: the proxy that the environment names, or the file of authorities, can't be used.
    """

    def __init__(self, endpoint: Endpoint, timeouts: Timeouts) -> None:
        self._endpoint = endpoint
        self._client = sync_client(endpoint, timeouts)

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
        "limits": httpx.Limits(max_connections=None, max_keepalive_connections=None),
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
        return context
    own_file, own_folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    if own_file or own_folder:
        # Who sets these means these only, as with every program that is built on OpenSSL.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        _load(context, t("SSL_CERT_FILE or SSL_CERT_DIR"), own_file, own_folder)
    else:
        context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if endpoint.ca_file is not None:
        _load(context, "--ca-file", str(endpoint.ca_file), None)
    return context


def _load(context: ssl.SSLContext, what: str, file: str | None, folder: str | None) -> None:
    try:
        context.load_verify_locations(cafile=file or None, capath=folder or None)
    except OSError as error:  # ssl.SSLError is one
        reason = t("it holds no certificate in PEM form") if isinstance(error, ssl.SSLError) else error.strerror
        raise UsageError(
            t(
                "The certificates of {what} ({file}) can't be read: {reason}.",
                what=what,
                file=file or folder,
                reason=reason,
            )
        ) from error


def _proxy_error() -> UsageError:
    # Not in the error's own words: an address may hold a password.
    names = t("HTTP_PROXY, HTTPS_PROXY or ALL_PROXY")
    return UsageError(
        t("The proxy in {names} can't be used: mend or unset it (SOCKS needs pip install httpx[socks]).", names=names)
    )
