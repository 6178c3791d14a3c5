"""The grade of an answer, by rules over the needle's key facts: a list of lines, of which the first that fits wins.

What is found and where comes from `match`, turns of phrase from `grammar`, doubts and retractions from `doubts`, what
stands beside the facts from `beside`. This module only decides. Of a language that has no file
(`nihbench.languages`) it reads no negations or refusals, only the facts that aliases name in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from nihbench.lang.messages import Note, Words
from nihbench.score import beside, doubts
from nihbench.score.another import misplaced, of_another, undone
from nihbench.score.answer import Text
from nihbench.score.asides import stands_aside
from nihbench.score.crossed import crossed
from nihbench.score.fold import final_answer
from nihbench.score.grammar import Phrase
from nihbench.score.language import doubting, foreign, shown, untold
from nihbench.score.match import Found, Status, find, places_of, rivals_of, sheet_of
from nihbench.score.misled import misled_by
from nihbench.score.nothing import OFF_THE_QUESTION, kind_of_nothing
from nihbench.score.reading import Reading, Verdict
from nihbench.score.sheet import Sheet, Sought
from nihbench.score.subject import other_subject
from nihbench.score.swapped import swapped
from nihbench.score.values.base import How
from nihbench.score.values.kinds import about
from nihbench.text.late import late
from nihbench.types import BANDS, FOUND_FROM, Evidence, Grade, Identifying, Needle, OutcomeClass, Score, Unscored

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
    reading = read(final, needle, against, finish_reason)
    strange = _not_covered(reading)
    if strange:
        return _unscored(Note("language_not_covered", strange=strange))
    _, verdict = decided(reading)
    strange = foreign(reading.answer, beside_facts=True) if reading.right and verdict.value < BANDS[-1] else None
    if strange:
        # The facts that are missing, and what is said of those that are given, may stand there in words nobody read.
        return _unscored(Note("language_half_read", strange=strange))
    nothing = verdict.value == 0.0 and (verdict.outcome == "hallucinated" or verdict.cue == OFF_THE_QUESTION)
    untold = _untold(reading) if nothing else None
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


def read(final: str, needle: Needle, against: Sheet, finish_reason: str | None = None) -> Reading:
    """Return a final answer as it is read: where each fact of the sheet stands in it."""
    text = Text(_ends_of(final), against.grammar)
    return Reading(needle, against, text, tuple([find(fact, text) for fact in against.facts]), finish_reason)


def decided(reading: Reading) -> tuple[str, Verdict]:
    """Return the verdict on a reading and the name of the line that gave it."""
    for name, line in _LINES.items():
        verdict = line(reading)
        if verdict:
            return name, verdict
    raise AssertionError("the last line decides")


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
        denying = doubting(reading.answer) if reading.says_more else None
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
    return None if any([f.is_told_in_words for f in facts]) else untold(reading.grammar, spaced=True)


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
        Note("number_nearly_right", number=said) if plain else Note("nearly_right", words=said, how=DIFFERS[found.how])
    )
    return Verdict(found.worth, "partial", cue, doubt=0.1)


def _second(fact: Sought, said: str, *, before: bool) -> Note:
    """Say that an answer gives another value beside the right one."""
    if fact.kind == "number":
        return Note("second_number_before", number=said) if before else Note("second_number_after", number=said)
    return Note("second_value_before", words=said) if before else Note("second_value_after", words=said)


DIFFERS: Mapping[How, Note] = {
    "same": Note("differs_same"),
    "edit": Note("differs_edit"),
    "unit": Note("differs_unit"),
    "half": Note("differs_half"),
    "part": Note("differs_part"),
    "order": Note("differs_order"),
    "other": Note("differs_other"),
}


_OF_THE_SOURCE = Phrase("@of_the_source@")
_OF_ONESELF = Phrase("@of_oneself@")
_OR = Phrase("@or_after@")
_SPAN = late(r"\W*(?:and|to|-|—|~|至|到)\W*")
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
        why = undone(reading)
        return Verdict(0.0, "hallucinated", why, doubt=0.15) if why else None
    identity_denied = any(f.fact.identifying for f in denied)
    missing = len(reading.found) - len(reading.right)
    if reading.right and not (identity_denied and missing > 1 and not reading.sheet.by_words):
        return None
    start = denied[0].spans[0][0]
    near = reading.answer.cues("abstain", max(0, start - 60), start + 1)
    said = reading.answer.text[max(0, near[0].start - 60) : near[0].end] if near else ""
    told = said and (_OF_THE_SOURCE(reading.grammar).search(said) or _OF_ONESELF(reading.grammar).search(said))
    outcome: OutcomeClass = "abstained" if told else "hallucinated"
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
    less = _less_than_whole(reading)
    if less:
        return less
    plain = reading.sheet.kind == "yes_no"  # what follows a yes or a no explains it
    extra = "" if plain else beside.extras(reading) or beside.item_more(reading)
    if extra:
        return Verdict(0.7, "partial", Note("extra", cue=extra), doubt=0.3)
    return Verdict(1.0, "correct", Note("every_fact"))


def _less_than_whole(reading: Reading) -> Verdict | None:
    """Every fact is given, but not in its place, not in full or not in order."""
    other = crossed(reading)
    if other:
        return Verdict(0.3, "partial", Note("misplaced", fact=other), doubt=0.2)
    astray = swapped(reading)
    if astray:
        return Verdict(0.3, "partial", Note("misplaced", fact=astray[0].fact.name), doubt=0.2)
    if reading.worth < 1.0:
        least = min(reading.right, key=lambda found: found.worth)
        said = Note("not_in_full", fact=least.fact.name, how=DIFFERS[least.how])
        return Verdict(0.7, "partial", said, doubt=0.15)
    told = reading.sheet.steps and about(reading.grammar).steps.search(reading.answer.text) is not None
    if (reading.sheet.ordered or told) and not reading.in_order:
        return Verdict(0.5, "partial", Note("other_order"), doubt=0.15)
    return None


def _part(reading: Reading) -> Verdict | None:
    """Some facts are given: a band by their number, one lower when even these are hedged or taken back."""
    if not reading.right:
        lone = reading.found[0] if len(reading.found) == 1 else None
        if lone and lone.status == "near":
            return Verdict(lone.worth or 0.3, "partial", Note("part_of_fact", fact=lone.fact.name), doubt=0.3)
        nearly = next((f for f in reading.found if f.status == "near" and f.fact.values and f.fact.identifying), None)
        return _nearly_right(reading, nearly)._replace(value=0.3) if nearly else None
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


_LINES: Mapping[str, Callable[[Reading], Verdict | None]] = MappingProxyType(
    {
        "another": _of_another,
        "value": _value,
        "denied": _denied,
        "whole": _whole,
        "part": _part,
        "nothing": kind_of_nothing,
    }
)


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
    if total > 2 and (2 * right + nearly >= total or (weight >= 0.5 and right > 1)):
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
    given = {id(f) for f in reading.right}
    missing = tuple([f.fact.name for f in reading.found if id(f) not in given])
    return Evidence(found=found, missing=missing, cue=cue)
