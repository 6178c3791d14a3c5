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
    (bool, t("catalog.true_false")),
    ((int, float), t("catalog.number")),
    ((datetime.date, datetime.datetime), t("catalog.date")),
    (str, t("catalog.text")),
    (list, t("catalog.list")),
    (dict, t("catalog.group_keys")),
)
_WANTED = {
    "int_type": t("catalog.whole_number_example_7"),
    "int_from_float": t("catalog.whole_number_example_7"),
    "float_type": t("catalog.number_example_1_5"),
    "finite_number": t("catalog.finite_number_example_1"),
    "bool_type": t("catalog.true_false"),
    "list_type": t("catalog.list_one_two_lines"),
    "dict_type": t("catalog.group_keys_lines_key"),
    "model_type": t("catalog.group_keys_lines_key"),
    "model_attributes_type": t("catalog.group_keys_lines_key"),
}
_PATTERNS = {
    r"^[0-9a-f]{64}$": t("catalog.64_hexadecimal_digits_lower"),
    r"^\d{4}-\d{2}(-\d{2})?$": t("catalog.day_month_quotes_example"),
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
        hint = close_names(context["key"], known) or t("catalog.known_here", known=tuple(known))
        return document.error((*where, context["key"]), t("catalog.key_unknown", key=context["key"], hint=hint))
    if detail["type"] == "missing":
        owner = _label(where[:-1]) if len(where) > 1 else t("catalog.file")
        return document.error(where[:-1], t("catalog.no_add_line", owner=owner, key=where[-1]))
    return document.error(where, _wrong_value(document, where, detail, context))


def _wrong_value(document: Document, where: Where, detail: ErrorDetails, context: Mapping[str, Any]) -> str:
    kind, value = detail["type"], detail["input"]
    label = _label(where)
    if kind == "mistake":
        return t("catalog.label_text", label=label, text=context["text"])
    if kind == "string_type":
        return _not_a_text(label, value, document.written.get(where, ""))
    if kind in _WANTED:
        return t("catalog.must", label=label, kind=_kind_of(value), wanted=_WANTED[kind])
    if kind == "string_pattern_mismatch":
        wanted = _PATTERNS[context["pattern"]]
        return t("catalog.must_2", label=label, value=value, wanted=wanted)
    if kind == "literal_error":
        return t("catalog.write", label=label, value=value, expected=context["expected"])
    if kind == "union_tag_invalid":
        known = context["expected_tags"]
        return t("catalog.kind_write_one", label=label, tag=context["tag"], known=known)
    if kind == "union_tag_not_found":
        return t("catalog.no_kind_add_line", label=label)
    if kind == "too_short":
        return t("catalog.empty_list_give_least", label=label)
    said = detail["msg"].removeprefix("Input should be ")
    return t("catalog.must_2", label=label, value=value, wanted=said)


def _not_a_text(label: str, value: object, written: str) -> str:
    if value is None:
        return t("catalog.empty_write_text_after", label=label)
    if isinstance(value, list | dict):
        return t("catalog.must_one_text_quotes", label=label, kind=_kind_of(value))
    return t("catalog.must_text_but_yaml", label=label, written=written, kind=_kind_of(value))


def _kind_of(value: object) -> str:
    if value is None:
        return t("catalog.empty")
    return next((name for kind, name in _KINDS if isinstance(value, kind)), t("catalog.strange_kind"))


def _label(where: Where) -> str:
    """Name a place by its last key: "`weight`", "item 2 of `aliases`", "the file"."""
    if not where:
        return t("catalog.file")
    if isinstance(where[-1], int):
        return t("catalog.item", number=where[-1] + 1, owner=_label(where[:-1]))
    return f"`{where[-1]}`"
