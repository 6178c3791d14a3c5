"""Checks a document against the schema and says the first mistake as a person would: where, what, and the mend."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from nihbench.catalog.document import Document, Where
from nihbench.catalog.lookup import Broken, close_names
from nihbench.errors import CatalogError
from nihbench.lang.messages import Message, t

M = TypeVar("M", bound=BaseModel)

_KINDS: tuple[tuple[type | tuple[type, ...], Message], ...] = (
    (bool, t("true or false")),
    ((int, float), t("a number")),
    ((datetime.date, datetime.datetime), t("a date")),
    (str, t("a text")),
    (list, t("a list")),
    (dict, t("a group of keys")),
)
_WANTED = {
    "int_type": t("a whole number, for example 7"),
    "int_from_float": t("a whole number, for example 7"),
    "float_type": t("a number, for example 1.5"),
    "finite_number": t("a finite number, for example 1.5"),
    "bool_type": t("true or false"),
    "list_type": t("a list: [one, two], or lines that begin with '- '"),
    "dict_type": t("a group of keys: lines `key: value`, indented below it"),
    "model_type": t("a group of keys: lines `key: value`, indented below it"),
    "model_attributes_type": t("a group of keys: lines `key: value`, indented below it"),
}
_PATTERNS = {
    r"^[0-9a-f]{64}$": t("64 hexadecimal digits in lower case, as sha256sum prints them"),
    r"^\d{4}-\d{2}(-\d{2})?$": t('a day or a month in quotes, for example "2026-11"'),
}


def validate(document: Document, schema: type[M], broken: Broken, sections: Collection[str] = ()) -> M:
    """Return the document's values as `schema`; an empty file is an empty group.

    An entry of `sections` with a mistake is left out and put into `broken`. Raises `CatalogError` for other mistakes.
    """
    data = {} if document.data is None else document.data
    try:
        return schema.model_validate(data)
    except ValidationError as error:
        found: Broken = {}
        for detail in error.errors():
            section, name, *_ = (*map(str, detail["loc"]), "", "")
            if section not in sections or not name:
                raise _explain(document, detail) from error
            found.setdefault((section, name), _explain(document, detail))
    broken |= found
    left = {
        section: {name: entry for name, entry in entries.items() if (section, name) not in found}
        if section in sections and isinstance(entries, dict)
        else entries
        for section, entries in data.items()
    }
    return schema.model_validate(left)


def _explain(document: Document, detail: ErrorDetails) -> CatalogError:
    where: Where = detail["loc"]
    context: Mapping[str, Any] = detail.get("ctx", {})
    if detail["type"] == "unknown_key":
        known = context["known"]
        hint = close_names(context["key"], known) or t("known here: {known}", known=", ".join(known))
        return document.error(
            (*where, context["key"]), t("the key `{key}` is unknown; {hint}", key=context["key"], hint=hint)
        )
    if detail["type"] == "missing":
        owner = _label(where[:-1]) if len(where) > 1 else t("the file")
        return document.error(
            where[:-1], t("{owner} has no `{key}`; add a line `{key}: ...`", owner=owner, key=where[-1])
        )
    return document.error(where, _wrong_value(document, where, detail, context))


def _wrong_value(document: Document, where: Where, detail: ErrorDetails, context: Mapping[str, Any]) -> str:
    kind, value = detail["type"], detail["input"]
    label = _label(where)
    if kind == "mistake":
        return t("{label}: {text}", label=label, text=context["text"])
    if kind == "string_type":
        return _not_a_text(label, value, document.written.get(where, ""))
    if kind in _WANTED:
        return t("{label} is {kind}; it must be {wanted}", label=label, kind=_kind_of(value), wanted=_WANTED[kind])
    if kind == "string_pattern_mismatch":
        wanted = _PATTERNS[context["pattern"]]
        return t("{label} is {value!r}; it must be {wanted}", label=label, value=value, wanted=wanted)
    if kind == "literal_error":
        return t("{label} is {value!r}; write {expected}", label=label, value=value, expected=context["expected"])
    if kind == "union_tag_invalid":
        known = context["expected_tags"]
        return t("{label} has the kind {tag!r}; write one of {known}", label=label, tag=context["tag"], known=known)
    if kind == "union_tag_not_found":
        return t("{label} has no `kind`; add a line `kind: ...` with wheel, url or python-topics", label=label)
    if kind == "too_short":
        return t("{label} is an empty list; give it at least one item, or remove the line", label=label)
    said = detail["msg"].removeprefix("Input should be ")
    return t("{label} is {value!r}; it must be {wanted}", label=label, value=value, wanted=said)


def _not_a_text(label: str, value: object, written: str) -> str:
    if value is None:
        return t("{label} is empty; write a text after the colon, or remove the line", label=label)
    if isinstance(value, list | dict):
        return t(
            "{label} is {kind}; it must be one text, in quotes if it begins with [ or {{",
            label=label,
            kind=_kind_of(value),
        )
    return t(
        '{label} must be a text, but YAML reads {written} as {kind}; put it in quotes: "{written}"',
        label=label,
        written=written,
        kind=_kind_of(value),
    )


def _kind_of(value: object) -> str:
    if value is None:
        return t("empty")
    return next((name for kind, name in _KINDS if isinstance(value, kind)), t("of a strange kind"))


def _label(where: Where) -> str:
    """Name a place by its last key: "`weight`", "item 2 of `aliases`", "the file"."""
    if not where:
        return t("the file")
    if isinstance(where[-1], int):
        return t("item {number} of {owner}", number=where[-1] + 1, owner=_label(where[:-1]))
    return f"`{where[-1]}`"
