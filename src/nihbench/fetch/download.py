"""One file from one pinned address, checked against its sha256. No retries, no cache: the caller has both in hand."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from nihbench.errors import FetchError
from nihbench.fetch.progress import Report, silent
from nihbench.lang import t

if TYPE_CHECKING:
    import httpx

_CONNECT_S = 10.0
_READ_S = 30.0


def download_url(url: str, *, sha256: str, report: Report = silent, what: str | None = None) -> bytes:
    """Return the content of `url`, following redirects and using the proxies of the environment.

    Args:
        url: http or https address.
        sha256: what the content must hash to, in hexadecimal.
        report: told the bytes done and, where the server says it, the total.
        what: how the report names the file; its last path segment by default.

    Raises:
        FetchError: not reachable, refused, cut off, or not the expected content.
    """
    import httpx

    what = what or url.rsplit("/", 1)[-1]
    timeout = httpx.Timeout(_READ_S, connect=_CONNECT_S)
    try:
        with httpx.stream("GET", url, follow_redirects=True, timeout=timeout) as response:
            response.raise_for_status()
            content = _read(response, what, report)
    except httpx.HTTPStatusError as error:
        raise FetchError(
            t(
                "Could not fetch {url}: the server answered {status_code}; check the address, or try again later.",
                url=url,
                status_code=error.response.status_code,
            )
        ) from error
    # Beside httpx's own errors: a proxy or certificate setting of the environment that can't be used.
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError, ImportError) as error:
        reason = str(error) or type(error).__name__
        raise FetchError(
            t(
                "Could not fetch {url} ({reason}): check the network and the proxy settings, then try again.",
                url=url,
                reason=reason,
            )
        ) from error
    _check_hash(content, url, sha256)
    return content


def _check_hash(content: bytes, url: str, sha256: str) -> None:
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise FetchError(
            t(
                "What came from {url} is not the expected file (sha256 {found}... instead of {sha256}...): "
                "nothing was kept; try again, and look for a proxy or portal that answers in the server's "
                "place.",
                url=url,
                found=found[:12],
                sha256=sha256[:12],
            )
        )


def _read(response: httpx.Response, what: str, report: Report) -> bytes:
    length = response.headers.get("content-length", "")
    # The length is that of the body as sent; of a compressed one the size when unpacked is not known.
    total = int(length) if length.isdigit() and "content-encoding" not in response.headers else None
    parts: list[bytes] = []
    done = 0
    for part in response.iter_bytes():
        parts.append(part)
        done += len(part)
        report(what, done, total)
    return b"".join(parts)
