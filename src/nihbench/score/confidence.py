"""How sure the rules are of a band: the chance that a careful reader would give the same one.

Every line of `rules` says how often its like is seen otherwise (`Verdict.doubt`). To this comes what speaks against the
line that won: a cue that was overridden, a fact nearly given, a spelling that had to be guessed, a share of words close
to a limit, a foreign language. The numbers are round on purpose; docs/grading.md says how often bands of each
confidence were right.
"""

from __future__ import annotations

from nihbench.score.language import foreign
from nihbench.score.reading import Reading, Verdict

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
    if verdict.value < 1.0 and reading.right and foreign(reading.answer):
        doubt += 2 * _RIVALS
    return max(0.05, round(20 * (1.0 - doubt)) / 20)
