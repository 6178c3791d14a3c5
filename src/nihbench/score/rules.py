"""The grade of an answer, by rules over the needle's key facts: a list of lines, of which the first that fits wins.

What is found and where comes from `match`, turns of phrase from `cues`, what stands beside the facts from
`beside`. This module only decides. It knows English and Chinese; it reads no other language's negations or
refusals, only the facts that aliases name in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from nihbench.score import beside, cues
from nihbench.score.fold import final_answer
from nihbench.score.match import Status, Text, find, numbers_beside, sheet
from nihbench.score.nothing import kind_of_nothing
from nihbench.score.numbers import find_numbers, nearness
from nihbench.score.reading import Reading, Verdict
from nihbench.score.subject import other_subject
from nihbench.types import Evidence, Identifying, Needle, OutcomeClass, Score

SCORER = "rules"
VERSION = "0.1"

_NO_FRESH: Mapping[str, str] = MappingProxyType({})
_BANDS = (0.0, 0.3, 0.5, 0.7, 1.0)
_DOUBTS: tuple[cues.CueKind, ...] = ("hedge", "abstain", "refuse")
_CONFIRMS = re.compile(
    r"\b(?:final|correct(?:ed)?|confirmed|actual|really|should be|in fact|checking)\b"
    r"|确认|应(?:该)?(?:为|是)|实际|正确|最终|其实"
)


def grade(
    answer: str,
    needle: Needle,
    *,
    expected: str = "",
    fresh: Mapping[str, str] = _NO_FRESH,
    finish_reason: str | None = None,
    question: str = "",
) -> Score:
    """Grade `answer` against `needle`.

    Args:
        answer: What the model said, thinking included.
        needle: The needle; without facts its answer is graded as one identifying fact.
        expected: The expected answer, used where the needle lists no facts; the needle's own answer when empty.
        fresh: The values drawn for the needle's placeholders.
        finish_reason: What the server said; "length" makes an answer in which nothing is found `truncated`.
        question: The question as it was asked; the needle's own when empty. Its words earn nothing by being repeated.

    Returns:
        The score, its evidence with spans that index `answer`.
    """
    final = final_answer(answer)
    against = sheet(needle, expected, fresh, question)
    if final is None or not any(map(str.isalnum, final)):
        cut = final is None or (finish_reason == "length" and bool(answer.strip()))
        outcome: OutcomeClass = "truncated" if cut else "empty"
        cue = "thinking that never ends" if final is None else "nothing but white space"
        missing = tuple(f.name for f in against.facts)
        return _score(Verdict(0.0, outcome, cue), "absent", Evidence(missing=missing, cue=cue))
    text = Text(final)
    found = tuple(find(fact, text) for fact in against.facts)
    reading = Reading(needle, against, text, final, found, finish_reason)
    verdict = next(filter(None, (line(reading) for line in _LINES)))
    return _score(verdict, _identifying(reading, verdict), _evidence(reading, verdict.cue))


# ---- the lines -------------------------------------------------------------------------------------------------


def _number(reading: Reading) -> Verdict | None:
    """A number is right, beside a rival, nearly right, or not there; only the middle two are decided here."""
    fact = reading.sheet.facts[0]
    if len(reading.sheet.facts) > 1 or not fact.digits or fact.denied or reading.found[0].status == "negated":
        return None
    asked = {n.digits for n in find_numbers(reading.sheet.question)}
    numbers = [n for n in numbers_beside(fact.digits, reading.answer) if n.digits not in asked]
    kinds = [nearness(n.digits, fact.digits) for n in numbers]
    if "same" not in kinds:
        close = next((n for n, kind in zip(numbers, kinds, strict=True) if kind != "other"), None)
        return Verdict(0.3, "partial", f"number nearly right: {close.digits}") if close else None
    rivals = [
        n for n, kind in zip(numbers, kinds, strict=True)
        if kind == "near" or (kind == "other" and len(n.digits) == len(fact.digits))
    ]  # fmt: skip
    if not rivals:
        return None
    last_right = max(n.start for n, kind in zip(numbers, kinds, strict=True) if kind == "same")
    text, last = reading.answer.text, rivals[-1]
    if last.end <= last_right:
        between = text[last.end : last_right]
        mended = _CONFIRMS.search(between) or cues.find("retract", between)
        return None if mended else Verdict(0.5, "partial", f"two numbers: {last.digits} too")
    taken_back = cues.find("retract", text[last_right : last.end])
    return Verdict(0.5, "hedged" if taken_back else "partial", f"two numbers: {last.digits} after the right one")


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
    near = [c for c in cues.find("abstain", reading.answer.text) if 0 <= start - c.start < 60]
    outcome: OutcomeClass = "abstained" if near else "hallucinated"
    return Verdict(0.0, outcome, f"negated: {denied[0].fact.name}")


def _whole(reading: Reading) -> Verdict | None:
    """Every fact is given; something may take from it."""
    if not reading.complete:
        return None
    taken = _taken_back(reading)
    if taken:
        return Verdict(0.5, "hedged", f"taken back: {taken}")
    choices = beside.choices(reading.sheet, reading.right, reading.answer, reading.original)
    choices = choices or beside.equals(reading.answer, reading.right)
    if choices:
        return Verdict(0.5, "partial", f"alternatives: {choices}")
    hedge = _hedged(reading)
    if hedge:
        return Verdict(0.7, "hedged", f"hedged: {hedge}")
    other = _subject(reading)
    if other:
        return Verdict(0.7, "partial", f"another subject: {other}", subject_wrong=True)
    vague = _vague(reading)
    if vague:
        return Verdict(0.7, "partial", f"vague: {vague}")
    extra = beside.extras(reading.sheet, reading.right, reading.answer, reading.original)
    if extra:
        return Verdict(0.7, "partial", f"extra: {extra}")
    return Verdict(1.0, "correct", "every fact given")


def _part(reading: Reading) -> Verdict | None:
    """Some facts are given: a band by their number, one lower when even these are hedged or taken back."""
    if not reading.right:
        lone = reading.found[0] if len(reading.found) == 1 else None
        if lone and lone.status == "near":
            return Verdict(0.3, "partial", f"a part of {lone.fact.name}")
        return None
    value = reading.word_band if reading.sheet.by_words else _fact_band(reading)
    if value == 0.0:
        return None
    said = f"{len(reading.right)} of {len(reading.found)} {'words' if reading.sheet.by_words else 'facts'}"
    doubt = _taken_back(reading) or _hedged(reading)
    other = _subject(reading)
    if doubt:
        value = _BANDS[max(0, _BANDS.index(value) - 1)]
        if value == 0.0:
            return Verdict(0.0, "abstained", f"{said}, hedged: {doubt}")
        return Verdict(value, "hedged", f"{said}, hedged: {doubt}")
    return Verdict(value, "partial", said, subject_wrong=bool(other))


_LINES: tuple[Callable[[Reading], Verdict | None], ...] = (
    _number, _denied, _whole, _part, kind_of_nothing,
)  # fmt: skip


# ---- bands and cues --------------------------------------------------------------------------------------------


def _fact_band(reading: Reading) -> float:
    """Return the band for an incomplete set of facts (at least one is given)."""
    total, right = len(reading.found), len(reading.right)
    if total > 2 and total - right == 1:
        return 0.7
    weight = sum(f.fact.weight for f in reading.right) / (sum(f.fact.weight for f in reading.found) or 1.0)
    nearly = sum(f.status == "near" for f in reading.found) if _identified(reading, "right", "near") else 0
    if total > 2 and (2 * right >= total or 2 * right + nearly > total or (weight >= 0.5 and right > 1)):
        return 0.5
    wrong = any(f.status in ("near", "negated") for f in reading.found)
    return 0.5 if _identified(reading, "right") and not (wrong and total > 3) else 0.3


def _identified(reading: Reading, *statuses: Status) -> bool:
    return any(f.fact.identifying and f.status in statuses for f in reading.found)


def _starts(reading: Reading) -> list[int]:
    return [f.spans[0][0] for f in reading.right]


def _taken_back(reading: Reading) -> str:
    """Return the retracting cue after which the facts are not given again."""
    complete = max(f.spans[0][1] for f in reading.right)
    for cue in reversed(cues.find("retract", reading.answer.text, complete)):
        if not all(f.spans[-1][0] > cue.end for f in reading.right):
            return reading.at(cue)
    return ""


def _hedged(reading: Reading) -> str:
    """Return the cue by which a given answer is put in doubt, or an empty string.

    A doubt before the answer counts unless the answer overrides it ("but", 不过) or is given twice; one inside or
    after it counts unless everything is said again after it.
    """
    text = reading.answer.text
    first = min(_starts(reading))
    complete = max(f.spans[0][1] for f in reading.right)
    restated = all(f.spans[-1][0] >= complete for f in reading.right)
    for kind in _DOUBTS:
        for cue in cues.find(kind, text):
            if kind == "abstain" and cues.is_about_others(cue, text):
                continue
            if cue.start < first:
                if not restated and not cues.find("override", text[cue.start : complete]):
                    return reading.at(cue)
            elif not all(f.spans[-1][0] > cue.end for f in reading.right):
                return reading.at(cue)
    return ""


def _subject(reading: Reading) -> str:
    return other_subject(reading.needle, reading.sheet, reading.answer, reading.original)


def _vague(reading: Reading) -> str:
    first = min(_starts(reading))
    found = [c for c in cues.find("vague", reading.answer.text) if abs(c.start - first) < 80]
    return reading.at(found[0]) if found else ""


# ---- the score -------------------------------------------------------------------------------------------------


def _identifying(reading: Reading, verdict: Verdict) -> Identifying:
    facts = [f for f in reading.found if f.fact.identifying]
    if reading.sheet.by_words:
        share = len(reading.right) / len(reading.found)
        status: Identifying = "right" if share >= 0.65 else "absent"
    elif all(f in reading.right for f in facts):
        status = "right"
    elif any(f.status == "negated" for f in facts):
        status = "negated"
    else:
        status = "wrong" if any(f.status == "near" for f in facts) else "absent"
    guessed = verdict.outcome == "hallucinated" or (verdict.value == 0.3 and reading.sheet.facts[0].digits is not None)
    return "wrong" if status == "absent" and guessed else status


def _evidence(reading: Reading, cue: str) -> Evidence:
    found = tuple((f.fact.name, *reading.answer.folded.original(*f.spans[0])) for f in reading.right)
    missing = tuple(f.fact.name for f in reading.found if f not in reading.right)
    return Evidence(found=found, missing=missing, cue=cue)


def _score(verdict: Verdict, identifying: Identifying, evidence: Evidence) -> Score:
    return Score(
        value=verdict.value,
        outcome=verdict.outcome,
        identifying=identifying,
        subject="wrong" if verdict.subject_wrong else "right",
        evidence=evidence,
        scorer=SCORER,
        version=VERSION,
    )
