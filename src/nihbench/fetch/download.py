"""One file from one pinned address, checked against its sha256. No retries, no cache: the caller has both in hand.

Who answers is not trusted before the hash fits: bodies, redirects and the time that all takes have bounds.
"""

from __future__ import annotations

import hashlib
import ipaddress
import time
from typing import TYPE_CHECKING

from nihbench.errors import FetchError
from nihbench.fetch.files import Report, silent
from nihbench.lang.messages import Message, t

if TYPE_CHECKING:
    import httpx

_CONNECT_S = 10.0
_READ_S = 30.0
MOST_BYTES = 512 << 20
"""Of one file; the largest source of a packaged corpus has 9 MB."""
MOST_S = 3600.0
"""In which a file must have come whole, however often a little of it comes."""
_MOST_REDIRECTS = 10


def download_url(url: str, *, sha256: str, report: Report = silent, what: str | None = None) -> bytes:
    """Return the content of `url`, following redirects and using the proxies of the environment.

    A redirect leads to http and https only, and from a public address to no private one.

    Args:
        url: http or https address.
        sha256: what the content must hash to, in hexadecimal.
        report: told the bytes done and, where the server says it, the total.
        what: how the report names the file; its last path segment by default.

    Raises:
        FetchError: not reachable, refused, cut off, too large, or not the expected content.
    """
    import httpx

    what = what or url.rsplit("/", 1)[-1]
    try:
        content = _followed(url, what, report)
    except httpx.HTTPStatusError as error:
        raise FetchError(t("fetch.could_not_fetch_server", url=url, status_code=error.response.status_code)) from error
    # Beside httpx's own errors: a proxy or certificate setting of the environment that can't be used.
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError, ImportError) as error:
        # Of a proxy's address that is none, the error tells the part in which its password stands.
        own = bool(error.args) and isinstance(error.args[0], Message)
        shown = own or isinstance(error, httpx.HTTPError | OSError | ImportError)
        reason = (shown and str(error)) or type(error).__name__
        raise FetchError(t("fetch.could_not_fetch_check", url=url, reason=reason)) from error
    _check_hash(content, url, sha256)
    return content


def _followed(url: str, what: str, report: Report) -> bytes:
    """Return the body at the end of all redirects."""
    import httpx

    # Packed bodies can unpack to anything; they are not asked for, and not taken.
    headers, timeout = {"Accept-Encoding": "identity"}, httpx.Timeout(_READ_S, connect=_CONNECT_S)
    with httpx.Client(timeout=timeout, headers=headers) as client:
        request = client.build_request("GET", url)
        public = not _is_private(request.url.host)
        for _ in range(_MOST_REDIRECTS):
            response = client.send(request, stream=True)
            try:
                if response.next_request is None:
                    response.raise_for_status()
                    return _read(response, url, what, report)
                request = response.next_request
            finally:
                response.close()
            if public and _is_private(request.url.host):
                raise ValueError(t("fetch.leads_address_private_network", host=request.url.host))
    raise ValueError(t("fetch.leads_from_address_address"))


def _is_private(host: str) -> bool:
    """Say whether a host is this machine or in a private network, as far as its name says it."""
    try:
        return not ipaddress.ip_address(host.strip("[]")).is_global
    except ValueError:
        return host.rstrip(".").lower().rpartition(".")[2] in ("localhost", "local", "internal") or "." not in host


def _check_hash(content: bytes, url: str, sha256: str) -> None:
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise FetchError(t("fetch.came_from_not_expected", url=url, found=found[:12], sha256=sha256[:12]))


def _read(response: httpx.Response, url: str, what: str, report: Report) -> bytes:
    coding = response.headers.get("content-encoding", "identity").strip().lower()
    if coding not in ("", "identity"):
        raise ValueError(t("fetch.server_packed_not_asked", coding=coding[:40]))
    length = response.headers.get("content-length", "")
    total = int(length) if length.isascii() and length.isdigit() and len(length) < 16 else None
    parts: list[bytes] = []
    done, ends = 0, time.monotonic() + MOST_S
    for part in response.iter_raw():
        parts.append(part)
        done += len(part)
        if done > MOST_BYTES:
            raise FetchError(t("fetch.could_not_fetch_larger", url=url, most=MOST_BYTES))
        if time.monotonic() > ends:
            raise ValueError(t("fetch.not_come_whole_within", seconds=MOST_S))
        report(what, done, total)
    return b"".join(parts)
