"""Reads an error answer: the server's own words, its tags, its status and what it says of waiting, in any wrapper.

Pure. What follows from them is in `failures`. Wrappers seen in the wild: {"error": {...}}, a bare object, a list of
them, FastAPI's `detail`, Cloudflare's `errors`, Apigee's `fault`, and OpenRouter's `metadata.raw`, which is the
upstream's own body as a text.
"""

from __future__ import annotations

import codecs
import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from nihbench.endpoint.coding import codings_of
from nihbench.endpoint.masking import masked
from nihbench.endpoint.waits import asked_wait_s
from nihbench.lang.messages import Note, Words, quoted, t

MESSAGE_CHARACTERS = 500
_PADDING = " \t\r\n\0\ufeff"
# No page says more that is of use, and what is read of a hostile one is bounded.
_PAGE_CHARACTERS = 20_000
_INSIDE = ("error", "detail", "errors", "fault", "message", "base_resp", "innererror")
_WORDS = (
    "message", "detail", "msg", "error_description", "error_msg", "errorMessage", "Message", "faultstring",
    "status_msg", "title", "text", "error",
)  # fmt: skip
_NAMES = ("type", "code", "status", "param")
_STATUSES = ("code", "status", "status_code", "statusCode", "error_code")
_DEEPEST = 6
# The charsets of web pages, as Python calls them.
_CHARSET = re.compile(
    r"ascii|utf-8(-sig)?|utf-16(-[lb]e)?|gbk|gb2312|gb18030|big5(hkscs)?|shift_jis(_2004|x0213)?|cp932|euc_j\w+"
    r"|iso2022_jp|euc_kr|cp949|johab|iso8859-\d+|cp(437|85\d|866|874|125\d)|koi8-[rtu]|mac-\w+|tis-620|hp-roman8"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class ErrorBody:
    """An error answer's own words: `tags` are its type, code, status and parameter names in lower case.

    `plain`: what it holds besides, to be shown where it has no words; nothing is read out of it. `quotas` are the
    names of the quotas that Google's APIs call violated. `code` is the HTTP status that a gateway names in the body,
    and `headers` the upstream's that it hands on there.
    """

    message: Words
    plain: str = ""
    quotas: str = ""
    tags: frozenset[str] = frozenset()
    code: int | None = None
    wait_s: float | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def read_error(body: bytes, headers: Mapping[str, str], secrets: Iterable[str], now: datetime | None) -> ErrorBody:
    """Return what an error answer says; its words are fit to be shown.

    Args:
        body: the answer's body as it came.
        headers: the answer's headers.
        secrets: texts that must not appear in the words.
        now: the time of the answer, for delays that are given as a date.
    """
    text = decoded(body, headers)
    try:
        value = parse_json(text)
    except ValueError:
        words = own_words(not_json(text, headers), secrets)
        return ErrorBody(message=words, wait_s=asked_wait_s(headers, quoted(words), (), now))
    if not isinstance(value, (dict, list)):
        value = {"message": "" if value is None else str(value)}
    layers = list(_layers(value))
    raw = _message(layers)
    plain = (f"{name}: {value}" for name, value in (layers or [{}])[-1].items() if isinstance(value, (str, int)))
    details = [detail for layer in layers for detail in _list(layer.get("details"))]
    passed = _passed_headers(layers)
    # What the body says of waiting is read as such details, too.
    return ErrorBody(
        message=one_line(raw, secrets),
        plain=one_line(", ".join(plain), secrets),
        quotas=" ".join(_quotas(details)),
        tags=frozenset(name.lower() for layer in layers for name in map(layer.get, _NAMES) if isinstance(name, str)),
        code=next(_codes(layers), None),
        wait_s=asked_wait_s(passed | dict(headers), raw, [*details, *layers], now),
        headers=passed,
    )


def own_words(words: Words, secrets: Iterable[str] = ()) -> Words:
    """Return words fit for one line on a screen (see `one_line`), with all that a note quotes."""
    return words.mapped(lambda text: one_line(text, secrets)) if isinstance(words, Note) else one_line(words, secrets)


def one_line(text: str, secrets: Iterable[str] = ()) -> str:
    """Return `text` fit for one line on a screen: no control characters, secrets masked, at most 500 characters."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    line = masked(line, secrets)
    return line if len(line) <= MESSAGE_CHARACTERS else line[: MESSAGE_CHARACTERS - 1] + "…"


def parse_json(body: bytes | str) -> Any:
    """Return the JSON value in `body`.

    Blank padding (NUL bytes too), a byte order mark, broken UTF-8 and raw control characters in strings are survived.

    Raises:
        ValueError: it is not JSON.
    """
    text = body if isinstance(body, str) else body.decode("utf-8", errors="replace")
    try:
        return json.loads(text.strip(_PADDING), strict=False)
    except RecursionError as error:
        raise ValueError(t("common.nested_too_deeply")) from error


def not_json(text: str, headers: Mapping[str, str]) -> Words:
    """Return what a body that is no JSON says: a web page's title, else its words, else the text itself."""
    codings = codings_of(headers)
    if codings and not (len(codings) == 1 and codings[0] in ("gzip", "x-gzip", "deflate")):
        packed = ", ".join(codings)[:100]
        return Note("compressed_unasked", encoding=packed)
    text = text[:_PAGE_CHARACTERS]
    if not re.match(r"\s*<[!?a-z]", text, re.IGNORECASE):
        return text
    title = re.search(r"<title[^>]*>([^<]*)", text, re.IGNORECASE)
    words = title[1] if title else re.sub(r"<[^>]*>", " ", text)
    said = " ".join(html.unescape(words).split())
    return Note("web_page_titled", title=said) if said else Note("web_page")


def decoded(body: bytes, headers: Mapping[str, str]) -> str:
    """Return a body's text, whatever it is; one that is no UTF-8 is read as what it says to be, such as GBK.

    Python knows codecs that are none of a text (idna, punycode, undefined) and fail on single bytes whatever they are
    told: none but the charsets of real pages are believed.
    """
    try:
        return body.decode()
    except UnicodeDecodeError:
        kind = _header(headers, "content-type")
        named = re.search(r"charset=[\"']?([\w.-]{1,40})", kind + body[:2000].decode("ascii", errors="ignore"), re.I)
    return body.decode(_charset(named[1]) if named else "utf-8", errors="replace")


def _charset(name: str) -> str:
    try:
        known = codecs.lookup(name).name
    except (LookupError, ValueError):
        return "utf-8"
    return known if _CHARSET.fullmatch(known) else "utf-8"


def _header(headers: Mapping[str, str], name: str) -> str:
    return next((value for key, value in headers.items() if key.lower() == name), "")


def _layers(value: object, depth: int = 0) -> Iterator[Mapping[str, Any]]:
    """Give the error's objects, the innermost first."""
    if isinstance(value, list):
        # Of several errors the first one; FastAPI's list says what is wrong where, and is read as one text.
        value = value[0] if value and not _is_validation(value) else {}
    if not isinstance(value, dict) or depth > _DEEPEST:
        return
    metadata = value.get("metadata")
    upstream = metadata.get("raw") if isinstance(metadata, dict) else None
    if isinstance(upstream, str):
        try:
            upstream = parse_json(upstream)
        except ValueError:
            upstream = {"message": upstream}
    for inside in (upstream, *(value.get(name) for name in _INSIDE)):
        if isinstance(inside, (dict, list)):
            yield from _layers(inside, depth + 1)
    yield value


def _message(layers: list[Mapping[str, Any]]) -> str:
    """Return the innermost words, behind those of a gateway that hands them on."""
    said = list(dict.fromkeys(words for words in map(_words_of, layers) if words))
    gateway = next((_words_of(layer) for layer in layers if isinstance(layer.get("metadata"), dict)), "")
    if said:
        return f"{gateway}: {said[0]}" if gateway and gateway != said[0] else said[0]
    return ""


def _words_of(error: Mapping[str, Any]) -> str:
    for key in _WORDS:
        value = error.get(key)
        if isinstance(value, str) and value.strip():
            return value
        if isinstance(value, list) and _is_validation(value):
            return "; ".join(_validation_line(item) for item in value)
    return ""


def _is_validation(items: list[Any]) -> bool:
    """Say whether a list is FastAPI's of what is wrong where."""
    return bool(items) and (isinstance(items[0], str) or (isinstance(items[0], dict) and "loc" in items[0]))


def _validation_line(item: object) -> str:
    """Return what is wrong and where; the echoed input is left out."""
    if not isinstance(item, dict):
        return str(item)
    where = item.get("loc")
    place = ".".join(map(str, where)) if isinstance(where, list) else ""
    return f"{place}: {item.get('msg', '')}"


def _codes(layers: list[Mapping[str, Any]]) -> Iterator[int]:
    """Give the HTTP statuses that the objects name, a gateway's before its upstream's."""
    for layer in reversed(layers):
        for value in map(layer.get, _STATUSES):
            text = str(value) if isinstance(value, (int, str)) and not isinstance(value, bool) else ""
            if re.fullmatch(r"[45]\d\d", text):
                yield int(text)


def _quotas(details: Iterable[object]) -> Iterator[str]:
    for detail in details:
        for violation in _list(detail.get("violations") if isinstance(detail, dict) else None):
            if isinstance(violation, dict):
                yield str(violation.get("quotaId", ""))


def _passed_headers(layers: list[Mapping[str, Any]]) -> dict[str, str]:
    """Return the upstream's headers, as OpenRouter hands them on."""
    metadata = (layer.get("metadata") for layer in layers)
    found = next((data.get("headers") for data in metadata if isinstance(data, dict)), None)
    return {str(name): str(value) for name, value in found.items()} if isinstance(found, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
