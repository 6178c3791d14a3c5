"""What the control trials say: is the needle fair, is the answer in the text only, did the endpoint drift?

A control says nothing of the model's reach; it says whether the grid measures it. Sources: docs/method.md, "Controls".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from nihbench.lang.messages import Lang, said, t
from nihbench.stats.interval import FloatArray, Interval, share
from nihbench.types import Completion, Grade, OutcomeClass, Record, Score, Trial

Verdict = Literal["passed", "failed", "unknown"]

ORACLE_SHARE = 0.9
RIGHT_WITHOUT_NEEDLE: tuple[OutcomeClass, ...] = ("abstained", "refused", "empty")
_SEED = 20231121
"""Of the shuffles that the sentinel's test draws: the same answers always get the same p-value."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ControlResult:
    """What one kind of control says of one (experiment, prompt).

    Of `planned` trials `n` were measured. `hits`: found (oracle), answered (closed book), false answers (no needle),
    found (sentinel); `rate` = hits / n with its Clopper-Pearson interval; NaN where n is 0. `cut`: answers that the
    output limit ended before they held anything. `p_value`, `before` and `after` are the sentinel's (see
    `nihbench.analysis.controls`).
    """

    experiment: str
    prompt: str
    name: str
    planned: int
    n: int
    hits: int
    rate: float
    interval: Interval
    verdict: Verdict
    cut: int = 0
    p_value: float | None = None
    before: float | None = None
    after: float | None = None

    @property
    def failed(self) -> bool:
        """Whether the control failed; one that can't tell has not."""
        return self.verdict == "failed"

    def sentence(self, lang: Lang = "en") -> str:
        """Return what a user must be told, as one sentence."""
        # Where at least half of the misses were cut, it is not known that the needle is to blame.
        cut = self.name == "oracle" and self.failed and 2 * self.cut >= self.n - self.hits
        told = t(
            f"control_told.{self.name}_{'cut' if cut else self.verdict}",
            where=f"{self.experiment}/{self.prompt}",
            planned=self.planned,
            n=self.n,
            hits=self.hits,
            cut=self.cut,
            rate=f"{self.rate:.0%}",
            low=f"{self.interval.low:.0%}",
            high=f"{self.interval.high:.0%}",
            p=self.p_value,
            before=_band(self.before),
            after=_band(self.after),
        )
        return said(told, lang)


def control_results(
    records: Iterable[Record], grades: Mapping[str, Grade], planned: Iterable[Trial]
) -> tuple[ControlResult, ...]:
    """Judge a run's controls, by prompt and kind, in the order of the plan.

    Args:
        records: the run's records, those of the grid too (they are passed over).
        grades: one scorer's grades by trial id.
        planned: the run's trials.
    """
    counts: dict[tuple[str, str, str], int] = {}
    for trial in planned:
        if trial.control is not None:
            key = (trial.experiment, trial.prompt, trial.control)
            counts[key] = counts.get(key, 0) + 1
    measured: dict[tuple[str, str, str], list[tuple[Record, Score]]] = {key: [] for key in counts}
    for record in records:
        grade = grades.get(record.id)
        key = (record.trial.experiment, record.trial.prompt, record.trial.control or "")
        if key in measured and isinstance(record.outcome, Completion) and isinstance(grade, Score):
            measured[key].append((record, grade))
    ordered = sorted(counts, key=lambda key: (key[0], list(dict.fromkeys(k[1] for k in counts)).index(key[1])))
    return tuple(_result(key, counts[key], measured[key]) for key in ordered)


def withheld(results: Iterable[ControlResult], experiment: str, prompt: str) -> ControlResult | None:
    """Return the failed closed-book control of one (experiment, prompt): its headline says nothing of the context."""
    for result in results:
        if result.failed and (result.name, result.experiment, result.prompt) == ("closed_book", experiment, prompt):
            return result
    return None


def is_false_answer(score: Score) -> bool:
    """Say whether an answer to a text without the needle pretends that there was one."""
    return score.outcome not in RIGHT_WITHOUT_NEEDLE


def _result(key: tuple[str, str, str], planned: int, measured: list[tuple[Record, Score]]) -> ControlResult:
    experiment, prompt, name = key
    n = len(measured)
    hits = sum(is_false_answer(score) if name == "no_needle" else score.found for _, score in measured)
    of_trials = share(hits, n)
    verdict, p_value, before, after = _VERDICTS[name](hits, n, planned), None, None, None
    if name == "sentinel":
        in_order = sorted(measured, key=lambda pair: pair[0].trial.repeat)
        found = drift([score.value for _, score in in_order], np.random.default_rng(_SEED))
        p_value, before, after = found.p_value, found.before, found.after
        verdict = "unknown" if p_value is None else "failed" if found.drifted else "passed"
    return ControlResult(
        experiment=experiment,
        prompt=prompt,
        name=name,
        planned=planned,
        n=n,
        hits=hits,
        rate=of_trials.value,
        interval=of_trials.interval,
        verdict=verdict,
        cut=sum(score.outcome == "truncated" for _, score in measured),
        p_value=p_value,
        before=before,
        after=after,
    )


def _oracle(hits: int, n: int, planned: int) -> Verdict:
    """All but one must be found, of ten that is nine; what was not measured may still turn out either way.

    In a short text some of the ten places may be the same one, which is asked once (`plan.grid`).
    """
    enough = min(planned - 1, ORACLE_SHARE * planned) if planned > 1 else planned
    if hits >= enough:
        return "passed"
    return "failed" if hits + planned - n < enough else "unknown"


def _none_may_be(hits: int, n: int, planned: int) -> Verdict:
    if hits:
        return "failed"
    return "passed" if n == planned else "unknown"


_VERDICTS = {"oracle": _oracle, "closed_book": _none_may_be, "no_needle": _none_may_be, "sentinel": _none_may_be}


def _band(value: float | None) -> str:
    return "?" if value is None else f"{value:.0%}"


# ---- did the endpoint change during the run? One question, asked again and again (the sentinel), tells ---------------
# Two permutation tests on the sentinel's values in the order they were answered: a steady trend, and a sudden change at
# an unknown time. If the endpoint stayed the same, every order of the values was equally likely.


LEAST_SENTINELS = 6
"""Five values or fewer have too few orders for two tests to show anything."""

SHUFFLES = 9_999
ALPHA = 0.05


@dataclass(frozen=True, kw_only=True, slots=True)
class Drift:
    """What the sentinels say.

    `trend` is the correlation of value and order (-1 to 1), `trend_p` its p-value. `change_after` is the number of
    sentinels before the likeliest change, `before` and `after` the means on its two sides, `change_p` its p-value,
    which counts in that the time was searched for. `p_value` is for both tests together (Bonferroni), `drifted`
    whether it is at most 0.05. All None (and `drifted` False) with fewer than six sentinels; p-values are 1 where all
    are alike.
    """

    sentinels: int
    drifted: bool = False
    p_value: float | None = None
    trend: float | None = None
    trend_p: float | None = None
    change_after: int | None = None
    before: float | None = None
    after: float | None = None
    change_p: float | None = None


def drift(values: ArrayLike, rng: np.random.Generator) -> Drift:
    """Test the sentinels of a run.

    Args:
        values: Shape (n,), values between 0 and 1 in the order of answering; the unmeasured left out.
        rng: Source of the `SHUFFLES` random orders; the same seed gives the same p-values.
    """
    value = np.asarray(values, dtype=np.float64)
    count = len(value)
    if count < LEAST_SENTINELS:
        return Drift(sentinels=count)
    if np.ptp(value) < 1e-12:
        mean = float(value.mean())
        return Drift(sentinels=count, p_value=1.0, trend=0.0, trend_p=1.0, before=mean, after=mean, change_p=1.0)
    orders = np.vstack([value, rng.permuted(np.tile(value, (SHUFFLES, 1)), axis=1)])
    trends, changes = _trend(orders), _changes(orders)
    trend_p, change_p = _p_value(np.abs(trends)), _p_value(changes.max(axis=1))
    split = int(np.argmax(changes[0])) + 1
    together = min(1.0, 2 * min(trend_p, change_p))
    return Drift(
        sentinels=count,
        drifted=together <= ALPHA,
        p_value=together,
        trend=float(trends[0]),
        trend_p=trend_p,
        change_after=split,
        before=float(value[:split].mean()),
        after=float(value[split:].mean()),
        change_p=change_p,
    )


def _trend(orders: FloatArray) -> FloatArray:
    """Return the correlation of each row's values with their order."""
    time = np.arange(orders.shape[1]) - (orders.shape[1] - 1) / 2
    centred = orders - orders.mean(axis=1, keepdims=True)
    return np.asarray(centred @ time / np.sqrt(np.sum(time**2) * np.sum(centred**2, axis=1)))


def _changes(orders: FloatArray) -> FloatArray:
    """Return |difference of means| in standard units for every split of each row (Page, Biometrika 1955; the CUSUM)."""
    count = orders.shape[1]
    split = np.arange(1, count)
    centred = orders - orders.mean(axis=1, keepdims=True)
    return np.asarray(np.abs(np.cumsum(centred, axis=1)[:, :-1]) / np.sqrt(split * (count - split) / count))


def _p_value(statistics: FloatArray) -> float:
    """Return the share of orders at least as extreme as the first, which is the seen one (Phipson, Smyth 2010)."""
    return float(np.mean(statistics >= statistics[0] - 1e-9))
