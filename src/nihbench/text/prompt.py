"""From a template, inserts and a source to the messages that are sent, with the placement that says how.

Pure: the same values give the same bytes. `run.like` makes the same messages again from a placement, without a
tokenizer.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from nihbench.errors import DamagedDataError, UsageError
from nihbench.lang.messages import t
from nihbench.text.encoded import EncodedMessages, inner_json, messages_json
from nihbench.text.fit import Frame, Splice, fit, rendered
from nihbench.text.source import Source, SourceText, figure_within, figures_of
from nihbench.text.turns import Exchanges, around_turns, in_turns
from nihbench.types import REPLIED, Bare, Inserted, Message, Placement, Planted, PromptTemplate, Tokenizer, plain_turns

PLACEMENT_VERSION = 3
"""Part of a trial's identity: raised when the same inputs would be placed differently."""


def build_prompt(
    source: Source,
    planted: Planted,
    template: PromptTemplate,
    *,
    length: int,
    overhead: int,
    tokenizer: Tokenizer,
    exchange: int = 0,
) -> tuple[EncodedMessages, Placement]:
    """Build one trial's messages of `length` tokens with all inserts at their depths.

    Args:
        source: the haystack's tokenized text.
        planted: the inserts, and the question in the wording that belongs to this prompt.
        template: the prompt's messages with {haystack} and {question}.
        length: tokens of the whole request.
        overhead: tokens of the chat template, beyond those of the messages' contents.
        tokenizer: counts in the length unit.
        exchange: tokens of the chat template around a turn of the user's and one of the assistant's.

    Raises:
        UsageError: the length is too short or too long, or the haystack already holds an insert.
    """
    splice = splice_of(
        source, planted, template, length=length, overhead=overhead, tokenizer=tokenizer, exchange=exchange
    )
    if not _stand_once(source, splice, planted.texts):
        raise UsageError(t("text.needle_already_stands_corpus"))
    messages = _encoded(source, splice, planted, template)
    return messages, _placement(source, splice, planted.asked, messages.sha256)


def splice_of(
    source: Source,
    planted: Planted,
    template: PromptTemplate,
    *,
    length: int,
    overhead: int,
    tokenizer: Tokenizer,
    exchange: int = 0,
) -> Splice:
    """Say how `build_prompt` would cut the haystack and where inserts would stand; no text is put together.

    Raises:
        UsageError: the length is too short or too long.
    """
    if source.turned:
        tokenizer = Exchanges(tokenizer, exchange)
    frame = frame_of(template, planted.question, overhead, tokenizer)
    return fit(source, planted.inserts, length=length, frame=frame, tokenizer=tokenizer, apart=planted.apart)


def rebuild(
    text: str | SourceText, placement: Placement, texts: Sequence[str], template: PromptTemplate, question: str
) -> tuple[Message, ...]:
    """Make a trial's messages again from its placement, what was planted, and the source's `text`.

    Raises:
        DamagedDataError: the placement is of more inserts than there are.
    """
    p, inserts = placement, placement.inserts
    if not all(0 <= each.index < len(texts) for each in inserts):
        raise DamagedDataError(t("text.placement_of_other_inserts", placed=len(inserts), planted=len(texts)))
    splice = Splice(
        start=p.start,
        end=p.end,
        tail=p.tail,
        inserts=inserts,
        haystack_tokens=p.haystack_tokens,
        total_tokens=p.total_tokens,
    )
    haystack = rendered(text, splice, texts)
    return in_turns(template, haystack, question) if p.turned else render(template, haystack, question)


def around(
    text: str | SourceText, placement: Placement, texts: Sequence[str], reach: int, mark: tuple[str, str] = ("", "")
) -> tuple[str, str, str]:
    """Return what stood before the asked needle, the needle, and what stood after it, up to `reach` characters each.

    That is in the haystack as it was sent; `text` is the source's. Other inserts near it stand there, too, within
    `mark`.
    """
    p, needle = placement, texts[placement.index]
    texts = [f"{mark[0]}{each}{mark[1]}" for each in texts]
    if p.turned:
        needle, texts = plain_turns(needle), [plain_turns(each) for each in texts]
    before, after = text[max(p.start, p.at - reach) : p.at] + p.before, p.after + text[p.at : min(p.end, p.at + reach)]
    if p.others:
        near = [each for each in p.inserts if abs(each.at - p.at) <= reach]
        here = next(number for number, each in enumerate(near) if each.index == p.index)
        before = _stretch(text, max(p.start, p.at - reach), p.at, near[:here], texts) + p.before
        after = p.after + _stretch(text, p.at, min(p.end, p.at + reach), near[here + 1 :], texts)
    after += p.tail if p.at + reach >= p.end else ""
    return (plain_turns(before) + "\n", needle, plain_turns(after)) if p.turned else (before, needle, after)


def _stretch(text: str | SourceText, first: int, last: int, inserts: Sequence[Inserted], texts: Sequence[str]) -> str:
    """Return a stretch of a haystack with the inserts that stand in it."""
    whole = Splice(start=first, end=last, tail="", inserts=tuple(inserts), haystack_tokens=0, total_tokens=0)
    return rendered(text, whole, texts)


def frame_of(template: PromptTemplate, question: str, overhead: int, tokenizer: Tokenizer) -> Frame:
    """Return what a template puts around the haystack; `overhead` is the chat template's own tokens."""
    fixed, before, after = overhead, "", ""
    for message in template.messages:
        parts = _parts(message, question)
        if len(parts) == 2:
            before, after = parts
            if isinstance(tokenizer, Exchanges):  # the user's last turn, if there is one beside the haystack's
                before, last = "", around_turns(message, question)
                after = REPLIED + last if last else ""
                fixed -= 0 if last else tokenizer.each // 2
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


def _encoded(source: Source, splice: Splice, planted: Planted, template: PromptTemplate) -> EncodedMessages:
    """Do what `render` does, out of the source's JSON."""
    texts, question = planted.texts, planted.question
    if source.turned:
        turns = in_turns(template, rendered(source.text, splice, texts), question)
        return EncodedMessages([messages_json(turns)])
    try:
        first, *between = source.json.parted([splice.start, *(each.at for each in splice.inserts), splice.end])
        haystack: list[bytes | memoryview] = [first]
        for each, after in zip(splice.inserts, between, strict=True):
            haystack += [inner_json(each.before + texts[each.index] + each.after), after]
        haystack.append(inner_json(splice.tail))
        pieces: list[bytes | memoryview] = [b"["]
        for message in template.messages:
            begin, *rest = [inner_json(part) for part in _parts(message, question)]
            pieces.append(b'{"role":"%s","content":"' % message.role.encode() + begin)
            for part in rest:
                pieces += [*haystack, part]
            pieces.append(b'"},')
    except UnicodeEncodeError:
        return EncodedMessages([messages_json(render(template, rendered(source.text, splice, texts), question))])
    pieces[-1] = b'"}]'
    return EncodedMessages(pieces)


def _stand_once(source: Source, splice: Splice, texts: Sequence[str]) -> bool:
    """Say whether each insert stands in its haystack at the one place where it was put; nothing long is copied."""
    planted = [texts[each.index] for each in splice.inserts]
    doubtful = [text for text, is_own in zip(planted, _has_own_figure(source, planted), strict=True) if not is_own]
    if not doubtful:
        return True
    text, cuts = source.text, [splice.start, *(each.at for each in splice.inserts), splice.end]
    if any(_stands_between(text, cuts, each) for each in doubtful):
        return False
    reach = max(map(len, planted))
    seams = [
        text[max(splice.start, each.at - reach) : each.at]
        + each.before
        + texts[each.index]
        + each.after
        + text[each.at : min(each.at + reach, splice.end)]
        + splice.tail
        for each in splice.inserts
    ]
    joined = "\0".join(seams)
    return all(joined.count(each) == 1 for each in doubtful)


_FEW = 4
"""From more inserts on it is quicker to know all figures of the text than to look for each insert."""


def _has_own_figure(source: Source, planted: Sequence[str]) -> list[bool]:
    """Say of each insert whether a figure within it stands neither in the text nor in another insert.

    Wherever such an insert stood, so would that figure, as a word of its own: what is put before and after an insert
    makes no two words one. Of a few inserts it is said of none: to look for these is quicker.
    """
    if len(planted) <= _FEW:
        return [False] * len(planted)
    often = Counter(figures_of("\0".join(planted)))
    own = [figure_within(text) for text in planted]
    return [bool(each) and often[each] == 1 and each not in source.figures for each in own]


def _stands_between(text: str, cuts: Sequence[int], statement: str) -> bool:
    """Say whether a statement stands in the text itself, within one of its stretches."""
    at = text.find(statement, cuts[0], cuts[-1])
    while at >= 0:
        if not any(at < cut < at + len(statement) for cut in cuts):
            return True
        at = text.find(statement, at + 1, cuts[-1])
    return False


def _parts(message: Message, question: str) -> list[str]:
    """Return what stands around {haystack}: one part where the message holds none, two where it does."""
    return [part.replace("{question}", question) for part in message.content.split("{haystack}", 1)]


def digest(messages: Sequence[Message]) -> str:
    """Return the SHA-256 of messages: of their compact JSON in UTF-8, a list of {"role", "content"}."""
    return hashlib.sha256(messages_json(messages)).hexdigest()


def _placement(source: Source, splice: Splice, asked: int, sha256: str) -> Placement:
    place = next(each for each in splice.inserts if each.index == asked)
    return Placement(
        source_start=source.start,
        source_copies=source.copies,
        start=splice.start,
        at=place.at,
        end=splice.end,
        before=place.before,
        after=place.after,
        tail=splice.tail,
        achieved_depth_percent=place.achieved_depth_percent,
        needle_token=place.needle_token,
        haystack_tokens=splice.haystack_tokens,
        needle_tokens=place.needle_tokens,
        total_tokens=splice.total_tokens,
        sentence_tokens=place.sentence_tokens,
        prompt_sha256=sha256,
        index=asked,
        others=tuple(each for each in splice.inserts if each.index != asked),
        shuffled=source.shuffled,
        turned=source.turned,
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
    exchange: int = 0,
) -> tuple[EncodedMessages, Bare]:
    """Build a prompt of `length` tokens whose haystack holds no needle. Arguments as for `build_prompt`.

    Raises:
        UsageError: the length is too short or too long.
    """
    if source.turned:
        tokenizer = Exchanges(tokenizer, exchange)
    frame = frame_of(template, question, overhead, tokenizer)
    splice = fit(source, (), length=length, frame=frame, tokenizer=tokenizer)
    haystack = source.text[splice.start : splice.end] + splice.tail
    made = in_turns(template, haystack, question) if source.turned else render(template, haystack, question)
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
        shuffled=source.shuffled,
        turned=source.turned,
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
    haystack = text[placement.start : placement.end] + placement.tail
    return in_turns(template, haystack, question) if placement.turned else render(template, haystack, question)


def _alone(template: PromptTemplate, question: str) -> tuple[Message, ...]:
    """Return a template's messages with nothing in the haystack's place; one that then says nothing is left out."""
    messages = zip(template.messages, render(template, "", question), strict=True)
    return tuple(
        replace(made, content=made.content.strip()) if "{haystack}" in given.content else made
        for given, made in messages
        if made.content.strip()
    )
