"""Fit a haystack to a context length and put inserts at their depths, exactly and without tokenizing it anew.

Each insert goes to the sentence boundary nearest to its nominal depth; the haystack is cut between words so that the
whole request counts as many tokens as asked for, or a few less. Counts come from the source's token positions; only
the text around the seams (the ends, the inserts) is tokenized again (`seams`). Depths are of the haystack alone: its
tokens before an insert over all its tokens, other inserts not counted.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from nihbench.errors import UsageError
from nihbench.lang.messages import t
from nihbench.languages.base import of
from nihbench.languages.scripts import ends_sentence, stop_for
from nihbench.text.seams import InsertCounter, Piece, count_joined
from nihbench.text.source import Source, SourceText
from nihbench.text.turns import opening_at
from nihbench.types import ASKED, NEEDLE, Insert, Inserted, Tokenizer

TOLERANCE_TOKENS = 8
"""A request has its nominal length or up to this many tokens less."""

_TRIES = 64
"""So many further places to cut are tried for the last few tokens of a prompt with several inserts."""
_ENOUGH_TOKENS = 4
"""A prompt of many inserts that is so much short is not tried to be made longer."""
_LONGEST_WORD = 20
_GIVE_TOKENS = 5
_LINKS = frozenset("'’-_.,:")
# Han, kana, Thai, Lao, Burmese and Khmer are written without spaces: between any two characters is between words.
_WITHOUT_SPACES = re.compile(
    r"[\u2e80-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
    r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """What stands around the haystack: the text before and after it in its message, and all other tokens.

    `fixed_tokens` counts the chat template and the other messages.
    """

    before: str
    after: str
    fixed_tokens: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Splice:
    """A haystack source.text[start:end] with inserts in it, in the order in which they stand, and what that counts."""

    start: int
    end: int
    tail: str
    inserts: tuple[Inserted, ...]
    haystack_tokens: int
    total_tokens: int

    def depth_percent(self, insert: Inserted) -> float:
        """Return the haystack tokens before an insert / all haystack tokens, in percent."""
        return 100.0 * insert.needle_token / self.haystack_tokens if self.haystack_tokens else 0.0


def rendered(text: str | SourceText, splice: Splice, texts: Sequence[str]) -> str:
    """Return the haystack with its inserts, cut out of the source's `text`; `texts` are what was planted."""
    pieces, at = [], splice.start
    for each in splice.inserts:
        pieces += [text[at : each.at], each.before, texts[each.index], each.after]
        at = each.at
    return "".join([*pieces, text[at : splice.end], splice.tail])


def fit(
    source: Source,
    inserts: Sequence[Insert],
    *,
    length: int,
    frame: Frame,
    tokenizer: Tokenizer,
    apart: bool = False,
) -> Splice:
    """Cut the source to a request of `length` tokens and place the inserts.

    Args:
        source: the tokenized text; the haystack is its beginning.
        inserts: what is planted, each text stored verbatim at its depth (0 = first, 100 = last); at one place they
            stand in this order. None of them leaves the haystack as it is.
        length: tokens of the whole request, as the tokenizer and `frame.fixed_tokens` count them.
        frame: what stands around the haystack.
        tokenizer: counts in the length unit.
        apart: whether each insert gets a boundary of its own, as long as there are enough.

    Returns:
        The splice whose total is the largest that was reached without exceeding `length`.

    Raises:
        UsageError: the length can't hold inserts and question, or the source is too short for it.
    """
    start = len(source.text) - len(source.text.lstrip())
    sizes = tuple(tokenizer.count(insert.text) for insert in inserts)
    several = len(inserts) > 1
    counter = InsertCounter(source.text, source.starts, tokenizer) if several and not source.turned else None
    fixed = frame.fixed_tokens + sum(map(tokenizer.count, (frame.before, frame.after))) + sum(sizes)

    asked = _Asked(source, inserts, sizes, start, frame, tokenizer, apart, counter)
    best, cut = _longest(source, start, length, length - fixed, asked.splice)
    if best is not None and (several or source.turned):
        best = _filled(source, best, cut, length, asked.splice, _ENOUGH_TOKENS if apart else 0)
    if best is None or best.haystack_tokens < 1:
        raise UsageError(t("text.length_tokens_cant_hold", length=length, fixed=fixed, fixed_2=fixed + 64))
    if best.end >= len(source.text.rstrip()) and length - best.total_tokens > TOLERANCE_TOKENS:
        raise UsageError(t("text.length_tokens_longer_than", length=length, total_tokens=best.total_tokens))
    return best


@dataclass(frozen=True, slots=True, order=True)
class Cut:
    """Where a haystack ends: before source.text[end], `closing` added; about `token` tokens of the source are that."""

    end: int
    further: int = 0
    """How many characters of what is read next stand in `closing`."""
    closing: str = field(default="", compare=False)
    token: int = field(default=0, compare=False)


def cut_for(source: Source, start: int, token: int) -> Cut:
    """Return the cut at or before token number `token` of a source.

    A chat never ends with a turn of the user's that nobody answers: where the cut would lie in the opening of one, as
    many tokens of what would be read next stand at the end of the turn before.
    """
    end = cut_position(source, start, token)
    opening = opening_at(source, end) if source.turned else None
    if opening is None:
        return Cut(end, token=source.token_at(end))
    begin, first = opening
    next_turn = source.text.find(ASKED, first)
    most = source.token_at(next_turn) if next_turn > 0 else len(source.starts)
    wanted = source.token_at(first) + token - source.token_at(begin)
    last = cut_position(source, first, min(wanted, most))
    closing = source.text[first : min(last, next_turn)] if next_turn > 0 else source.text[first:last]
    spaced = closing and begin and not _is_wide(source.text[begin - 1], source.language)
    known = source.token_at(begin) + source.token_at(first + len(closing)) - source.token_at(first)
    return Cut(begin, len(closing), (" " if spaced else "") + closing, known)


def _longest(
    source: Source, start: int, length: int, budget: int, cut_at: Callable[[Cut], Splice]
) -> tuple[Splice | None, Cut]:
    """Return the longest splice of up to `length` tokens, and its cut: the next one would take over the length.

    The first guess is a haystack of `budget` tokens; every further one is off by what the last splice has to spare.
    """
    first_token = source.token_at(start)
    best: Splice | None = None
    longest = Cut(start)
    too_long = Cut(len(source.text) + 1, token=len(source.starts))
    token = first_token + budget
    while token > first_token:
        cut = cut_for(source, start, token)
        if cut >= too_long:  # the guess leads back there: try the place before it
            cut = cut_for(source, start, too_long.token - 1)
        if cut <= longest:
            break
        splice = cut_at(cut)
        spare = length - splice.total_tokens
        if spare < 0:
            too_long = cut
        else:
            best, longest = splice, cut
        if spare == 0:
            break
        token = cut.token + spare
    return best, longest


def _filled(
    source: Source, best: Splice, cut: Cut, length: int, cut_at: Callable[[Cut], Splice], enough: int
) -> Splice:
    """Return the best splice near one of several inserts; one that is `enough` tokens short is good.

    Where the haystack grows by a word, inserts may move on to the next sentences, and what stands around each may
    count a token more or less: a cut that is a little farther on can fit again where a nearer one did not.
    """
    token, last = cut.token, cut
    for _ in range(_TRIES):
        if length - best.total_tokens <= enough:
            break
        token += 1
        further = cut_for(source, best.start, token)
        if further <= last:
            continue
        last, splice = further, cut_at(further)
        if best.total_tokens < splice.total_tokens <= length:
            best = splice
        if splice.total_tokens > length + TOLERANCE_TOKENS * max(len(splice.inserts), 1):
            break
    return best


def cut_position(source: Source, start: int, token: int) -> int:
    """Return the last place at or before token number `token` where the text may end: never inside a word.

    What has no end within `_LONGEST_WORD` characters or `_GIVE_TOKENS` tokens is no word and is cut between characters;
    a character of many code points (joined emoji, piled-up accents) is cut between these by the same rule.
    """
    text = source.text
    if token >= len(source.starts):
        return len(text.rstrip())
    first = int(source.starts[token])
    least = max(start, first - _LONGEST_WORD)
    if token > _GIVE_TOKENS:
        least = max(least, int(source.starts[token - _GIVE_TOKENS]))
    position = first
    for inside in (_inside_word, _inside_character):
        found = next((at for at in range(first, least - 1, -1) if at <= start or not inside(text, at)), None)
        if found is not None:
            position = found
            break
    ended = _without_blanks(text, start, position)
    return ended if token - source.token_at(ended) <= _GIVE_TOKENS else position


def _without_blanks(text: str, start: int, position: int) -> int:
    """Return where the white space before `position` begins."""
    while position > start:
        block = text[max(start, position - 256) : position]
        kept = len(block.rstrip())
        position -= len(block) - kept
        if kept:
            break
    return position


def _inside_character(text: str, position: int) -> bool:
    """Say whether a place lies within what a reader sees as one character: marks, joiners, flags, skin tones."""
    left, right = text[position - 1], text[position]
    if unicodedata.category(right)[0] == "M" or "\u200d" in (left, right) or "\U0001f3fb" <= right <= "\U0001f3ff":
        return True
    return all("\U0001f1e6" <= char <= "\U0001f1ff" for char in (left, right))


def _inside_word(text: str, position: int) -> bool:
    if _inside_character(text, position):
        return True
    left, right = text[position - 1], text[position]
    if right in _LINKS and position + 1 < len(text):
        return _is_word(left) and _is_linked(left, right, text[position + 1])
    if left in _LINKS and position > 1:
        return _is_word(right) and _is_linked(text[position - 2], left, right)
    return _is_word(left) and _is_word(right)


def _is_linked(left: str, link: str, right: str) -> bool:
    """Say whether a sign between two characters makes one word or number of them: can't, 3.14, 10,000, well-known."""
    if link in ",:":
        return left.isdigit() and right.isdigit()
    return _is_word(left) and _is_word(right)


def _is_word(char: str) -> bool:
    """Say whether a character belongs to words that have spaces around them."""
    return char.isalnum() and not _WITHOUT_SPACES.match(char)


def _is_wide(char: str, language: str) -> bool:
    width = unicodedata.east_asian_width(char)
    return width in "WF" or (width == "A" and not of(language).language.spaced)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is fitted; a splice of it is made for every place that it might be cut at."""

    source: Source
    inserts: Sequence[Insert]
    sizes: Sequence[int]
    """The tokens of each insert."""
    start: int
    frame: Frame
    tokenizer: Tokenizer
    apart: bool
    counter: InsertCounter | None
    """Counts where there are several inserts; None: all is counted as it is joined."""

    def splice(self, cut: Cut) -> Splice:
        """Return the haystack that ends at a cut, with its inserts."""
        source, start, end = self.source, self.start, cut.end
        inserts, joined = self._placed(cut)
        tail = "" if inserts and inserts[-1].at == end else _closing(source, start, cut)
        return Splice(
            start=start,
            end=end,
            tail=tail,
            inserts=tuple(inserts),
            haystack_tokens=source.token_at(end) - source.token_at(start),
            total_tokens=self.frame.fixed_tokens + self._count(joined, end, tail),
        )

    def _placed(self, cut: Cut) -> tuple[list[Inserted], list[tuple[int, str]]]:
        """Return the inserts in the order in which they stand, and what is joined in at which character for each."""
        source, start, end = self.source, self.start, cut.end
        first, last = source.token_at(start), source.token_at(end)
        placed = _boundaries_for(source, start, end, self.inserts, apart=self.apart)
        tokens = source.starts.searchsorted([at for at, *_ in placed]).tolist()
        seams: list[Inserted] = []
        joined: list[tuple[int, str]] = []
        left = ""
        for (at, sentence_tokens, index), before_it in sorted(
            zip(placed, tokens, strict=True), key=lambda each: (each[0][0], each[0][2])
        ):
            text = self.inserts[index].text
            same = bool(seams) and at == seams[-1].at
            before, after = _marks(source, text, start, at, cut, left if same else None)
            token = before_it - first
            seams.append(
                Inserted(
                    index=index,
                    at=at,
                    before=before,
                    after=after,
                    needle_token=token,
                    needle_tokens=self.sizes[index],
                    sentence_tokens=sentence_tokens,
                    achieved_depth_percent=round(100.0 * token / (last - first), 4) if last > first else 0.0,
                )
            )
            left = before + text + after
            joined.append((at, left))
        return seams, joined

    def _count(self, joined: Sequence[tuple[int, str]], end: int, tail: str) -> int:
        """Return the tokens of the message that the haystack stands in."""
        before, after = self.frame.before, tail + self.frame.after
        if self.counter is not None:
            return self.counter.count(before, self.start, joined, end, after)
        pieces: list[Piece] = [before]
        begin = self.start
        for at, piece in joined:
            pieces += [self.source.stretch(begin, at), piece]
            begin = at
        return count_joined([*pieces, self.source.stretch(begin, end), after], self.tokenizer)


_Place = tuple[int, int, int]
"""A boundary, the tokens of the sentence that it is nearest to, and which insert stands there."""


def _boundaries_for(source: Source, start: int, end: int, inserts: Sequence[Insert], *, apart: bool) -> list[_Place]:
    """Return the boundary nearest to each depth, the haystack's ends included, and the local sentence's tokens."""
    if not inserts:
        return []
    lo = int(np.searchsorted(source.boundaries, start, side="right"))
    hi = int(np.searchsorted(source.boundaries, end, side="left"))
    first, last = source.token_at(start), source.token_at(end)
    inside, before = source.boundaries[lo:hi], source.boundary_tokens[lo:hi]
    target = first + np.array([insert.depth_percent for insert in inserts]) / 100.0 * (last - first)
    right = np.where(target > first, before.searchsorted(target), 0).tolist()
    count, wanted = len(inside), target.tolist()
    nearest, sentence = list[int](), list[int]()
    for number, goal in zip(right, wanted, strict=True):
        left = int(before[number - 1]) if number > 0 else first
        after = int(before[number]) if number < count else last
        nearest.append(number if goal - left <= after - goal else number + 1)
        sentence.append(after - left)
    if apart and len(inserts) > 1:
        nearest = _apart(nearest, inserts, count + 2)

    def place(number: int) -> int:
        return start if number == 0 else end if number > count else int(inside[number - 1])

    return [(place(at), tokens, index) for index, (at, tokens) in enumerate(zip(nearest, sentence, strict=True))]


def _apart(nearest: Sequence[int], inserts: Sequence[Insert], count: int) -> list[int]:
    """Return the inserts' boundaries, by number, with one of its own for each: others give way to needles.

    Where there are not enough, what is left over stays where others stand, but not at a needle's place if that can be
    helped. None overtakes another: the order of depths may be what is asked for.
    """
    found, taken, kept = list(nearest), set[int](), set[int]()
    for index in sorted(range(len(inserts)), key=lambda each: inserts[each].role != NEEDLE):
        here = nearest[index]
        if here in taken and len(taken) < count:
            near = (here + step for reach in range(1, count) for step in (reach, -reach))
            here = next(each for each in near if 0 <= each < count and each not in taken)
        elif here in kept and len(kept) < count:
            here = min((each for each in range(count) if each not in kept), key=lambda each: abs(each - nearest[index]))
        taken.add(here)
        if inserts[index].role == NEEDLE:
            kept.add(here)
        found[index] = here
    rising = sorted(range(len(inserts)), key=lambda each: inserts[each].depth_percent)
    for index, here in zip(rising, sorted(found), strict=True):
        found[index] = here
    return found


def _closing(source: Source, start: int, cut: Cut) -> str:
    """Return what closes the haystack: what of the next turn still fits, and the mark of a cut sentence."""
    if ends_sentence(source.text[max(start, cut.end - 40) : cut.end] + cut.closing):
        return cut.closing
    return cut.closing + of(source.language).language.ellipsis


def _marks(source: Source, text: str, start: int, at: int, cut: Cut, left: str | None) -> tuple[str, str]:
    """Return what the language needs before and after an insert; `left` is the insert before it at the same place."""
    closing = "" if left is not None or at != cut.end else _closing(source, start, cut)
    if source.turned:  # a turn stands by itself
        return closing, ""
    stop = stop_for(text)
    if at == cut.end:
        return closing + "\n\n", stop
    if at == start or source.text[at - 1] == "\n":
        return "", stop + "\n\n"
    last = source.text[at - 1] if left is None else left[-1]
    before = "" if (left is not None and last.isspace()) or _is_wide(last, source.language) else " "
    closed = source.text[at].isspace() or _is_wide((text + stop)[-1], source.language)
    return before, stop + ("" if closed else " ")
