"""A haystack of many chat turns: as one text in which marks say where turns begin, and as the messages that are sent.

As a text it is cut, counted and made again like any other: `Exchanges` counts each turn by itself and each mark as the
tokens that the model's template puts around a turn. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import numpy as np

from nihbench.languages.base import of, shown_by
from nihbench.text.sentences import boundaries as sentence_boundaries
from nihbench.text.source import Source
from nihbench.types import ASKED, REPLIED, IntArray, Message, PromptTemplate, Tokenizer

_SHOWS = 500
_LONGEST, _SHORTEST = {True: 1000, False: 320}, {True: 160, False: 60}
"""Characters of a turn, in languages with spaces between words and in others: in long texts, and in short ones."""
_PARTS = 200
"""A text is parted into so many turns where that makes them neither longer nor shorter."""
_GO_ON: Final = {"en": "Go on, please.", "zh": "请接着往下念。"}
_MARKS = re.compile(f"[{ASKED}{REPLIED}]")
_MORE_OF_MADE = 1.3
_LEAST_TOKENS = 6
"""So many tokens of a turn stand in it at least; what is shorter stands at the end of the turn before."""


def exchange(asked: str, reply: str) -> str:
    """Return a turn of the user's and the answer to it as a stretch of a text."""
    return f"{ASKED}{asked}{REPLIED}{reply}"


@lru_cache(maxsize=2)
def turned_text(text: str) -> str:
    """Return a text as what is read out in turns, each after a wish to go on; it follows from the text alone."""
    if text.startswith(ASKED):  # a task has made it so
        return text
    text = _MARKS.sub("", text)
    language = shown_by(text[:_SHOWS])
    spaced = of(language).language.spaced
    size = min(max(len(text) // _PARTS, _SHORTEST[spaced]), _LONGEST[spaced])
    ends, start = sentence_boundaries(text, language).tolist(), 0
    wish, turns = _GO_ON.get(language, _GO_ON["en"]), list[str]()
    for end in [*ends, len(text)]:
        if end - start >= size or end == len(text):
            turns += [exchange(wish, piece)] if (piece := text[start:end].strip()) else []
            start = end
    return "".join(turns)


def turned_source(source: Source, tokens: int, tokenizer: Tokenizer, each: int) -> Source:
    """Return a source's first `tokens` tokens as turns, between which inserts may stand.

    Args:
        source: a text, or what a task made of turns.
        tokens: of a haystack of it.
        tokenizer: counts the text of turns.
        each: tokens of the template around two turns, one of the user's and one of the assistant's.
    """
    more = _MORE_OF_MADE if source.text.startswith(ASKED) else 1.0  # where marks were counted as text
    after = int(source.boundary_tokens.searchsorted(tokens * more + 64))
    end = int(source.boundaries[after]) if after < len(source.boundaries) else len(source.text)
    text = turned_text(source.text[:end])
    starts = Exchanges(tokenizer, each).starts(text)
    places = np.array([found.start() for found in re.finditer(ASKED, text)][1:], dtype=np.int64)
    return replace(
        source,
        text=text,
        starts=starts,
        boundaries=places,
        boundary_tokens=np.searchsorted(starts, places).astype(np.int64),
        turned=end,
        corpus="",
    )


@dataclass(frozen=True, slots=True)
class Exchanges:
    """Counts a text of turns: each by itself, and `each` tokens for two of them, where the user's begins."""

    tokenizer: Tokenizer
    each: int

    @property
    def name(self) -> str:
        """That of the tokenizer."""
        return self.tokenizer.name

    @property
    def exact(self) -> bool:
        """That of the tokenizer."""
        return self.tokenizer.exact

    def count(self, text: str) -> int:
        """Return the number of tokens of all turns, and of the template around them."""
        return sum(self.tokenizer.count(part) for part in _MARKS.split(text) if part) + self.each * text.count(ASKED)

    def starts(self, text: str) -> IntArray:
        """Return where tokens begin; those of the template at the mark where the user's turn begins."""
        found = list[IntArray]()
        for at, part in _parts(text):
            found.append(np.full(self.each, at, np.int64) if part == ASKED else self.tokenizer.starts(part) + at)
        return np.concatenate(found) if found else np.zeros(0, np.int64)


def _parts(text: str) -> Iterator[tuple[int, str]]:
    """Yield the turns of a text and the marks at which the user's begin, each with where it stands."""
    last = 0
    for mark in _MARKS.finditer(text):
        if mark.start() > last:
            yield last, text[last : mark.start()]
        if mark[0] == ASKED:
            yield mark.start(), ASKED
        last = mark.end()
    if last < len(text):
        yield last, text[last:]


def opening_at(source: Source, position: int) -> tuple[int, int] | None:
    """Return the opening of turns in which a place lies: where it begins, and where what is read begins behind it.

    A text does not end there: the user would have asked and got no answer. None: the place lies in what is read.
    """
    begin = source.text.rfind(ASKED, 0, position)
    if begin < 0:
        begin = 0
    reply = source.text.find(REPLIED, begin)
    if reply < 0:
        return None
    first = reply + 1
    token = source.token_at(first) + _LEAST_TOKENS
    least = int(source.starts[token]) if token < len(source.starts) else len(source.text)
    return (begin, first) if begin < position < least else None


def in_turns(template: PromptTemplate, haystack: str, question: str) -> tuple[Message, ...]:
    """Return a template's messages with the turns of a haystack in the haystack's place.

    What the template says around the haystack in its message, the question mostly, is the user's last turn.
    """
    messages = list[Message]()
    for message in template.messages:
        around = around_turns(message, question)
        if around is None:
            messages.append(Message(role=message.role, content=message.content.replace("{question}", question)))
            continue
        for turn in haystack.split(ASKED):
            asked, _, reply = turn.partition(REPLIED)
            if asked or reply:
                messages += [Message(role="user", content=asked), Message(role="assistant", content=reply)]
        if around:
            messages.append(Message(role="user", content=around))
    return tuple(messages)


def around_turns(message: Message, question: str) -> str | None:
    """Return what a template's message says around the haystack; None where it has none."""
    if "{haystack}" not in message.content:
        return None
    parts = [part.replace("{question}", question).strip() for part in message.content.split("{haystack}", 1)]
    return "\n\n".join(part for part in parts if part)
