"""What an answer is held against: the needle's facts in folded form, its words, its subject. Made once a needle."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from nihbench.score.answer import Text
from nihbench.score.grammar import Grammar, Phrase, grammar_for
from nihbench.score.numbers import find_digits
from nihbench.score.values.amounts import Amount, amounts, kind_of
from nihbench.score.values.base import Standing, Value
from nihbench.score.values.kinds import about, recognise, segment, spanned
from nihbench.score.values.moments import Moment
from nihbench.score.values.phrases import (
    Head,
    Relation,
    in_signs,
    is_place_word,
    parts_of_list,
    relations,
    sides_in,
    without_relations,
)
from nihbench.text.late import late, once
from nihbench.types import KeyFact, Needle

_SLACK = 3  # words that may stand between the words of a fact, over and above its own
_NEAR_WORD = 4  # letters: a shorter word of a longer fact says nothing by itself
_TYPO_FROM = 7  # letters: in a shorter word one wrong letter may make another word
_WORDS_FROM = 4  # a lone fact of so many content words (or pairs of signs) is graded by its words
_PLACE = Phrase("@place@")
_COMPOUND = 7  # letters
_COMPOUND_WORDS = 4
_AGENT = late(r"[由被让给将]")  # signs that tell who does something
_ROOM = late(r"(?<=\d)[室号间楼层栋座]$")


@dataclass(frozen=True, slots=True)
class Wanted:
    """The words of one form of a fact: their stems, within how many words they must stand, what must stand by them.

    `values` are amounts and the like within the form; `counts` pairs the number of things with their first word,
    `behind` a word with the number that is told behind it (Anna: 3). `tight`: they are a pair, told within one clause.
    """

    stems: tuple[str, ...]
    window: int
    values: tuple[Value, ...] = ()
    counts: tuple[tuple[str, str], ...] = ()
    behind: tuple[tuple[str, str], ...] = ()
    tight: bool = False


@dataclass(frozen=True, slots=True)
class Sought:
    """One fact as it is sought: a value of a type, or its folded forms.

    `values` are the fact's value and its aliases' where the fact is of a type; the forms are then those of the other
    aliases. `by_signs` is one pattern for all forms with signs, `by_words` has every other form's words. A fact is
    nearly given by half the signs of a form (`halves`) or by half the words of another (`parts`: how many words, and
    those that tell); `long` are the stems in which a letter may be wrong. `relations` are its words for where and when,
    each of which an opposite denies. `asked`: the question itself says it. `denied`: the needle itself negates it
    ("never eats meat"), so the answer must too; None where its sentence does and its answer does not ("What does he
    never eat?" "Meat."): either will do. `lone`: it is all that is expected.

    What spares looks at most answers: `firsts` are the first stems of all forms in words, without which none stands
    (None where a form has no words), `telling` those of `parts`; `joined` pairs of words as one, with the other stems
    and their window, `parted` a word cut in two, in every way.
    """

    name: str
    forms: tuple[str, ...]
    digits: str | None
    identifying: bool
    weight: float
    by_signs: re.Pattern[str] | None = None
    by_words: tuple[Wanted, ...] = ()
    halves: re.Pattern[str] | None = None
    parts: tuple[tuple[int, tuple[str, ...]], ...] = ()
    long: frozenset[str] = frozenset()
    asked: bool = False
    denied: bool | None = False
    values: tuple[Value, ...] = ()
    relations: tuple[Relation | Head, ...] = ()
    lone: bool = False
    guessable: bool = False
    firsts: frozenset[str] | None = None
    telling: frozenset[str] = frozenset()
    joined: tuple[tuple[str, tuple[str, ...], int], ...] = ()
    parted: tuple[tuple[str, ...], ...] = ()

    @property
    def value(self) -> Value | None:
        """What is expected, where the fact is of a type."""
        return self.values[0] if self.values else None

    @property
    def in_any_script(self) -> bool:
        """Whether the fact is written alike in all languages: a number, a code, a date; not a name in Latin letters."""
        return bool(self.values) and self.kind != "name" and not self._counts_in_signs

    @property
    def is_told_in_words(self) -> bool:
        """Whether an answer in a language with spaces could give the fact."""
        return bool(self.by_words) or (bool(self.values) and not self._counts_in_signs)

    @property
    def _counts_in_signs(self) -> bool:
        value = self.value
        return isinstance(value, Amount) and any(not stem.isascii() for stem in value.thing)

    @property
    def kind(self) -> str:
        """The name of the fact's type."""
        return self.values[0].kind if self.values else "phrase"


@dataclass(frozen=True, eq=False)
class Sheet:
    """What an answer is held against. `by_words`: the facts are the words of one long answer, graded by share.

    `listed`: they are the items of one answer, "list" or "order" (whose order is told); "" where they are not.
    `ordered`: the question asks for the facts in their order. `steps`: the needle tells
    them as steps in an order. `relations` are the words for where and when of an answer
    that is graded by its words. `known`
    are the stems of needle and question, `lead` those of them that are no fact's; `subjects` are the folded names of
    the subject, `statements` the folded sentences of the needle; `told` are its sentences and answers as written, and
    `grammar` is how an answer to it is read.
    """

    facts: tuple[Sought, ...]
    by_words: bool
    known: frozenset[str]
    lead: frozenset[str]
    question: str
    subjects: tuple[str, ...]
    statements: tuple[str, ...]
    told: tuple[str, ...]
    grammar: Grammar
    listed: str = ""
    ordered: bool = False
    steps: bool = False
    relations: tuple[Relation | Head, ...] = ()

    @once
    def heard(self) -> frozenset[str]:
        """The stems that tell nothing new: those of needle and question, and of talk about them."""
        return self.known | self.grammar.reporting

    @once
    def about(self) -> frozenset[str]:
        """The stems of needle and question that are no talk about them."""
        return self.known - self.grammar.reporting

    @once
    def numbers(self) -> frozenset[str]:
        """What a number is that nobody invents: one of the question, or of the needle."""
        return frozenset(number.digits for number in find_digits(self.question)) | self.known

    @property
    def kind(self) -> str:
        """The type of an answer that is one: of its only fact, or a list; "facts" where the needle lists several."""
        if self.listed:
            return self.listed
        if self.by_words:
            return "phrase"
        return self.facts[0].kind if len(self.facts) == 1 else "facts"


def make_sheet(needle: Needle, expected: str, fresh: Mapping[str, str], question: str) -> Sheet:
    """Return what an answer to `needle` must say, its placeholders filled from `fresh`."""

    def fill(text: str) -> str:
        for name, value in fresh.items():
            text = text.replace("{" + name + "}", value)
        return text

    grammar = grammar_for(needle.language)
    listed = needle.facts != (KeyFact(name="answer", text=needle.answer, identifying=True),)
    given = (needle.facts if listed else ()) or (
        _answer_as_fact(expected or needle.answer, grammar, needle.answer_type),
    )
    facts = [replace(f, text=fill(f.text), aliases=tuple(map(fill, f.aliases))) for f in given]
    subject = (needle.subject.text, *needle.subject.aliases) if needle.subject else ()
    statements = tuple(map(fill, needle.statements))
    told = tuple(filter(None, (*statements, fill(needle.answer), expected)))
    question = question or needle.question
    asking = Text(question, grammar)
    asked = asking.text
    sought = [_with_unit(_sought(fact, asking, grammar), told, grammar) for fact in facts]
    by_words, items = False, ""
    if len(sought) == 1 and not sought[0].values:
        found, items = _items(facts[0], asking, grammar)
        if not items:
            found = _split(sought[0], asked, grammar)
            by_words = len(found) >= _WORDS_FROM
        sought = found if items or by_words else [_alone(sought[0], asked, grammar)]
    elif not any(fact.identifying for fact in sought):
        sought = [replace(fact, identifying=True) for fact in sought]
    if len(sought) == 1:
        sought = [replace(sought[0], lone=True)]
    texts = (question, *told, *subject, *(t for f in facts for t in (f.text, *f.aliases)))
    known = frozenset(s for text in texts for s in grammar.stems(grammar.fold(text).text))
    said = frozenset(s for fact in sought for form in fact.forms for s in grammar.stems(form))
    return Sheet(
        facts=tuple(sought),
        by_words=by_words,
        known=known,
        lead=known - (said - frozenset(asking.stems)),
        question=asked,
        subjects=tuple(name for name in (grammar.fold(text).text for text in subject) if name),
        statements=tuple(grammar.fold(text).text for text in statements),
        told=told,
        grammar=grammar,
        listed=items,
        steps=listed and len(sought) > 1 and any(about(grammar).steps.search(grammar.fold(s).text) for s in statements),
        relations=relations(grammar.fold(facts[0].text).text, grammar) if by_words else (),
        ordered=items == "order" or (len(sought) > 2 and listed and about(grammar).order.search(asked) is not None),
    )


def _answer_as_fact(answer: str, grammar: Grammar, kind: str) -> KeyFact:
    """Return the one fact of a needle that lists none; a place in Chinese is the same with and without 在 and 里."""
    plain = _PLACE(grammar).sub("", answer.strip(" .。"))
    short = plain if len(plain) > 1 and grammar.has_signs(plain) else answer
    shorter = _ROOM.sub("", short.removesuffix("的") if grammar.has_signs(short) and len(short) > 2 else short)
    told = _amounts_in(answer, grammar)  # 里 and 层 may be units
    aliases = tuple(
        dict.fromkeys(form for form in (short, shorter) if form != answer and _amounts_in(form, grammar) == told)
    )
    return KeyFact(name="answer", text=answer, aliases=aliases, identifying=True, type=kind)


def _amounts_in(text: str, grammar: Grammar) -> list[tuple[object, ...]]:
    return [(r.values, r.unit.removeprefix("count"), r.per) for r in amounts(Text(text, grammar))]


def _sought(fact: KeyFact, asking: Text, grammar: Grammar) -> Sought:
    written = (fact.text, *fact.aliases)
    values = _values(written, fact.type, asking, grammar)
    typed = [text for text, value in values if value is not None] if values else []
    others = [text for text in written if text not in typed]
    forms = tuple(dict.fromkeys(grammar.fold(text).text.strip(" .。") for text in others))
    digits = next((v.digits for _, v in values if isinstance(v, Amount) and v.digits), None) if values else None
    first = grammar.fold(fact.text).text.strip(" .。")
    echo = bool(first) and digits is None and _stands_in(first, asking.text, grammar)
    made = prepared(grammar, fact.name, forms, digits, fact.identifying, fact.weight, echo)
    made = replace(made, guessable=fact.guessable)
    if values:
        return replace(made, forms=tuple(dict.fromkeys((first, *forms))), values=tuple(v for _, v in values if v))
    return replace(made, relations=relations(first, grammar))


def _values(written: tuple[str, ...], kind: str, asking: Text, grammar: Grammar) -> list[tuple[str, Value | None]]:
    """Return the values of a fact's text and aliases; none where its text is a phrase."""
    found = recognise(Text(written[0], grammar), asking, "" if kind in ("list", "order") else kind)
    if found is None:
        return []
    rest = [(text, _as_alias(recognise(Text(text, grammar), asking, kind))) for text in written[1:]]
    return [
        (written[0], found),
        *((text, value if value and value.kind == found.kind else None) for text, value in rest),
    ]


def _with_unit(fact: Sought, told: tuple[str, ...], grammar: Grammar) -> Sought:
    """Give a bare number the unit that the needle's own sentence tells with it: 46,350 of 46,350 dollars."""
    value = fact.value
    if not isinstance(value, Amount) or value.unit or value.thing:
        return fact
    reads = [read for text in told for read in amounts(Text(text, grammar)) if value.value in read.values]
    units = {read.unit for read in reads if read.unit not in ("", "count")}
    if len(units) != 1:
        return fact
    unit = units.pop()
    values = tuple(replace(v, unit=unit, kind=kind_of(unit)) if isinstance(v, Amount) else v for v in fact.values)
    return replace(fact, values=values)


def _as_alias(value: Value | None) -> Value | None:
    return replace(value, alias=True) if isinstance(value, Moment) else value


def prepared(
    grammar: Grammar,
    name: str,
    forms: tuple[str, ...],
    digits: str | None,
    identifying: bool,
    weight: float,
    asked: bool = False,
) -> Sought:
    """Return a fact with its patterns ready."""
    signs = sorted(filter(grammar.has_signs, forms), key=len, reverse=True)
    spaced = [form for form in forms if form and not grammar.has_signs(form)]
    wanted = [_wanted(form, grammar) for form in spaced]
    halves = dict.fromkeys(
        re.escape(half) for form in signs for half in _halves(form) if not is_place_word(half, grammar)
    )
    return Sought(
        name=name,
        forms=forms,
        digits=digits,
        identifying=identifying,
        weight=weight,
        by_signs=re.compile("|".join(in_signs(form, grammar) for form in signs)) if signs else None,
        by_words=tuple(wanted),
        halves=re.compile("|".join(halves)) if halves else None,
        parts=tuple((len(w.stems), tuple(s for s in w.stems if len(s) >= _NEAR_WORD or s.isdecimal()))
                    for w in wanted if w.stems[1:]),
        long=frozenset(s for w in wanted for s in w.stems if len(s) >= _TYPO_FROM and s.isalpha() and s.isascii()),
        asked=asked,
        firsts=frozenset(w.stems[0] for w in wanted) if all(w.stems for w in wanted) else None,
        telling=frozenset(s for w in wanted if w.stems[1:] for s in w.stems),
        joined=tuple(pair for w in wanted for pair in _joined(w)),
        parted=tuple(_parted(w.stems[0]) for w in wanted if len(w.stems) == 1 and not w.values and not w.counts),
    )  # fmt: skip


def _joined(wanted: Wanted) -> list[tuple[str, tuple[str, ...], int]]:
    """Return the pairs of neighbouring words of a form as one word, each with its other stems and its window."""
    stems = wanted.stems
    if not 1 < len(stems) < _COMPOUND_WORDS or wanted.values or wanted.counts:
        return []
    pairs = [(at, one + other) for at, (one, other) in enumerate(zip(stems, stems[1:], strict=False))]
    return [(pair, (*stems[:at], *stems[at + 2 :]), wanted.window) for at, pair in pairs
            if pair.isalpha() and len(pair) >= _COMPOUND]  # fmt: skip


def _parted(word: str) -> tuple[str, ...]:
    """Return a long word in two, in every way; none of a short one."""
    if len(word) < _COMPOUND or not word.isalpha():
        return ()
    return tuple(f"{word[:at]} {word[at:]}" for at in range(3, len(word) - 2))


def _wanted(form: str, grammar: Grammar) -> Wanted:
    """Return the words of a form, and the values that stand among them."""
    inside = [each for each in segment(Text(form, grammar)) if not _is_small(each)]
    rest = _without(form, inside)
    if len(inside) == 1 and not [w for w in grammar.words(rest) if w not in grammar.empty]:
        # An amount alone: its unit is to stand as it is written, so that 400元 is not taken for an alias 400 yuan.
        value = inside[0].value
        if isinstance(value, Amount) and value.unit:
            rest = " ".join(re.findall(r"[^\W\d_]+", form[inside[0].start : inside[0].end])) or rest
            inside = [replace(inside[0], value=replace(value, unit=""))]
    left = without_relations(rest, grammar)
    words = grammar.words(left if any(w not in grammar.empty for w in grammar.words(left)) else rest)
    stems = tuple(dict.fromkeys(grammar.content_stems_of(words))) if words else ()
    telling = [word for word in words if word not in grammar.empty]
    counts = tuple(
        (grammar.stem(word), grammar.stem(behind)) for word, behind in zip(telling, telling[1:], strict=False)
        if grammar.stem(word).isdecimal() and not grammar.stem(behind).isdecimal()
    )  # fmt: skip
    behind = tuple(
        (grammar.stem(word), number) for word, number in zip(words, words[1:], strict=False)
        if number.isdecimal() and number == words[-1] and word not in grammar.empty and not word.isdecimal()
    )  # fmt: skip
    ones = {number for number, _ in counts if number == "1"}
    stems = tuple(stem for stem in stems if stem not in ones) or stems
    return Wanted(stems, len(form.split()) + _SLACK, tuple(each.value for each in inside), counts, behind, ":" in form)


def _is_small(standing: Standing) -> bool:
    """Whether a value is a bare number of one digit, which stems read as well as words."""
    value = standing.value
    return isinstance(value, Amount) and not value.unit and len(value.digits) < 3 and value.value < 10


def _without(form: str, inside: Iterable[Standing]) -> str:
    rest, at = [], 0
    for each in inside:
        rest.append(form[at : each.start])
        at = each.end
    return " ".join([*rest, form[at:]])


def _halves(form: str) -> list[str]:
    """Return all rows of half the characters of a form (at least two)."""
    size = max(2, (len(form) + 1) // 2)
    return [form[start : start + size] for start in range(min(len(form) - size + 1, 40))]


def _stands_in(form: str, text: str, grammar: Grammar) -> bool:
    if grammar.has_signs(form):
        return form in text
    return set(grammar.content_stems(form)) <= set(grammar.stems(text))


def _alone(fact: Sought, asked: str, grammar: Grammar) -> Sought:
    """Return a lone phrase that is also given without the words that the question holds."""
    seen = set(grammar.stems(asked)) - {s for s in grammar.stems(asked) if s.isdecimal()}
    more = []
    for wanted in fact.by_words:
        left = tuple(stem for stem in wanted.stems if stem not in seen)
        if left != wanted.stems and (left or wanted.values) and not wanted.counts:
            more.append(replace(wanted, stems=left))
    return replace(fact, by_words=(*fact.by_words, *more))


def _items(fact: KeyFact, asking: Text, grammar: Grammar) -> tuple[list[Sought], str]:
    """Return the items of an answer that is a list, each sought for itself, and whether their order is told."""
    ends = spanned(Text(fact.text, grammar)) if fact.type in ("", "list", "order") else []
    if ends:
        return [_of_value(value, fact.text, grammar) for value in ends], "order"
    parts, told = parts_of_list(fact.text, grammar, asked=fact.type in ("list", "order"))
    if not parts or fact.type == "phrase":
        return [], ""
    apposed = re.search("[,，]", fact.text) is not None
    if parts and fact.type == "" and not told and apposed and (named := _named(parts, asking, grammar)):
        return named, "person"
    order = (
        fact.type == "order"
        or (fact.type == "" and told)
        or (fact.type == "" and about(grammar).order.search(asking.text) is not None)
    )
    sought = [_sought(KeyFact(name=part, text=part, identifying=True), asking, grammar) for part in parts]
    return sought, "order" if order else "list"


def _named(parts: list[str], asking: Text, grammar: Grammar) -> list[Sought]:
    """Return a person and what is said of them: Tove Lindqvist, the night warden."""
    if len(parts) != 2 or about(grammar).who.search(asking.text) is None:
        return []
    person, role = (_sought(KeyFact(name=part, text=part, identifying=True), asking, grammar) for part in parts)
    if person.kind != "name" or role.kind == "name":
        return []
    return [person, replace(role, identifying=False)]


def _of_value(value: Value, written: str, grammar: Grammar) -> Sought:
    digits = value.digits if isinstance(value, Amount) and value.digits else None
    made = prepared(grammar, written, (), digits, True, 1.0)
    return replace(made, forms=(grammar.fold(written).text,), values=(value,))


def _without_titles(text: str, grammar: Grammar) -> str:
    """Return a text in signs without the titles behind its names, and without signs for who does something."""
    titles = sorted((t for t in about(grammar).titles if len(t) > 1 and not t.isascii()), key=len, reverse=True)
    for title in titles:
        text = re.sub(rf"(?<=[{grammar.signs}]{{2}}){title}", " ", text)
    return _AGENT.sub(" ", text)


def _split(fact: Sought, asked: str, grammar: Grammar) -> list[Sought]:
    """Split a long answer into its key words, key pairs of signs and values, less the question's."""
    form = fact.forms[0]
    inside = [each for each in segment(Text(form, grammar)) if not _is_small(each)]
    rest = _without(form, inside)
    likes = sides_in(rest, grammar) if grammar.has_signs(rest) else {}
    if likes:
        rest = without_relations(rest, grammar)
    seen = set(grammar.stems(asked))
    parts: dict[str, None] = {}
    for word in grammar.words(rest):
        if word in about(grammar).titles and len(word) < 5 and re.search(rf"\b{word}\.? \w", rest):
            continue  # Ms. Crale
        if not grammar.is_sign(word[0]) and word not in grammar.empty and grammar.stem(word) not in seen:
            parts[word] = None
    rest = _without_titles(rest, grammar) if grammar.has_signs(rest) else rest
    for row in re.findall(f"[{grammar.signs}]{{2,}}", rest) if grammar.signs else []:
        for pair in (row[at : at + 2] for at in range(len(row) - 1)):
            if pair not in asked and not set(pair) & grammar.light:
                parts[pair] = None
    sides = relations(form, grammar)
    made = [
        replace(prepared(grammar, part, (part,), None, True, 1.0),
                relations=tuple(side for side in sides if side.beside(part, grammar)))
        for part in parts
    ]  # fmt: skip
    made += [prepared(grammar, side, words, None, True, 1.0) for side, words in likes.items()]
    for each in inside:
        made.append(_of_value(each.value, form[each.start : each.end], grammar))
    return made
