"""Prompts without a needle, for controls: a haystack that holds none, and a question alone.

Pure, as `text.prompt`: the same values give the same bytes, and both are made again from what a record holds.
"""

from __future__ import annotations

from dataclasses import replace

from nihbench.text.encoded import EncodedMessages, messages_json
from nihbench.text.fit import fit
from nihbench.text.prompt import frame_of, render
from nihbench.text.source import Source, SourceText
from nihbench.types import Bare, Message, PromptTemplate, Tokenizer


def build_bare(
    source: Source,
    template: PromptTemplate,
    question: str,
    *,
    length: int,
    overhead: int,
    tokenizer: Tokenizer,
) -> tuple[EncodedMessages, Bare]:
    """Build a prompt of `length` tokens whose haystack holds no needle. Arguments as for `build_prompt`.

    Raises:
        UsageError: the length is too short or too long.
    """
    frame = frame_of(template, question, overhead, tokenizer)
    splice = fit(source, None, length=length, depth_percent=0.0, frame=frame, tokenizer=tokenizer)
    made = render(template, source.text[splice.start : splice.end] + splice.tail, question)
    messages = EncodedMessages([messages_json(made)])
    return messages, Bare(
        source_start=source.start,
        source_copies=source.copies,
        start=splice.start,
        end=splice.end,
        tail=splice.tail,
        haystack_tokens=splice.haystack_tokens,
        total_tokens=splice.total_tokens,
        prompt_sha256=messages.sha256,
    )


def build_alone(
    template: PromptTemplate, question: str, *, overhead: int, tokenizer: Tokenizer
) -> tuple[EncodedMessages, Bare]:
    """Build the prompt without any haystack: what the template says beside it, and the question."""
    made = _alone(template, question)
    messages = EncodedMessages([messages_json(made)])
    return messages, Bare(
        source_start=0,
        source_copies=0,
        start=0,
        end=0,
        tail="",
        haystack_tokens=0,
        total_tokens=overhead + sum(tokenizer.count(message.content) for message in made),
        prompt_sha256=messages.sha256,
    )


def rebuild_bare(
    text: str | SourceText, placement: Bare, template: PromptTemplate, question: str
) -> tuple[Message, ...]:
    """Make a prompt without a needle again; `text` is the source's, or anything where there is no haystack."""
    if not placement.source_copies:
        return _alone(template, question)
    return render(template, text[placement.start : placement.end] + placement.tail, question)


def _alone(template: PromptTemplate, question: str) -> tuple[Message, ...]:
    """Return a template's messages with nothing in the haystack's place; one that then says nothing is left out."""
    messages = zip(template.messages, render(template, "", question), strict=True)
    return tuple(
        replace(made, content=made.content.strip()) if "{haystack}" in given.content else made
        for given, made in messages
        if made.content.strip()
    )
