"""needles.yaml's entries as values: needles and prompt templates, with the rules that join several keys.

References to other entries (an experiment's needle, a question's prompt) are checked in `references`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

from nihbench.catalog.document import Sourced
from nihbench.catalog.lookup import close_names
from nihbench.catalog.schema import NeedleEntry, PromptEntry
from nihbench.lang.messages import t
from nihbench.types import KeyFact, Message, Needle, PromptTemplate, Subject

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
    )


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
    return ("" if entry.language.startswith("zh") else " ").join(statements)


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
