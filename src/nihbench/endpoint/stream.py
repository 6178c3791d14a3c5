"""Puts a streamed answer together: the events of /chat/completions become the object that an unstreamed one is.

Pure. It judges nothing: what the object means is read in `answer`, in one place for both ways of answering.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from nihbench.endpoint.bounds import OutputBound, weight
from nihbench.endpoint.content import read_content, reasoning_of
from nihbench.endpoint.error_body import parse_json
from nihbench.endpoint.sse import Event
from nihbench.text.markup import opens_reasoning

DONE = "[DONE]"
CALLS = ("tool_calls", "function_call")
"""Under which names of a message a model calls a tool."""
_ALIVE = re.compile(r"ping|pong|keep-?alive|heart-?beat", re.IGNORECASE)
_TEXTS = ("content", "reasoning", "refusal")
# Where markup of reasoning may come in pieces, with blanks in front.
_OPENING_PIECES = 16
_KEPT = ("model", "system_fingerprint", "timings", "provider")
# Written into every event by servers that have nothing to say yet: no reason why an answer ends.
_NO_REASONS = ("", "null", "None")


class StreamedAnswer:
    """Collects events.

    `started`: a first piece of text or reasoning came. `finished`: the server gave a reason why the answer ends.
    `done`: the server closed the stream with its last word. `error`: what the server sent in place of the rest.
    `garbled`: an event could not be read, so that a part of the answer may be missing. `past_limit`: it was broken off
    here, because the server went past the output limit. `unread`: a piece of content held no text.
    `id`: what the answer calls itself.
    """

    def __init__(self) -> None:
        self.started = False
        self.done = False
        self.garbled = False
        self.past_limit = False
        self.unread = False
        self.id = ""
        self.error: object = None
        self._finish_reason: object = None
        self._pieces: dict[str, list[str]] = {name: [] for name in _TEXTS}
        self._weights: Counter[str] = Counter()
        self._fields: dict[str, Any] = {}
        self._has_choice = False
        self._index: int | None = None
        self._called: dict[str, Any] = {}

    @property
    def finished(self) -> bool:
        """Whether the server said why the answer ends."""
        return self._finish_reason is not None

    @property
    def complete(self) -> bool:
        """Whether nothing that matters can follow."""
        return self.done or self.finished or self.error is not None

    def add(self, event: Event) -> None:
        """Take the next event; what follows the end is ignored."""
        data = event.data.strip()
        if self.done or self.error is not None or not data:
            return
        if data.strip('"').upper() == DONE:
            self.done = True
            return
        try:
            value = parse_json(data)
        except ValueError:
            if _ALIVE.fullmatch(data) or _ALIVE.fullmatch(event.type):
                return
            value = {"error": {"message": data}} if event.type == "error" else None
            self.garbled = self.garbled or value is None
        if isinstance(value, list) and value:
            value = value[0]
        if isinstance(value, dict):
            self._add(value, event.type == "error")

    def is_past(self, bound: OutputBound) -> bool:
        """Say whether what came is beyond `bound`.

        Reasoning that stands in the answer itself, in markup, has the room that reasoning has.
        """
        weights = self._weights
        answer = weights["content"] + weights["refusal"]
        reasoning = weights["reasoning"]
        if not bound.is_passed(answer, reasoning):
            return False
        opening = "".join(self._pieces["content"][:_OPENING_PIECES])
        return not opens_reasoning(opening) or bound.is_passed(0, answer + reasoning)

    def cut_off(self) -> None:
        """End the answer here, as its server should have done."""
        self.past_limit = True
        if self._finish_reason is None:
            self._finish_reason = "length"

    def as_object(self) -> dict[str, Any]:
        """Return what an unstreamed answer would have been; without `choices` where no choice came."""
        message: dict[str, Any] = {name: "".join(pieces) for name, pieces in self._pieces.items()}
        message |= {name: called for name, called in self._called.items() if called}
        choices = [{"message": message, "finish_reason": self._finish_reason}] if self._has_choice else []
        return {"choices": choices} | self._fields

    def _add(self, value: Mapping[str, Any], is_error: bool) -> None:
        if value.get("error") or value.get("object") == "error" or is_error:
            if not self.finished:
                self.error = value
            return
        self._fields |= {name: value[name] for name in _KEPT if value.get(name)}
        if not self.id and isinstance(value.get("id"), str):
            self.id = value["id"]
        self._add_usage(value.get("usage"))
        choices = value.get("choices")
        for choice in choices if isinstance(choices, list) else ():
            if isinstance(choice, dict) and self._is_ours(index_of(choice)):
                self._add_choice(choice)

    def _is_ours(self, index: int) -> bool:
        """Say whether a choice of this index is the answer: the lowest is; what came of a higher one is forgotten."""
        if self._index is None or index < self._index:
            if self._has_choice:
                self._forget()
            self._index = index
        return index == self._index

    def _forget(self) -> None:
        self.started = self.unread = False
        self._finish_reason = None
        self._pieces = {name: [] for name in _TEXTS}
        self._weights.clear()
        self._called.clear()

    def _add_usage(self, usage: object) -> None:
        """Take counts; gateways may send those of the prompt first, and zeros in their place at the end."""
        if isinstance(usage, dict):
            known = self._fields.setdefault("usage", {})
            known |= {name: count for name, count in usage.items() if count or name not in known}

    def _add_choice(self, choice: Mapping[str, Any]) -> None:
        self._has_choice = True
        self._add_usage(choice.get("usage"))
        if choice.get("finish_reason") not in (None, *_NO_REASONS):
            self._finish_reason = choice["finish_reason"]
        delta = choice.get("delta")
        if not isinstance(delta, dict):
            # Some servers close with the whole message, and some write a text alone: of use only where no piece of the
            # answer came before, and where pieces are texts.
            delta = choice.get("message") if not self.started else None
        if not isinstance(delta, dict):
            delta = {"content": choice.get("text", delta)}
        self._add_message(delta)

    def _add_message(self, delta: Mapping[str, Any]) -> None:
        content, refusal = read_content(delta.get("content")), read_content(delta.get("refusal"))
        self.unread = self.unread or content.unread
        for name, text in (
            ("content", content.text),
            ("reasoning", reasoning_of(delta) or content.reasoning),
            ("refusal", refusal.text),
        ):
            if text:
                self.started = True
                self._pieces[name].append(text)
                self._weights[name] += weight(text)
        for name in CALLS:
            self._called[name] = self._called.get(name) or delta.get(name)


def index_of(choice: Mapping[str, Any]) -> int:
    """Return which of several answers a choice is; the first where it does not say."""
    index = choice.get("index")
    if isinstance(index, str) and index.isascii() and index.isdigit():
        return int(index[:9])
    return index if isinstance(index, int) and index >= 0 else 0
