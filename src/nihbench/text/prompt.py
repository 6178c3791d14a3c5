"""From a template, a needle and a source to the messages that are sent, with the placement that says how.

Pure: the same values give the same bytes. `rebuild` makes the same messages again from a placement, without a
tokenizer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from nihbench.errors import UsageError
from nihbench.lang.messages import t
from nihbench.text.encoded import EncodedMessages, inner_json, messages_json
from nihbench.text.fit import Frame, Splice, fit
from nihbench.text.source import Source, SourceText
from nihbench.types import Bare, Message, Placement, PromptTemplate, Tokenizer

PLACEMENT_VERSION = 3
"""Part of a trial's identity: raised when the same inputs would be placed differently."""


def build_prompt(
    source: Source,
    statement: str,
    template: PromptTemplate,
    question: str,
    *,
    length: int,
    depth_percent: float,
    overhead: int,
    tokenizer: Tokenizer,
) -> tuple[EncodedMessages, Placement]:
    """Build one trial's messages of `length` tokens with the needle at `depth_percent`.

    Args:
        source: the haystack's tokenized text.
        statement: the needle's sentence.
        template: the prompt's messages with {haystack} and {question}.
        question: the wording that belongs to this prompt.
        length: tokens of the whole request.
        depth_percent: nominal depth, 0 to 100.
        overhead: tokens of the chat template, beyond those of the messages' contents.
        tokenizer: counts in the length unit.

    Raises:
        UsageError: the length is too short or too long, or the corpus already holds the needle.
    """
    splice = splice_of(
        source,
        statement,
        template,
        question,
        length=length,
        depth_percent=depth_percent,
        overhead=overhead,
        tokenizer=tokenizer,
    )
    if not _stands_once(source.text, splice, statement):
        raise UsageError(t("text.needle_already_stands_corpus"))
    messages = _encoded(source, splice, statement, template, question)
    return messages, _placement(source, splice, tokenizer.count(statement), messages.sha256)


def splice_of(
    source: Source,
    statement: str,
    template: PromptTemplate,
    question: str,
    *,
    length: int,
    depth_percent: float,
    overhead: int,
    tokenizer: Tokenizer,
) -> Splice:
    """Say how `build_prompt` would cut the haystack and where its needle would stand; no text is put together.

    Raises:
        UsageError: the length is too short or too long.
    """
    frame = frame_of(template, question, overhead, tokenizer)
    return fit(source, statement, length=length, depth_percent=depth_percent, frame=frame, tokenizer=tokenizer)


def rebuild(
    text: str | SourceText, placement: Placement, statement: str, template: PromptTemplate, question: str
) -> tuple[Message, ...]:
    """Make a trial's messages again from its placement and the source's `text`."""
    p = placement
    splice = Splice(
        start=p.start,
        at=p.at,
        end=p.end,
        before=p.before,
        after=p.after,
        tail=p.tail,
        needle_token=p.needle_token,
        haystack_tokens=p.haystack_tokens,
        sentence_tokens=p.sentence_tokens,
        total_tokens=p.total_tokens,
    )
    return render(template, splice.render(text, statement), question)


def around(text: str | SourceText, placement: Placement, statement: str, reach: int) -> tuple[str, str, str]:
    """Return what stood before the needle, the needle, and what stood after it, up to `reach` characters each.

    That is in the haystack as it was sent; `text` is the source's.
    """
    p = placement
    before = text[max(p.start, p.at - reach) : p.at] + p.before
    rest = text[p.at : min(p.end, p.at + reach)]
    return before, statement, p.after + rest + (p.tail if p.at + reach >= p.end else "")


def frame_of(template: PromptTemplate, question: str, overhead: int, tokenizer: Tokenizer) -> Frame:
    """Return what a template puts around the haystack; `overhead` is the chat template's own tokens."""
    fixed, before, after = overhead, "", ""
    for message in template.messages:
        parts = _parts(message, question)
        if len(parts) == 2:
            before, after = parts
        else:
            fixed += tokenizer.count(parts[0])
    return Frame(before=before, after=after, fixed_tokens=fixed)


def head_of(template: PromptTemplate, question: str) -> str:
    """Return what a template puts before the haystack: the messages before it, and its own message's beginning."""
    head = ""
    for message in template.messages:
        parts = _parts(message, question)
        head += f"{message.role}: {parts[0]}\n"
        if len(parts) == 2:
            break
    return head


def asks_first(template: PromptTemplate) -> bool:
    """Say whether a template puts the question before the haystack."""
    return "{question}" in head_of(template, "{question}")


def render(template: PromptTemplate, haystack: str, question: str) -> tuple[Message, ...]:
    """Fill a template; braces in the haystack or the question stay what they are."""
    return tuple(Message(role=m.role, content=haystack.join(_parts(m, question))) for m in template.messages)


def _encoded(
    source: Source, splice: Splice, statement: str, template: PromptTemplate, question: str
) -> EncodedMessages:
    """Do what `render` does, out of the source's JSON."""
    middle = splice.before + statement + splice.after
    try:
        haystack = (
            source.json.slice(splice.start, splice.at),
            inner_json(middle),
            source.json.slice(splice.at, splice.end),
            inner_json(splice.tail),
        )
        pieces: list[bytes | memoryview] = [b"["]
        for message in template.messages:
            first, *rest = [inner_json(part) for part in _parts(message, question)]
            pieces.append(b'{"role":"%s","content":"' % message.role.encode() + first)
            for part in rest:
                pieces += [*haystack, part]
            pieces.append(b'"},')
    except UnicodeEncodeError:
        return EncodedMessages([messages_json(render(template, splice.render(source.text, statement), question))])
    pieces[-1] = b'"}]'
    return EncodedMessages(pieces)


def _stands_once(text: str, splice: Splice, statement: str) -> bool:
    """Say whether the needle stands in its haystack at the one place where it was put; nothing long is copied."""
    if text.find(statement, splice.start, splice.at) >= 0 or text.find(statement, splice.at, splice.end) >= 0:
        return False
    reach = len(statement)
    left = text[max(splice.start, splice.at - reach) : splice.at]
    right = text[splice.at : min(splice.at + reach, splice.end)]
    return (left + splice.before + statement + splice.after + right + splice.tail).count(statement) == 1


def _parts(message: Message, question: str) -> list[str]:
    """Return what stands around {haystack}: one part where the message holds none, two where it does."""
    return [part.replace("{question}", question) for part in message.content.split("{haystack}", 1)]


def digest(messages: Sequence[Message]) -> str:
    """Return the SHA-256 of messages: of their compact JSON in UTF-8, a list of {"role", "content"}."""
    return hashlib.sha256(messages_json(messages)).hexdigest()


def _placement(source: Source, splice: Splice, needle_tokens: int, sha256: str) -> Placement:
    return Placement(
        source_start=source.start,
        source_copies=source.copies,
        start=splice.start,
        at=splice.at,
        end=splice.end,
        before=splice.before,
        after=splice.after,
        tail=splice.tail,
        achieved_depth_percent=round(splice.achieved_depth_percent, 4),
        needle_token=splice.needle_token,
        haystack_tokens=splice.haystack_tokens,
        needle_tokens=needle_tokens,
        total_tokens=splice.total_tokens,
        sentence_tokens=splice.sentence_tokens,
        prompt_sha256=sha256,
    )


# ---- prompts without a needle, for controls: a haystack that holds none, and a question alone ------------------------
# Pure, as `text.prompt`: the same values give the same bytes, and both are made again from what a record holds.


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
