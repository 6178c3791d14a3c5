"""Takes keys out of what a server gives back, in whatever writing they come.

Pure. A gateway that logs requests hands headers back as they are, percent-encoded, in hex, as a part of something that
is in base64, or in another case; whoever reads the record can undo all of these.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from functools import lru_cache

MASK = "***"
SHORTEST = 8
"""A shorter secret is masked as it is written only: in another writing it may be anything."""
# How many characters of base64 the bytes before a secret have a part in, by their number modulo 3.
_HEAD = (0, 2, 3)

_SECRET_FIELD = re.compile(
    r"pass(word|wd|phrase)|secret|authori[sz]ation|credential|(api|access|private)_?key"
    r"|^((access|api|auth|bearer|id|refresh|session|user)_?)?token$"
)
"""Fields of a request's body whose values are secrets; `max_tokens`, `eos_token` and the like are none."""


def is_secret_field(name: str) -> bool:
    """Say whether a field of a request's body is called as a secret is."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower().replace("-", "_")
    return _SECRET_FIELD.search(words) is not None


def masked(text: str, secrets: Iterable[str]) -> str:
    """Return the text with every secret in it masked, in any of the writings that can be read back."""
    known = tuple(secret for secret in secrets if secret)
    return _pattern(known).sub(MASK, text) if known and text else text


@lru_cache(maxsize=64)
def _pattern(secrets: tuple[str, ...]) -> re.Pattern[str]:
    longest_first = sorted({part for secret in secrets for part in _parts(secret)}, key=len, reverse=True)
    return re.compile("|".join(writing for secret in longest_first for writing in _writings(secret)))


def _parts(secret: str) -> list[str]:
    """Return a secret, and what follows its scheme (`Bearer ...`), which lets in by itself."""
    scheme, _, rest = secret.partition(" ")
    return [secret, rest] if scheme.isalpha() and len(rest) >= SHORTEST else [secret]


def _writings(secret: str) -> list[str]:
    plain = re.escape(secret)
    if len(secret) < SHORTEST:
        return [plain]
    data = secret.encode("utf-8", "surrogatepass")
    letters = "".join(_letter(char) for char in secret)
    digits = r"[\s:,-]{0,2}".join(rf"(?:\\x|0x)?{byte:02x}" for byte in data)
    cases = dict.fromkeys((secret, secret.swapcase(), secret.lower(), secret.upper()))
    return [
        f"(?i:{letters})",
        f"(?i:{digits})",
        *dict.fromkeys(_in_base64(case.encode("utf-8", "surrogatepass"), k) for case in cases for k in range(3)),
    ]


def _letter(char: str) -> str:
    """Return what matches one character, as it is, percent-encoded (twice, too), or as an escape of JSON or HTML."""
    percent = "".join(f"%(?:25)?{byte:02x}" for byte in char.encode("utf-8", "surrogatepass"))
    number = ord(char)
    return rf"(?:{re.escape(char)}|{percent}|\\u{number:04x}|&#(?:{number}|x0*{number:x});)"


def _in_base64(data: bytes, before: int) -> str:
    """Return what matches data within base64, with so many bytes (modulo 3) before them, in either alphabet."""
    whole = base64.b64encode(bytes(before) + data).decode("ascii")
    last = 8 * (before + len(data)) // 6  # a further character depends on what follows
    classes = {"+": "[+-]", "/": "[/_]"}
    return r"(?:\s|\\n)?".join(classes.get(char, char) for char in whole[_HEAD[before] : last])
