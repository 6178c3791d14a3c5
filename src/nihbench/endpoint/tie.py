"""Ties an answer to its request by an id of our own, where a server or a gateway gives ids back.

Pure but for chance. vLLM makes the answer's id of the header X-Request-Id, and many gateways send the header back. Who
gives nothing back says nothing; who gives back the id of another request of ours has mixed two answers up.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from secrets import token_hex

HEADER = "X-Request-Id"
_BYTES = 12
_OURS = re.compile(rf"nih-[0-9a-f]{{{2 * _BYTES}}}")
# An answer's object names itself at its beginning or its end.
_LOOKED_AT = 4096


def new_id() -> str:
    """Return an id that no other request has."""
    return f"nih-{token_hex(_BYTES)}"


def is_foreign(own: str, headers: Mapping[str, str], *said: str | bytes) -> bool:
    """Say whether an answer bears another request's id, and not its own.

    Args:
        own: the request's id.
        headers: the answer's headers.
        said: what the answer says of itself, such as its id, or its whole body.
    """
    texts = [*headers.values(), *(text if isinstance(text, str) else _ends(text) for text in said)]
    found = {each for text in texts for each in _OURS.findall(text)}
    return bool(found) and own not in found


def _ends(body: bytes) -> str:
    part = body if len(body) <= 2 * _LOOKED_AT else body[:_LOOKED_AT] + body[-_LOOKED_AT:]
    return part.decode("latin-1")
