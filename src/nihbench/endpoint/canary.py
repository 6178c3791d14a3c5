"""A canary for cut prompts: one long prompt with a code in its first and its last line, which are asked back.

A server that drops the beginning or the end of what it can't hold answers all the same; the code that is missing from
the answer tells which end it dropped. What it counts tells how much.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from nihbench.lang.messages import Message as Sentence
from nihbench.lang.messages import Words, t
from nihbench.languages.base import of
from nihbench.types import Completer, Failure, FailureKind, Message, ModelPreset, Request

_CODE_DIGITS = 6
_OUTPUT_TOKENS = 200
_REASONING_OUTPUT_TOKENS = 8192

FRAME_TOKENS = 100
"""About what a canary's two codes and the chat template add to its text."""
# The commonest words are one token each in every vocabulary; digits, rare words and line breaks are not.
_GOODS = "water wood stone gold glass paper coffee sugar".split()
_PLACES = "river city road garden market island school church".split()
_TIMES = ("at night", "by train", "too late", "on Monday", "in spring", "last week", "this morning", "after work")

WHOLE_SHARE = 0.97
"""A server that counts this share of what a prompt is thought to have does not tell of a cut."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Canary:
    """What came of it. `head`, `tail`: whether the answer holds the code of the first and of the last line.

    `expected_tokens` is what the prompt was thought to have, `prompt_tokens` what the server counted.
    """

    head: bool
    tail: bool
    expected_tokens: int
    prompt_tokens: int | None
    failure: FailureKind | None = None
    message: Words = ""

    @property
    def sentence(self) -> Sentence:
        """What it means, for the user."""
        return t("endpoint.canary", finding=self.finding)

    @property
    def finding(self) -> Sentence:
        """The same without its name before it."""
        if self.failure is not None:
            return t("endpoint.no_answer", failure=self.failure, said=self.message)
        tokens = (
            t("endpoint.server_gave_no_count", expected=self.expected_tokens)
            if self.prompt_tokens is None
            else t("endpoint.server_counted_about_tokens", seen=self.prompt_tokens, expected=self.expected_tokens)
        )
        if self.head and self.tail:
            return t("endpoint.first_last_line_arrived", tokens=tokens)
        if not self.head and not self.tail:
            return t("endpoint.neither_code_came_back", tokens=tokens)
        counts_all = self.prompt_tokens is not None and self.prompt_tokens >= WHOLE_SHARE * self.expected_tokens
        why = t("endpoint.may_been_cut")
        if counts_all:
            why = t("endpoint.count_nothing_cut_model")
        if self.tail:
            return t("endpoint.first_line_not_come", why=why, tokens=tokens)
        return t("endpoint.last_line_not_come", why=why, tokens=tokens)


def filler(tokens: float, count: Callable[[str], int]) -> str:
    """Return a text of about so many tokens."""
    draw, sentences, size = Random(0), [""], 0
    while size < tokens:
        words = (draw.choice(each) for each in (_GOODS, _PLACES, _TIMES))
        sentences.append("The {} from the {} came in {}.".format(*words))
        size += count(sentences[-1])
    return " ".join(sentences[1:])


async def arrives_whole(
    client: Completer, preset: ModelPreset, tokens: int, count: Callable[[str], int], random: Random
) -> bool:
    """Say whether a prompt of so many tokens comes to the model whole: it gives back what its two ends hold.

    Raises:
        StoppedError: the budget has no room for it.
    """
    text = filler(tokens - FRAME_TOKENS, count)
    found = await sing(client, preset, text, language="en", expected_tokens=tokens, random=random)
    return found.head and found.tail


async def sing(
    client: Completer, preset: ModelPreset, text: str, *, language: str, expected_tokens: int, random: Random
) -> Canary:
    """Send `text` between two codes and look for them in the answer.

    Args:
        client: sends the prompt.
        preset: the model.
        text: what fills the prompt.
        language: what the codes are asked back in; English where it has no words for that.
        expected_tokens: about how many tokens the prompt has.
        random: draws the codes.
    """
    codes = ["".join(random.choices("23456789", k=_CODE_DIGITS)) for _ in range(2)]
    asking = of(language).asking
    first, last = asking.first_code.format(code=codes[0]), asking.last_code.format(code=codes[1])
    request = Request(
        model=preset.model,
        max_output=_REASONING_OUTPUT_TOKENS if preset.reasoning else _OUTPUT_TOKENS,
        temperature=preset.temperature,
        extra_body=dict(preset.extra_body),
        prompt_tokens=expected_tokens,
    )
    outcome = await client.complete([Message(role="user", content=f"{first}\n\n{text}\n\n{last}")], request)
    counted = outcome.usage.prompt_tokens
    if isinstance(outcome, Failure):
        return Canary(
            head=False,
            tail=False,
            expected_tokens=expected_tokens,
            prompt_tokens=counted,
            failure=outcome.kind,
            message=outcome.message,
        )
    digits = re.sub(r"[\s,.\-]", "", outcome.text)
    return Canary(
        head=codes[0] in digits, tail=codes[1] in digits, expected_tokens=expected_tokens, prompt_tokens=counted
    )
