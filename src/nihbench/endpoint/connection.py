"""What an endpoint is: its address, headers, secrets and deadlines, and what it means that no answer came.

It opens nothing by itself: sockets, proxies and certificates are in `transport`.
"""

from __future__ import annotations

import base64
import ipaddress
import re
import ssl
import urllib.request
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self
from urllib.parse import SplitResult, unquote, unquote_plus, urlsplit, urlunsplit

import httpx

from nihbench.endpoint.coding import CodingError, TooLongError
from nihbench.endpoint.failures import one_line
from nihbench.endpoint.masking import is_secret_field
from nihbench.errors import UsageError
from nihbench.lang.messages import Note, Words, t
from nihbench.types import FailureKind

# ---- proxies ---------------------------------------------------------------------------------------------------------
# Which proxy of the environment a server is asked by: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY. Opens nothing.


def proxy_for(endpoint: Endpoint) -> str | None:
    """Return the proxy's address that the environment gives for `endpoint`: never one for this very machine."""
    proxies = urllib.request.getproxies()
    if (
        endpoint.is_loopback
        or urllib.request.proxy_bypass(endpoint.host)
        or _is_exempt(endpoint, proxies.get("no", ""))
    ):
        return None
    address = proxies.get(endpoint.scheme) or proxies.get("all")
    return address if not address or "://" in address else f"http://{address}"


def _is_exempt(endpoint: Endpoint, named: str) -> bool:
    """Say whether NO_PROXY names the server in a way that urllib does not know: 10.0.0.0/8, fd00::1, *.example.com."""
    for entry in (part.strip().lower().strip("[]") for part in named.split(",")):
        if entry.startswith("*.") and endpoint.name.endswith(entry[1:]):
            return True
        try:
            network = ipaddress.ip_network(entry, strict=False)
        except ValueError:
            continue
        if not isinstance(endpoint.address, str) and endpoint.address in network:
            return True
    return False


def proxy_name(endpoint: Endpoint) -> str | None:
    """Return the host of the proxy for `endpoint`, without a login; None where none is used or it is no address."""
    address = proxy_for(endpoint)
    try:
        return urlsplit(address).netloc.rpartition("@")[2] or None if address else None
    except ValueError:
        return None


# What a request can end with instead of an answer. InvalidURL stands outside httpx's own tree.
NO_ANSWER = (httpx.HTTPError, httpx.InvalidURL)

_CHAT_PATH = "/chat/completions"
_QUEUE_S = 900.0
_SLOWEST_PREFILL_S = 0.1
# A value that is no longer than this is masked under a telling name only: masking a "1" would spoil every message.
_SHORT_VALUE = 6
_SHORTEST_KEY = 8
_TELLING = ("auth", "key", "token", "cookie", "secret", "pass", "sig", "credential", "session", "jwt")
# OpenSSL's X509_V_ERR codes: not yet valid and expired; host, e-mail and IP mismatch.
_WRONG_TIME, _WRONG_NAME = (9, 10), (62, 63, 64)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def is_telling(name: str) -> bool:
    """Say whether a header's or a field's name is that of a secret."""
    return any(word in name.lower() for word in _TELLING)


@dataclass(frozen=True, kw_only=True, slots=True)
class Timeouts:
    """Deadlines in seconds, fit for prompts of a million tokens.

    `connect_s`: until the connection stands (and again for TLS). `write_s`: between two written pieces.
    `first_token_s`: from sending to the first piece of a streamed answer; a long prefill is silent for many minutes.
    `idle_s`: between two pieces after that. `total_s`: one sending as a whole, and the only one besides the first two
    that binds an answer that is not streamed, for it comes when all is done. `tell_s`: no deadline; when nothing has
    come for so long, the user is told.
    """

    connect_s: float = 10.0
    write_s: float = 120.0
    first_token_s: float = 1800.0
    idle_s: float = 300.0
    total_s: float = 3600.0
    tell_s: float = 120.0

    def of_service(self, prompt_tokens: int) -> Self:
        """Return the deadlines for a prompt to a service: a short one is not waited for as long as a long one.

        A service may let a request queue (DeepSeek does for 10 minutes, OpenAI's flex tier is given 15), and reads many
        times faster than the tenth of a second a token that is allowed for here.
        """
        first_token_s = min(self.first_token_s, round(_QUEUE_S + _SLOWEST_PREFILL_S * prompt_tokens))
        return replace(self, first_token_s=first_token_s)


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """A base URL and what must be sent along to be let in. Neither the key nor a header's value shows in its repr.

    `ca_file` are further authorities to trust, as PEM. `insecure`: certificates are not checked at all. `fields` are
    those of every request's body in which a secret may stand.

    Raises:
        UsageError: the base URL is none, or a header can't be sent as it is.
    """

    base_url: str = field(repr=False)
    api_key: str | None = field(default=None, repr=False)
    key_header: str = "Authorization"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    fields: Mapping[str, Any] = field(default_factory=dict, repr=False)
    ca_file: Path | None = None
    insecure: bool = False

    def __post_init__(self) -> None:
        try:
            httpx.URL(self.url(""))
        except httpx.InvalidURL:
            raise self._no_base_url() from None
        if any(len(key) >= _SHORTEST_KEY and key in self._split().path for key in self.keys()):
            raise UsageError(t("endpoint.key_stands_base_url"))
        for name, value in self.all_headers().items():
            if not (_HEADER_NAME.fullmatch(name) and value.isascii() and value.isprintable()):
                raise UsageError(t("endpoint.header_api_key_characters", name=name))

    @property
    def scheme(self) -> str:
        """Either http or https."""
        return self._split().scheme

    @property
    def host(self) -> str:
        """The host's name, with the port where one is given."""
        return self._split().netloc.rpartition("@")[2]

    @property
    def origin(self) -> str:
        """Scheme, host and port as a connection is made with them: what tells two servers apart."""
        url = httpx.URL(self.url(""))
        host = url.raw_host.decode("ascii").lower()
        port = url.port or {"http": 80, "https": 443}[url.scheme]
        return f"{url.scheme}://{f'[{host}]' if ':' in host else host}:{port}"

    @property
    def address_prefix(self) -> str:
        """The origin and the path that every request's address begins with; no query, no login."""
        return self.origin + httpx.URL(self.url("")).raw_path.partition(b"?")[0].decode("ascii").rstrip("/")

    @property
    def name(self) -> str:
        """The host's name alone, in lower case."""
        return (self._split().hostname or "").rstrip(".")

    @property
    def address(self) -> ipaddress.IPv4Address | ipaddress.IPv6Address | str:
        """The IP address that the base URL gives, or the host's name; `localhost` for all of its names."""
        if self.name == "localhost" or self.name.endswith(".localhost"):
            return "localhost"
        try:
            address = ipaddress.ip_address(self.name)
        except ValueError:
            return self.name
        return getattr(address, "ipv4_mapped", None) or address

    @property
    def is_loopback(self) -> bool:
        """Whether the server runs on this machine."""
        address = self.address
        return address == "localhost" or (
            not isinstance(address, str) and (address.is_loopback or address.is_unspecified)
        )

    @property
    def is_private(self) -> bool:
        """Whether the server runs on this machine or in a private network."""
        address = self.address
        return self.is_loopback or (not isinstance(address, str) and address.is_private)

    @property
    def has_key(self) -> bool:
        """Whether something is sent along that lets somebody in: a key, a login, or a secret in a header or the URL."""
        return bool(self._passwords()) or any(
            word in name.lower() for name, _ in self._named_values() for word in _TELLING
        )

    def url(self, path: str) -> str:
        """Return the address of `path` below the base URL; a query in either is kept, a password is not."""
        parts = self._split()
        path, _, query = path.partition("?")
        queries = "&".join(filter(None, (parts.query, query)))
        return urlunsplit(parts._replace(netloc=self.host, path=_base_path(parts) + path, query=queries))

    def root_url(self, path: str) -> str:
        """Return the address of `path` at the server's root, that is the base URL without its /v1."""
        parts = self._split()
        return urlunsplit(parts._replace(netloc=self.host, path=_base_path(parts).removesuffix("/v1") + path))

    def all_headers(self) -> dict[str, str]:
        """Return the headers of every request; the user's own win."""
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
            # A gateway that compresses may hold a stream back until it has enough; answers are small anyway.
            "Accept-Encoding": "identity",
        }
        if login := self._login():
            headers["Authorization"] = f"Basic {login}"
        if self.api_key:
            bearer = self.key_header.lower() == "authorization"
            headers[self.key_header] = f"Bearer {self.api_key}" if bearer else self.api_key
        own = {name: value.strip() for name, value in self.headers.items()}
        theirs = {name.lower() for name in own}
        return {name: value for name, value in headers.items() if name.lower() not in theirs} | own

    def secrets(self) -> tuple[str, ...]:
        """Return the texts that must never be shown.

        These are the key, user, password and the login made of them, and the values of headers and of the base URL's
        query; a short one only under a name that looks like a secret's.
        """
        own = [
            value
            for name, value in self._named_values()
            if len(value) > _SHORT_VALUE or any(word in name.lower() for word in _TELLING)
        ]
        return _longest_first([*own, *self._passwords()])

    def keys(self) -> tuple[str, ...]:
        """Return those secrets that let somebody in: they are masked in answers, too, whose words are a model's own.

        What stands under a plain name, or is so short that it may be a word of an answer, is left alone there.
        """
        telling = [value for name, value in self._named_values() if any(word in name.lower() for word in _TELLING)]
        return tuple(text for text in _longest_first([*telling, *self._passwords()]) if len(text) >= _SHORTEST_KEY)

    def _named_values(self) -> list[tuple[str, str]]:
        """Return the values of headers, fields and of the base URL's query, and the user, each with its name."""
        parts = self._split()
        # As it is written, and as httpx sends it.
        pieces = f"{parts.query}&{httpx.URL(self.url('')).query.decode()}".split("&")
        query = [piece.partition("=")[::2] if "=" in piece else ("", piece) for piece in pieces]
        named = [*self.headers.items(), *query, *((name, unquote_plus(value)) for name, value in query)]
        named += [("", parts.username or ""), ("", unquote(parts.username or ""))]
        parts_of_headers = [(name, part) for name, value in self.headers.items() for part in _parts_of(name, value)]
        # A cookie's "1" or "dark" is no secret: to mask it would spoil every message.
        named += [(name, part) for name, part in parts_of_headers if len(part) > _SHORT_VALUE]
        named += [("secret", text) for text in _secrets_in(self.fields)]
        return [(name, value.strip()) for name, value in named if value.strip()]

    def _passwords(self) -> list[str]:
        password = self._split().password or ""
        return [text for text in (self.api_key, self._login(), password, unquote(password)) if text]

    def _login(self) -> str | None:
        """Return user and password of the base URL as Basic authentication sends them."""
        parts = self._split()
        if parts.username is None:
            return None
        return base64.b64encode(f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()).decode()

    def _split(self) -> SplitResult:
        try:
            parts = urlsplit(self.base_url.strip())
            # Behind a # may stand the rest of a password, which was not percent-encoded.
            sound = "#" not in self.base_url
            usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and sound
        except ValueError:
            usable = False
        if not usable:
            raise self._no_base_url() from None
        return parts

    def _no_base_url(self) -> UsageError:
        """Return the error for a base URL that is none, with its scheme and host only."""
        before, mark, after = self.base_url.strip().partition("://")
        scheme, rest = (before + mark, after) if _SCHEME.fullmatch(before) and mark else ("", before + mark + after)
        authority = re.split(r"[/?#\\]", rest, maxsplit=1)[0]
        # An @ behind the host may end a password that holds one of these signs: then nothing but the scheme is safe.
        host = "..." if "@" in rest[len(authority) :] else authority.rpartition("@")[2]
        return UsageError(t("endpoint.not_base_url_write", scheme=scheme + host))


def _parts_of(name: str, value: str) -> list[str]:
    """Return what lets in by itself in a header of several parts: the values of cookies, a login's password."""
    if name.lower() == "cookie":
        return [cookie.partition("=")[2] for cookie in value.split(";")]
    scheme, _, login = value.strip().partition(" ")
    if scheme.lower() != "basic":
        return []
    with suppress(ValueError):
        return [base64.b64decode(login.strip(), validate=True).decode().partition(":")[2]]
    return []


def _secrets_in(fields: Any, name: str = "") -> list[str]:
    """Return the texts in a body's fields, at any depth, that stand under the name of a secret."""
    if isinstance(fields, Mapping):
        return [
            text for key, value in fields.items() for text in _secrets_in(value, name or key * is_secret_field(key))
        ]
    if isinstance(fields, list):
        return [text for value in fields for text in _secrets_in(value, name)]
    return [fields] if name and isinstance(fields, str) else []


def no_answer(error: Exception, endpoint: Endpoint) -> tuple[FailureKind, Words, bool]:
    """Return what it means that `error` came in place of an answer.

    Returns:
        The kind of failure, words for the user, and whether the server may have charged for the request: it may
        wherever the request was, or may have been, with it as a whole.
    """
    host = endpoint.host
    said = one_line(str(error) or type(error).__name__, endpoint.secrets())
    if isinstance(error, httpx.TimeoutException) and not isinstance(error, httpx.ConnectTimeout):
        unsent = isinstance(error, httpx.WriteTimeout)
        kind: FailureKind = "transient" if unsent else "timeout"
        late = Note("not_answered_in_time", host=host)
        return kind, Note("prompt_not_taken", host=host) if unsent else late, not unsent
    if (untrusted := _untrusted(error)) is not None:
        words = Note("certificate_untrusted", host=host, said=said, mend=_mend(untrusted))
        return "auth", words, False
    if isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout)):
        reason: Words = Note("no_answer") if isinstance(error, httpx.ConnectTimeout) else said
        if "WRONG_VERSION_NUMBER" in said or "RECORD_LAYER_FAILURE" in said:
            words = Note("no_tls", host=host, reason=reason)
            return "transient", words, False
        if (proxy := proxy_name(endpoint)) is not None:
            words = Note("no_connection_by_proxy", host=host, proxy=proxy, reason=reason)
            return "transient", words, False
        words = Note("no_connection", host=host, reason=reason)
        return "transient", words, False
    if isinstance(error, httpx.ProxyError) and said.startswith("407"):
        words = Note("proxy_login", host=host)
        return "auth", words, False
    if isinstance(error, httpx.ProxyError):
        return "transient", Note("proxy_refused", host=host, said=said), False
    if isinstance(error, (TooLongError, httpx.DecodingError)):
        return "bad_response", _unread(error, endpoint), True
    unsent = isinstance(error, (httpx.WriteError, httpx.LocalProtocolError, httpx.InvalidURL))
    return "transient", Note("connection_lost", host=host, said=said), not unsent


def _unread(error: Exception, endpoint: Endpoint) -> Words:
    """Return in words why an answer was not read to its end."""
    if isinstance(error, TooLongError):
        return Note("far_too_long", host=endpoint.host)
    if isinstance(error, CodingError) and error.unread:
        packed = one_line(error.unread, endpoint.secrets())
        return Note("compressed_unasked", encoding=packed)
    return Note("not_decompressed", host=endpoint.host)


def _longest_first(values: Iterable[str]) -> tuple[str, ...]:
    """Return each value once, so that none is masked only in part by one that begins it; also without its scheme."""
    found = set(values)
    found |= {value.split(" ", 1)[1] for value in found if value.lower().startswith(("bearer ", "basic "))}
    return tuple(sorted(found, key=len, reverse=True))


def _untrusted(error: BaseException | None) -> ssl.SSLCertVerificationError | None:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error
        error = error.__cause__ or error.__context__
    return None


def _mend(error: ssl.SSLCertVerificationError) -> Words:
    """Return what helps against a certificate that is not trusted: that depends on what is wrong with it."""
    if error.verify_code in _WRONG_TIME:
        return Note("renew_certificate")
    if error.verify_code in _WRONG_NAME:
        return Note("certificate_name")
    return Note("give_ca_file")


def _base_path(parts: SplitResult) -> str:
    return parts.path.rstrip("/").removesuffix(_CHAT_PATH)
