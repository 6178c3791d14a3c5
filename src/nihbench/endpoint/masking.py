"""Takes keys out of what a server gives back, in whatever writing they come.

Pure. A gateway that logs requests hands headers back as they are, percent-encoded, in hex, as a part of something that
is in base64 or base32, or in another case; a model that repeats its key may space it out, reverse it, or write it in
other letters. Whoever reads the record can undo all of these.
"""

from __future__ import annotations

import base64
import html.entities
import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache

MASK = "***"
SHORTEST = 8
"""A shorter secret is masked as it is written only: in another writing it may be anything."""
# How many characters of base64 the bytes before a secret have a part in, by their number modulo 3.
_HEAD = (0, 2, 3)
SHORTEST_APART = 12
"""A shorter secret is looked for in one piece only."""
_SHORTEST_PIECE, _LONGEST_PIECE = 10, 16
"""Characters of a secret's piece that is masked by itself: half of it, and no more than tells it from any prefix."""

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
    if not known or not text:
        return text
    text = _pattern(known).sub(MASK, text)
    plain, places = _folded(text)
    if places:
        text = _without(text, [(places[a], places[b]) for a, b in _spans(known, plain)])
    return _without(text, list(_pieces(known, text)))


@lru_cache(maxsize=64)
def _pattern(secrets: tuple[str, ...]) -> re.Pattern[str]:
    longest_first = sorted({part for secret in secrets for part in _parts(secret)}, key=len, reverse=True)
    return re.compile("|".join(writing for secret in longest_first for writing in _writings(secret)))


def _parts(secret: str) -> list[str]:
    """Return a secret, and what follows its scheme (`Bearer ...`), which lets in by itself."""
    scheme, _, rest = secret.partition(" ")
    return [secret, rest] if scheme.isalpha() and len(rest) >= SHORTEST else [secret]


def _spans(secrets: tuple[str, ...], text: str) -> Iterator[tuple[int, int]]:
    return (found.span() for found in _pattern(secrets).finditer(text))


def _without(text: str, spans: list[tuple[int, int]]) -> str:
    """Return a text with stretches of it masked, given in order; those that overlap are one."""
    kept, at = [], 0
    for first, last in spans:
        if first >= at:
            kept += [text[at:first], MASK]
        at = max(at, last)
    return "".join((*kept, text[at:]))


def _folded(text: str) -> tuple[str, list[int]]:
    """Return a text in plain letters (NFKC) without what is not seen, and where each stood; no places: as it is."""
    if text.isascii():
        return text, []
    plain = [_plain(char) for char in text]
    places = [place for place, letters in enumerate(plain) for _ in letters]
    return "".join(plain), [*places, len(text)]


@lru_cache(maxsize=100_000)
def _plain(char: str) -> str:
    if char.isascii():
        return char
    return "" if unicodedata.category(char) in ("Cf", "Mn") else unicodedata.normalize("NFKC", char)


def _pieces(secrets: tuple[str, ...], text: str) -> Iterator[tuple[int, int]]:
    """Give where long pieces of a secret stand, as of one that was handed back in two halves."""
    for size, pieces in _grams(secrets).items():
        yield from ((at, at + size) for at in range(len(text) - size + 1) if text[at : at + size] in pieces)


@lru_cache(maxsize=64)
def _grams(secrets: tuple[str, ...]) -> dict[int, frozenset[str]]:
    """Return the pieces of secrets by their size; of one that may be words there are none."""
    found: dict[int, frozenset[str]] = {}
    for secret in {_parts(secret)[-1] for secret in secrets}:
        size = min(_LONGEST_PIECE, len(secret) // 2)
        pieces = {secret[at : at + size] for at in range(len(secret) - size + 1)} if size >= _SHORTEST_PIECE else set()
        found[size] = found.get(size, frozenset()) | {piece for piece in pieces if _is_random(piece)}
    return {size: pieces for size, pieces in found.items() if pieces}


def _is_random(piece: str) -> bool:
    return any(map(str.isdigit, piece)) and any(map(str.isalpha, piece))


def _writings(secret: str) -> list[str]:
    plain = re.escape(secret)
    if len(secret) < SHORTEST:
        return [plain]
    data = secret.encode("utf-8", "surrogatepass")
    # A word may come about out of ordinary text where it is spaced out; a longer secret does not.
    apart = r"[\W_]{0,3}" if len(secret) >= SHORTEST_APART else ""
    letters = apart.join(_letter(char) for char in secret)
    backwards = apart.join(_letter(char) for char in reversed(secret))
    digits = r"[\s:,-]{0,2}".join(rf"(?:\\x|0x)?{byte:02x}" for byte in data)
    cases = dict.fromkeys((secret, secret.swapcase(), secret.lower(), secret.upper()))
    return [
        f"(?i:{letters})",
        f"(?i:{digits})",
        f"(?i:{backwards})",
        *dict.fromkeys(f"(?i:{_in_base32(data, before)})" for before in range(5)),
        *dict.fromkeys(_in_base64(case.encode("utf-8", "surrogatepass"), k) for case in cases for k in range(3)),
    ]


def _letter(char: str) -> str:
    """Return what matches one character, as it is, percent-encoded (twice, too), or as an escape of JSON or HTML."""
    percent = "".join(f"%(?:25)?{byte:02x}" for byte in char.encode("utf-8", "surrogatepass"))
    number = ord(char)
    named = "".join(f"|&{name}" for name in _names().get(char, ()))
    return rf"(?:{re.escape(char)}|{percent}|\\u{number:04x}|&#(?:0*{number}|x0*{number:x});{named})"


@cache
def _names() -> dict[str, list[str]]:
    """Return what HTML calls the marks that keys have in them."""
    names: dict[str, list[str]] = {}
    for name, char in html.entities.html5.items():
        if char.isascii() and name.endswith(";"):
            names.setdefault(char, []).append(name)
    return names


def _in_base32(data: bytes, before: int) -> str:
    """Return what matches data within base32, with so many bytes (modulo 5) before them."""
    whole = base64.b32encode(bytes(before) + data).decode("ascii")
    return r"\s?".join(whole[-(-8 * before // 5) : 8 * (before + len(data)) // 5])


def _in_base64(data: bytes, before: int) -> str:
    """Return what matches data within base64, with so many bytes (modulo 3) before them, in either alphabet."""
    whole = base64.b64encode(bytes(before) + data).decode("ascii")
    last = 8 * (before + len(data)) // 6  # a further character depends on what follows
    classes = {"+": "[+-]", "/": "[/_]"}
    return r"(?:\s|\\n)?".join(classes.get(char, char) for char in whole[_HEAD[before] : last])
