"""Which proxy of the environment a server is asked by: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY. Opens nothing."""

from __future__ import annotations

import ipaddress
import urllib.request
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from nihbench.endpoint.connection import Endpoint


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
