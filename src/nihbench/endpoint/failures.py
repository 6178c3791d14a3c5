"""An error answer: read in any wrapper, and what it means, by one table of rules. What follows from it see `kinds`.

Pure. It knows HTTP statuses, headers and bodies, not sockets; a dropped connection is judged in
`connection`.
Rules look at the status line and at the server's own words (type, code, message), never at digits inside a body:
prompts are echoed in error messages.
"""

from __future__ import annotations

import codecs
import html
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from nihbench.endpoint.coding import codings_of
from nihbench.endpoint.masking import masked
from nihbench.endpoint.waits import asked_wait_s, exhausted_wait_s, in_words, rate_state
from nihbench.lang.messages import Note, Words, quoted, t
from nihbench.types import FailureKind

# ---- an error answer as it came: the server's own words, its tags, its status, its waits, in any wrapper -------------
# Pure. What follows from them is in `failures`. Wrappers seen in the wild: {"error": {...}}, a bare object, a list of
# them, FastAPI's `detail`, Cloudflare's `errors`, Apigee's `fault`, and OpenRouter's `metadata.raw`, which is the
# upstream's own body as a text.


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


# ---- what it means ---------------------------------------------------------------------------------------------------


class Diagnosis(NamedTuple):
    """A failure's kind, the server's own words about it, and how long it asks to wait (None: it does not say).

    `tags` are the error's type, code, status and parameter names in lower case.
    """

    kind: FailureKind
    message: Words
    wait_s: float | None
    tags: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Rule:
    """Matches when the status is one of `statuses` (None: any), and a tag or a word fits where either is given.

    `host`: how the name of the server ends that this is true of.
    """

    kind: FailureKind
    statuses: Collection[int] | None = None
    tags: frozenset[str] = frozenset()
    words: re.Pattern[str] | None = None
    told_to_wait: bool = False
    host: str = ""

    def matches(self, status: int, error: ErrorBody, host: str) -> bool:
        if not host.endswith(self.host) or (self.statuses is not None and status not in self.statuses):
            return False
        if self.told_to_wait:
            return error.wait_s is not None
        if not self.tags and self.words is None:
            return True
        if self.tags & error.tags:
            return True
        return self.words is not None and self.words.search(f"{quoted(error.message)} {error.quotas}") is not None


def _tags(*names: str) -> frozenset[str]:
    return frozenset(names)


def _words(*phrases: str) -> re.Pattern[str]:
    return re.compile("|".join(phrases), re.IGNORECASE)


_REFUSALS = (200, 400, 403, 413, 422)
SAMPLING = (
    "temperature", "top_p", "top_k", "min_p", "seed", "presence_penalty", "frequency_penalty", "repetition_penalty",
)  # fmt: skip
"""Parameters that a request can do without: a server that refuses one is asked again without it."""
_MODEL_WORDS = ("model", "deployment", "endpoints found")
_PARAMETERS = (*SAMPLING, "max_tokens", "max_completion_tokens")

# The first rule that matches decides. Type and code come before wording, and a named delay before both wordings of
# "quota": OpenAI's words for an empty account are Gemini's words for "wait 26 seconds".
_RULES = (
    # Alibaba calls the tokens of a minute a quota, too; an empty account is "Arrearage" there.
    _Rule(kind="rate_limit", statuses=(429,), tags=_tags("insufficient_quota"), host=".aliyuncs.com"),
    _Rule(
        kind="quota",
        tags=_tags(
            "exceeded_current_quota_error", "insufficient_quota", "credit_balance_exhausted", "insufficient_balance",
            "billing_hard_limit_reached", "billing_not_active", "arrearage", "insufficient_user_quota",
            "budget_exceeded",
        ),
    ),
    _Rule(kind="quota", statuses=(402,)),
    _Rule(
        kind="quota",
        statuses=(200, 400, 403, 429),
        words=_words(
            "credit balance is too low", "insufficient balance", "budget has been exceeded",
            "used all available credits", "monthly spending limit", "账户已?欠费", "余额不足", "额度不足",
        ),
    ),
    _Rule(kind="overflow", tags=_tags("context_length_exceeded", "exceed_context_size_error", "request_too_large")),
    # More tokens in one prompt than the account has for a minute: no waiting makes room for it.
    _Rule(kind="overflow", statuses=(413, 429), words=_words("request too large for")),
    _Rule(
        kind="overflow",
        statuses=(200, 400, 413, 422, 500),
        words=_words(
            "maximum context length", "exceeded model token limit", "input token length too long",
            "longer than the model's context length", "longer than the maximum model length", "prompt is too long",
            "exceeds the available context size", "range of input length", "exceeds? context limit",
            "(exceeds|larger than) the( model's)? context window", "context window exceeds limit",
            "(exceeds|greater than) the( model's| maximum)? context length", "maximum prompt length",
            "exceeds the maximum number of tokens", "exceeds the maximum allowed length", "prompt exceeds max length",
            "context length (is|of) only", "too long to fit into the model",
            "input is too long", "too many tokens: size limit", r"must have less than \d+ tokens",
            r"max_new_tokens`? must be <=", "(超过|超出).{0,20}上下文", "prompt ?超长", "输入(内容)?超长",
        ),
    ),
    _Rule(
        kind="filtered",
        tags=_tags(
            "content_filter", "content_policy_violation", "responsibleaipolicyviolation", "data_inspection_failed",
            "datainspectionfailed",
        ),
    ),
    _Rule(
        kind="filtered",
        statuses=_REFUSALS,
        words=_words(
            "considered high risk", "content management policy", "inappropriate content", "input was flagged",
            "content exists risk", "content filtering policy", "敏感内容", "违规内容",
        ),
    ),
    _Rule(kind="overloaded", tags=_tags("engine_overloaded_error", "overloaded_error")),
    _Rule(kind="overloaded", statuses=(503, 529)),
    # Google's way to say that this account may not use this model at all.
    _Rule(kind="quota", statuses=(429,), words=_words(r"\blimit: 0\b")),
    # A day's allowance is used up: waiting does not help this run, its message says when to come back.
    _Rule(
        kind="day_limit",
        statuses=(429,),
        words=_words(r"\b[TR]PD\b", "per[- _]?day", r"\bdaily (rate |request |token )?(limit|quota)"),
    ),
    _Rule(kind="rate_limit", statuses=(429,), told_to_wait=True),
    _Rule(kind="quota", statuses=(429,), words=_words("exceeded your current quota", "plan and billing")),
    _Rule(kind="rate_limit", statuses=(429,)),
    _Rule(kind="rate_limit", tags=_tags("rate_limit_reached_error", "rate_limit_exceeded", "rate_limit_error")),
    _Rule(kind="auth", statuses=(*range(300, 400), 401, 403, 404, 405, 407)),
    _Rule(
        kind="auth",
        tags=_tags(
            "invalid_authentication_error", "authentication_error", "invalid_api_key", "permission_error",
            "permission_denied_error", "model_not_found", "resource_not_found_error",
        ),
    ),
    _Rule(
        kind="auth",
        statuses=(400,),
        words=_words(
            "api key not valid", "(incorrect|invalid) api key", "authentication error", "location is not supported"
        ),
    ),
    _Rule(
        kind="bad_parameter",
        statuses=(200, 400, 422),
        tags=_tags("unsupported_parameter", "unsupported_value", "unknown_parameter", *_PARAMETERS),
        words=_words(*(rf"\b{name}\b" for name in _PARAMETERS)),
    ),
    # Cloudflare waits a hundred seconds for an answer, and a long prompt may be read for longer.
    _Rule(kind="timeout", statuses=(524,)),
    _Rule(kind="transient", statuses=(200, 408, 409, 425, *range(500, 600))),
)  # fmt: skip


def classify(
    status: int,
    body: bytes,
    headers: Mapping[str, str],
    *,
    secrets: Iterable[str] = (),
    now: datetime | None = None,
    host: str = "",
) -> Diagnosis:
    """Return what an error answer means.

    Args:
        status: the HTTP status; 200 for an error that came inside a good answer.
        body: the answer's body as it came: JSON in any of the usual wrappers, HTML, plain text, nothing.
        headers: the answer's headers.
        secrets: texts that must not appear in the message, such as the API key.
        now: the time of the answer, in UTC, for delays that are given as a date.
        host: the server's name, for those that mean something of their own.
    """
    error = read_error(body, headers, secrets, now)
    # Gateways report the upstream's status as a field of an error that travels inside a 200.
    judged = error.code if status == 200 and error.code is not None else status
    kind: FailureKind = next((rule.kind for rule in _RULES if rule.matches(judged, error, host)), "refused_by_server")
    wait_s = error.wait_s
    if wait_s is None and kind in ("rate_limit", "day_limit"):
        wait_s = exhausted_wait_s(rate_state({**error.headers, **headers}, now))
    message = error.message or error.plain or Note("status_alone", status=status)
    hinted = own_words(_hinted(message, kind, status, headers, error, wait_s), secrets)
    return Diagnosis(kind, hinted, wait_s, error.tags)


def is_about_model(message: Words) -> bool:
    """Say whether a server's words are about the model that was asked for: then the address itself is right."""
    return any(word in quoted(message).lower() for word in _MODEL_WORDS)


def _hinted(
    message: Words, kind: FailureKind, status: int, headers: Mapping[str, str], error: ErrorBody, wait_s: float | None
) -> Words:
    """Return a message with what to do about it behind it, where that is known."""
    if kind == "day_limit":
        if wait_s is None:
            return Note("hint_day_limit_unknown", message=message)
        return Note("hint_day_limit", message=message, wait=in_words(wait_s))
    if 300 <= status < 400:
        target = next((value for name, value in headers.items() if name.lower() == "location"), "")
        return Note("hint_redirect", message=message, target=target or Note("another_address"))
    if status == 401 and "invalid_authentication_error" in error.tags:
        return Note("hint_moonshot_keys", message=message)
    if status == 407:
        return Note("hint_proxy_login", message=message)
    if status in (404, 405) and not is_about_model(error.message):
        return Note("hint_base_url", message=message)
    return message
