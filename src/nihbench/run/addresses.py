"""Which address may get which key: what a run's folder says of either is data.

A server that a folder names is asked, and a key is sent to it, only where a preset or the environment says the same, or
where the user has named both on this machine before (`nihbench.run.known`). Nothing is opened here but the file of what
is known.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from nihbench.catalog.loading import packaged_models
from nihbench.catalog.lookup import Catalog
from nihbench.endpoint.connection import Endpoint
from nihbench.errors import UsageError
from nihbench.run.known import known
from nihbench.run.options import RunOptions, bare_url

USUAL_KEY = "OPENAI_API_KEY"
"""Read for a model that has no key variable of its own."""
NO_KEY = "none"
"""What --api-key-env takes for a server that wants no key."""
_PLAIN_PATH = re.compile(r"(/(?!\.{1,2}(/|$))[\w.~-]+)+", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """Where a run's folder says that its model was asked, and which variable held the key. Data, no more."""

    urls: tuple[str, ...]
    variable: str | None


def stored_address(options: RunOptions) -> Address:
    """Return the address that stored options name, a run's or those of one in tree.json."""
    # An empty name is none: it must not come to mean the usual key, nor a server that was named without one.
    urls = tuple(url for url in (options.base_url, *options.more_urls) if url)
    return Address(urls=urls, variable=options.api_key_env or None)


def address_of(url: str | None) -> str:
    """Return what tells an address from every other (`Endpoint.address_prefix`); "" where it is none.

    A gateway may have a customer behind every path: a server is named by all of its base URL.
    """
    try:
        return Endpoint(base_url=url).address_prefix if url else ""
    except UsageError:
        return ""


def is_below(url: str | None, named: str) -> bool:
    """Say whether an address is one that was named, or lies below it.

    Args:
        url: the address.
        named: what `address_of` says of the one that was named.
    """
    address = address_of(url)
    if not address or not named:
        return False
    rest = address.removeprefix(named)
    # What a gateway may take for a way up again, or for another path, leads out of what was named.
    return address == named or (len(rest) < len(address) and _PLAIN_PATH.fullmatch(rest) is not None)


def is_known_address(url: str, catalog: Catalog) -> bool:
    """Say whether a server that a folder names may be asked: one of `_named`, or one that the user named before."""
    bare = bare_url(url) == url  # no login, no query: these stand in no run of the user's own
    return bare and any(is_below(url, address) for address, _ in (*_named(catalog), *known().pairs))


def belongs(variable: str, url: str | None, catalog: Catalog) -> bool:
    """Say whether the key in a variable may go to a server without being named together with it again."""
    pairs = (*_named(catalog), *known().pairs)
    return any(key == variable and is_below(url, address) for address, key in pairs)


def _named(catalog: Catalog) -> list[tuple[str, str | None]]:
    """Return the addresses that presets and the environment name, each with the variable of its key.

    Of a preset in the working folder, which may be somebody else's, no key is said by it alone to belong there.
    """
    packaged = packaged_models()
    presets = {
        (preset.base_url, preset.key_env if packaged.get(name) == preset else None)
        for name, preset in catalog.models.items()
    }
    environment = (os.environ.get("OPENAI_BASE_URL"), USUAL_KEY)
    return [(address_of(url), variable) for url, variable in (*presets, environment)]
