"""The grade of an answer, by rules over the needle's key facts: a list of lines, of which the first that fits wins.

What is found and where comes from `match`, turns of phrase from `grammar`, doubts and retractions from `doubts`, what
stands beside the facts from `beside`. This module only decides. Of a language that has no file
(`nihbench.languages`) it reads no negations or refusals, only the facts that aliases name in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from types import MappingProxyType

from nihbench.lang.messages import Note, Words
from nihbench.score import beside, doubts
from nihbench.score.another import misplaced, of_another
from nihbench.score.answer import Text
from nihbench.score.asides import stands_aside
from nihbench.score.fold import final_answer
from nihbench.score.grammar import Phrase
from nihbench.score.language import doubting, foreign, shown, untold
from nihbench.score.match import Found, Status, find, places_of, rivals_of, sheet_of
from nihbench.score.misled import misled_by
from nihbench.score.reading import Reading, Verdict
from nihbench.score.sheet import Sheet, Sought
from nihbench.score.subject import other_subject
from nihbench.score.values.base import How
from nihbench.types import BANDS, FOUND_FROM, Evidence, Grade, Identifying, Needle, OutcomeClass, Score, Unscored

# ---- nothing ---------------------------------------------------------------------------------------------------------
# Which kind of nothing an answer is in which no fact was found: refused, abstained, truncated, off task, invented.
#
# Lines as in `rules`, tried in order; the last one always decides.

_SHORT = 15.0  # words: so short a text is an answer, not a text about something else
_ECHO = 5  # characters: a shorter text repeats a question by chance
_CLAIMS = 3  # content words after "as everybody knows" that make an answer of it
_BEGUN = 2  # content words of its own that make an answer of what was cut
_SOME = 0.25  # of the question's words
_LEAST_WORDS = 8  # of gibberish
_LEAST_DOUBLED = 3  # different words that it says twice at once
_NEXT_SENTENCE = re.compile(r"\n\s*\n|[.!?]\s+(?=[A-Z“\"(])|[。！？](?=\s*[^\s。！？”」』）)])")
_SENTENCE_END = re.compile(r"[.!?](?=\s|$)|[。\n]")
_UNFINISHED = re.compile(r"[^.!?。\s\])]\s{0,4}$")


def kind_of_nothing(reading: Reading) -> Verdict:
    """Return the verdict, of value 0, on an answer that gives no fact."""
    return next(filter(None, (line(reading) for line in _NOTHING_LINES)), _invented(reading))


def _echoed(reading: Reading) -> Verdict | None:
    text = reading.answer.text.strip(" \n.?!。")
    echo = len(text) > _ECHO and "?" in reading.answer.text and text in reading.sheet.question
    return Verdict(0.0, "off_task", Note("repeats_question")) if echo else None


def _to_the_grader(reading: Reading) -> Verdict | None:
    found = reading.answer.cues("grader")
    return Verdict(0.0, "off_task", Note("to_the_grader", words=reading.at(found[0]))) if found else None


def _refused(reading: Reading) -> Verdict | None:
    found = reading.answer.cues("refuse")
    return Verdict(0.0, "refused", Note("refuses", words=reading.at(found[0]))) if found else None


def _abstained(reading: Reading) -> Verdict | None:
    """It says that there is no answer; knowledge of the world offered after that is an invented answer."""
    found = reading.answer.cues("abstain")
    if not found:
        return None
    for outside in reading.answer.cues("outside", found[0].end)[:8]:
        rest = reading.answer.text[outside.end : outside.end + 200]
        if len(reading.novel(rest)) >= _CLAIMS and not reading.answer.cues("abstain", outside.end, outside.end + 200):
            return Verdict(0.0, "hallucinated", Note("outside_knowledge", words=reading.at(outside)))
    return Verdict(0.0, "abstained", Note("abstains", words=reading.at(found[0])))


def _cut_short(reading: Reading) -> Verdict | None:
    """Nothing but the words that lead to an answer, and no end."""
    if reading.finish_reason == "length":
        return Verdict(0.0, "truncated", Note("cut_at_limit")) if _says_nothing_yet(reading) else None
    if reading.grammar.novel_of(_without_beginnings(reading), reading.sheet.lead | reading.grammar.reporting):
        return None
    if _UNFINISHED.search(reading.answer.text[-8:]):
        return Verdict(0.0, "truncated", Note("breaks_off"))
    return Verdict(0.0, "off_task", Note("repeats_question"))


def _says_nothing_yet(reading: Reading) -> bool:
    """Whether an answer that was cut had given none, right or wrong: it was leading up to one."""
    text, grammar = reading.answer.text, reading.grammar
    marks = [m.end() for m in _SENTENCE_END.finditer(text)]
    last = text[marks[-1] :] if marks else text
    known = reading.sheet.lead | grammar.reporting
    if _takes_up_question(reading, text[: len(text) - len(last)]):
        return False
    if _asked_of(reading, last) >= _SOME:
        return len(grammar.novel_of(_kept_of(reading, last), known)) < _BEGUN
    return (not last.strip() and text.rstrip().endswith(":")) or (not marks and reading.answer.size <= _SHORT)


def _takes_up_question(reading: Reading, text: str) -> bool:
    share = _asked_of(reading, text)
    named = any(name in text for name in reading.sheet.subjects)
    return share > 0.5 or (share == 0.5 and (named or not reading.sheet.subjects))


def _asked_of(reading: Reading, text: str) -> float:
    """Return the share that a text has of what the question asks of its subject (of its subject, if that is all)."""
    grammar, sheet = reading.grammar, reading.sheet
    asked = set(grammar.novel(sheet.question.partition("?")[0], grammar.source_words))
    subject = {s for name in sheet.subjects for s in grammar.stems(name)}
    telling = asked - subject or asked
    stems = reading.answer.stems if text is reading.answer.text else grammar.stems(text)
    return len(telling.intersection(stems)) / len(telling) if telling else 0.0


def _is_gibberish(reading: Reading) -> bool:
    """Whether words or signs are said two and three times over, as nobody speaks."""
    words = [w for w in reading.answer.words if not w.isdecimal()][:400]
    doubled = [one for one, other in zip(words, words[1:], strict=False) if one == other]
    enough = len(words) >= _LEAST_WORDS and len(set(doubled)) >= _LEAST_DOUBLED
    return enough and 3 * len(doubled) >= len(words)


def _gibberish(reading: Reading) -> Verdict | None:
    return Verdict(0.0, "off_task", Note("gibberish")) if _is_gibberish(reading) else None


def _without_beginnings(reading: Reading) -> Collection[str]:
    """Return the answer's different words, without the numbers that begin the expected one."""
    return _kept_of(reading, reading.answer.text)


def _kept_of(reading: Reading, text: str) -> Collection[str]:
    digits = next((f.digits for f in reading.sheet.facts if f.digits), "")
    kept, at = [], 0
    for number in reading.grammar.numbers(text, digits) if digits else []:
        if digits.startswith(number.digits) and number.start >= at:
            kept.append(text[at : number.start])
            at = number.end
    if not kept and text is reading.answer.text:
        return reading.answer.different
    return dict.fromkeys(reading.grammar.words("".join([*kept, text[at:]])))


def _asks_back(reading: Reading) -> Verdict | None:
    found = reading.answer.cues("clarify")
    if found:
        return Verdict(0.0, "off_task", Note("asks_back_words", words=reading.at(found[0])))
    return Verdict(0.0, "off_task", Note("asks_back")) if reading.answer.text.rstrip().endswith("?") else None


def _invented(reading: Reading) -> Verdict:
    """A short text, or one that takes up the question, is an invented answer; any other is about something else."""
    text = reading.answer.text
    sentences = len(_NEXT_SENTENCE.findall(reading.answer.original))
    if reading.answer.size <= _SHORT and (not sentences or _asked_of(reading, text) >= _SOME):
        return Verdict(0.0, "hallucinated", Note("short_without_fact"))
    if _takes_up_question(reading, text):
        return Verdict(0.0, "hallucinated", Note("answers_without_fact"))
    return Verdict(0.0, "off_task", Note("off_the_question"))


_NOTHING_LINES: tuple[Callable[[Reading], Verdict | None], ...] = (
    _echoed, _refused, _abstained, _to_the_grader, _gibberish, _cut_short, _asks_back,
)  # fmt: skip


# ---- how sure the rules are of a band: the chance that a careful reader would give the same one ----------------------
# Every line of `rules` says how often its like is seen otherwise (`Verdict.doubt`). To this comes what speaks against
# the line that won: a cue that was overridden, a fact nearly given, a spelling that had to be guessed, a share of
# words close to a limit, a foreign language. The numbers are round on purpose; docs/grading.md says how often bands
# of each confidence were right.

_RIVALS = 0.15  # a cue that would have decided otherwise, had it counted
_NEAR = 0.1
_FUZZY = 0.15
_LIMITS = (0.85, 0.65, 0.4, 0.2)  # shares of a long answer's words between the bands
_LONG = 250.0  # words: so long an answer says much that the rules do not read


def confidence(reading: Reading, verdict: Verdict) -> float:
    """Return the confidence in a verdict, from 0.05 to 1, in steps of 0.05."""
    doubt = verdict.doubt
    if verdict.value == 1.0 and any(reading.answer.cues(kind) for kind in ("hedge", "abstain", "retract")):
        doubt += _RIVALS
    if any([f.status in ("near", "negated") for f in reading.found]):
        doubt += _NEAR
    if any([f.fuzzy for f in reading.right]):
        doubt += _FUZZY
    if reading.sheet.by_words and reading.right:
        doubt += max(0.1, 0.35 - 3 * min(abs(reading.share - limit) for limit in _LIMITS))
    if reading.answer.size > _LONG:
        doubt += _RIVALS
    return max(0.05, round(20 * (1.0 - doubt)) / 20)


SCORER = "rules"
VERSION = "0.4"

_NO_FRESH: Mapping[str, str] = MappingProxyType({})
_MOST_AT_AN_END = 16_000
"""Characters of an answer's beginning and of its end that are graded, each."""


def grade(
    answer: str,
    needle: Needle,
    *,
    expected: str = "",
    fresh: Mapping[str, str] = _NO_FRESH,
    finish_reason: str | None = None,
    question: str = "",
    haystack: str = "",
) -> Grade:
    """Grade `answer` against `needle`.

    Args:
        answer: What the model said, thinking included.
        needle: The needle; without facts its answer is graded as one identifying fact.
        expected: The expected answer, used where the needle lists no facts; the needle's own answer when empty.
        fresh: The values drawn for the needle's placeholders.
        finish_reason: What the server said; "length" makes an answer in which nothing is found `truncated`.
        question: The question as it was asked; the needle's own when empty. Its words earn nothing by being repeated.
        haystack: The text that the needle was hidden in, if a wrong answer's source is to be looked for in it.

    Returns:
        The score, its evidence with spans that index `answer`; `Unscored` where nothing was found and the answer is in
        a language that the rules do not cover, or where something is missing in one that is too long to be read whole.
    """
    final = final_answer(answer)
    against = sheet_of(needle, expected, fresh, question)
    if final is None or not any(map(str.isalnum, final)):
        return _no_answer(answer, final, against, finish_reason)
    text = Text(_ends_of(final), against.grammar)
    found = tuple([find(fact, text) for fact in against.facts])
    reading = Reading(needle, against, text, found, finish_reason)
    strange = _not_covered(reading)
    if strange:
        return _unscored(Note("language_not_covered", strange=strange))
    verdict = next(filter(None, (line(reading) for line in _LINES)))
    strange = foreign(text, beside_facts=True) if reading.right and verdict.value < BANDS[-1] else None
    if strange:
        # The facts that are missing, and what is said of those that are given, may stand there in words nobody read.
        return _unscored(Note("language_half_read", strange=strange))
    untold = _untold(reading) if verdict.value == 0.0 and verdict.outcome == "hallucinated" else None
    if untold:
        return _unscored(untold)
    if len(final) > 2 * _MOST_AT_AN_END and verdict.value < BANDS[-1]:
        # What is missing may stand where nobody read.
        return _unscored(Note("too_long_to_read", count=len(final)))
    wrong = haystack and verdict.value < FOUND_FROM and verdict.outcome in ("partial", "hallucinated")
    return Score(
        value=verdict.value,
        outcome=verdict.outcome,
        identifying=_identifying(reading, verdict),
        subject="wrong" if verdict.subject_wrong else "right",
        evidence=_evidence(reading, verdict.cue),
        scorer=SCORER,
        version=VERSION,
        confidence=confidence(reading, verdict),
        misled=misled_by(reading, haystack) if wrong else "",
    )


def _ends_of(final: str) -> str:
    """Return an answer with its middle blank where it is longer than anybody reads, so that places stay what they are.

    Ten thousand tokens of answer to one question come of a server that means harm, or of a model that repeats itself.
    """
    middle = len(final) - 2 * _MOST_AT_AN_END
    return f"{final[:_MOST_AT_AN_END]}{' ' * middle}{final[-_MOST_AT_AN_END:]}" if middle > 0 else final


def _unscored(reason: Words) -> Unscored:
    return Unscored(reason=reason, scorer=SCORER, version=VERSION)


def _no_answer(answer: str, final: str | None, against: Sheet, finish_reason: str | None) -> Score:
    cut = final is None or (finish_reason == "length" and bool(answer.strip()))
    cue = Note("endless_thinking") if final is None else Note("only_white_space")
    return Score(
        value=0.0,
        outcome="truncated" if cut else "empty",
        identifying="absent",
        subject="right",
        evidence=Evidence(missing=tuple(f.name for f in against.facts), cue=cue),
        scorer=SCORER,
        version=VERSION,
    )


def _not_covered(reading: Reading) -> Note | None:
    """Return the language that keeps an answer from being graded; of one that gives facts, where it doubts them."""
    if reading.right and not (reading.sheet.by_words and reading.word_band < FOUND_FROM):
        denying = doubting(reading.answer)
        return Note("language_doubting", language=denying) if denying else None
    if reading.needle.language not in reading.grammar.codes and not shown(reading.answer):
        return Note("needle_language_not_covered", language=reading.needle.language)
    return foreign(reading.answer)


def _untold(reading: Reading) -> Note | None:
    """Return why an answer without facts might still hold them: it is in a script in which none of them is named."""
    facts = reading.sheet.facts
    if any([f.status != "absent" for f in reading.found]) or any([f.in_any_script for f in facts]):
        return None
    if reading.answer.has_signs:
        only_signs = 2 * reading.grammar.count_signs(reading.answer.text) > len(reading.answer.text)
        named = any([f.by_signs or reading.grammar.has_signs(f.forms[0]) for f in facts])
        return untold(reading.grammar, spaced=False) if only_signs and not named else None
    return None if any([f.by_words or f.values for f in facts]) else untold(reading.grammar, spaced=True)


# ---- the lines -------------------------------------------------------------------------------------------------


def _value(reading: Reading) -> Verdict | None:
    """A value of a type is right, beside a rival, nearly right, or not there; only the middle two are decided here."""
    fact, found = reading.sheet.facts[0], reading.found[0]
    if len(reading.sheet.facts) > 1 or fact.value is None or fact.denied or found.status == "negated":
        return None
    if found.status == "near":
        return _nearly_right(reading, found)
    if found.status != "right" or found.worth < 1.0:
        return None
    text, asked = reading.answer.text, reading.sheet.question
    rivals = [place for place in rivals_of(fact, reading.answer)[:200]
              if text[place.start : place.end].strip() not in asked
              and not stands_aside(reading.sheet, text, place.start, place.end)]  # fmt: skip
    if not rivals:
        return None
    last_right, last = max(span[0] for span in found.spans), rivals[-1]
    said = text[last.start : last.end]
    if last.end <= last_right:
        mended = reading.answer.cues("confirm", last.end, last_right) or reading.answer.cues("retract", 0, last_right)
        if mended and not reading.answer.cues("either", last.end, last_right):
            return None
        return Verdict(0.5, "partial", _second(fact, said, before=True), doubt=0.2)
    taken_back = reading.answer.cues("retract", last_right, last.end + 40)
    outcome: OutcomeClass = "hedged" if taken_back else "partial"
    return Verdict(0.5, outcome, _second(fact, said, before=False), doubt=0.2)


def _nearly_right(reading: Reading, found: Found) -> Verdict:
    """A value is there but for one thing: a character, the unit, a part of the date."""
    start, end = found.spans[0]
    said = reading.answer.text[start:end].strip()
    plain = found.fact.kind == "number"
    cue = (
        Note("number_nearly_right", number=said) if plain else Note("nearly_right", words=said, how=_DIFFERS[found.how])
    )
    return Verdict(found.worth, "partial", cue, doubt=0.1)


def _second(fact: Sought, said: str, *, before: bool) -> Note:
    """Say that an answer gives another value beside the right one."""
    if fact.kind == "number":
        return Note("second_number_before", number=said) if before else Note("second_number_after", number=said)
    return Note("second_value_before", words=said) if before else Note("second_value_after", words=said)


_DIFFERS: Mapping[How, Note] = {
    "same": Note("differs_same"),
    "edit": Note("differs_edit"),
    "unit": Note("differs_unit"),
    "half": Note("differs_half"),
    "part": Note("differs_part"),
    "order": Note("differs_order"),
    "other": Note("differs_other"),
}


_OR = Phrase("@or_after@")
_SPAN = re.compile(r"\W*(?:and|to|-|—|~|至|到)\W*")
_BETWEEN = 12  # characters between a value and one that "or" joins to it


def _joined_rival(reading: Reading) -> Words:
    """Return that another value of a fact's type is joined to it by "or"."""
    own = [span for found in reading.right for span in found.spans]
    for found in reading.right:
        if not found.fact.values:
            continue
        others = [p for p in places_of(found.fact, reading.answer) if p.how != "same"]
        others = [p for p in others if not any(s < p.end and p.start < e for s, e in own)]
        for rival in others[:20]:
            for start, end in found.spans:
                low, high = (end, rival.start) if rival.start >= end else (rival.end, start)
                text = reading.answer.text[low:high]
                if (
                    low < high
                    and len(text) <= _BETWEEN
                    and (_OR(reading.grammar).search(text) or _SPAN.fullmatch(text))
                ):
                    return Note("or_another_choice")
    return ""


def _of_another(reading: Reading) -> Verdict | None:
    """What is given is given to another subject, to the past, or its numbers have changed places."""
    why = of_another(reading)
    if why:
        return Verdict(0.0, "hallucinated", why, subject_wrong=True, doubt=0.2)
    astray = misplaced(reading)
    if not astray:
        return None
    kept = [f for f in reading.right if f not in astray]
    value = 0.3 if kept else 0.0
    name = astray[0].fact.name
    return Verdict(value, "partial" if kept else "hallucinated", Note("misplaced", fact=name), doubt=0.2)


def _denied(reading: Reading) -> Verdict | None:
    """The needle is negated: what identifies it is denied and more than one fact with it is not given."""
    denied = [f for f in reading.found if f.status == "negated"]
    if not denied:
        return None
    identity_denied = any(f.fact.identifying for f in denied)
    missing = len(reading.found) - len(reading.right)
    if reading.right and not (identity_denied and missing > 1 and not reading.sheet.by_words):
        return None
    start = denied[0].spans[0][0]
    near = reading.answer.cues("abstain", max(0, start - 60), start + 1)
    outcome: OutcomeClass = "abstained" if near else "hallucinated"
    return Verdict(0.0, outcome, Note("negated", words=denied[0].fact.name), doubt=0.2 if reading.right else 0.05)


def _whole(reading: Reading) -> Verdict | None:
    """Every fact is given; something may take from it."""
    if not reading.complete:
        return None
    taken = doubts.taken_back(reading)
    if taken:
        return Verdict(0.5, "hedged", Note("taken_back", cue=taken), doubt=0.15)
    offered = beside.choices(reading) or beside.equals(reading) or _joined_rival(reading)
    if offered:
        return Verdict(0.5, "partial", Note("alternatives", cue=offered), doubt=0.2)
    hedge = doubts.hedged(reading)
    if hedge:
        return Verdict(0.7, "hedged", Note("hedged", cue=hedge), doubt=0.2)
    other = other_subject(reading.sheet, reading.answer)
    if other:
        return Verdict(0.7, "partial", Note("other_subject", words=other), subject_wrong=True, doubt=0.25)
    vague = doubts.vague(reading)
    if vague:
        return Verdict(0.7, "partial", Note("vague", words=vague), doubt=0.3)
    if reading.worth < 1.0:
        least = min(reading.right, key=lambda found: found.worth)
        said = Note("not_in_full", fact=least.fact.name, how=_DIFFERS[least.how])
        return Verdict(0.7, "partial", said, doubt=0.15)
    if reading.sheet.ordered and not reading.in_order:
        return Verdict(0.5, "partial", Note("other_order"), doubt=0.15)
    extra = beside.extras(reading) or beside.item_more(reading)
    if extra:
        return Verdict(0.7, "partial", Note("extra", cue=extra), doubt=0.3)
    return Verdict(1.0, "correct", Note("every_fact"))


def _part(reading: Reading) -> Verdict | None:
    """Some facts are given: a band by their number, one lower when even these are hedged or taken back."""
    if not reading.right:
        lone = reading.found[0] if len(reading.found) == 1 else None
        if lone and lone.status == "near":
            return Verdict(lone.worth or 0.3, "partial", Note("part_of_fact", fact=lone.fact.name), doubt=0.3)
        nearly = next((f for f in reading.found if f.status == "near" and f.fact.values and f.fact.identifying), None)
        return replace(_nearly_right(reading, nearly), value=0.3) if nearly else None
    if reading.sheet.by_words:
        value = reading.word_band
    else:
        value = reading.item_band if reading.sheet.listed else _fact_band(reading)
    if value == 0.0:
        return None
    right, whole = len(reading.right), len(reading.found)
    by_words = reading.sheet.by_words
    said = Note("some_words", right=right, all=whole) if by_words else Note("some_facts", right=right, all=whole)
    doubt = doubts.taken_back(reading) or doubts.hedged(reading)
    other = other_subject(reading.sheet, reading.answer)
    if doubt:
        value = BANDS[max(0, BANDS.index(value) - 1)]
        outcome: OutcomeClass = "hedged" if value else "abstained"
        return Verdict(value, outcome, Note("some_hedged", facts=said, cue=doubt), doubt=0.4)
    return Verdict(value, "partial", said, subject_wrong=bool(other), doubt=0.1)


_LINES: tuple[Callable[[Reading], Verdict | None], ...] = (
    _of_another, _value, _denied, _whole, _part, kind_of_nothing,
)  # fmt: skip


# ---- bands and states ------------------------------------------------------------------------------------------


def _fact_band(reading: Reading) -> float:
    """Return the band for an incomplete set of facts (at least one is given)."""
    total, right = len(reading.found), len(reading.right)
    if total > 2 and total - right == 1:
        return 0.7
    weight = sum(f.fact.weight for f in reading.right) / (sum(f.fact.weight for f in reading.found) or 1.0)
    if total == 2:
        return 0.3 if all(f.fact.guessable for f in reading.right) else 0.5
    nearly = sum(f.status == "near" for f in reading.found) if _identified(reading, "right", "near") else 0
    if total > 2 and (2 * right >= total or 2 * right + nearly > total or (weight >= 0.5 and right > 1)):
        return 0.5
    wrong = any(f.status in ("near", "negated") for f in reading.found)
    return 0.5 if _identified(reading, "right") and not (wrong and total > 3) else 0.3


def _identified(reading: Reading, *statuses: Status) -> bool:
    return any(f.fact.identifying and f.status in statuses for f in reading.found)


def _identifying(reading: Reading, verdict: Verdict) -> Identifying:
    facts = [f for f in reading.found if f.fact.identifying]
    if reading.sheet.by_words:
        status: Identifying = "right" if reading.share >= 0.65 else "absent"
    elif all([f.status == "right" for f in facts]):
        status = "right"
    elif any(f.status == "negated" for f in facts):
        status = "negated"
    else:
        status = "wrong" if any(f.status == "near" for f in facts) else "absent"
    guessed = verdict.outcome == "hallucinated" or (verdict.value <= 0.3 and reading.sheet.facts[0].value is not None)
    return "wrong" if status == "absent" and guessed else status


def _evidence(reading: Reading, cue: Words) -> Evidence:
    found = tuple([(f.fact.name, *reading.answer.folded.original(*f.spans[0])) for f in reading.right])
    missing = tuple([f.fact.name for f in reading.found if f not in reading.right])
    return Evidence(found=found, missing=missing, cue=cue)
