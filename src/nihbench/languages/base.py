"""What a language is to this tool, and how one is found: by its code, as the file of that name in this folder.

A further language is one more file with a `LANGUAGE`; no list names it. What such a file leaves out is as in English
where something must be said or split all the same (`of`), and is said to be ungraded where an answer had to be read
(`covered`). Nothing is graded by rules of another language.
"""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import import_module
from typing import Any

from nihbench.lang.messages import Note

Ends = Callable[[str, Mapping[int, int], int, int], Iterator[int]]
"""Yields where sentences end within text[start:stop], from (text, openers by their closers' places, start, stop)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Prose:
    """How running text is laid out.

    `ends` finds the ends of sentences; `pair` matches the marks that stand in pairs and what forgets open ones;
    `headings` matches lines that are none of the text, `title` the first line where it is a title.
    """

    ends: Ends
    pair: re.Pattern[str]
    headings: re.Pattern[str]
    title: re.Pattern[str] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Number:
    """A number's digits and its span in the folded text."""

    digits: str
    start: int
    end: int


Reader = Callable[[str, str], Iterator[Number]]
"""Yields the numbers of a folded text that are written in a language's own way, read with expected digits in mind."""
CUES = (
    "abstain", "refuse", "hedge", "vague", "retract", "override", "outside", "grader", "clarify", "either", "more",
    "confirm", "others", "denies", "denied",
)  # fmt: skip
"""The kinds of turns of phrase that decide a class."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Grading:
    """How answers in a language are read. Patterns are for folded text (see `score.fold`); "" stands for none.

    Attributes:
        cues: For every kind of cue: the words one of which must stand there, parted by "|" (and one of others, too,
            behind a "&"), and a pattern.
        negators: What negates that which follows in its clause; `negation_ends` ends its reach. One of `negator_words`
            stands in all that it finds.
        denied_after: What denies that which stands before it; `denied_at_once` only directly behind it. One of
            `denial_words` or of `negator_words` stands in all that they find.
        twice: What makes a yes of "without" behind it.
        stop: Words that carry no content; `light` are characters that carry none.
        reporting: Words with which an answer speaks of itself, its source or the asker; `reporting_signs` characters.
        source_words: Those of them that a question uses of its document.
        stem: Brings the forms of a folded word together; None where words have one form.
        numbers: Readers of numbers that are not in digits; one of `number_words` stands in all that they find, as a
            word of its own; `digits` are signs for one digit; `numeral` writes digits in signs; `scales` are factors
            behind digits.
        unit, per: What may stand behind a number that is an answer's whole fact.
        plain: Folds one character of `Language.letters`; `romanized` spells a text in Latin letters, by syllables.
        particles: Characters that may stand between those of a fact; `place` is what a name of a place may lack.
        function_words: Words that show a text to be in the language.
        untold: What is said where the answer is in this language, and no fact has a form in it.
    """

    cues: Mapping[str, tuple[tuple[str, str], ...]]
    negators: str = ""
    negator_words: tuple[str, ...] = ("",)
    denial_words: tuple[str, ...] = ("",)
    negation_ends: str = ""
    denied_after: str = ""
    denied_at_once: str = ""
    twice: str = ""
    stop: frozenset[str] = frozenset()
    light: frozenset[str] = frozenset()
    reporting: frozenset[str] = frozenset()
    reporting_signs: frozenset[str] = frozenset()
    source_words: frozenset[str] = frozenset()
    stem: Callable[[str], str] | None = None
    numbers: tuple[Reader, ...] = ()
    number_words: tuple[str, ...] = ("",)
    digits: Mapping[str, str] = field(default_factory=dict)
    numeral: Callable[[str], str] | None = None
    scales: Mapping[str, int] = field(default_factory=dict)
    unit: str = ""
    per: str = ""
    plain: Callable[[str], str] | None = None
    romanized: Callable[[str], tuple[str, ...]] | None = None
    particles: str = ""
    place: str = ""
    demonstratives: frozenset[str] = frozenset()
    function_words: frozenset[str] = frozenset()
    untold: Note | None = None
    phrases: Mapping[str, str] = field(default_factory=dict)
    """Patterns by their use, one of `PHRASES`."""


PHRASES = {
    "clause_ends": "what begins another clause",
    "denial_ends": "what ends the reach of words that deny a whole sentence",
    "of_others": "words for other things than the answer",
    "asking_ends": "what makes a statement a question at its end",
    "no_such": "a sentence that begins so denies the one before it",
    "says_of": "verbs behind a name with which a sentence begins",
    "points_back": "a clause that begins so speaks of what was said",
    "says_that_this": "behind an abstaining cue: it is said of the answer",
    "asks": "question words, which name what is missing",
    "of_the_answer": "words for the answer itself",
    "shows": "words by which a text is looked through for names and one more item",
    "no_names": "capitalised words that are no names, parted by spaces",
    "and_more": "what joins one more item, the item as group",
    "tells": "what begins a clause that tells more of what stands before it",
    "joins": "words that join the items of a list",
    "no_item": "what begins no item",
    "listed": "what lists one more item behind a comma, the item as group",
    "tail": "a clause behind the facts in their own sentence, as group (of languages without spaces)",
    "explains": "a clause that begins so explains",
    "about_it": "a sentence that begins so goes on about the answer",
    "of_them": "a clause that begins so tells of the items before it",
    "refers_back": "words by which a clause speaks of the value that was given: that day, there, 当天",
    "own_nouns": "words that a value is called by, and parts of a date: no other thing",
    "is_thing": "behind a value: it is a thing of a kind; the kind stands behind the match",
    "not_done": "behind its subject: it did not, is not ...",
    "nothing_of": "words for no value at all",
    "of_the_form": "words by which a clause tells how a value is written or used, and nothing of the matter",
    "or_before": "an alternative before the facts, up to them",
    "or_after": "the word that joins an alternative behind them",
    "not_a_value": "a number behind this is no value",
    "counters": "a short number before this counts",
    "of_the_source": "words for the document",
    "own_labels": "a number behind this counts lines, pages, certainty: nothing of what was asked",
    "own_counters": "what such a number has behind it",
    "answer_keys": "a field (of JSON) so called holds an answer",
    "published": "a number behind this dates the document or tells where in it something stands",
    "claims": "what a document is said to claim follows",
    "than": "a value behind this is what the answer is compared with",
    "someone_else": "says that what was asked is another, who is not named",
    "as_for": "what is spoken of follows",
    "is_what": "what stands before this is what is named behind it, as group",
    "goes_to": "behind a value: another place, purpose or owner of it follows",
    "is_where": "behind a value: what it is follows",
    "known_as_such": "words before a value that is known from elsewhere",
    "set_apart": "words that set a thing apart from what was said before",
    "compares": "what follows is there for comparison",
    "clause_breaks": "words between clauses",
    "leads": "what leads from a remark to the answer",
    "of_oneself": "words by which an answer speaks of its author",
    "unrelated": "words by which a value is said to have nothing to do with the answer",
    "derives": "the same value put otherwise follows",
    "asks_who": "asks which person did what the next word says",
    "breaks_down": "parts of an amount follow",
    "speaks_of_it": "a sentence that begins so speaks of the answer",
    "more_at_once": "a sentence that begins so adds to the answer",
    "parts": "words between the parts of a sentence that set things against one another",
    "former": "what was valid before",
    "now": "what is valid now follows",
    "from": "the value that was changed follows",
    "to": "the value that it was changed to follows",
    "belongs": "what a value belongs to follows",
    "assigns": "words that give a thing its value",
    "another_time": "a number beside this was or is another",
    "judging": "words of judgement: the best, the most fun",
    "superlative": "what calls something the best",
    "frame": "how a question speaks of the document",
    "word_stop": "signs that part the words of a question",
    "pair_stop": "characters across which no pair of characters is a word",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Values:
    """What a language calls the things of which an answer of a type is made. All words and patterns are folded.

    Attributes:
        units: Words for units, by their symbols in `nihbench.score.values.units`.
        currencies: Words for currencies, by their codes of ISO 4217 (several, parted by spaces, where they are many).
        scales: What multiplies a number in front of it.
        small: Words for small parts of a currency, as shares of it, with the codes of those that one of them names.
        number: A pattern for a number that is not in digits; one of `number_words` stands in all that it finds, as
            a word of its own; `value` reads one (None where it is none), `write` writes one in signs.
        numerals: The inside of a character class of signs that may stand for digits in dates and times; "" for none.
        minus: What makes the number behind it negative; `minus_after` the one in front of it.
        percent_before: What stands before a percentage.
        per: A pattern for "a", "per": what a price is for, as group `per` in front of the number or `per_after`.
        months, weekdays, ordinals: Words for them, by number (Monday is 1).
        dates, times: Patterns with groups y, m, d and h, n, s (as numbers), `half` (a part of the day), `to`.
        short_year: A pattern for a year told by its last two digits, as group y.
        halves: Parts of the day: the hour from which they count, and how far they reach.
        fractions: Words for minutes within a time.
        between: What may stand between a date and its time, and beside them in an answer.
        who: A question that asks for a person; `whose_name` for the name itself, of which a surname is but a half.
        titles: What stands before (or behind) a name, no part of it; `surnames`: characters by which names begin.
        yes, no: Words of assent and denial.
        code_words: A question that asks for a string: a password, a number plate.
        pass_words: A question that asks for one that may be of several words: a passphrase.
        phone_words, version_words: Those that ask for these.
        order_words: A question that asks for an order.
        steps: A sentence that tells several steps in their order.
        sequence: What opens the items of a list whose order is told: first, then.
        opposites: Groups of words that say where, when and how; a word of one group denies those of the others.
        heads: Likewise, of words that say which of two things is which (from, to), as they stand before it.
        joints: What parts the items of a list, as a pattern.
        fillers: Words that say nothing beside a value: articles, "at".
    """

    units: Mapping[str, str] = field(default_factory=dict)
    currencies: Mapping[str, str] = field(default_factory=dict)
    scales: Mapping[str, int] = field(default_factory=dict)
    small: Mapping[str, str] = field(default_factory=dict)
    number: str = ""
    number_words: tuple[str, ...] = ("",)
    value: Callable[[str], str | None] | None = None
    write: Callable[[int], str] | None = None
    numerals: str = ""
    minus: str = ""
    minus_after: str = ""
    percent_before: str = ""
    per: str = ""
    per_after: str = ""
    months: Mapping[str, int] = field(default_factory=dict)
    weekdays: Mapping[str, int] = field(default_factory=dict)
    ordinals: Mapping[str, int] = field(default_factory=dict)
    dates: tuple[str, ...] = ()
    short_year: str = ""
    times: tuple[str, ...] = ()
    halves: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    fractions: Mapping[str, int] = field(default_factory=dict)
    between: str = ""
    who: str = ""
    whose_name: str = ""
    titles: frozenset[str] = frozenset()
    surnames: frozenset[str] = frozenset()
    yes: str = ""
    no: str = ""
    code_words: str = ""
    pass_words: str = ""
    phone_words: str = ""
    version_words: str = ""
    order_words: str = ""
    sequence: str = ""
    steps: str = ""
    opposites: tuple[tuple[str, ...], ...] = ()
    heads: tuple[tuple[str, ...], ...] = ()
    joints: str = ""
    fillers: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Judge:
    """What a judge model is told: the rubric, the frame of a case, two words in it, and what each type of fact is.

    It is no sentence of the interface: verdicts are known by what was asked, so that a change here asks them anew.
    `typed`: what stands beside a fact by its type (of `score.values`): its name, and what equality means for it.
    """

    system: str
    case: str
    identifying: str
    unnamed: str
    typed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Asking:
    """What is asked beside a needle's own question.

    `first_code`, `last_code`: the two ends of a canary, which are asked back. `quote_subject`, `quote_answer`: what a
    probe asks of a needle with and without a subject. `sentence_around` gives an answer in a sentence.
    """

    first_code: str
    last_code: str
    quote_subject: str
    quote_answer: str
    sentence_around: str = "The answer is {answer}."


@dataclass(frozen=True, kw_only=True, slots=True)
class Language:
    """Everything that a language has of its own.

    Attributes:
        code: Two or three letters of BCP 47.
        spaced: Whether words have spaces between them; where not, each of `letters` is a word.
        letters: The inside of a character class: the language's letters, its own and those that it shares; empty where
            Latin letters are all.
        told_by: Letters, and the share of a text's letters from which on they show the language; None: not so.
        instead_of: Codes of languages that are written in the same letters and are not read beside this one.
        sentence_joint: What stands between two sentences.
        ellipsis: What closes a sentence that is cut off.
        densest: The least share of a reference tokenizer's count that a model's own may have. It stands in while no
            shorter prompt of a run tells the true share.
        prose, grading, judge, asking: The parts; None: as in English, and not graded.
        values: What it calls units, months and the like; None: as little as digits and symbols say.
    """

    code: str
    spaced: bool = True
    letters: str = ""
    told_by: tuple[str, float] | None = None
    instead_of: frozenset[str] = frozenset()
    sentence_joint: str = " "
    ellipsis: str = "..."
    densest: float = 1.0
    prose: Prose | None = None
    grading: Grading | None = None
    judge: Judge | None = None
    asking: Asking | None = None
    values: Values | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """A language with every part but grading, which it may lack."""

    language: Language
    prose: Prose
    judge: Judge
    asking: Asking


NEUTRAL = "en"
"""What a language without a file is split by and asked in."""
_CODE = re.compile(r"[a-z]{2,3}")


def codes() -> tuple[str, ...]:
    """Return the codes of all languages that have a file."""
    folder: Any = import_module(__package__)
    return tuple(sorted({name for _, name, _ in pkgutil.iter_modules(folder.__path__) if _CODE.fullmatch(name)}))


def find(code: str) -> Language | None:
    """Return a language by its code, subtags left aside; None where it has no file."""
    head = re.split("[-_]", code.lower())[0]
    if not _CODE.fullmatch(head) or head not in codes():
        return None
    found: Language = import_module(f"{__package__}.{head}").LANGUAGE
    return found


def telling() -> tuple[tuple[str, re.Pattern[str], float], ...]:
    """Return the languages that letters show: code, letters, least share of a text's letters; the smallest first."""
    return _telling(codes())


@cache
def _telling(known: tuple[str, ...]) -> tuple[tuple[str, re.Pattern[str], float], ...]:
    told = [(code, *language.told_by) for code in known if (language := find(code)) and language.told_by]
    return tuple((code, re.compile(f"[{letters}]"), share) for code, letters, share in sorted(told, key=lambda t: t[2]))


def shown_by(text: str) -> str:
    """Return the code of the language that a letter of a short text shows; English where none does."""
    return next((code for code, letter, _ in telling() if letter.search(text)), NEUTRAL)


@cache
def of(code: str) -> Known:
    """Return what a text or a question in a language is treated by; what it lacks is as in English."""
    neutral = find(NEUTRAL)
    assert neutral is not None and neutral.prose and neutral.judge and neutral.asking
    own = find(code) or replace(neutral, code=code, grading=None)
    return Known(own, own.prose or neutral.prose, own.judge or neutral.judge, own.asking or neutral.asking)


def covered(code: str) -> tuple[Language, ...]:
    """Return the languages that answers to a needle in `code` are read by: English, Chinese and its own."""
    own = find(code)
    read = [language for each in (NEUTRAL, "zh") if (language := find(each)) is not None]
    if own is None or own.grading is None or own in read:
        return tuple(read)
    return (*(language for language in read if language.code not in own.instead_of), own)
