"""Whether the facts of an answer, once given, are taken back, put in doubt or made vague; and by which words."""

from __future__ import annotations

from nihbench.lang.messages import Note, Words
from nihbench.score.asides import SENTENCE_END, is_remark
from nihbench.score.grammar import Cue, Phrase
from nihbench.score.reading import Reading
from nihbench.score.subject import names_another
from nihbench.score.values.amounts import amounts

_KINDS = ("hedge", "abstain", "refuse")
_ASKED = Phrase(r"[^\w?]{0,2}(?:@asking_ends@)?[^\w?]{0,2}\?")
_NEXT = 3  # characters between a vague word and its amount
_VAGUE_REACH = 80  # characters between a vague word and the facts
_CLAUSE_END = Phrase(r"[.!?](?=\s|$)|[,;:。()\n]|@clause_ends@")
_POINTS_BACK = Phrase(r"\W{0,3}(?:@points_back@)")
_SAYS_THAT_THIS = Phrase("@says_that_this@")
_ASKS = Phrase("@asks@")
_OF_THE_ANSWER = Phrase("@of_the_answer@")


def taken_back(reading: Reading) -> str:
    """Return the retracting cue after which the facts are not given again."""
    for cue in reversed(reading.answer.cues("retract", reading.end)):
        if not all(f.spans[-1][0] > cue.end for f in reading.right):
            return reading.at(cue)
    return ""


def hedged(reading: Reading) -> Words:
    """Return the cue by which a given answer is put in doubt, or an empty string.

    A doubt before the answer counts unless the answer overrides it ("but", 不过) or is given twice; one inside or
    after it counts unless everything is said again after it.
    """
    restated = all([f.spans[-1][0] >= reading.end for f in reading.right])
    if _ASKED(reading.grammar).match(reading.answer.text, max([f.spans[-1][1] for f in reading.right])):
        return Note("given_as_question")
    for kind in _KINDS:
        for cue in reading.answer.cues(kind):
            if _counts(reading, cue, restated):
                return reading.at(cue)
    return ""


def _counts(reading: Reading, cue: Cue, restated: bool) -> bool:
    text = reading.answer.text
    if cue.kind == "abstain" and (reading.grammar.is_about_others(cue, text) or _of_something_else(reading, cue)):
        return False
    if cue.kind == "abstain" and _of_what_is_missing(reading, cue):
        return False
    if cue.start < reading.first:
        if cue.kind == "abstain" and _of_another_before(reading, cue):
            return False
        return not restated and not reading.answer.cues("override", cue.start, reading.end)
    return not all(f.spans[-1][0] > cue.end for f in reading.right)


def _of_another_before(reading: Reading, cue: Cue) -> bool:
    """Whether an earlier sentence than the answer's says of something else that it is not told."""
    text = reading.answer.text
    low = max([m.end() for m in SENTENCE_END.finditer(text, max(0, cue.start - 200), cue.start)], default=0)
    after = SENTENCE_END.search(text, cue.end, reading.first)
    if after is None or any(name in text[low : after.start()] for name in reading.sheet.subjects):
        return False
    strange = reading.novel(f"{text[low : cue.start]} {text[cue.end : after.start()]}")
    return len(strange) >= (3 if reading.answer.has_signs else 1)


def _of_something_else(reading: Reading, cue: Cue) -> bool:
    """Whether a complete answer is followed by word that some *other* thing is not told (a house number, Porto's)."""
    text = reading.answer.text
    if not reading.complete or cue.start < reading.end or _SAYS_THAT_THIS(reading.grammar).match(text, cue.end):
        return False
    before = [m.end() for m in SENTENCE_END.finditer(text, max(reading.end, cue.start - 200), cue.start)]
    low = before[-1] if before else reading.end
    after = SENTENCE_END.search(text, cue.end, cue.end + 200)
    sentence = text[low : after.start() if after else cue.end + 200]
    if names_another(reading.sheet, sentence):
        return True
    if _OF_THE_ANSWER(reading.grammar).search(sentence) or any(name in sentence for name in reading.sheet.subjects):
        return False
    rest = text[low : cue.start] + " " + text[cue.end : after.start() if after else cue.end + 200]
    return len(reading.novel(rest)) >= (3 if reading.answer.has_signs else 1)


def _of_what_is_missing(reading: Reading, cue: Cue) -> bool:
    """Whether an answer that gives a part says in a clause of its own that the rest is not told.

    The rest is named there by a question word, by a word that needle and given facts do not hold, or by the needle's
    own words for it; a clause about the answer, or one that points back at what is given, doubts that.
    """
    if reading.complete or cue.start < reading.first:
        return False
    text = reading.answer.text
    clause_end = _CLAUSE_END(reading.grammar)
    low = max([m.end() for m in clause_end.finditer(text, max(0, cue.start - 80), cue.start)], default=reading.first)
    after = clause_end.search(text, cue.end, cue.end + 80)
    high = after.start() if after else cue.end + 80
    clause = text[low:high]
    if any(low <= s[0] < high for f in reading.right for s in f.spans):
        return False
    subject = any(name in clause for name in reading.sheet.subjects)
    if subject or _OF_THE_ANSWER(reading.grammar).search(clause) or _POINTS_BACK(reading.grammar).match(clause):
        return False
    grammar = reading.grammar
    telling = [s for s in grammar.content_stems(clause) if s not in grammar.empty and s not in grammar.reporting]
    return bool(_ASKS(grammar).search(clause) or telling)


def _before_another_amount(reading: Reading, cue: Cue) -> bool:
    """Whether a vague word stands before an amount that is not the given one: 640 million gallons (about 2.4 ...)."""
    given = [span for found in reading.right if found.fact.values for span in found.spans]
    if not given or not reading.answer.has_digits:
        return False
    for read in amounts(reading.answer):
        if cue.end <= read.first <= cue.end + _NEXT and read.start >= cue.start - _NEXT:
            return not any(start < read.end and read.start < end for start, end in given)
    return False


def vague(reading: Reading) -> str:
    """Return the vague word beside the first fact, or "": not one in a remark, or of a value said again."""
    text, first = reading.answer.text, reading.first
    low = max([m.end() for m in SENTENCE_END.finditer(text, max(0, first - _VAGUE_REACH), first)], default=0)
    after = SENTENCE_END.search(text, reading.end, reading.end + _VAGUE_REACH)
    high = min(first + _VAGUE_REACH, after.start() if after else len(text))
    again = all([len(f.spans) > 1 and f.spans[-1][0] >= f.spans[0][1] for f in reading.right])
    for cue in reading.answer.cues("vague", max(low, first - _VAGUE_REACH), high):
        told = any(reading.at(cue) in reading.grammar.fold(own).text for own in reading.sheet.told)
        if _before_another_amount(reading, cue):
            continue
        if (
            not told
            and not (again and cue.start < first)
            and not is_remark(reading.sheet, text, cue.start, cue.end, first)
        ):
            return reading.at(cue)
    return ""
