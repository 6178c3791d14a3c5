"""How an endpoint is reached: addresses, headers, proxies, time-outs, and what went wrong when no answer came.

The only module of this room that knows how httpx is set up. It sends nothing by itself.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypedDict
from urllib.parse import SplitResult, urlsplit, urlunsplit

import httpx

from nihbench.errors import UsageError
from nihbench.types import FailureKind

# What a request can end with instead of an answer. InvalidURL stands outside httpx's own tree.
NO_ANSWER = (httpx.HTTPError, httpx.InvalidURL)

_CHAT_PATH = "/chat/completions"


@dataclass(frozen=True, kw_only=True, slots=True)
class Timeouts:
    """Seconds: to connect, between two written and between two read pieces. A long prefill sends nothing for long."""

    connect_s: float = 10.0
    write_s: float = 120.0
    read_s: float = 900.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """A base URL and what must be sent along to be let in.

    Raises:
        UsageError: the base URL is none, or a header can't be sent as it is.
    """

    base_url: str
    api_key: str | None = None
    key_header: str = "Authorization"
    headers: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._split()
        for name, value in self.all_headers().items():
            if not (name.isascii() and value.isascii() and (name + value).isprintable()):
                raise UsageError(f"The header {name!r} (or the API key in it) has characters that can't be sent.")

    @property
    def host(self) -> str:
        """The host's name, with the port where one is given."""
        return self._split().netloc.rpartition("@")[2]

    @property
    def is_loopback(self) -> bool:
        """Whether the server runs on this machine."""
        name = self._split().hostname or ""
        if name == "localhost" or name.endswith(".localhost"):
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return address.is_loopback or address.is_unspecified

    def url(self, path: str) -> str:
        """Return the address of `path` below the base URL; a query in the base URL is kept."""
        parts = self._split()
        return urlunsplit(parts._replace(path=_base_path(parts) + path))

    def root_url(self, path: str) -> str:
        """Return the address of `path` at the server's root, that is the base URL without its /v1."""
        parts = self._split()
        return urlunsplit(parts._replace(path=_base_path(parts).removesuffix("/v1") + path))

    def all_headers(self) -> dict[str, str]:
        """Return the headers of every request; the user's own win."""
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self.api_key:
            bearer = self.key_header.lower() == "authorization"
            headers[self.key_header] = f"Bearer {self.api_key}" if bearer else self.api_key
        return headers | dict(self.headers)

    def secrets(self) -> tuple[str, ...]:
        """Return the texts that must never be shown: the API key and the values of headers that look like one."""
        telling = ("auth", "key", "token", "cookie")
        own = [value for name, value in self.headers.items() if any(word in name.lower() for word in telling)]
        return tuple(text for text in (self.api_key, *own) if text)

    def _split(self) -> SplitResult:
        try:
            parts = urlsplit(self.base_url.strip())
            usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            usable = False
        if not usable:
            raise UsageError(f"{self.base_url!r} is not a base URL: write it as http://HOST:PORT/v1.")
        return parts


def async_client(endpoint: Endpoint, timeouts: Timeouts) -> httpx.AsyncClient:
    """Return an asynchronous HTTP client for `endpoint`; the caller closes it.

    Raises:
        UsageError: the proxy that the environment names can't be used.
    """
    try:
        return httpx.AsyncClient(**_options(endpoint, timeouts))
    except (ImportError, ValueError) as error:
        raise _proxy_error(error) from error


def sync_client(endpoint: Endpoint, timeouts: Timeouts) -> httpx.Client:
    """Return an HTTP client for `endpoint` that may be shared by threads; the caller closes it.

    Raises:
        UsageError: the proxy that the environment names can't be used.
    """
    try:
        return httpx.Client(**_options(endpoint, timeouts))
    except (ImportError, ValueError) as error:
        raise _proxy_error(error) from error


def no_answer(error: Exception, endpoint: Endpoint) -> tuple[FailureKind, str]:
    """Return what it means that `error` came in place of an answer, in words for the user."""
    if isinstance(error, httpx.ReadTimeout):
        return "timeout", f"{endpoint.host} did not answer in time"
    if isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout)):
        reason = str(error) or "no answer"
        return "transient", f"could not connect to {endpoint.host} ({reason}): is the server running?"
    if isinstance(error, httpx.DecodingError):
        return "bad_response", f"{endpoint.host} sent an answer that can't be decompressed"
    return "transient", f"the connection to {endpoint.host} was lost ({str(error) or type(error).__name__})"


class _Options(TypedDict):
    headers: dict[str, str]
    timeout: httpx.Timeout
    limits: httpx.Limits
    trust_env: bool


def _options(endpoint: Endpoint, timeouts: Timeouts) -> _Options:
    return {
        "headers": endpoint.all_headers(),
        "timeout": httpx.Timeout(connect=timeouts.connect_s, write=timeouts.write_s, read=timeouts.read_s, pool=None),
        # The runner decides how many requests are under way; a pool that waits would only hide it.
        "limits": httpx.Limits(max_connections=None, max_keepalive_connections=None),
        # A proxy for the world must not get the requests to this very machine.
        "trust_env": not endpoint.is_loopback,
    }


def _proxy_error(error: Exception) -> UsageError:
    return UsageError(f"The proxy in HTTP_PROXY, HTTPS_PROXY or ALL_PROXY can't be used ({error}): mend or unset it.")


def _base_path(parts: SplitResult) -> str:
    return parts.path.rstrip("/").removesuffix(_CHAT_PATH)
