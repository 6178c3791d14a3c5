"""What carries the meaning of a phrase beside its content words: where and when, counts, and its parts as a list."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from nihbench.score.answer import Span, Text
from nihbench.score.grammar import Grammar
from nihbench.score.values.amounts import Read, amounts, reader_for
from nihbench.text.late import late

_BEFORE = 30  # characters in front of a phrase in which a word for where and when belongs to it
_TELLING = 4  # letters
_AFTER = 6  # characters behind it, where there are spaces: the lever up
_BEHIND = 4  # characters behind it, where there are no spaces
_CLAUSE = late(r"[.,;:!?。\n]")
_ITEM_WORDS = 5
_ITEM_SIGNS = 10
_PARTED_FROM = 4  # signs: between those of so long a form a comma may stand
_LONGEST = 40  # signs of a form that are made a pattern with gaps


@dataclass(frozen=True, slots=True)
class Relation:
    """A word for where, when or how in a phrase: its side, the other sides, and what it stands by."""

    own: re.Pattern[str]
    others: re.Pattern[str]
    neighbour: str
    signs: bool
    word: str = ""

    def is_left_out(self, answer: Text) -> bool:
        """Whether an answer leaves out a telling word (every other, under; not on, which many say without it)."""
        long = len(self.word) > _TELLING and not self.signs and not answer.has_signs  # which an alias may word
        return long and self.own.search(answer.text) is None and self.others.search(answer.text) is None

    def beside(self, part: str, grammar: Grammar) -> bool:
        """Whether it stands by one of a phrase's parts."""
        return self.neighbour.endswith(part) if self.signs else self.neighbour == grammar.stem(part)

    def denied(self, answer: Text, span: Span) -> bool:
        """Whether an answer says the opposite beside a place."""
        text = answer.text
        if self.signs:
            low, high = max(0, span[0] - 1), span[1] + _BEHIND
            stop = _CLAUSE.search(text, span[1], high)
            high = stop.start() if stop else high
        else:
            low, high = max(0, span[0] - _BEFORE), min(len(text), span[1] + _AFTER)
            stop = _CLAUSE.search(text, span[1], high)
            high = stop.start() if stop else high
            breaks = [m.end() for m in _CLAUSE.finditer(text, low, span[0])]
            low = breaks[-1] if breaks else low
        return self.others.search(text, low, high) is not None and self.own.search(text, low, high) is None


@dataclass(frozen=True, slots=True)
class Head:
    """A word that says which of two things is which (from, to), with what it stands by."""

    own: re.Pattern[str]
    others: re.Pattern[str]
    neighbour: str
    signs: bool

    def beside(self, part: str, grammar: Grammar) -> bool:
        """Whether it stands by one of a phrase's parts."""
        return self.neighbour.startswith(part) if self.signs else self.neighbour == grammar.stem(part)

    def denied(self, answer: Text, span: Span) -> bool:
        """Whether an answer puts another such word in its place, anywhere."""
        return self.others.search(answer.text) is not None and self.own.search(answer.text) is None


def heads(form: str, grammar: Grammar) -> tuple[Head, ...]:
    """Return the words of a folded form that say which of two things is which."""
    found = []
    m = re.match(r"(?:the |a )?(\w+)\b.{1,80}? than (?:the |a )?(\w+)", form)
    if m is not None and m[1] != m[2]:  # the north tower is taller than the south tower
        own, other = (re.compile(rf"\bthan (?:the |a )?{re.escape(word)}\b") for word in (m[2], m[1]))
        found.append(Head(own, other, grammar.stem(m[2]), signs=False))
    for language in grammar.languages:
        signs = not language.spaced
        for sides in language.values.heads if language.values else ():
            for side in sides:
                others = "|".join(other for other in sides if other != side)
                edge = "" if signs else r"\b"
                m = re.search(
                    rf"{edge}(?:{side}){'' if signs else ' (?:the )?'}([^\W\d_]{{1,{4 if signs else 20}}})", form
                )
                if m is None or (signs and not grammar.has_signs(form)):
                    continue
                near = re.escape(m[1][:2] if signs else m[1])
                gap = "" if signs else " (?:the )?"
                own, other = (re.compile(rf"{edge}(?:{words}){gap}{near}") for words in (side, others))
                found.append(Head(own, other, m[1] if signs else grammar.stem(m[1]), signs))
    return tuple(found)


def without_relations(form: str, grammar: Grammar) -> str:
    """Return a form without its words for where and when that are several (on top of), which say what one does."""
    for signs, sides in _groups(grammar):
        for own, _ in sides:
            m = own.search(form)
            if m is not None and (len(m.group()) > 1 if signs else " " in m.group()):
                form = f"{form[: m.start()]} {form[m.end() :]}"
    return form


def sides_in(form: str, grammar: Grammar) -> dict[str, tuple[str, ...]]:
    """Return the words of a form without spaces that say where and when and are of several signs, with their likes."""
    found = {}
    for signs, sides in _groups(grammar):
        for own, _ in sides if signs else ():
            m = own.search(form)
            if m is not None and len(m.group()) > 1:
                found[m.group()] = tuple(own.pattern.removeprefix("(?:").removesuffix(")").split("|"))
    return found


@lru_cache(maxsize=64)
def _groups(grammar: Grammar) -> tuple[tuple[bool, tuple[tuple[re.Pattern[str], re.Pattern[str]], ...]], ...]:
    """Return every group of opposites: each side's pattern, and that of all its other sides."""
    found = []
    for language in grammar.languages:
        for sides in language.values.opposites if language.values else ():
            pairs = []
            for side in sides:
                others = "|".join(other for other in sides if other != side)
                pairs.append((_bounded(side, language.spaced), _bounded(others, language.spaced)))
            found.append((not language.spaced, tuple(pairs)))
    return tuple(found)


def _bounded(words: str, spaced: bool) -> re.Pattern[str]:
    longest = "|".join(sorted(words.split("|"), key=len, reverse=True))
    return re.compile(rf"\b(?:{longest})\b" if spaced else f"(?:{longest})")


def relations(form: str, grammar: Grammar) -> tuple[Relation | Head, ...]:
    """Return the words of a folded form that say where, when and how."""
    found: list[Relation | Head] = []
    for signs, sides in _groups(grammar):
        if signs and not grammar.has_signs(form):
            continue
        present = [(own, others, m) for own, others in sides if (m := own.search(form)) is not None]
        if len(present) != 1 or present[0][1].search(form):
            # Of sides of which one holds the other (every, every other) the longer one is meant.
            present = sorted(present, key=lambda each: -len(each[2].group()))[:1]
            if not present or any(other is not present[0][0] and (m := other.search(form)) is not None and
                                  not present[0][2].start() <= m.start() < present[0][2].end()
                                  for other, _ in sides):  # fmt: skip
                continue
        own, others, m = present[0]
        if signs:
            neighbour = form[: m.start()][-4:].rstrip("的") or form[m.end() :][:2]
        else:
            behind = [w for w in grammar.words(form[m.end() :]) if w not in grammar.empty]
            ahead = [w for w in grammar.words(form[: m.start()]) if w not in grammar.empty]
            neighbour = grammar.stem(behind[0] if behind else ahead[-1]) if behind or ahead else ""
        if neighbour:
            found.append(Relation(own, others, neighbour, signs, m.group()))
    return (*found, *heads(form, grammar))


# ---- forms with signs ------------------------------------------------------------------------------------------


def in_signs(form: str, grammar: Grammar) -> str:
    """Return a pattern for a form with signs: particles between them, numbers and amounts in any writing."""
    particles = "".join(grading.particles for grading in grammar.gradings)
    gap = rf"[ {particles}]{{0,2}}" if len(form) < _PARTED_FROM else rf"[ ,、·{particles}]{{0,2}}"
    if len(form) > _LONGEST:
        return re.escape(form)
    pieces: list[str] = []
    at = 0
    for read in amounts(Text(form, grammar)):
        if read.single or len(read.values) == 0 or read.values[0] != read.values[0].to_integral() or read.per:
            continue
        pieces += _letters(form[at : read.start], grammar)
        if pieces:
            pieces[-1] += r"[ |:]{0,3}[^\s\d,;。不没非未无]{0,3}?" + _amount_pattern(read, grammar)
        else:
            pieces.append(_amount_pattern(read, grammar))
        at = read.end
    left = form[at:]
    place = next((own for signs, sides in _groups(grammar) if signs for own, _ in sides
                  if (m := _last_of(own, left)) and 1 < len(m) < len(left)), None)  # fmt: skip
    if place is None:
        return gap.join([*pieces, *_letters(left, grammar)])
    said = _last_of(place, left)
    return gap.join([*pieces, *_letters(left[: -len(said)], grammar), place.pattern])


def _last_of(words: re.Pattern[str], form: str) -> str:
    """Return the word for where with which a form ends, "" where it ends otherwise."""
    return max((m.group() for m in words.finditer(form) if m.end() == len(form)), key=len, default="")


def is_place_word(text: str, grammar: Grammar) -> bool:
    """Whether a text is nothing but a word for where or when."""
    return any(own.fullmatch(text) for _, sides in _groups(grammar) for own, _ in sides)


def _letters(form: str, grammar: Grammar) -> list[str]:
    found: list[str] = []
    at = 0
    for m in _weekdays(grammar).finditer(form):
        alike = [word for word, number in _WEEKDAYS_OF[grammar].items() if number == _WEEKDAYS_OF[grammar][m.group()]]
        found += [*_plain_letters(form[at : m.start()], grammar), f"(?:{'|'.join(map(re.escape, alike))})"]
        at = m.end()
    return [*found, *_plain_letters(form[at:], grammar)]


_WEEKDAYS_OF: dict[Grammar, dict[str, int]] = {}


@lru_cache(maxsize=64)
def _weekdays(grammar: Grammar) -> re.Pattern[str]:
    """Return what finds the weekdays of languages without spaces."""
    words = {
        word: number
        for each in grammar.languages
        if each.values and not each.spaced
        for word, number in each.values.weekdays.items()
    }
    _WEEKDAYS_OF[grammar] = words
    return re.compile("|".join(map(re.escape, words)) or "(?!)")


def _plain_letters(form: str, grammar: Grammar) -> list[str]:
    pieces = re.findall(r"\d+|\S", form)
    numbers = {piece for piece in pieces if piece in grammar.digits or piece.isdecimal()}
    return [rf"(?:{p}|{grammar.numeral(p)})" if p in numbers else re.escape(p) for p in pieces]


def _amount_pattern(read: Read, grammar: Grammar) -> str:
    """Return a pattern for an amount of any writing: 400元, ¥400, 四百块."""
    number = int(read.values[0])
    plain = str(abs(number))
    grouped = f"{abs(number):,}".replace(",", "[, ]?")
    ways = {grouped + r"(?:\.0+)?", rf"{plain}(?:\.0+)?"}
    if read.digits and read.digits != plain:
        ways.add(read.digits)
    for each in grammar.languages:
        if each.values and each.values.write:
            ways.add(re.escape(each.values.write(abs(number))))
            if read.digits:
                ways.add("".join(each.values.write(int(digit)) for digit in read.digits))
    pattern = rf"(?<!\d)(?:{'|'.join(sorted(ways, key=len, reverse=True))})(?![\d])"
    if not read.unit:
        return pattern
    own, others = reader_for(grammar).words_for(read.unit)
    behind = rf"(?: ?(?:{own}))?(?! ?(?:{others}))" if " " in read.unit or read.unit.isupper() else rf" ?(?:{own})"
    return rf"(?:[¥€£] ?)?{pattern}{behind}"


# ---- lists -----------------------------------------------------------------------------------------------------


def parts_of_list(text: str, grammar: Grammar, *, asked: bool) -> tuple[list[str], bool]:
    """Return the items of a text that lists several things, and whether it tells their order; none of one phrase.

    Args:
        text: the expected text.
        grammar: how it is read.
        asked: the needle says that it is a list.
    """
    joints = "|".join(each.values.joints for each in grammar.languages if each.values and each.values.joints)
    plain = text.strip().rstrip(".。")
    folded = re.sub(r"(?<=\d),(?=\d{3})", "\0", plain.replace("，", ",").replace("；", ";"))
    parts = [re.sub(r"^(?:and|和|以及) ?", "", part).replace("\0", ",").strip() for part in re.split(joints, folded)]
    parts = [part for part in parts if part]
    opened = "|".join(each.values.sequence for each in grammar.languages if each.values and each.values.sequence)
    steps = [re.sub(rf"^(?:{opened})", "", part, flags=re.IGNORECASE).strip() for part in parts] if opened else parts
    told = sum(step != part for step, part in zip(steps, parts, strict=True)) > 1
    parts = steps if told else parts
    if len(parts) < 2 or len(set(parts)) < len(parts) or not all(parts):
        return [], False
    if asked:
        return parts, told
    paired = all(_is_pair(part, grammar) for part in parts)
    if len(parts) == 2 and re.match(
        r"[^,]*, ?(?:the|an?|our|their|his|her) |(?:[A-Z][\w.'’-]*,? ?){2,5}(?<=,) ?[a-z]", folded
    ):
        return parts, False  # a thing, and what is said of it
    if len(parts) == 2 and not told and not paired and not re.search(r" and | & |、|和|与|及|→|->", folded):
        return [], False
    if any(_too_long(part, grammar, short="、" in folded or len(parts) > 2) for part in parts):
        return [], False
    return parts, told or "→" in folded or "->" in folded


def _is_pair(part: str, grammar: Grammar) -> bool:
    """Whether an item names a thing and its number: 成人35元."""
    text = Text(part, grammar)
    if re.fullmatch(r"[^:]{1,30}: [^:]{1,40}", part.strip()):
        return True
    read = [each for each in amounts(text) if not each.single]
    rest = text.text[: read[0].start] + text.text[read[0].end :] if len(read) == 1 else ""
    return bool(grammar.content_stems(rest.strip(" :"))) and bool(rest.strip(" :"))


def _too_long(part: str, grammar: Grammar, *, short: bool) -> bool:
    folded = grammar.fold(part).text
    words = grammar.words(folded)
    signs = sum(map(grammar.is_sign, (word[0] for word in words)))
    if signs == 1 and len(words) == 1 and not short:
        return True  # one sign: 和 may be a part of a word
    return len(words) - signs > _ITEM_WORDS or signs > _ITEM_SIGNS or not grammar.content_stems(folded)
