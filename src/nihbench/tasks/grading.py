"""The grade of an answer that is to hold several items: which of them it holds, and what is wrong with the others.

An item counts where the answer names it, as in RULER (Hsieh et al., 2024): case, width and markup folded, numbers in
any writing; a name within a longer word or number is another one. What kind of nothing an answer without items is, the
rules say.

Errors are told item by item, as notes whose codes are in `ERRORS`. What an answer says instead is traced to the insert
that says it (`Insert.value`), or to what fills the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Any, Literal

from nihbench.lang.messages import Note
from nihbench.score.answer import Text
from nihbench.score.fold import final_answer
from nihbench.score.grammar import Grammar, grammar_for
from nihbench.score.rules import SCORER, VERSION, grade
from nihbench.score.values.base import Value
from nihbench.score.values.kinds import recognise
from nihbench.tasks.family import Answer
from nihbench.types import Evidence, Grade, Insert, Item, Needle, OutcomeClass, Planted, Score, plain_turns

Span = tuple[int, int]
Filler = Callable[[], Iterable[tuple[str, str]]]
"""Gives what fills a text, each sentence with the value that it says: (value, sentence)."""
Metric = Literal["share", "f1"]

ERRORS = (
    "item_distracted", "item_filler", "item_superseded", "item_halfway", "item_order", "item_invented", "item_extra",
    "item_missing", "item_inexact", "item_unmarked", "item_abstained",
)  # fmt: skip
"""The value of a distractor, of the sentences all around, of an earlier statement, of a link on the way; the right
values in another order; a value that stands nowhere; one too many; one left out; a copy with mistakes; no code or last
line where one was asked for; no answer where there is one. The first of them is a grade's cue."""
_NOTHING: frozenset[OutcomeClass] = frozenset(("abstained", "refused", "off_task", "truncated", "empty"))
_MOST_READ = 64_000
"""Characters of an answer that are read: a list of a thousand values has less."""
_CODE = re.compile(r"(?<![a-z0-9])(?=[a-z]*\d)(?=\d*[a-z])[a-z0-9]{4,32}(?![a-z0-9])")


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What an answer says of a trial's items: where each stands, and what else it says of their kind.

    `wrong` are further values in the order in which they are said, each with what it is: the note of its error.
    """

    text: Text
    places: dict[str, Span | None]
    wrong: tuple[tuple[str, Note], ...]


def read(
    planted: Planted,
    language: str,
    answer: str,
    filler: Filler | None = None,
    pattern: str = "",
    counted: str = "",
) -> Reading:
    """Read an answer: the values of its items and of their kind, wherever they come from.

    Arguments are those of `grade_items`.
    """
    text = Text((final_answer(answer) or "")[:_MOST_READ], grammar_for(language))
    shown = {each[0]: each.span() for each in re.finditer(pattern, text.text)} if pattern else {}

    def place(item: Item) -> Span | None:
        return shown.get(_plain(item.text)) if pattern else place_of(item, text)

    places = {item.name: place(item) for item in planted.items}
    if counted:
        places[counted] = _counted(next(item for item in planted.items if item.name == counted), text, pattern)
    right = {_plain(name) for item in planted.items for name in (item.text, *item.aliases)}
    said: dict[str, tuple[int, Note]] = {}
    for insert in planted.inserts:
        value = _plain(insert.value)
        if insert.value and value not in right and value not in said:
            at = place(Item(name="", text=insert.value))
            if at is not None and at not in places.values():
                said[value] = at[0], _traced(insert)
    others = [each for each in _of_kind(planted, text, pattern) if each[0] not in right and each[0] not in said]
    said = _untraced(others, filler) | said
    if all(places.values()):  # what is on the way may be told, too
        said = {value: each for value, each in said.items() if each[1].code != "item_halfway"}
    ordered = sorted(said.items(), key=lambda each: each[1][0])
    return Reading(text=text, places=places, wrong=tuple((value, note) for value, (_, note) in ordered))


def _untraced(others: Sequence[tuple[str, int]], filler: Filler | None) -> dict[str, tuple[int, Note]]:
    """Return values that stand in no insert, each with its place and its error: of the filler, or made up."""
    wanted = {value for value, _ in others}
    sources = (
        {_plain(value): sentence for value, sentence in filler() if _plain(value) in wanted}
        if (filler is not None and wanted)
        else {}
    )
    return {
        value: (
            at,
            Note("item_filler", said=value, words=sources[value])
            if value in sources
            else Note("item_invented", said=value),
        )
        for value, at in others
    }


def grade_items(
    planted: Planted,
    key: Needle,
    answer: str,
    finish_reason: str | None,
    *,
    strict: bool = False,
    names: Mapping[str, str] | None = None,
    metric: Metric = "share",
    filler: Filler | None = None,
    pattern: str = "",
    counted: str = "",
) -> Grade:
    """Return the share of a trial's items that an answer holds, with which they are and where each stands.

    Args:
        planted: what was planted.
        key: the same as a needle, by which the rules tell a refusal from an invention.
        answer: what the model said, thinking included.
        finish_reason: what the server said; "length" makes an answer that holds none `truncated`.
        strict: whether a value too many takes the answer back.
        names: by what each item was asked for, where items must come in their order or each behind its own name.
        metric: what the score's value is: the share of the items, or the F1 of what is said.
        filler: what fills a text that the task made.
        pattern: what the values of items look like, folded; else that is told from the items.
        counted: the item that is how many there are: it is right where the answer's first number is.
    """
    found_in = read(planted, key.language, answer, filler, pattern, counted)
    text, places = found_in.text, found_in.places
    moved = _moved(planted.items, found_in, names) if names else ()
    found = tuple((name, *text.folded.original(*at)) for name, at in places.items() if at and name not in moved)
    missing = tuple(name for name, at in places.items() if at is None)
    errors = (*(Note("item_order", item=name) for name in moved), *_errors(found_in.wrong, missing))
    cue: Note = Note("items_found", found=len(found), all=len(places))
    extra = strict and any(error.code == "item_extra" for error in errors)
    outcome: OutcomeClass = "hedged" if extra and not missing else "partial" if missing or moved else "correct"
    if not found and not moved:
        outcome, cue = ("hallucinated", cue) if found_in.wrong else _nothing(key, answer, finish_reason, cue)
        if not found_in.wrong:
            errors = _of_nothing(outcome, answer)
    return Score(
        value=_value(len(found), len(places), len(found_in.wrong), metric, strict=strict),
        outcome=outcome,
        identifying="absent" if missing or moved else "right",
        subject="right",
        evidence=Evidence(found=found, missing=missing, cue=worst(errors) or cue, errors=errors),
        scorer=SCORER,
        version=VERSION,
        items=tuple((name, at is not None and name not in moved) for name, at in places.items()),
    )


def worst(errors: Sequence[Note]) -> Note | None:
    """Return the error that says most of an answer, None where there is none."""
    return min(errors, key=lambda error: ERRORS.index(error.code), default=None)


def _value(right: int, asked: int, wrong: int, metric: Metric, *, strict: bool) -> float:
    if not right:
        return 0.0
    if metric == "f1":
        return 2 * right / (asked + right + wrong)
    return right / asked * (right / (right + max(right + wrong - asked, 0)) if strict else 1.0)


def _errors(wrong: Sequence[tuple[str, Note]], missing: Sequence[str]) -> tuple[Note, ...]:
    """Return an error for each value that is wrong and for each item that nothing stands for.

    As many values as items are missing stand for them; the others are too many.
    """
    instead = [note for _, note in wrong[: len(missing)]]
    extra = [Note("item_extra", said=value) for value, _ in wrong[len(missing) :]]
    left_out = [Note("item_missing", item=name) for name in missing[len(instead) :]]
    return (*instead, *extra, *left_out)


def _of_nothing(outcome: OutcomeClass, answer: str) -> tuple[Note, ...]:
    """Return what is wrong with an answer that says no value at all."""
    said = " ".join(answer.split())[:60]
    if outcome == "abstained":
        return (Note("item_abstained", said=said),)
    return (Note("item_invented", said=said),) if outcome == "hallucinated" else ()


def _traced(insert: Insert) -> Note:
    said, told, depth = insert.value, plain_turns(insert.text), round(insert.depth_percent, 2)
    if insert.role == "superseded":
        return Note("item_superseded", said=said, words=told, depth=depth)
    if insert.role == "link":
        return Note("item_halfway", said=said, words=told, depth=depth)
    return Note("item_distracted", said=said, words=told, depth=depth)


def _moved(items: Sequence[Item], reading: Reading, asked: Mapping[str, str]) -> tuple[str, ...]:
    """Return the items that stand where another is due: out of order, or behind the name of another."""
    placed = [(at[0], item) for item in items if (at := reading.places[item.name]) is not None]
    names = {item.name: place_of(Item(name="", text=asked.get(item.name, "-")), reading.text) for _, item in placed}
    if all(names.values()):
        starts = sorted((at[0], name) for name, at in names.items() if at is not None)
        before = {item.name: [name for start, name in starts if start < place] for place, item in placed}
        return tuple(name for name, named in before.items() if not named or named[-1] != name)
    due = [item.name for _, item in placed]
    told = [item.name for _, item in sorted(placed, key=lambda each: each[0])]
    return tuple(name for name, other in zip(due, told, strict=True) if name != other)


def _nothing(key: Needle, answer: str, finish_reason: str | None, cue: Note) -> tuple[OutcomeClass, Note]:
    """Return which kind of nothing an answer is that holds no item."""
    told = grade(answer, key, finish_reason=finish_reason)
    if isinstance(told, Score) and told.outcome in _NOTHING:
        said = told.evidence.cue
        return told.outcome, said if isinstance(said, Note) else cue
    return "hallucinated", cue


def grade_last_line(
    planted: Planted, key: Needle, answer: str, finish_reason: str | None, *, marks: str, **how: Any
) -> Grade:
    """Grade what stands in an answer's last line behind a mark; an answer without one is worth nothing."""
    final = final_answer(answer) or ""
    found = list(re.finditer(rf"(?im)^\W*{marks}(.*)$", final))
    if found:
        return grade_items(planted, key, found[-1][1], finish_reason, **how)
    outcome, cue = _nothing(key, answer, finish_reason, Note("items_found", found=0, all=len(planted.items)))
    names = tuple(item.name for item in planted.items)
    unmarked = Note("item_unmarked", said=" ".join(final.split())[-60:])
    told = outcome in ("hallucinated", "off_task")
    errors = (unmarked,) if told else _of_nothing(outcome, answer)
    return _missed(names, "off_task" if told else outcome, errors, cue)


def grade_copy(planted: Planted, key: Needle, answer: str, finish_reason: str | None, *, code: str) -> Grade:
    """Grade a copy by how like it is to what was asked for (difflib's ratio, as in MRCR); 0 without the code."""
    final, item = (final_answer(answer) or "").strip()[:_MOST_READ], planted.items[0]
    if not code or not final.lstrip('*`"“ ').casefold().startswith(code.casefold()):
        outcome, cue = _nothing(key, answer, finish_reason, Note("items_found", found=0, all=1))
        told = outcome in ("hallucinated", "off_task")
        unmarked = (Note("item_unmarked", said=final[:60]),)
        errors = unmarked if told else _of_nothing(outcome, final)
        return _missed((item.name,), "off_task" if told else outcome, errors, cue)
    said = _bare(final.lstrip('*`"“ ')[len(code) :])
    like = {insert.value: SequenceMatcher(None, said, _bare(insert.value)).ratio() for insert in planted.inserts}
    best = max(like, key=lambda value: like[value])
    ratio, right = like[item.text], said == _bare(item.text)
    errors = ()
    if not right and best != item.text:
        source = next(insert for insert in planted.inserts if insert.value == best)
        alike = source.role == "alike"
        errors = (Note("item_order", item=item.name),) if alike else (_traced(source),)
    elif not right:
        errors = (Note("item_inexact", ratio=round(ratio, 4)),)
    return Score(
        value=ratio if not errors or errors[0].code == "item_inexact" else round(ratio, 4),
        outcome="correct" if right else "partial" if best == item.text else "hallucinated",
        identifying="right" if right else "absent",
        subject="right",
        evidence=Evidence(
            missing=() if right else (item.name,),
            cue=worst(errors) or Note("items_found", found=1, all=1),
            errors=errors,
        ),
        scorer=SCORER,
        version=VERSION,
        items=((item.name, right),),
    )


def _bare(text: str) -> str:
    """Return a text without what stands around it: blanks, marks of quotation, a colon; blanks in it made one."""
    return " ".join(text.strip(' \n\r\t:：,，。"“”*`').split())


def _missed(names: tuple[str, ...], outcome: OutcomeClass, errors: tuple[Note, ...], cue: Note) -> Score:
    """Return the score of an answer that gives none of the items."""
    return Score(
        value=0.0,
        outcome=outcome,
        identifying="absent",
        subject="right",
        evidence=Evidence(missing=names, cue=worst(errors) or cue, errors=errors),
        scorer=SCORER,
        version=VERSION,
        items=tuple((name, False) for name in names),
    )


def grade_value(planted: Planted, key: Needle, answer: Answer, filler: Filler | None) -> Grade:
    """Grade an answer that is one value by the rules, and trace a wrong one; a right one beside a wrong one is none.

    Args:
        planted: what was planted; its one item is the value.
        key: the needle by whose rules the answer is graded.
        answer: what the model said.
        filler: what fills a text that the task made.
    """
    made = grade(
        answer.text,
        key,
        finish_reason=answer.finish_reason,
        question=planted.question,
        haystack=answer.haystack,
    )
    if not isinstance(made, Score):
        if not _WITHOUT_LANGUAGE.fullmatch((final_answer(answer.text) or "").strip()):
            return made
        made = _missed((), "hallucinated", (), Note("items_found", found=0, all=1))
    name = planted.items[0].name
    text = Text((final_answer(answer.text) or "")[:_MOST_READ], grammar_for(key.language))
    wrong = [each for each in _others(planted) if place_of(Item(name="", text=each.value), text) is not None]
    if not wrong and made.outcome in ("hallucinated", "partial"):  # it may be written otherwise
        wrong = [each for each in _others(planted) if _says(answer.text, replace(key, answer=each.value))]
    if wrong and (made.found or place_of(planted.items[0], text) is not None):
        errors = tuple(Note("item_extra", said=each.value) for each in wrong)
        made = replace(made, value=min(made.value, 0.5), outcome="hedged")
    elif wrong:
        errors = tuple(map(_traced, wrong))
        made = replace(made, value=0.0, outcome="hallucinated", identifying="wrong")
    elif made.outcome == "hallucinated":
        errors = _of_filler(text, filler) or _of_nothing("hallucinated", answer.text)
    elif made.outcome == "abstained":
        errors = _of_nothing("abstained", answer.text)
    else:
        errors = () if made.found else (Note("item_missing", item=name),) if made.outcome == "partial" else ()
    cue = worst(errors) or made.evidence.cue
    return replace(made, evidence=replace(made.evidence, cue=cue, errors=errors), items=((name, made.found),))


_WITHOUT_LANGUAGE = re.compile(r"(?=\S*[0-9@])\S{1,80}|[\d\s().+-]{1,80}")
"""A code, an address, a number: an answer in no language, and so in none that nobody reads."""


def _others(planted: Planted) -> list[Insert]:
    right = {_plain(item.text) for item in planted.items}
    return [each for each in planted.inserts if each.value and _plain(each.value) not in right]


def _says(answer: str, key: Needle) -> bool:
    told = grade(answer, key)
    return isinstance(told, Score) and told.found


def _of_filler(text: Text, filler: Filler | None) -> tuple[Note, ...]:
    """Return where in what fills the text a value stands that an answer says word for word."""
    shown = text.text
    for value, sentence in filler() if filler is not None else ():
        if (folded := text.grammar.fold(value).text) in shown:
            return (Note("item_filler", said=folded, words=sentence),)
    return ()


def grade_absence(
    planted: Planted,
    key: Needle,
    answer: str,
    finish_reason: str | None,
    *,
    filler: Filler | None = None,
    **_: object,
) -> Grade:
    """Grade an answer to a question that the text does not answer; arguments as for `grade_items`.

    It is right that says so, by the item's words or in others, and gives no value.
    """
    reading = read(planted, key.language, answer, filler)
    item = planted.items[0]
    at = reading.places[item.name]
    outcome, cue = _nothing(key, answer, finish_reason, Note("items_found", found=0, all=1))
    right = not reading.wrong and (at is not None or outcome == "abstained")
    errors = tuple(note for _, note in reading.wrong)
    if right:
        outcome, cue = "correct", Note("items_found", found=1, all=1)
    elif reading.wrong:
        outcome = "hallucinated"
    else:
        errors = _of_nothing(outcome, answer)
    return Score(
        value=float(right),
        outcome=outcome,
        identifying="right" if right else "wrong",
        subject="right",
        evidence=Evidence(
            found=((item.name, *reading.text.folded.original(*at)),) if right and at else (),
            missing=() if right else (item.name,),
            cue=worst(errors) or cue,
            errors=errors,
        ),
        scorer=SCORER,
        version=VERSION,
        items=((item.name, right),),
    )


def _plain(value: str) -> str:
    return value.casefold()


def _counted(item: Item, text: Text, pattern: str) -> Span | None:
    """Return where an answer says how many there are: its first number that is no part of a value."""
    shown = text.text
    for value in re.finditer(pattern, shown) if pattern else ():
        shown = shown[: value.start()] + "," * (value.end() - value.start()) + shown[value.end() :]
    first = next(iter(Text(shown, text.grammar).numbers("")), None)
    return (first.start, first.end) if first is not None and first.digits == item.text else None


def _of_kind(planted: Planted, text: Text, pattern: str) -> list[tuple[str, int]]:
    """Return the values of an answer that have the form of an item, with their places: numbers as long, or codes.

    Without an item that has a form it is that of what stands in the inserts; `pattern` says it in any case.
    """
    if pattern:
        return [(value[0], value.start()) for value in re.finditer(pattern, text.text)]
    items = planted.items if any(any(map(str.isdigit, item.text)) for item in planted.items) else ()
    items = items or tuple(Item(name="", text=insert.value) for insert in planted.inserts if insert.value)
    lengths = {len(item.text) for item in items if item.text.isascii() and item.text.isdecimal()}
    found = [(each.digits, each.start) for each in text.numbers("") if len(each.digits) in lengths] if lengths else []
    codes = {len(item.text) for item in items if _CODE.fullmatch(_plain(item.text))}
    if codes:
        found += [(code[0], code.start()) for code in _CODE.finditer(text.text) if len(code[0]) in codes]
    return found


def place_of(item: Item, text: Text) -> Span | None:
    """Return where a folded answer names an item, None where it does not."""
    for name in (item.text, *item.aliases):
        if name.isascii() and name.isdecimal():
            number = next((each for each in text.numbers(name) if each.digits == name), None)
            if number is not None:
                return number.start, number.end
            continue
        value = _typed(name, text.grammar)
        if value is not None:
            place = next((each for each in value.places(text) if each.how == "same"), None)
            if place is not None:
                return place.start, place.end
            continue
        wanted = text.grammar.fold(name).text.strip()
        found = re.search(_whole(wanted), text.text) if wanted else None
        if found is not None:
            return found.span()
    return None


@lru_cache(maxsize=4096)
def _typed(name: str, grammar: Grammar) -> Value | None:
    """Return the value of a type that an item is: a sum, a code, a date; None where it is a phrase."""
    return recognise(Text(name, grammar), Text("", grammar))


def _whole(wanted: str) -> str:
    """Return what finds a text where no ASCII letter or digit goes on at its ends: Chinese sets no spaces."""
    left = r"(?<![a-z0-9])" if re.match("[a-z0-9]", wanted) else ""
    right = r"(?![a-z0-9])" if re.search("[a-z0-9]$", wanted) else ""
    return left + re.escape(wanted) + right
