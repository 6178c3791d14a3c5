"""Checks a document against the schema and says the first mistake as a person would: where, what, and the mend."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from nihbench.catalog.document import Document, Where
from nihbench.catalog.lookup import close_names
from nihbench.errors import CatalogError

M = TypeVar("M", bound=BaseModel)

_KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "true or false"),
    ((int, float), "a number"),
    ((datetime.date, datetime.datetime), "a date"),
    (str, "a text"),
    (list, "a list"),
    (dict, "a group of keys"),
)
_WANTED = {
    "int_type": "a whole number, for example 7",
    "int_from_float": "a whole number, for example 7",
    "float_type": "a number, for example 1.5",
    "finite_number": "a finite number, for example 1.5",
    "bool_type": "true or false",
    "list_type": "a list: [one, two], or lines that begin with '- '",
    "dict_type": "a group of keys: lines `key: value`, indented below it",
    "model_type": "a group of keys: lines `key: value`, indented below it",
    "model_attributes_type": "a group of keys: lines `key: value`, indented below it",
}
_PATTERNS = {
    r"^[0-9a-f]{64}$": "64 hexadecimal digits in lower case, as sha256sum prints them",
    r"^\d{4}-\d{2}(-\d{2})?$": 'a day or a month in quotes, for example "2026-11"',
}


def validate(document: Document, schema: type[M]) -> M:
    """Return the document's values as `schema`; an empty file is an empty group. Raises `CatalogError`."""
    try:
        return schema.model_validate({} if document.data is None else document.data)
    except ValidationError as error:
        raise _explain(document, error.errors()[0]) from error


def _explain(document: Document, detail: ErrorDetails) -> CatalogError:
    where: Where = detail["loc"]
    context: Mapping[str, Any] = detail.get("ctx", {})
    if detail["type"] == "unknown_key":
        known = context["known"]
        hint = close_names(context["key"], known) or f"known here: {', '.join(known)}"
        return document.error((*where, context["key"]), f"the key `{context['key']}` is unknown; {hint}")
    if detail["type"] == "missing":
        owner = _label(where[:-1]) if len(where) > 1 else "the file"
        return document.error(where[:-1], f"{owner} has no `{where[-1]}`; add a line `{where[-1]}: ...`")
    return document.error(where, _wrong_value(document, where, detail, context))


def _wrong_value(document: Document, where: Where, detail: ErrorDetails, context: Mapping[str, Any]) -> str:
    kind, value = detail["type"], detail["input"]
    label = _label(where)
    if kind == "mistake":
        return f"{label}: {context['text']}"
    if kind == "string_type":
        return _not_a_text(label, value, document.written.get(where, ""))
    if kind in _WANTED:
        return f"{label} is {_kind_of(value)}; it must be {_WANTED[kind]}"
    if kind == "string_pattern_mismatch":
        return f"{label} is {value!r}; it must be {_PATTERNS[context['pattern']]}"
    if kind == "literal_error":
        return f"{label} is {value!r}; write {context['expected']}"
    if kind == "union_tag_invalid":
        return f"{label} has the kind {context['tag']!r}; write one of {context['expected_tags']}"
    if kind == "union_tag_not_found":
        return f"{label} has no `kind`; add a line `kind: ...` with wheel, url or python-topics"
    if kind == "too_short":
        return f"{label} is an empty list; give it at least one item, or remove the line"
    said = detail["msg"].removeprefix("Input should be ")
    return f"{label} is {value!r}; it must be {said}"


def _not_a_text(label: str, value: object, written: str) -> str:
    if value is None:
        return f"{label} is empty; write a text after the colon, or remove the line"
    if isinstance(value, list | dict):
        return f"{label} is {_kind_of(value)}; it must be one text, in quotes if it begins with [ or {{"
    return f'{label} must be a text, but YAML reads {written} as {_kind_of(value)}; put it in quotes: "{written}"'


def _kind_of(value: object) -> str:
    if value is None:
        return "empty"
    return next((name for kind, name in _KINDS if isinstance(value, kind)), "of a strange kind")


def _label(where: Where) -> str:
    """Name a place by its last key: "`weight`", "item 2 of `aliases`", "the file"."""
    if not where:
        return "the file"
    if isinstance(where[-1], int):
        return f"item {where[-1] + 1} of {_label(where[:-1])}"
    return f"`{where[-1]}`"
