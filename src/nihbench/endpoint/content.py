"""A message's content in whatever shape it comes: its text, the reasoning in it, and whether all of it could be read.

Pure. The protocol has a string, or a list of typed parts; servers send objects, lists of strings and parts within
parts, too. What holds no text, such as a number, is not made one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_DEEPEST = 6
_REASONING = re.compile(r"reason|think|thought|analysis|redacted|summary", re.IGNORECASE)
_TEXTS = ("text", "content", "value", "output_text", "parts", "output", "refusal", "answer")
_THOUGHTS = ("thinking", "reasoning", "reasoning_content", "reasoningContent", "reasoningText", "summary", "thought")
_NOTHING: tuple[object, ...] = (None, "")


@dataclass(frozen=True, kw_only=True, slots=True)
class Content:
    """`text` and `reasoning` of a content; `unread`: something in it is neither."""

    text: str = ""
    reasoning: str = ""
    unread: bool = False


def read_content(value: object) -> Content:
    """Return what a content says."""
    return _read(value, 0)


def reasoning_of(message: Mapping[str, Any]) -> str:
    """Return the reasoning that stands beside a message's content, under any of its names; the first that has some."""
    for name in ("reasoning_content", "reasoning", "thinking", "reasoning_text", "thought", "reasoning_details"):
        found = _read(message.get(name), 0)
        if said := found.text or found.reasoning:
            return said
    return ""


def _read(value: object, depth: int) -> Content:
    if value is None or isinstance(value, str):
        return Content(text=value or "")
    if depth > _DEEPEST:
        return Content(unread=True)
    if isinstance(value, list):
        return _joined(value, depth)
    return _part(value, depth) if isinstance(value, dict) else Content(unread=True)


def _joined(values: list[Any], depth: int) -> Content:
    read = [_read(value, depth + 1) for value in values]
    text = ""
    for value, part in zip(values, read, strict=True):
        # Strings of a list are whole words; parts of an object are what a stream was cut into.
        glued = isinstance(value, str) and text[-1:].isalnum() and part.text[:1].isalnum()
        text += " " * (glued and part.text[:1].isascii()) + part.text
    reasoning = "".join(part.reasoning for part in read)
    return Content(text=text, reasoning=reasoning, unread=any(part.unread for part in read))


def _part(value: Mapping[str, Any], depth: int) -> Content:
    named = value.get("type")
    is_thought = (isinstance(named, str) and _REASONING.search(named) is not None) or value.get("thought") is True
    thoughts = [_read(value[name], depth + 1) for name in _THOUGHTS if value.get(name) not in (*_NOTHING, True, False)]
    texts = [_read(value[name], depth + 1) for name in _TEXTS if value.get(name) not in _NOTHING]
    thought = "".join(each.text + each.reasoning for each in thoughts[:1])
    said = texts[0] if texts else Content()
    if is_thought:
        return Content(reasoning=thought or said.text + said.reasoning)
    empty = any(value.get(name) == "" for name in _TEXTS)  # a part of a stream without a word yet
    unread = said.unread or not (texts or thoughts or empty)
    return Content(text=said.text, reasoning=thought + said.reasoning, unread=unread)
