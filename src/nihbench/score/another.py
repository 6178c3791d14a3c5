"""Whether the needle's content is given to something else: to another subject, to the past, or to another of its facts.

"X belongs to Porto, Lisbon has Y"; "it used to be X, now it is Y"; of two numbers each in the other's place. Always two
things must be seen: that the content stands with something else, and that what was asked for gets another value. An
answer that only words the needle differently is not accused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from nihbench.lang.messages import Note, Words
from nihbench.score.asides import is_label
from nihbench.score.beside import own_nouns
from nihbench.score.grammar import Grammar, Phrase
from nihbench.score.match import Found, negated, places_of, rivals_of
from nihbench.score.reading import Reading
from nihbench.score.sheet import Sheet
from nihbench.score.subject import names_another
from nihbench.text.late import late
from nihbench.types import FOUND_FROM

Span = tuple[int, int]

_PARTS = Phrase(r"[;。!?\n—]|\.(?=\s|$)|,(?!\d)|(?<!\d),|@parts@")
_STRONG = Phrase(r"[;。!?\n—]|\.(?=\s|$)|@parts@")
_FORMER = Phrase("@former@")
_NOW = Phrase("@now@")
_FROM = Phrase("(?:@from@)[^,;.。]{0,24}$")
_TO = Phrase(r"[^,;.。]{0,16}?(?:@to@)")
_BELONGS = Phrase("(?:@belongs@)")
_STRANGE_SIGNS = 3
_ASSIGNS = Phrase("(?:@assigns@)")
_POINTS_BACK = Phrase(r"\W{0,3}(?:@points_back@)")
_WORDS = ("name", "yes_no", "list", "order", "phrase")  # types of values that are words
_CODE = late(r"\b\w{1,24}(?:[-_!/.@#]\w{1,24}){1,6}")
_WHO = Phrase(r"(?:@asks_who@) (\w{2,20})")
_DIGIT = late(r"\d")
_SOMEONE_ELSE = Phrase("(?<![不没])(?:@someone_else@)")
_AS_FOR = Phrase("(?:@as_for@)")
_IS_WHAT = Phrase("(?:@is_what@)")
_GOES_TO = Phrase(r"\W{0,2}(?:@goes_to@)")
_IS_NOW = Phrase(r"(?:@assigns@)(?: been)? (?:@now@)$")
_IS_WHERE = Phrase(r"\W{0,2}(?:@is_where@)")
_KNOWN_AS_SUCH = Phrase("(?:@known_as_such@)")
_SET_APART = Phrase("(?:@set_apart@)")
_ORDER_SIGNS = late(r"第?([零一二三四五六七八九十甲乙丙丁\d]{1,4})(?=号|楼|期|栋|座|级|班|组|队)")
_KIND_OF = late(r"^ [\w'-]{2,20}(?= (?:for|of|on|to|about|at|in)\b)")  # what is not told: "no date for the train"
_END = late(r"[;。\n]|[.!?](?=\s|$)")
_ITSELF = ("itself", "himself", "herself", "themselv", "themselves", "though", "proper", "meanwhile")
_LEAST_NEW = 2  # signs that make another thing of what is named
_USE = 60  # characters behind a value in which another use of it stands
_MOST = 24  # parts of an answer that are looked at
_REACH = 120  # characters behind "now" in which a new value stands
_SAYS_OF = Phrase(r"(?: [a-z'-]{2,20}){0,2}(?:'s\b| (?:@says_of@)\b)")
_OF_THE_SOURCE = Phrase("@of_the_source@")
_REFERS_BACK = Phrase("@refers_back@")
_IS_THING = Phrase("(?:@is_thing@)")
_NOT_DONE = Phrase("(?:@not_done@)")
_NOTHING_OF = Phrase("(?:@nothing_of@)")
_GOES_ON = Phrase(r"(?:@parts@)")
_ADDRESSES = ("url", "email", "phone")
_OPENERS = " \"'“‘「《(,"
_HEAD = 4  # words of a part in which the name stands that it speaks of
_LONG_HEAD = 6
_JOINT = late(r"[,;](?!\d)| and |,(?<!\d,)|、|和|与|及")
_ITEMS = late(r",(?!\d)| and |、|和|与|及|;")
_NAME = late(r"\b[A-Z][a-z]{2,20}\b")


class _Part(NamedTuple):
    """A part of a sentence, by its span in the folded text, and whether a given fact stands in it."""

    start: int
    end: int
    given: bool


def of_another(reading: Reading) -> Words:
    """Return why what is given is not given as the answer, or an empty string."""
    if not reading.right or not reading.says_more or (reading.sheet.by_words and reading.word_band < FOUND_FROM):
        return ""
    spans = _spans(reading)
    why = _superseded(reading, spans)
    if why:
        return why
    parts = _parts(reading, spans)
    if len(parts) == 1:
        return _shared_out(reading, parts[0]) if parts[0].given else ""
    apart = len(parts) > 1 and (_given_to_another(reading, parts, spans) or _led_by_another(reading, parts))
    apart = apart or (_told_of_another(reading, parts) if len(parts) > 1 else "")
    apart = apart or next((why for p in parts if p.given and (why := _shared_out(reading, p))), "")
    return apart or _told_elsewhere(reading, parts, spans) or _done_by_another(reading, parts)


# ---- told of another thing, and the asked thing told of apart ------------------------------------------------------


def _told_of_another(reading: Reading, parts: list[_Part]) -> Words:
    """What is given is told of another thing, and of the asked thing another part tells its own, or leaves it open.

    "X is the number for Orrin Mill. For Halsey Mill, none is given"; 段怀瑾是厂长，首席审评师是赵其昌.
    A part that speaks of the value ("X is on a Friday") tells of no other thing.
    """
    starts = [s for f in reading.right for s, _ in f.spans]
    given = [p for p in parts if p.given]
    others = [p for p in parts if not p.given and not any([p.start <= s < p.end for s in starts])]
    if len(given) != 1 or not others:
        return ""
    text, sheet, grammar = reading.answer.text, reading.sheet, reading.grammar
    part = given[0]
    before, behind = _around(text, part, reading)
    left = f"{before} {behind}"
    if not _things(reading, left) or _OF_THE_SOURCE(grammar).search(left):
        return ""
    signs, latin = _asked_apart(sheet)
    own = {word for word in signs if word in left} | latin.intersection(_acts(grammar, left))
    for other in others:
        said = text[other.start : other.end]
        asked = {word for word in signs if word in said} | latin.intersection(_acts(grammar, said))
        left_open = reading.answer.cues("abstain", other.start, other.end)
        until = left_open[0].start if left_open else max(part.end, other.start)
        if reading.answer.cues("hedge", min(part.start, other.start), until):
            continue  # called no answer: that is a doubt
        if not asked - own or len(asked) < len(own) or _POINTS_BACK(grammar).match(said):
            continue
        known = [*grammar.stems(left), *(f"{act}er" for act in latin), *(f"{act}{act[-1:]}er" for act in latin)]
        if _open_alone(reading, other.start, other.end, known) or _has_its_own(reading, other, behind, bool(own)):
            return Note("given_to_another", words=said.strip()[:60])
    return ""


def _shared_out(reading: Reading, part: _Part) -> Words:
    """Within one part: the value goes to another thing and another one to the asked: 5 for the school and 3 for it."""
    text, sheet, grammar = reading.answer.text, reading.sheet, reading.grammar
    if not _has_digits(sheet) or len(reading.right) != 1:
        return ""
    signs, latin = _asked_apart(sheet)
    pieces = _between(_JOINT, text, part.start, part.end, reading.right[0].spans)
    held = [(low, high) for low, high in pieces if any(low <= s < high for s, _ in reading.right[0].spans)]
    if len(held) != 1:
        return ""
    own = " ".join(_around(text, _Part(*held[0], True), reading)[1:])
    if not _things(reading, own):
        return ""
    for low, high in pieces:
        if low < held[0][1] or not _has_number(reading, low, high):
            continue
        said = text[low:high]
        asked = {w for w in signs if w in said and w not in own} | latin.intersection(grammar.stems(said)) - set(
            grammar.stems(own)
        )
        if asked and not _things(reading, said):
            return Note("given_to_another", words=said.strip()[:60])
    return ""


def _acts(grammar: Grammar, text: str) -> set[str]:
    """Return the stems of a text, and of the acts that its doers are named by: win for winner."""
    stems = set(grammar.stems(text))
    return stems | {grammar.stem(f"{stem.removesuffix('er')}ing") for stem in stems if stem.endswith("er")}


def _around(text: str, part: _Part, reading: Reading) -> tuple[str, str]:
    """Return what a part says in front of the values in it, and behind and between them."""
    spans = sorted(s for f in reading.right for s in f.spans if part.start <= s[0] < part.end)
    pieces, at = [], part.start
    for start, end in spans:
        pieces.append(text[at : max(at, start)])
        at = max(at, end)
    return pieces[0], " ".join([*pieces[1:], text[at : part.end]])


def _things(reading: Reading, text: str) -> list[str]:
    """Return the words of a text that name something new: nothing that values are called by, no numbers."""
    grammar = reading.grammar
    if grammar.has_signs(text):
        found = [sign for sign in _novel_signs(reading, text) if sign not in own_nouns(grammar)]
        return found or [sign for sign in _ORDER_SIGNS.findall(text) if sign not in reading.sheet.question]
    return [s for s in reading.novel(text) if s.isalpha() and s not in own_nouns(grammar) and s not in _ITSELF]


def _has_its_own(reading: Reading, other: _Part, behind: str, attribute: bool) -> bool:
    """Whether a part gives the asked thing another value, where the value that is given is said to be another's."""
    text, sheet, grammar = reading.answer.text, reading.sheet, reading.grammar
    said = text[other.start : other.end]
    if reading.answer.cues("abstain", other.start, other.end) or _was_before(reading, other):
        return False
    thing = _IS_THING(grammar).match(behind)
    if thing and _things(reading, behind[thing.end() :]) and _is_denied(reading, other):
        return True
    if negated(reading.answer, max(other.start, other.end - 1), other.end) or _OF_THE_SOURCE(grammar).search(said):
        return False
    names = {s for name in sheet.subjects for s in (*grammar.stems(name), *_words_of(name, grammar))}
    told = {w for w in _asked_words(sheet) if _holds(sheet, said, w)} - names
    if (told or attribute) and (_NOTHING_OF(grammar).search(said) or _has_rival(reading, other)):
        return True
    if _has_digits(sheet) and not any(f.fact.kind in _ADDRESSES for f in reading.right):
        return False
    if thing is None or not _things(reading, behind[thing.end() :]):
        return False
    listed = told and len(reading.right) > 2
    if listed and len([piece for piece in _ITEMS.split(said) if _things(reading, piece)]) > 1:
        return True
    return _is_assigned(reading, other)


def _has_rival(reading: Reading, part: _Part) -> bool:
    """Whether another value of the type of what is given stands in a part."""
    text, sheet = reading.answer.text, reading.sheet
    places = [p for f in reading.right if f.fact.values for p in rivals_of(f.fact, reading.answer)[:40]]
    inside = [p for p in places if part.start <= p.start < part.end]
    return any(not is_label(sheet, text, p.start, p.end) for p in inside)


def _is_assigned(reading: Reading, part: _Part) -> bool:
    """Whether a part says of the asked thing, by its name, that it is something new."""
    grammar, sheet = reading.grammar, reading.sheet
    said = reading.answer.text[part.start : part.end]
    assigns = _ASSIGNS(grammar).search(said)
    if assigns is None:
        return False
    head, tail = said[: assigns.start()], said[assigns.end() :]
    if not _lead(sheet, head) or _REFERS_BACK(grammar).match(tail.lstrip()) or _REFERS_BACK(grammar).search(head):
        return False
    if any(f.fact.kind == "name" for f in reading.right) and not grammar.has_signs(said):
        return bool(_new_names(reading, part))
    return len(_things(reading, tail)) > int(grammar.has_signs(said) and said[assigns.start() : assigns.end()] != "姓")


def _is_denied(reading: Reading, part: _Part) -> bool:
    """Whether a part says of the asked thing, by its name, that there is none or that it is not so."""
    text, grammar = reading.answer.text, reading.grammar
    said = text[part.start : part.end]
    denied = _NOT_DONE(grammar).search(said)
    if denied is None or not _lead(reading.sheet, said[: denied.start()]) or _REFERS_BACK(grammar).search(said):
        return False
    return not _GOES_ON(grammar).search(said)


def undone(reading: Reading) -> Words:
    """Return that what is given is the subject of what it did not do: "X and Y didn't win", 甲和乙都不是……."""
    if not reading.right or not reading.answer.may_negate or reading.sheet.by_words:
        return ""
    if not any([f.fact.identifying for f in reading.right]) and not reading.sheet.listed:
        return ""
    text, grammar, sheet = reading.answer.text, reading.grammar, reading.sheet
    last = max([s[1] for f in reading.right for s in f.spans])
    denied = _NOT_DONE(grammar).match(text, last)
    if denied is None or any(f.fact.denied is not False for f in reading.right):
        return ""
    stop = _PARTS(grammar).search(text, denied.end(), denied.end() + _USE)
    behind = text[denied.end() : stop.start() if stop else denied.end() + _USE]
    said = [s for s in grammar.content_stems(behind) if s not in grammar.empty and s not in grammar.reporting]
    if not said or any(s not in sheet.known for s in said) or (stop and _GOES_ON(grammar).match(text, stop.start())):
        return ""
    low = max(
        [m.end() for m in _STRONG(grammar).finditer(text, max(0, reading.first - _REACH), reading.first)], default=0
    )
    if len([f for f in reading.right if all(low <= s < last for s, _ in f.spans)]) < len(reading.right):
        return ""
    return Note("negated", words=reading.right[0].fact.name)


def misplaced(reading: Reading) -> tuple[Found, ...]:
    """Return the facts given whose number stands where the needle has another of its facts' ("member price 400")."""
    if len(reading.found) < 2:
        return ()
    numbers = [f for f in reading.right if _DIGIT.search(f.fact.forms[0])]
    if not numbers:
        return ()
    sheet = reading.sheet
    roles = _roles(tuple((f.name, f.forms[0]) for f in sheet.facts), sheet.statements, sheet.grammar)
    text, grammar = reading.answer.text, reading.grammar
    return tuple(f for f in numbers if all(_is_misplaced(f, span, roles, text, grammar) for span in f.spans))


# ---- another subject ---------------------------------------------------------------------------------------------


def _given_to_another(reading: Reading, parts: list[_Part], spans: list[Span]) -> Words:
    text, sheet = reading.answer.text, reading.sheet
    if all([part.given for part in parts]):
        return ""
    others = [text[p.start : p.end] for p in parts if not p.given]
    # Without a word of the question, a part neither takes the place of the answer nor leaves it open.
    telling = any([_named(sheet, [other]) or _lead(sheet, other) for other in others])
    if not telling and not reading.answer.cues("abstain"):
        return ""
    given = [text[p.start : p.end] for p in parts if p.given]
    # A name that others bear, too ("the mill"), is told from a fuller one that stands elsewhere.
    if _named(sheet, given) > 0 and _named(sheet, given) >= _named(sheet, others):
        return ""
    if not any([_contrasts(reading, p, spans) for p in parts if p.given]):
        return ""
    own = max(_lead(sheet, part) for part in given)
    for part in parts:
        if not part.given and (_takes_the_place(reading, part, own) or _is_left_open(reading, part, parts)):
            return Note("given_to_another", words=text[part.start : part.end].strip()[:60])
    return ""


def _named(sheet: Sheet, parts: Iterable[str]) -> int:
    """Return the length of the longest of the subject's names that stands in some parts; 0 for none."""
    return max((len(name) for part in parts for name in sheet.subjects if name in part), default=0)


def _takes_the_place(reading: Reading, part: _Part, own: int) -> bool:
    """Whether a part speaks more of what was asked than the facts' parts do, and gives it another value."""
    text, sheet, grammar = reading.answer.text, reading.sheet, reading.grammar
    said = text[part.start : part.end]
    named = any(name in said for name in sheet.subjects)
    lead = _lead(sheet, said)
    if _POINTS_BACK(grammar).match(said) or reading.answer.cues("abstain", part.start, part.end):
        return False
    if negated(reading.answer, max(part.start, part.end - 1), part.end) or _was_before(reading, part):
        return False
    if _has_digits(sheet):
        apart = lead >= own > 0 and not grammar.has_signs(said) and _asks_apart(reading, part)
        if apart and (assigns := _ASSIGNS(grammar).search(said)) and reading.novel(said[assigns.end() :]):
            return True
        more = apart or lead > own or (grammar.has_signs(said) and lead == own > 0)
        return (named or more) and (
            _has_number(reading, part.start, part.end) or (lead > own and _has_code(reading, part))
        )
    assigns = _ASSIGNS(grammar).search(said)
    if not assigns:
        return grammar.has_signs(said) and own == 0 and lead > 1 and len(_novel_signs(reading, said)) >= _STRANGE_SIGNS
    if grammar.has_signs(said):
        led = _lead(sheet, said[max(0, assigns.start() - 2) : assigns.start()]) > 0
        return (named or (led and lead >= own)) and len(_novel_signs(reading, said[assigns.end() :])) > 1
    return (named or lead > own) and bool(_new_names(reading, part))


def _was_before(reading: Reading, part: _Part) -> bool:
    """Whether a part tells what was, and what is given is said to be now."""
    text, grammar = reading.answer.text, reading.grammar
    former = _FORMER(grammar).search(text, part.start, part.end)
    if former is None or not _is_new(reading.sheet, former.group()):
        return False
    given = min(start for found in reading.right for start, _ in found.spans)
    return _NOW(grammar).search(text, part.end, given) is not None


def _asks_apart(reading: Reading, part: _Part) -> bool:
    """Whether a part has a word of the question that stands nowhere else (the east wall, not the west)."""
    text, sheet = reading.answer.text, reading.sheet
    rest = f"{text[: part.start]} {text[part.end :]}"
    said = text[part.start : part.end]
    return any(_holds(sheet, said, word) and not _holds(sheet, rest, word) for word in _asked_words(sheet))


def _has_code(reading: Reading, part: _Part) -> bool:
    """Whether a part gives a code, where the needle has one: a word with a mark inside that nobody knows."""
    if not any(fact.kind == "code" for fact in reading.sheet.facts):
        return False
    found = _CODE.findall(reading.answer.text, part.start, part.end)[:20]
    return any(reading.novel(code) for code in found)


def _is_left_open(reading: Reading, part: _Part, parts: list[_Part]) -> bool:
    """Whether a part says of what was asked that nothing is told, where the facts are told of something by name."""
    text, sheet, grammar = reading.answer.text, reading.sheet, reading.grammar
    cues = reading.answer.cues("abstain", part.start, part.end)
    given = " ".join(text[p.start : p.end] for p in parts if p.given)
    if not cues or reading.answer.cues("either", part.start, part.end) or not _lead(sheet, given):
        return False
    low, high = cues[0].start, max(cue.end for cue in cues)
    rest = f"{text[part.start : low]} {text[high : part.end]}"
    asked = [word for word in _asked_words(sheet) if _holds(sheet, rest, word) and not _holds(sheet, given, word)]
    if not asked or len(_strange(reading, rest)) > (2 if grammar.has_signs(rest) else 0):
        return False
    if grammar.has_signs(given):
        return True
    return any(_new_names(reading, p) for p in parts if p.given) or names_another(sheet, given)


def _strange(reading: Reading, text: str) -> list[str]:
    return _novel_signs(reading, text) if reading.grammar.has_signs(text) else reading.novel(text)


def _contrasts(reading: Reading, part: _Part, spans: list[Span]) -> bool:
    """Whether a part with facts says something of its own beside them."""
    text, grammar = reading.answer.text, reading.grammar
    rest, at = [], part.start
    for start, end in spans:
        if part.start <= start < part.end:
            rest.append(text[at : max(at, start)])
            at = max(at, end)
    left = " ".join([*rest, text[at : part.end]])
    if names_another(reading.sheet, left):
        return True
    if grammar.has_signs(left):
        if _has_digits(reading.sheet):
            return bool(_novel_signs(reading, left)) or _FORMER(grammar).search(left) is not None
        own = [m for m in _BELONGS(grammar).finditer(left) if _novel_signs(reading, left[m.end() : m.end() + 1])]
        return bool(own) or len(_novel_signs(reading, left)) >= _STRANGE_SIGNS
    if _has_digits(reading.sheet):
        return any(not s.isdecimal() and s not in own_nouns(grammar) for s in reading.novel(left))
    return any(s.isalpha() and s not in own_nouns(grammar) for s in reading.novel(left))


def _novel_signs(reading: Reading, text: str) -> list[str]:
    grammar = reading.grammar
    return [s for s in reading.novel(text) if s not in grammar.light and not s.isdecimal() and s not in grammar.digits]


def _new_names(reading: Reading, part: _Part) -> list[str]:
    start, end = reading.answer.folded.place(part.start), reading.answer.folded.place(part.end - 1) + 1
    names = map(str.lower, _NAME.findall(reading.answer.original[start:end])[:20])
    own = own_nouns(reading.grammar)
    return [
        n for n in names if n not in reading.grammar.empty and reading.grammar.stem(n) not in own and reading.novel(n)
    ]


def _led_by_another(reading: Reading, parts: list[_Part]) -> Words:
    """The part with the facts begins with another's name, and one without them with the name that was asked for."""
    text, grammar = reading.answer.text, reading.grammar
    starts = [s for f in reading.right for s, _ in f.spans]
    given, others = list[_Part](), list[_Part]()
    for part in parts:
        (given if any([part.start <= s < part.end for s in starts]) else others).append(part)
    if not given or not others:
        return ""
    signs = grammar.has_signs(text[given[0].start : given[0].end]) and grammar.has_signs(reading.sheet.question)
    names = _asked_signs(reading.sheet) if signs else _asked_names(reading.sheet, reading.needle.question)
    if not names:
        return ""
    said = " ".join(text[p.start : p.end] for p in given)
    held = set(names) & _bare_words(grammar, said) if not signs else {name for name in names if name in said}
    left = [name for name in names if name not in held]
    if not left or (signs and held) or not (_begins_strange(reading, given[0], names, others) if signs else any(
        _names_new(reading, part) for part in given)):  # fmt: skip
        return ""
    for part in others:
        words = text[part.start : part.end].lstrip(_OPENERS)
        if _POINTS_BACK(grammar).match(words) or reading.answer.cues("abstain", part.start, part.end):
            continue
        if signs and (not set(words) & grammar.demonstratives and any(n in words[: len(n) + 2] for n in left)):
            return Note("given_to_another", words=words.strip()[:60])
        if _REFERS_BACK(grammar).search(words):
            continue
        if not signs and _bare_words(grammar, " ".join(words.split()[:_HEAD])) & set(left) and reading.novel(words):
            return Note("given_to_another", words=words.strip()[:60])
    return ""


def _done_by_another(reading: Reading, parts: list[_Part]) -> Words:
    """Asked is who did something: another did it, and of the one that is given something else is told."""
    text, sheet, grammar = reading.answer.text, reading.sheet, reading.grammar
    asked = _WHO(grammar).match(sheet.question)
    if asked is None or grammar.has_signs(text):
        return ""
    verb = grammar.stem(asked[1])
    own = {s for fact in sheet.facts for form in fact.forms for s in grammar.stems(form)}
    given = {s for part in parts if part.given for s in grammar.content_stems(text[part.start : part.end])}
    if verb in given or not given - own - grammar.reporting - grammar.empty:
        return ""
    for part in parts:
        if part.given or negated(reading.answer, max(part.start, part.end - 1), part.end):
            continue
        names, said = _new_names(reading, part), grammar.words(text[part.start : part.end])[:_MOST]
        for at, word in enumerate(said):
            near = {*said[max(0, at - 1) : at], *(said[at + 2 : at + 4] if said[at + 1 : at + 2] == ["by"] else ())}
            if grammar.stem(word) == verb and near.intersection(names):
                return Note("given_to_another", words=text[part.start : part.end].strip()[:60])
    return ""


def _bare_words(grammar: Grammar, text: str) -> set[str]:
    return {word.removesuffix("'s") for word in grammar.words(text)}


@lru_cache(maxsize=512)
def _asked_names(sheet: Sheet, question: str) -> tuple[str, ...]:
    """Return the words of the names that the question and the subject have, folded."""
    grammar = sheet.grammar
    asked = [name.lower() for name in _NAME.findall(question)[:20]]
    first = next(iter(grammar.words(sheet.question)), "")
    own = grammar.words(sheet.subjects[0]) if sheet.subjects else []
    return tuple(dict.fromkeys(w for w in (*asked, *own) if w not in grammar.empty and w != first and w.isalpha()))


@lru_cache(maxsize=512)
def _asked_signs(sheet: Sheet) -> tuple[str, ...]:
    """Return the subject's names in signs; where none is known, what the question begins with, up to its first 的."""
    grammar = sheet.grammar
    names = tuple(name for name in sheet.subjects if grammar.is_sign(name[0]) and len(name) > 1)
    begun = re.match(f"[{grammar.signs}]{{2,16}}?(?=[{''.join(sorted(grammar.light))}])", sheet.question)
    return names or ((begun.group(),) if begun and not sheet.subjects else ())


def _begins_strange(reading: Reading, part: _Part, names: tuple[str, ...], others: list[_Part]) -> bool:
    """Whether a part begins with another name: two signs that are new, a kindred name, or what the asked one follows.

    "The station of A ...; the station of B": a name that ends alike. "In A the best is ..., in B the best is": what
    stands before the same words.
    """
    grammar, text = reading.grammar, reading.answer.text
    first = min((s for f in reading.right for s, _ in f.spans if part.start <= s < part.end), default=part.end)
    head = text[part.start : first].lstrip(_OPENERS)
    if not head or _OF_THE_SOURCE(grammar).search(head) or set(head[:2]) & grammar.demonstratives:
        return False
    for name in names:
        if len(name) > 2 and name[-max(2, len(name) // 2) :] in head[: len(name) + 2]:
            return True
        for other in others:
            _, after, rest = text[other.start : other.end].partition(name)
            alike = head.find(rest[:2], 2, 8) if after and len(rest) > 1 else -1
            if alike > 0 and (head[2:alike] or head[:2] not in text[other.start : other.end]) and _novel_signs(
                reading, head[:alike]
            ):  # fmt: skip
                return True
    return len(head) > 2 and len(_novel_signs(reading, head[:2])) > 1


def _names_new(reading: Reading, part: _Part) -> bool:
    """Whether a part begins with a name that is new ("Paula adds", "in Seattle"), or gives its facts to one."""
    grammar, text = reading.grammar, reading.answer.text
    end = part.start + len(" ".join(text[part.start : part.end].lstrip().split()[:_LONG_HEAD])) + 1
    own = [(s, e) for f in reading.right for s, e in f.spans if part.start <= s < part.end]
    end = min([end, *(s for s, _ in own)])
    head = text[part.start : end].lstrip(_OPENERS)
    names = _new_names(reading, _Part(part.start, end, False)) if end > part.start else []
    stems = grammar.stems(head)
    if names and not any(s in grammar.reporting for s in stems[:2]):
        if not head.startswith(names[0]) or _SAYS_OF(grammar).match(head, len(names[0])):
            return True
    last = max((e for _, e in own), default=part.end)
    given = re.compile(r"\W{0,2}").match(text, last)
    assigns = _ASSIGNS(grammar).match(text, given.end() if given else last)
    if assigns is None or assigns.end() >= part.end:
        return False
    behind = assigns.end() + len(" ".join(text[assigns.end() : part.end].split()[:3])) + 1
    return bool(_new_names(reading, _Part(assigns.end(), min(behind, part.end), False)))


# ---- another place, purpose or owner, and the asked one told of or left open apart ---------------------------------


def _told_elsewhere(reading: Reading, parts: list[_Part], spans: list[Span]) -> Words:
    """The asked thing is said to be another's, is told of otherwise or left open, apart from what is given."""
    others = [part for part in parts if not part.given]
    if not others or len(others) == len(parts):
        return ""
    text, grammar = reading.answer.text, reading.grammar
    other = _SOMEONE_ELSE(grammar).search(text, spans[-1][1])
    for part in others if other else ():
        if _is_someone_elses(reading, part, parts, spans):
            return Note("given_to_another", words=text[part.start : part.end].strip()[:60])
    left = _left_by(reading, spans)
    if left or any([f.fact.kind == "name" for f in reading.right]):
        return left  # a person is in many places and does many things
    last = max([end for found in reading.right for _, end in found.spans])
    goes = _GOES_TO(grammar).match(text, last)
    use = goes or _IS_WHERE(grammar).match(text, last)
    for part in others if use and _goes_elsewhere(reading, parts, spans, use.end()) else ():
        if _open_alone(reading, part.start, part.end) or (goes and _told_otherwise(reading, part, spans)):
            return Note("given_to_another", words=text[part.start : part.end].strip()[:60])
    return ""


def _is_someone_elses(reading: Reading, part: _Part, parts: list[_Part], spans: list[Span]) -> bool:
    """Whether a part behind what is given says that what was asked is another, who is not named."""
    text, sheet = reading.answer.text, reading.sheet
    other = _SOMEONE_ELSE(reading.grammar).search(text, part.start, part.end) if part.start > spans[-1][0] else None
    if other is None or negated(reading.answer, other.start(), other.start()):
        return False
    head = text[part.start : other.start()]
    own = max([_lead(sheet, text[p.start : p.end]) for p in parts if p.given])
    return _lead(sheet, head) > own and not _strange_words(reading, head)


def _goes_elsewhere(reading: Reading, parts: list[_Part], spans: list[Span], use: int) -> bool:
    """Whether behind the words for another use (up to `use`) stands something new, and nothing that was asked."""
    text, grammar = reading.answer.text, reading.grammar
    low = max([p.start for p in parts if p.start <= spans[0][0]])
    stop = _PARTS(grammar).search(text, use, use + _USE)
    behind = text[use : stop.start() if stop else use + _USE]
    before, at = [], low
    for start, end in sorted([span for found in reading.right for span in found.spans]):
        before.append(text[at : max(at, start)])
        at = max(at, end)
    left = " ".join(before)
    if _lead(reading.sheet, left) or _lead(reading.sheet, behind) or _OF_THE_SOURCE(grammar).search(behind):
        return False
    return not _POINTS_BACK(grammar).match(left) and bool(_strange(reading, behind))


def _told_otherwise(reading: Reading, part: _Part, spans: list[Span]) -> bool:
    """Whether a part has the asked thing as its subject, set apart from what is given, and tells its own of it.

    "*The* 400 francs went on the roof" sets them apart as well: they are known, and not as an answer.
    """
    text, grammar = reading.answer.text, reading.grammar
    first = spans[0][0]
    known = _KNOWN_AS_SUCH(grammar).search(text, max(0, first - 8), first)
    if not known and not _SET_APART(grammar).search(text, part.start, part.end):
        return False
    assigns = _ASSIGNS(grammar).search(text, part.start, part.end)
    if assigns is None:
        return False
    head = text[part.start : assigns.start()]
    named = _lead(reading.sheet, head) or any(name in head for name in reading.sheet.subjects)
    new = reading.novel(text[assigns.end() : part.end])
    return bool(named and new) and not _strange_words(reading, head)


def _open_alone(reading: Reading, start: int, end: int, known: Iterable[str] = ()) -> bool:
    """Whether text[start:end] says of the asked thing, and of nothing else, that it is not told."""
    text = reading.answer.text
    cues = reading.answer.cues("abstain", start, end)
    if not cues:
        return False
    behind = text[max(cue.end for cue in cues) : end]
    if not reading.grammar.has_signs(behind):
        behind = _KIND_OF.sub("", behind)
    rest = f"{text[start : cues[0].start]} {behind}"
    named = any(name in rest for name in reading.sheet.subjects)
    return (named or _lead(reading.sheet, rest) > 0) and not _strange_words(reading, rest, known)


def _left_by(reading: Reading, spans: list[Span]) -> Words:
    """What is given is what another thing is, and as for the asked one nothing is told: ……的是水塔，至于……."""
    text, grammar = reading.answer.text, reading.grammar
    last = max([e for f in reading.right for _, e in f.spans])
    if not reading.answer.has_signs or not reading.answer.cues("abstain", last):
        return ""
    stop = _END.search(text, last, last + _REACH)
    what = _IS_WHAT(grammar).search(text, last, stop.start() if stop else last + _REACH)
    said = next(filter(None, what.groups()), "") if what else ""
    if not said or len(_novel_signs(reading, said)) < _LEAST_NEW:
        return ""
    for topic in list(_AS_FOR(grammar).finditer(text, last))[:4]:
        end = _END.search(text, topic.end(), topic.end() + _REACH)
        high = end.start() if end else min(len(text), topic.end() + _REACH)
        if not any(topic.end() <= s < high for s, _ in spans) and _open_alone(reading, topic.end(), high):
            return Note("given_to_another", words=text[topic.start() : high].strip()[:60])
    return ""


def _strange_words(reading: Reading, text: str, known: Iterable[str] = ()) -> bool:
    """Whether a text has words that are neither the question's nor talk about it; two signs alone are none."""
    new = [word for word in _strange(reading, text) if word not in _ITSELF and word not in known]
    new = [word for word in new if word not in own_nouns(reading.grammar)]
    return len(new) > (2 if reading.grammar.has_signs(text) else 0)


# ---- another time ------------------------------------------------------------------------------------------------


def _superseded(reading: Reading, spans: list[Span]) -> Words:
    """The value was valid before, and another is now."""
    text, grammar, sheet = reading.answer.text, reading.grammar, reading.sheet
    first, last = spans[0][0], max(e for f in reading.right for _, e in f.spans)
    digit = _DIGIT.search(text, first, spans[0][1])
    to = _TO(grammar).match(text, last) or _TO(grammar).match(text, spans[0][1])
    changed = to and _FROM(grammar).search(text, max(0, first - 40), digit.start() if digit else first)
    if to and changed and _gives_new(reading, to.end()):
        return Note("superseded", words=text[to.start() : to.end() + 30].strip())
    nows = list(_NOW(grammar).finditer(text, last, last + _REACH))
    if not nows:
        return ""
    former = [m for m in _FORMER(grammar).finditer(text, max(0, first - 100), min(len(text), last + 40))]
    if not any(_is_new(sheet, m.group()) for m in former):
        return ""
    for now in nows:
        if _is_new(sheet, now.group()) or grammar.has_signs(now.group()):
            opposed = former[0].start() < first and now.start() >= last and _says_other(reading, now.end())
            if opposed or _gives_new(reading, now.end()):
                return Note("superseded", words=text[now.start() : now.end() + 30].strip())
    return ""


def _says_other(reading: Reading, at: int) -> bool:
    """Whether behind "now" stands that the thing is something else, in words ("nowadays she is the pier master")."""
    text, grammar = reading.answer.text, reading.grammar
    stop = re.compile(r"[;。\n]|[.!?](?=\s|$)").search(text, at, at + _REACH)
    end = stop.start() if stop else min(len(text), at + _REACH)
    if _has_digits(reading.sheet) or grammar.has_signs(text[at:end]) or any(at <= s < end for s, _ in _spans(reading)):
        return False
    assigns = _ASSIGNS(grammar).search(text, at, min(end, at + 24)) or _IS_NOW(grammar).search(
        text, max(0, at - 24), at
    )
    return assigns is not None and bool(reading.novel(text[assigns.end() : end]))


def _gives_new(reading: Reading, at: int) -> bool:
    """Whether another value stands behind a place, and none of the facts."""
    text, grammar = reading.answer.text, reading.grammar
    stop = re.compile(r"[;。\n]|[.!?](?=\s|$)").search(text, at, at + _REACH)
    end = stop.start() if stop else min(len(text), at + _REACH)
    if any(at <= s < end for s, _ in _spans(reading)):
        return False
    if _has_digits(reading.sheet):
        return _has_number(reading, at, end)
    if grammar.has_signs(text[at:end]):
        return len(_novel_signs(reading, text[at:end])) > 1
    return bool(_new_names(reading, _Part(at, end, False))) if end > at else False


def _is_new(sheet: Sheet, words: str) -> bool:
    stems = sheet.grammar.stems(words)
    return not all(s in sheet.known for s in stems)


# ---- another fact ------------------------------------------------------------------------------------------------


@lru_cache(maxsize=512)
def _roles(
    facts: tuple[tuple[str, str], ...], statements: tuple[str, ...], grammar: Grammar
) -> Mapping[str, tuple[str, ...]]:
    """Return the words that the needle has around each fact's number and around no other's, by the fact's name."""
    roles = dict[str, set[str]]()
    for name, form in facts:
        digits = re.search(r"\d[\d,.]*", form)
        for statement in statements:
            for clause in re.split(r"[;。!?\n]|\.(?=\s|$)|,(?!\d)", statement):
                if digits and digits.group() in clause:
                    roles.setdefault(name, set()).update(_words_of(clause, grammar))
    return {
        name: tuple(sorted(words - set().union(*(other for key, other in roles.items() if key != name))))
        for name, words in roles.items()
    }


def _words_of(text: str, grammar: Grammar) -> set[str]:
    pairs = {run[i : i + 2] for run in re.findall(f"[{grammar.signs}]{{2,}}", text) for i in range(len(run) - 1)}
    latin = {s for s in grammar.content_stems(text) if s.isalpha() and not grammar.is_sign(s[0])}
    return {pair for pair in pairs if not set(pair) & grammar.light} | latin


def _is_misplaced(found: Found, span: Span, roles: Mapping[str, tuple[str, ...]], text: str, grammar: Grammar) -> bool:
    own = roles.get(found.fact.name)
    others = [word for name, words in roles.items() if name != found.fact.name for word in words]
    number = re.search(r"\d[\d,.]*", text[span[0] : span[1]])
    if own is None or not others or number is None:
        return False
    low, high = _bounds(text, span, grammar)
    clause = text[low:high]
    if any(word in clause for word in own):
        return False
    before, behind = text[low : span[0] + number.start()], text[span[1] : high]
    near = before.rstrip(" 是为:￥¥$约")[-2:]
    after = re.sub(r"^[ 元块是为]{0,4}", "", behind)[:4]
    return any(grammar.is_sign(word[0]) and (near == word or after.startswith(word)) for word in others)


def _bounds(text: str, span: Span, grammar: Grammar) -> Span:
    low = max([0, *(m.end() for m in _PARTS(grammar).finditer(text, max(0, span[0] - 80), span[0]))])
    stop = _PARTS(grammar).search(text, span[1], span[1] + 80)
    return low, stop.start() if stop else len(text)


# ---- parts -------------------------------------------------------------------------------------------------------


def _spans(reading: Reading) -> list[Span]:
    """Return where what identifies the needle stands; where that is not given, where anything does."""
    telling = [f for f in reading.right if f.fact.identifying]
    return sorted(span for f in telling or reading.right for span in f.spans)


def _parts(reading: Reading, spans: list[Span]) -> list[_Part]:
    """Return the answer's parts; those between the first and the last fact of a sentence are one."""
    text, grammar = reading.answer.text, reading.grammar
    parts: list[_Part] = []
    whole = [s for f in reading.right if f.fact.kind in _ADDRESSES for s in f.spans]
    for low, high in _between(_STRONG(grammar), text, 0, len(text), whole):
        held = [s for s in spans if low <= s[0] < high]
        if not held:
            parts.append(_Part(low, high, False))
            continue
        pieces = _between(_PARTS(grammar), text, low, high, whole)
        first = max(a for a, _ in pieces if a <= held[0][0])
        ends = [e for f in reading.right for s, e in f.spans if low <= s < high]
        last = min([b for _, b in pieces if b >= max(ends)], default=high)
        parts += [_Part(low, first, False)] if first > low else []
        parts.append(_Part(first, last, True))
        parts += [_Part(last, high, False)] if last < high else []
    return parts[:_MOST]


def _between(marks: re.Pattern[str], text: str, low: int, high: int, within: Sequence[Span] = ()) -> list[Span]:
    found, at = [], low
    for mark in marks.finditer(text, low, high):
        if within and any(start <= mark.start() and mark.end() <= end for start, end in within):
            continue  # a mark of an address: ?id=
        if text[at : mark.start()].strip():
            found.append((at, mark.start()))
        at = mark.end()
        if len(found) > _MOST:
            break
    return [*found, (at, high)] if text[at:high].strip() else found or [(low, high)]


# ---- what a part says --------------------------------------------------------------------------------------------


def _lead(sheet: Sheet, text: str) -> int:
    """Return how many of the question's words a text has."""
    signs, latin = _asked_apart(sheet)
    found = len([word for word in signs if word in text]) if signs else 0
    return found + len(latin.intersection(sheet.grammar.stems(text))) if latin else found


@lru_cache(maxsize=512)
def _asked_apart(sheet: Sheet) -> tuple[tuple[str, ...], frozenset[str]]:
    """Return the question's words in signs, and the others."""
    asked, is_sign = _asked_words(sheet), sheet.grammar.is_sign
    return tuple(w for w in asked if is_sign(w[0])), frozenset(w for w in asked if not is_sign(w[0]))


def _holds(sheet: Sheet, text: str, word: str) -> bool:
    return word in text if sheet.grammar.is_sign(word[0]) else word in sheet.grammar.stems(text)


@lru_cache(maxsize=512)
def _asked_words(sheet: Sheet) -> tuple[str, ...]:
    forms = tuple(form for fact in sheet.facts if not fact.values for form in fact.forms)
    grammar = sheet.grammar
    given = {s for form in forms for s in grammar.stems(form)}
    words = _words_of(re.split(r"[?。]", sheet.question)[0], grammar)
    return tuple(w for w in words if w not in given and w not in grammar.reporting)


@lru_cache(maxsize=512)
def _has_digits(sheet: Sheet) -> bool:
    return not sheet.by_words and any(
        (f.values and f.kind not in _WORDS) or f.digits or re.search(r"\d", f.forms[0]) for f in sheet.facts
    )


def _has_number(reading: Reading, start: int, end: int) -> bool:
    """Whether another value stands there, or a number that nobody knows, not much shorter than the facts' own."""
    sheet, grammar, text = reading.sheet, reading.grammar, reading.answer.text
    missing = [found.fact for found in reading.found if found.status != "right" and found.fact.values]
    given = [fact for fact in sheet.facts if fact.values and not any(fact is each for each in missing)]
    wrong = [(p.start, p.end) for fact in missing for p in places_of(fact, reading.answer) if p.rival or p.worth > 0.0]
    # A value in the place of a fact that is not given is a wrong one of that fact, and no other subject's.
    for fact in given:
        for place in rivals_of(fact, reading.answer)[:100]:
            inside = start <= place.start < end and not _is_given(reading, place.start, place.end)
            if inside and not is_label(sheet, text, place.start, place.end):
                return True
    known, size = sheet.numbers, _most_digits(sheet)
    for number in grammar.numbers(text[start:end]):
        if number.digits in known or 3 * len(number.digits) < min(size, 9):
            continue
        low, high = start + number.start, start + number.end
        if any(begin < high and low < stop for begin, stop in wrong):
            continue
        if not _is_given(reading, low, high) and not is_label(sheet, text, low, high):
            return True
    return False


@lru_cache(maxsize=512)
def _most_digits(sheet: Sheet) -> int:
    return max(len(_DIGIT.findall(fact.digits or fact.forms[0])) for fact in sheet.facts)


def _is_given(reading: Reading, start: int, end: int) -> bool:
    """Whether a place belongs to one of the facts that are given."""
    return any(s < end and start < e for f in reading.right for s, e in f.spans)
