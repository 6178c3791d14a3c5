"""What the YAML files may hold, as pydantic models: shapes and types only, strictly.

The published JSON Schemas are made of these models (`app.schemas`), for editors: what a function checks here is said
there by a pattern or a rule beside it (`_said`), as far as a schema can say it.

Rules that join several keys stand with the conversion (`needles`, `presets`, `manifests`); references between
entries with `references`. An unknown key is refused here, so that the message can name the known ones.
"""

from __future__ import annotations

import datetime
import unicodedata
from collections.abc import Collection, Mapping
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from nihbench.catalog.document import Document, Where
from nihbench.catalog.lookup import Broken, close_names
from nihbench.errors import CatalogError
from nihbench.lang.messages import Message, t
from nihbench.types import PINNED, UNKNOWN_LANGUAGE, WireName, is_pinned

_UNSAFE_IN_NAMES = frozenset('/\\,=:*?"<>|{}')


def mistake(message: str) -> PydanticCustomError:
    """Return a validation error whose whole message is ours."""
    return PydanticCustomError("mistake", "{text}", {"text": message})


_RUN_FIELDS = frozenset(
    {"messages", "model", "stream", "n", "max_tokens", "max_completion_tokens", "truncate_prompt_tokens"}
)
"""Fields that a run sets itself, or that must not be set: prompts and costs would not be what they seem."""


def _extra_body(value: dict[str, JsonValue]) -> dict[str, JsonValue]:
    for name in value:
        if name in _RUN_FIELDS:
            raise mistake(t("catalog.extra_body_may_not", name=name))
    return value


def _name(value: str) -> str:
    # Names stand in options (comma-separated, NAME/PROMPT, zh=NAME) and in file names on every system.
    if not value or value[0] in "-." or any(c in _UNSAFE_IN_NAMES or c.isspace() for c in value):
        raise mistake(t("catalog.cant_name_use_letters", value=value))
    return value


def _text(value: str) -> str:
    if not value.strip():
        raise mistake(t("catalog.text_blank_write_one"))
    for character in value:
        if character == "\ufffd" or (unicodedata.category(character) == "Cc" and character not in "\n\t"):
            raise mistake(t("catalog.broken_control_character_write", character=ascii(character)))
    return value


def _web_address(value: str) -> str:
    if not value.startswith(("https://", "http://")):
        raise mistake(t("catalog.no_web_address_begin", value=value))
    return value


def _pinned(value: str) -> str:
    if not is_pinned(value):
        raise mistake(t("catalog.not_pinned_write_package", value=value))
    return value


def _language(value: str) -> str:
    head = value.partition("-")[0]
    if not (2 <= len(head) <= 3 and head.isascii() and head.isalpha() and head.islower()):
        raise mistake(t("catalog.no_language_code_write", value=value))
    return value


def _inside(value: str) -> str:
    # Also looked for below a folder of the user's (--from): it must not lead out of it.
    if any(part in ("", ".", "..") for part in value.split("/")) or any(c in value for c in "\\:\n\t"):
        raise mistake(t("catalog.no_path_inside_wheel", value=value))
    return value


def _file_name(value: str) -> str:
    if value.startswith(".") or any(c in '/\\:*?"<>|' for c in value):
        raise mistake(t("catalog.cant_file_name_use", value=value))
    return value


def _in_languages(value: Any) -> Any:
    # One text is said in every language; its own is not known.
    return ({UNKNOWN_LANGUAGE: value} if value.strip() else {}) if isinstance(value, str) else value


def _said(*patterns: str, **rules: Any) -> Any:
    """Return what the published schema says of a value: patterns of the whole text, and further rules.

    They mean the same in JavaScript and in Python, whose own end of a text may stand before its last line break.
    """
    whole = [{"pattern": f"^(?:{pattern})$(?!\\n)"} for pattern in patterns]
    return Field(json_schema_extra=rules | (whole[0] if len(whole) == 1 else {"allOf": whole} if whole else {}))


_PLAIN_NAME = r"""[^/\\,=:*?"<>|{}\s.\-][^/\\,=:*?"<>|{}\s]*"""
_SOME_TEXT = r"(?=[\s\S]*\S)[^\u0000-\u0008\u000b-\u001f\u007f-\u009f\ufffd]*"
_LANGUAGE_CODE = r"[a-z]{2,3}(?:-[\s\S]*)?"
_STEPS = r"(?!\.{1,2}(?:/|$))[^/\\:\n\t]+(?:/(?!\.{1,2}(?:/|$))[^/\\:\n\t]+)*"
_FILE_NAME = r"""[^./\\:*?"<>|][^/\\:*?"<>|]*"""

Name = Annotated[str, AfterValidator(_name), _said(_PLAIN_NAME)]
Text = Annotated[str, AfterValidator(_text), _said(_SOME_TEXT)]
Statement = Annotated[str, AfterValidator(_text), _said(_SOME_TEXT, r"\S(?:[\s\S]*\S)?")]
"""A needle's sentence: what stands around it is added where it is planted (`needles`)."""
Question = Annotated[str, AfterValidator(_text), _said(_SOME_TEXT, **{"not": {"pattern": r"\{(haystack|question)\}"}})]
"""Nothing is filled into a question (`needles`)."""
WebAddress = Annotated[str, AfterValidator(_web_address), _said(r"https?://[\s\S]*")]
Pinned = Annotated[str, AfterValidator(_pinned), _said(PINNED)]
Language = Annotated[str, AfterValidator(_language), _said(_LANGUAGE_CODE)]
InLanguages = Annotated[
    dict[Language, Text],
    BeforeValidator(_in_languages),
    # One text, or a text a language; a blank one says nothing.
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string"},
                {
                    "type": "object",
                    "propertyNames": {"pattern": f"^{_LANGUAGE_CODE}$(?!\n)"},
                    "additionalProperties": {"type": "string", "pattern": f"^{_SOME_TEXT}$(?!\n)"},
                },
            ]
        }
    ),
]
Inside = Annotated[str, AfterValidator(_text), AfterValidator(_inside), _said(_SOME_TEXT, _STEPS)]
FileName = Annotated[str, AfterValidator(_text), AfterValidator(_file_name), _said(_SOME_TEXT, _FILE_NAME)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Day = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}(-\d{2})?$")]
ValueKind = Literal[
    "number", "percentage", "money", "quantity", "duration", "code", "url", "email", "phone", "uuid", "plate",
    "version", "coordinates", "date", "time", "moment", "name", "yes_no", "span", "list", "order", "phrase",
]  # fmt: skip
"""The types that an expected answer may be of: `nihbench.types.VALUE_KINDS`."""
Count = Annotated[int, Field(gt=0)]
Rate = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Price = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Entry(BaseModel):
    """A group of keys; every key must be known."""

    model_config: ClassVar[ConfigDict] = ConfigDict(strict=True, frozen=True, extra="forbid", defer_build=True)

    @model_validator(mode="before")
    @classmethod
    def refuse_unknown_keys(cls, data: Any) -> Any:
        """Name the first unknown key before anything else: it usually is the missing one, misspelt."""
        unknown = [key for key in data if key not in cls.model_fields] if isinstance(data, dict) else []
        if unknown:
            raise PydanticCustomError("unknown_key", "unknown key", {"key": unknown[0], "known": [*cls.model_fields]})
        return data


def _given(name: str, kind: str) -> dict[str, Any]:
    """Return the schema of a group that has a key with a value."""
    return {"required": [name], "properties": {name: {"type": kind}}}


_TELLING: dict[str, Any] = {"properties": {"identifying": {"const": True}}, "required": ["identifying"]}
_FRESH: dict[str, Any] = {"pattern": "^\\w+$(?!\\n)", "not": {"enum": ["haystack", "question"]}}


def _once(field: str) -> dict[str, Any]:
    """Return the schema of messages of which one holds a field, once."""
    hold = {"properties": {"content": {"pattern": rf"\{{{field}\}}"}}}
    again = {"properties": {"content": {"pattern": rf"\{{{field}\}}[\s\S]*\{{{field}\}}"}}}
    return {"contains": hold, "maxContains": 1, "not": {"contains": again}}


class FactEntry(Entry):
    """One key fact of a needle."""

    name: Name
    text: Text
    aliases: list[Text] = []
    weight: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    identifying: bool = False
    guessable: bool = False
    type: ValueKind | None = None


class SubjectEntry(Entry):
    """What a needle is about."""

    text: Text
    aliases: list[Text] = []


class NeedleEntry(Entry):
    """A needle; `text` is the short form of `texts` with one sentence."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [_given("text", "string"), _given("texts", "array")],
            "not": {"allOf": [_given("answer_type", "string"), _given("facts", "array")]},
        }
    )

    language: Language
    text: Statement | None = None
    texts: Annotated[list[Statement], Field(min_length=1)] | None = None
    question: Question
    answer: Text | None = None
    answer_type: ValueKind | None = None
    questions: dict[Name, Question] = {}
    facts: Annotated[list[FactEntry], Field(min_length=1), _said(contains=_TELLING)] | None = None
    subject: SubjectEntry | None = None
    fresh: Annotated[dict[str, Annotated[int, Field(ge=1, le=18)]], _said(propertyNames=_FRESH)] = {}
    note: str = ""


class MessageEntry(Entry):
    """One message of a prompt template."""

    role: Literal["system", "user", "assistant"]
    content: Text


class PromptEntry(Entry):
    """A prompt template."""

    messages: Annotated[list[MessageEntry], Field(min_length=1), _said(allOf=[_once("haystack"), _once("question")])]
    note: str = ""


_OTHER_TASK: dict[str, Any] = {"type": "string", "not": {"const": "needle"}}


class ExperimentEntry(Entry):
    """A needle, or another task with its options, over a corpus; without `prompts`, the prompt `original`."""

    # A task of its own, or the needle that the task `needle` hides.
    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [_given("needle", "string"), {"required": ["task"], "properties": {"task": _OTHER_TASK}}]
        }
    )

    needle: str | None = None
    task: Name | None = None
    options: dict[Name, str | int | float] = {}
    corpus: str
    prompts: Annotated[list[str], Field(min_length=1)] = ["original"]
    title: str = ""
    note: str = ""


class SuiteEntry(Entry):
    """A list of "experiment/prompt", and what they are measured with unless told otherwise."""

    items: Annotated[list[Annotated[str, _said(r"[^/]+/[\s\S]+")]], Field(min_length=1)]
    lengths: Text | None = None
    depths: Text | None = None
    repeats: Count | None = None
    of_classic: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] | None = None
    rule: Literal["", "ruler"] = ""
    note: str = ""


class DefaultsEntry(Entry):
    """What is used where nothing is named: the experiment, and for a bare needle the corpus of its language."""

    experiment: str | None = None
    corpora: dict[Language, str] = {}


class NeedlesFile(Entry):
    """needles.yaml."""

    defaults: DefaultsEntry | None = None
    needles: dict[Name, NeedleEntry] | None = None
    prompts: dict[Name, PromptEntry] | None = None
    experiments: dict[Name, ExperimentEntry] | None = None
    suites: dict[Name, SuiteEntry] | None = None


class PriceEntry(Entry):
    """USD per million tokens up to a prompt's length."""

    up_to: Count | None = None
    input: Price
    output: Price
    cached_input: Price | None = None


class LocalEntry(Entry):
    """An embedded model's file."""

    requirement: Pinned
    wheel_sha256: Sha256
    member: Inside
    sha256: Sha256
    size_bytes: Count


class BatchEntry(Entry):
    """A service's terms for batches."""

    price: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
    as_of: Day
    max_file_mb: Rate | None = None
    completion_window: Annotated[str, StringConstraints(pattern=r"^[1-9]\d*[hd]$")] = "24h"


class ProviderEntry(Entry):
    """What the models of one endpoint share; a model's own keys win."""

    base_url: WebAddress | None = None
    key_env: Text | None = None
    wire: WireName = "openai"
    key_header: Text | Literal[""] = ""
    output_param: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    temperature: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = 0.0
    tokenizer: Text | None = None
    counter: Literal["moonshot", "anthropic"] | None = None
    message_overhead: Annotated[int, Field(ge=0)] | None = None
    reply_overhead: Annotated[int, Field(ge=0)] | None = None
    cache: Text | None = None
    batch: BatchEntry | None = None
    concurrency: Count | None = None
    requests_per_minute: Rate | None = None
    tokens_per_minute: Rate | None = None
    extra_body: Annotated[
        dict[str, JsonValue], AfterValidator(_extra_body), _said(propertyNames={"not": {"enum": sorted(_RUN_FIELDS)}})
    ] = {}
    headers: dict[str, str] = {}
    note: str = ""


class ModelEntry(ProviderEntry):
    """A model preset; without `model`, its own name is the one the endpoint knows."""

    model_config = ConfigDict(
        json_schema_extra={
            "if": {"required": ["prices"], "properties": {"prices": {"minItems": 1}}},
            "then": _given("prices_as_of", "string"),
        }
    )

    provider: str | None = None
    model: str | None = None
    window: Count | None = None
    max_output: Count | None = None
    reasoning: bool = False
    prices: list[PriceEntry] = []
    prices_as_of: Day | None = None
    retired: bool = False
    unchecked: bool = False
    local: LocalEntry | None = None


class ModelsFile(Entry):
    """models.yaml."""

    providers: dict[Name, ProviderEntry] | None = None
    models: dict[Name, ModelEntry] | None = None


class WheelEntry(Entry):
    """Files inside a pinned wheel."""

    kind: Literal["wheel"]
    requirement: Pinned
    wheel_sha256: Sha256
    members: Inside
    format: Literal["text", "json-list"] = "text"


class UrlFileEntry(Entry):
    """One file at a pinned address."""

    name: FileName
    url: WebAddress
    sha256: Sha256


class UrlEntry(Entry):
    """Files at pinned addresses."""

    kind: Literal["url"]
    files: Annotated[list[UrlFileEntry], Field(min_length=1)]


class PythonTopicsEntry(Entry):
    """The language reference of the running Python."""

    kind: Literal["python-topics"]


class CorpusFile(Entry):
    """corpora/NAME.yaml."""

    name: Name
    language: Language
    title: Text
    licence: Text
    source: Annotated[WheelEntry | UrlEntry | PythonTopicsEntry, Field(discriminator="kind")]
    sha256: Sha256 | None = None
    text_sha256: Sha256 | None = None
    clean: list[Text] = []
    approximate_tokens: Count | None = None
    caveat: InLanguages = {}
    note: str = ""


# ---- a document against the schema, and its first mistake as a person would say it -----------------------------------


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
