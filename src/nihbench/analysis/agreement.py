"""A scorer's bands against a reference's (people, or a judge), and two trivial baselines against the same reference.

No figure of the scorer is made without what it must beat. It reads no files and prints nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from nihbench.lang.messages import Words
from nihbench.stats.agreement import Kappa, confusion, exact_agreement, recalls, weighted_kappa
from nihbench.types import PERCENT_BANDS, Grade, Needle, Score

"""Classes of every table here, in percent, ascending."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """One answer graded twice: `band` (`outcome` and `why`, where given) is the reference's, `grade` the scorer's."""

    id: str
    needle: Needle
    answer: str
    expected: str
    band: int
    outcome: str | None
    grade: Grade
    why: Words = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Agreement:
    """How far one rater agrees with the reference.

    `table[i][j]` counts the reference in band i and the rater in band j, of `PERCENT_BANDS`. `recall[i]` is
    the share of the reference's band i that the rater put there too, None where there are none.
    """

    rater: str
    items: int
    table: tuple[tuple[int, ...], ...]
    kappa: Kappa
    exact: float | None
    recall: tuple[float | None, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """The scorer first, then the baselines, all on the same items: those of one language, or "all".

    `outcome` is the share of items with the reference's outcome class, None where the reference gives none.
    """

    language: str
    scorer: Agreement
    baselines: tuple[Agreement, ...]
    outcome: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class AgreementReport:
    """All comparisons (the whole first, then each language where there are several), and what differs.

    `unscored` items are in no figure. `disagreements` have another band, the farthest apart first.
    """

    reference: str
    comparisons: tuple[Comparison, ...]
    disagreements: tuple[Item, ...]
    unscored: tuple[Item, ...]


def agreement_report(items: Sequence[Item], *, scorer: str, reference: str) -> AgreementReport:
    """Compare a scorer's grades with a reference's.

    Args:
        items: every answer that both graded; the scorer may have left some unscored.
        scorer: the scorer's name and version, as it is shown.
        reference: what the reference is called.
    """
    scored = [item for item in items if isinstance(item.grade, Score)]
    languages = sorted({item.needle.language for item in scored})
    groups = [("all", scored)]
    if len(languages) > 1:
        groups += [(name, [i for i in scored if i.needle.language == name]) for name in languages]
    differ = [item for item in scored if _band(item) != item.band]
    return AgreementReport(
        reference=reference,
        comparisons=tuple(_compare(name, group, scorer) for name, group in groups),
        disagreements=tuple(
            sorted(differ, key=lambda item: -abs(PERCENT_BANDS.index(_band(item)) - PERCENT_BANDS.index(item.band)))
        ),
        unscored=tuple(item for item in items if not isinstance(item.grade, Score)),
    )


def _compare(language: str, items: Sequence[Item], scorer: str) -> Comparison:
    told = [item for item in items if item.outcome is not None]
    same = sum(isinstance(item.grade, Score) and item.grade.outcome == item.outcome for item in told)
    return Comparison(
        language=language,
        scorer=_agreement(scorer, items, _band),
        baselines=tuple(_agreement(name, items, rater) for name, rater in BASELINES.items()),
        outcome=same / len(told) if told else None,
    )


def _agreement(rater: str, items: Sequence[Item], band: Callable[[Item], int]) -> Agreement:
    reference = [PERCENT_BANDS.index(item.band) for item in items]
    table = confusion(reference, [PERCENT_BANDS.index(band(item)) for item in items], len(PERCENT_BANDS))
    return Agreement(
        rater=rater,
        items=len(items),
        table=tuple(tuple(int(cell) for cell in row) for row in table),
        kappa=weighted_kappa(table),
        exact=exact_agreement(table),
        recall=recalls(table),
    )


def _band(item: Item) -> int:
    assert isinstance(item.grade, Score)
    return round(item.grade.value * 100)


def keyword_band(item: Item) -> int:
    """Return 100 where the first identifying fact's text stands in the answer, else 0, case apart."""
    texts = [fact.text for fact in item.needle.facts if fact.identifying] or _facts(item)
    return 100 if texts[0].casefold() in item.answer.casefold() else 0


def share_band(item: Item) -> int:
    """Return the band nearest to the share of facts whose text stands in the answer, the lower of two as near."""
    texts = _facts(item)
    answer = item.answer.casefold()
    share = 100 * sum(text.casefold() in answer for text in texts) / len(texts)
    return min(PERCENT_BANDS, key=lambda band: (abs(band - share), band))


def _facts(item: Item) -> list[str]:
    return [fact.text for fact in item.needle.facts] or [item.expected or item.needle.answer]


BASELINES: Mapping[str, Callable[[Item], int]] = {"one keyword": keyword_band, "share of facts": share_band}
