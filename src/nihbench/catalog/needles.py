"""needles.yaml's entries as values: needles and prompt templates, with the rules that join several keys.

References to other entries (an experiment's needle, a question's prompt) are checked in `references`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from nihbench.catalog.document import Sourced
from nihbench.catalog.lookup import Broken, close_names, unknown
from nihbench.catalog.schema import ModelEntry, ModelsFile, NeedleEntry, PromptEntry, ProviderEntry
from nihbench.errors import CatalogError
from nihbench.lang.messages import t
from nihbench.languages.base import of
from nihbench.types import (
    BatchTerms,
    KeyFact,
    LocalModel,
    Message,
    ModelPreset,
    Needle,
    PriceTier,
    PromptTemplate,
    Subject,
)

_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_TEMPLATE_FIELDS = ("haystack", "question")

Below = tuple[str | int, ...]


def make_needle(source: Sourced[NeedleEntry]) -> Needle:
    """Return the needle of an entry; raises `CatalogError` where its keys contradict each other."""
    entry = source.value
    statements = _statements(source)
    _check_placeholders(source, statements)
    _check_readable(source)
    _check_telling(source, statements)
    answer = entry.answer or _joined(entry)
    subject = entry.subject
    return Needle(
        name=source.name,
        language=entry.language,
        statements=statements,
        question=entry.question,
        questions=dict(entry.questions),
        answer=answer,
        facts=_facts(source, answer),
        subject=Subject(text=subject.text, aliases=tuple(subject.aliases)) if subject else None,
        fresh=dict(entry.fresh),
        note=entry.note,
        answer_type=_answer_type(source),
    )


def _answer_type(source: Sourced[NeedleEntry]) -> str:
    if source.value.answer_type and source.value.facts:
        raise source.error(t("catalog.answer_type_facts"), "answer_type")
    return source.value.answer_type or ""


def make_prompt(source: Sourced[PromptEntry]) -> PromptTemplate:
    """Return the template of an entry: all its messages together hold {haystack} once and {question} once."""
    seen: set[str] = set()
    for index, message in enumerate(source.value.messages):
        for field in _PLACEHOLDER.findall(message.content):
            below = ("messages", index, "content")
            if field not in _TEMPLATE_FIELDS:
                _check_misspelt(source, field, _TEMPLATE_FIELDS, below)
                continue
            if field in seen:
                raise source.error(t("catalog.stands_twice_prompt_keep", field=field), *below)
            seen.add(field)
    for field in _TEMPLATE_FIELDS:
        if field not in seen:
            message_text = t("catalog.prompt_no_write_where", field=field)
            raise source.error(message_text, "messages")
    messages = tuple(Message(role=message.role, content=message.content) for message in source.value.messages)
    return PromptTemplate(name=source.name, messages=messages, note=source.value.note)


def _statements(source: Sourced[NeedleEntry]) -> tuple[str, ...]:
    entry = source.value
    if entry.text is not None and entry.texts is not None:
        raise source.error(t("catalog.needle_either_text_texts"), "texts")
    if entry.text is None and entry.texts is None:
        raise source.error(t("catalog.no_text_add_line", name=source.name))
    statements = (entry.text,) if entry.text is not None else tuple(entry.texts or ())
    for index, statement in enumerate(statements):
        # The splice adds what stands around a needle; a line break of its own would come between it and its stop.
        if statement != statement.strip():
            below: Below = ("text",) if entry.text is not None else ("texts", index)
            raise source.error(t("catalog.needle_begins_ends_blank"), *below)
    return statements


def _facts(source: Sourced[NeedleEntry], answer: str) -> tuple[KeyFact, ...]:
    entries = source.value.facts
    if entries is None:
        return (KeyFact(name="answer", text=answer, identifying=True),)
    names: set[str] = set()
    for index, entry in enumerate(entries):
        if entry.name in names:
            raise source.error(t("catalog.two_facts_named_rename", name=entry.name), "facts", index, "name")
        names.add(entry.name)
    if not any(entry.identifying for entry in entries):
        message = t("catalog.no_fact_tells_needle")
        raise source.error(message, "facts")
    return tuple(
        KeyFact(
            name=entry.name,
            text=entry.text,
            aliases=tuple(entry.aliases),
            weight=entry.weight,
            identifying=entry.identifying,
            guessable=entry.guessable,
            type=entry.type or "",
        )
        for entry in entries
    )


def _check_placeholders(source: Sourced[NeedleEntry], statements: tuple[str, ...]) -> None:
    fresh = source.value.fresh
    for name in fresh:
        if name in _TEMPLATE_FIELDS or not _PLACEHOLDER.fullmatch(f"{{{name}}}"):
            raise source.error(t("catalog.cant_fresh_value_name", name=name), "fresh", name)
        if not any(f"{{{name}}}" in statement for statement in statements):
            message = t("catalog.fresh_value_not_used", name=name)
            raise source.error(message, "fresh", name)
    for text, below in _fillable(source.value):
        for field in _PLACEHOLDER.findall(text):
            _check_misspelt(source, field, fresh, below)
    for text, below in _fixed(source.value):
        for field in _PLACEHOLDER.findall(text):
            if field in fresh or field in _TEMPLATE_FIELDS:
                raise source.error(
                    t("catalog.nothing_filled_here_write", placeholder=f"{{{field}}}"),
                    *below,
                )
            _check_misspelt(source, field, (*fresh, *_TEMPLATE_FIELDS), below)


def _check_readable(source: Sourced[NeedleEntry]) -> None:
    """Refuse what no answer can be compared with: an answer or a fact without any letter or digit."""
    entry = source.value
    stated: Below = ("text",) if entry.text is not None else ("texts",)
    expected = [*_facts_texts(entry)]
    expected.append((entry.answer, ("answer",)) if entry.answer is not None else (_joined(entry), stated))
    for text, below in expected:
        if not any(map(str.isalnum, text)):
            raise source.error(t("catalog.no_letter_digit_look", text=text), *below)


def _check_telling(source: Sourced[NeedleEntry], statements: tuple[str, ...]) -> None:
    """Refuse a question that gives the needle away."""
    told = [said for statement in statements if (said := _bare(statement))]
    entry = source.value
    questions: list[tuple[str, Below]] = [(entry.question, ("question",))]
    questions += [(question, ("questions", name)) for name, question in entry.questions.items()]
    for question, below in questions:
        if any(said in _bare(question) for said in told):
            raise source.error(t("catalog.question_holds_needle_itself"), *below)


def _bare(text: str) -> str:
    """Return a text in lower case with single blanks and without its stop."""
    return " ".join(text.casefold().split()).rstrip(".!?…。！？ ")


def _joined(entry: NeedleEntry) -> str:
    """Return all that the needle states: the answer where none is given."""
    statements = [entry.text] if entry.text is not None else entry.texts or []
    return of(entry.language).language.sentence_joint.join(statements)


def _facts_texts(entry: NeedleEntry) -> Iterator[tuple[str, Below]]:
    for index, fact in enumerate(entry.facts or ()):
        yield fact.text, ("facts", index, "text")
        for position, alias in enumerate(fact.aliases):
            yield alias, ("facts", index, "aliases", position)


def _fillable(entry: NeedleEntry) -> Iterator[tuple[str, Below]]:
    """Yield the texts in which fresh values are filled in."""
    if entry.text is not None:
        yield entry.text, ("text",)
    for index, text in enumerate(entry.texts or ()):
        yield text, ("texts", index)
    if entry.answer is not None:
        yield entry.answer, ("answer",)
    yield from _facts_texts(entry)


def _fixed(entry: NeedleEntry) -> Iterator[tuple[str, Below]]:
    """Yield the texts that are used as they stand."""
    yield entry.question, ("question",)
    for name, question in entry.questions.items():
        yield question, ("questions", name)
    if entry.subject is not None:
        yield entry.subject.text, ("subject", "text")
        for index, alias in enumerate(entry.subject.aliases):
            yield alias, ("subject", "aliases", index)


def _check_misspelt(source: Sourced[Any], field: str, known: Collection[str], below: Below) -> None:
    """Refuse what looks like a known placeholder but is none; all other braces are text like any other."""
    hint = close_names(field, known)
    if hint and field not in known:
        raise source.error(t("catalog.placeholder_unknown", field=field, hint=hint), *below)


# ---- presets ---------------------------------------------------------------------------------------------------------
# models.yaml's entries as model presets: a provider's keys, then the model's own, then those of the user's file.
#
# A later file's entry of the same name adds to the earlier one key by key, so that a user can give a price or
# another address without repeating the rest.

_OUTPUT_TOKENS = 300
_REASONING_OUTPUT_TOKENS = 8192
_MERGED_KEYS = ("extra_body", "headers")


def make_presets(files: Sequence[Sourced[ModelsFile]], broken: Broken) -> dict[str, ModelPreset]:
    """Return the presets of all files, the packaged one first; one with a contradiction goes into `broken`."""
    providers: dict[str, dict[str, Any]] = {}
    models: dict[str, dict[str, Any]] = {}
    for file in files:
        for name, provider in (file.value.providers or {}).items():
            providers[name] = _over(providers.get(name, {}), _given(provider))
    for file in files:
        for name, model in (file.value.models or {}).items():
            source = Sourced(value=model, document=file.document, where=("models", name))
            try:
                _check(source, providers, broken)
            except CatalogError as error:
                broken["models", name] = error
            models[name] = _over(models.get(name, {}), _given(model))
    for name, given in models.items():
        if ("providers", given.get("provider")) in broken:
            broken.setdefault(("models", name), broken["providers", str(given["provider"])])
    sound = {name: given for name, given in models.items() if ("models", name) not in broken}
    return {name: _preset(name, given, providers) for name, given in sound.items()}


def _given(entry: ProviderEntry) -> dict[str, Any]:
    """Return the keys that the file really holds; a default must not hide an earlier value."""
    return entry.model_dump(exclude_unset=True)


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Lay one entry's keys over another's; request fields and headers are joined, not replaced."""
    joined = {key: {**below.get(key, {}), **above[key]} for key in _MERGED_KEYS if key in above}
    return {**below, **above, **joined}


def _check(source: Sourced[ModelEntry], providers: Mapping[str, object], broken: Broken) -> None:
    entry = source.value
    if ("providers", entry.provider) in broken:
        return  # its mistake is the provider's
    if entry.provider is not None and entry.provider not in providers:
        raise source.error(unknown(t("catalog.provider"), entry.provider, providers), "provider")
    if entry.prices and entry.prices_as_of is None:
        raise source.error(t("catalog.prices_need_their_day"), "prices")
    bounds = [math.inf if tier.up_to is None else tier.up_to for tier in entry.prices]
    if bounds != sorted(set(bounds)):
        message = t("catalog.price_tiers_must_rise")
        raise source.error(message, "prices")


def _preset(name: str, given: Mapping[str, Any], providers: Mapping[str, Mapping[str, Any]]) -> ModelPreset:
    fields = _over(providers.get(given.get("provider") or "", {}), given)
    fields.pop("provider", None)
    fields["name"] = name
    fields["prices"] = tuple(PriceTier(**{"up_to": None, **tier}) for tier in fields.get("prices", ()))
    if fields.get("model") is None:
        fields["model"] = name
    if fields.get("max_output") is None:
        fields["max_output"] = _REASONING_OUTPUT_TOKENS if fields.get("reasoning") else _OUTPUT_TOKENS
    if fields.get("batch") is not None:
        fields["batch"] = BatchTerms(**fields["batch"])
    # So files of the user's own said it before there was a key for it.
    fields["unchecked"] = fields.get("unchecked", fields.get("note") == "unchecked")
    if fields.get("local") is not None:
        fields["local"] = LocalModel(**fields["local"])
    return ModelPreset(**fields)
