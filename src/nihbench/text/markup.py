"""Which parts of an answer are a model's reasoning, by the markup that model families put around it.

Pure. A server with a parser for its model takes reasoning out; many have none, or one for another model. Known are tags
under the names that families use (<think>, [THINK], <|begin_of_thought|>, ...), Gemma's channels, and harmony, the
format of gpt-oss, whole or with its markers stripped. Whatever isn't known is an answer.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from dataclasses import dataclass, replace

from nihbench.text.late import late

Span = tuple[int, int]

_WORD = (
    r"think(?:ing)?|thoughts?|analysis|reasoning|reason|rationale|reflection|scratch[_-]?pad|chain[_-]of[_-]thoughts?|"
    r"cot|(?:inner[_-])?monologue|deliberation|思考(?:过程)?|推理(?:过程)?|分析"
)
_NAME = rf"(?:[a-z]\w{{0,15}}[:_-])?(?:{_WORD})(?:[:_-][a-z0-9]{{1,12}})?"
_BEGIN, _END = "begin|start", "end|stop"
_TAG = late(
    "|".join(
        (
            rf"<(?P<a>/?)(?:{_NAME})(?:\s[^<>]{{0,80}})?>",
            rf"◁(?P<b>/?)(?:{_NAME})▷",
            rf"【(?P<c>/?)(?:{_WORD})】",
            rf"<[|｜](?:(?P<e>{_END})|{_BEGIN})[_▁](?:of[_▁])?(?:{_WORD})[|｜]>",
            rf"<[|｜](?:{_WORD})[_▁](?:(?P<f>{_END})|{_BEGIN})[|｜]>",
            rf"<[|｜](?P<d>/?)(?:{_NAME})[|｜]>",
            r"<unused(?:94>(?:thought)?|(?P<g>95)>)",
            # Gemma's channels; that of the answer is no reasoning, and its end ends none.
            rf"<\|channel>\s*(?:{_WORD})|(?P<plain><\|channel>\s*\w{{0,20}})|(?P<h><channel\|>)",
        )
    ),
    re.IGNORECASE,
)
# In square brackets these words are headings too, but not in capitals with an end of their own.
_SQUARE = late(r"\[(?P<s>/?)(?:THINK|THINKING|THOUGHT|REASONING)\]")
_STRONG = late(r"<think(?:ing)?>", re.IGNORECASE)
_SIGNS = ("<", "[", "◁", "【")
# What stands around an answer that is marked as one: dropped where reasoning was found beside it.
_FRAME = late(
    r"</?(?:final[_-]?)?(?:answer|response|solution|output)>"
    rf"|<[|｜](?:{_BEGIN}|{_END})[_▁](?:of[_▁])?(?:solution|response|answer|output)[|｜]>"
    r"|<\|(?:end|return|call|im_end|eot_id|endoftext)\|>|<(?:turn\||end_of_turn|eos)>|</s>",
    re.IGNORECASE,
)
# What chat templates put between messages, with the role that follows the beginning of one: a base model, or one whose
# template is not its own, goes on with them.
_ROLE = r"(?:assistant|user|system|model|tool|developer)"
_TEMPLATE = late(
    rf"<\|(?:im_start|start_header_id|start)\|>(?:{_ROLE}(?=\s|<|$))?|<start_of_turn>(?:{_ROLE}(?=\s|<|$))?"
    rf"|<[|｜](?:{_ROLE}|[a-z]+(?:[_▁][a-z]+){{0,4}}|eom|sep|pad|bos|eos)[|｜]>"
    r"|<end_of_turn>|</?(?:s|bos|eos|pad|unk)>|<(?:bos|eos|pad|unk|mask|cls|sep)>|\[/?INST\]|<</?SYS>>",
    re.IGNORECASE,
)
_MESSAGE = late(
    r"(?:<\|start\|>[^<]{0,60})?(?:<\|channel\|>(?P<channel>[^<]{0,120}))?(?:<\|constrain\|>[^<]{0,60})?<\|message\|>"
)
_MESSAGE_END = late(r"<\|(?:end|return|call|start|channel)\|>")
# Harmony without its markers: names of roles and channels run into the words.
_STRIPPED_WORDS = ("assistant", "analysis", "commentary", "final", "thought")  # one stands in all of these
_STRIPPED_FINAL = late(r"assistant\s{0,2}final(?=\S|\s)")
_STRIPPED_THOUGHT = late(r"\s*(?:assistant)?(?:analysis|commentary)(?=[A-Z\u3400-\u9fff\"'“‘(*#\d])")
_STRIPPED_ANSWER = late(r"\s*(?:assistant)?final(?=[A-Z\u3400-\u9fff])|\s*thought\n")


@dataclass(frozen=True, slots=True)
class Markup:
    """What of a text is no answer.

    `spans`: where reasoning stands, markup with it, in order. `frames`: markup that is neither. `is_open`: the last
    span never ends, so that no answer had begun.
    """

    spans: tuple[Span, ...] = ()
    frames: tuple[Span, ...] = ()
    is_open: bool = False

    @property
    def gone(self) -> tuple[Span, ...]:
        """All that is no answer, in order."""
        return tuple(sorted((*self.spans, *self.frames)))


def markup_of(text: str) -> Markup:
    """Return where reasoning stands in an answer; time is linear in its length."""
    if "<|message|>" in text:
        return _harmony(text)
    if stripped := _stripped(text):
        return stripped
    if not any(map(text.__contains__, _SIGNS)):
        return Markup()
    spans, plain, is_open = _tagged(text)
    if not spans:
        return Markup()
    rest = [(m.start(), m.end()) for m in _FRAME.finditer(text) if not _within(m.start(), spans)]
    return Markup(spans=spans, frames=(*plain, *rest), is_open=is_open)


def template_marks(text: str) -> tuple[Span, ...]:
    """Return where a chat template's own marks stand in a text, in order; time is linear in its length."""
    if "<" not in text and "[" not in text:
        return ()
    return tuple(mark.span() for mark in _TEMPLATE.finditer(text))


def split_reasoning(text: str) -> tuple[str, str]:
    """Part a text into the reasoning in it, without the markup around it, and the answer."""
    found = markup_of(text)
    if found.is_open and _outside(text[: found.spans[-1][0]], list(found.spans[:-1])).strip():
        # An answer behind which reasoning begins anew is not for this room to cut.
        found = replace(found, spans=found.spans[:-1])
    if not found.gone:
        return "", text
    thought = "\n".join(_bare(text[start:end]) for start, end in found.spans)
    answer, at = [], 0
    for start, end in found.gone:
        answer.append(text[at : max(at, start)])
        at = max(at, end)
    answer.append(text[at:])
    return thought.strip(), "".join(answer).strip()


def opens_reasoning(text: str) -> bool:
    """Say whether an answer of which this is the beginning begins with reasoning."""
    start = text.lstrip()
    tag = _TAG.match(start) or _SQUARE.match(start)
    if tag is not None:
        return not _closes(tag) and tag.groupdict().get("plain") is None
    return start.startswith(("<|channel|>analysis", "<|start|>assistant")) or bool(_STRIPPED_THOUGHT.match(start))


def _bare(part: str) -> str:
    for pattern in (_TAG, _SQUARE, _MESSAGE, _MESSAGE_END, _STRIPPED_FINAL):
        part = pattern.sub("\n", part)
    begun = _STRIPPED_THOUGHT.match(part)
    return part[begun.end() if begun else 0 :].strip()


def _closes(tag: re.Match[str]) -> bool:
    return any(value for name, value in tag.groupdict().items() if name != "plain")


def _within(at: int, spans: tuple[Span, ...]) -> bool:
    before = bisect_right(spans, (at, math.inf))
    return before > 0 and at < spans[before - 1][1]


def _tagged(text: str) -> tuple[tuple[Span, ...], tuple[Span, ...], bool]:
    """Find tags. An end without a beginning ends reasoning that a template began before the text.

    A beginning behind an answer that never ends is a word of the answer, unless it can be no word.
    """
    spans: list[Span] = []
    plain: list[Span] = []
    begun: int | None = None
    in_plain = False
    for tag in sorted((*_TAG.finditer(text), *_SQUARE.finditer(text)), key=lambda found: found.start()):
        if tag.groupdict().get("plain") is not None:
            if begun is None:
                plain.append(tag.span())
                in_plain = True
        elif not _closes(tag):
            begun = tag.start() if begun is None else begun
        elif begun is not None:
            spans.append((begun, tag.end()))
            begun = None
        elif in_plain and tag.groupdict().get("h"):
            plain.append(tag.span())
            in_plain = False
        else:
            spans, plain = [(0, tag.end())], []
    if begun is not None and (_STRONG.match(text, begun) or not _outside(text[:begun], spans).strip()):
        return (*spans, (begun, len(text))), tuple(plain), True
    return tuple(spans), tuple(plain), False


def _outside(text: str, spans: list[Span]) -> str:
    kept, at = [], 0
    for start, end in spans:
        kept.append(text[at:start])
        at = end
    return "".join([*kept, text[at:]])


def _harmony(text: str) -> Markup:
    """Find the messages of harmony: those of the channel `final`, or of none, are the answer."""
    spans: list[Span] = []
    frames: list[Span] = []
    at, answered = 0, False
    while (head := _MESSAGE.search(text, at)) is not None:
        if text[at : head.start()].strip() and not answered:
            spans.append((at, head.start()))  # a template began it
        end = _MESSAGE_END.search(text, head.end())
        stop = end.start() if end else len(text)
        after = end.end() if end and end[0] not in ("<|start|>", "<|channel|>") else stop
        channel = (head["channel"] or "final").split()[:1]
        if channel == ["final"]:
            if not answered:  # the last answer is none the better for an earlier draft, but the first is kept
                frames += [head.span(), (stop, after)]
                answered = True
            else:
                spans.append((head.start(), after))
        else:
            spans.append((head.start(), after))
        at = after
    frames += [(m.start(), m.end()) for m in _FRAME.finditer(text, at)]
    return Markup(spans=tuple(spans), frames=tuple(f for f in frames if f[0] < f[1]), is_open=not answered)


def _stripped(text: str) -> Markup | None:
    """Find harmony whose markers are gone: "analysisLet me see.assistantfinalEat."."""
    if not any(map(text.__contains__, _STRIPPED_WORDS)):
        return None
    if finals := list(_STRIPPED_FINAL.finditer(text)):
        return Markup(spans=((0, finals[-1].end()),))
    if _STRIPPED_THOUGHT.match(text):
        return Markup(spans=((0, len(text)),), is_open=True)
    answer = _STRIPPED_ANSWER.match(text)
    return Markup(frames=(answer.span(),)) if answer else None
