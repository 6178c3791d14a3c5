"""What the control trials say: is the needle fair, is the answer in the text only, did the endpoint drift?

A control says nothing of the model's reach; it says whether the grid measures it. Sources: docs/method.md, "Controls".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from nihbench.stats.binomial import share
from nihbench.stats.drift import drift
from nihbench.stats.interval import Interval
from nihbench.types import Completion, Grade, OutcomeClass, Record, Score, Trial

Lang = Literal["en", "zh"]
Verdict = Literal["passed", "failed", "unknown"]

ORACLE_SHARE = 0.9
RIGHT_WITHOUT_NEEDLE: tuple[OutcomeClass, ...] = ("abstained", "refused", "empty")
_SEED = 20231121
"""Of the shuffles that the sentinel's test draws: the same answers always get the same p-value."""

_SENTENCES: Mapping[str, tuple[str, str]] = {
    "oracle passed": (
        "oracle {where}: {hits} of {n} found in a short text; needle and prompt are clear to this model",
        "短文对照 {where}：针放在短文里，{n} 次中找到 {hits} 次；针和提问对该模型是清楚的",
    ),
    "oracle failed": (
        "ORACLE FAILED {where}: only {hits} of {n} found with the needle in a short text: the needle or the prompt is "
        "ambiguous for this model, and the sweep measures that, not its context",
        "短文对照未通过 {where}：针放在短文里，{n} 次中只找到 {hits} 次：针或提问对该模型有歧义，"
        "测评测到的是歧义，不是上下文能力",
    ),
    "oracle cut": (
        "ORACLE FAILED {where}: only {hits} of {n} found with the needle in a short text, and {cut} answers were cut "
        "at the output limit before they came to the point: give a higher --max-output, or mend needle or prompt",
        "短文对照未通过 {where}：针放在短文里，{n} 次中只找到 {hits} 次，其中 {cut} 个回答还没说到要点就到了输出上限："
        "请调高 --max-output，或修改针或提问",
    ),
    "oracle unknown": (
        "oracle {where}: {hits} found of {n} measured, of {planned} planned: too few to tell",
        "短文对照 {where}：计划 {planned} 次，测得 {n} 次，找到 {hits} 次：太少，无法判断",
    ),
    "closed_book passed": (
        "closed book {where}: the answer was not known without the text ({hits} of {n})",
        "闭卷对照 {where}：没有文档时答不出来（{n} 次中答出 {hits} 次）",
    ),
    "closed_book failed": (
        "CLOSED BOOK FAILED {where}: {hits} of {n} answered without the text: memorised or guessable; the headline is "
        "withheld, the chance floor is {rate} (95%: {low} to {high})",
        "闭卷对照未通过 {where}：没有文档，{n} 次中也答出 {hits} 次：答案可背诵或可猜到；不给出总分，"
        "瞎猜底线为 {rate}（95%：{low} 至 {high}）",
    ),
    "closed_book unknown": (
        "closed book {where}: {hits} of {n} measured, of {planned} planned: too few to tell",
        "闭卷对照 {where}：计划 {planned} 次，测得 {n} 次：太少，无法判断",
    ),
    "no_needle passed": (
        "no needle {where}: abstained on all {n} texts without the needle",
        "无针对照 {where}：{n} 篇没有针的长文，全部如实说没有",
    ),
    "no_needle failed": (
        "NO NEEDLE FAILED {where}: false answers to {hits} of {n} texts without the needle "
        "(false-answer rate {rate}, 95%: {low} to {high})",
        "无针对照未通过 {where}：{n} 篇没有针的长文中，有 {hits} 篇给出了虚假回答"
        "（虚答率 {rate}，95%：{low} 至 {high}）",
    ),
    "no_needle unknown": (
        "no needle {where}: {n} measured of {planned} planned: too few to tell",
        "无针对照 {where}：计划 {planned} 次，测得 {n} 次：太少，无法判断",
    ),
    "sentinel passed": (
        "sentinel {where}: no drift of the endpoint over {n} repetitions",
        "哨兵 {where}：{n} 次重复，端点没有漂移",
    ),
    "sentinel failed": (
        "SENTINEL FAILED {where}: the endpoint changed during the run (p = {p:.3f} over {n} repetitions; mean score "
        "{before} before, {after} after)",
        "哨兵未通过 {where}：测评期间端点变了（{n} 次重复，p = {p:.3f}；平均得分由 {before} 变为 {after}）",
    ),
    "sentinel unknown": (
        "sentinel {where}: too few repetitions ({n}) to tell a drift",
        "哨兵 {where}：只重复了 {n} 次，不足以判断漂移",
    ),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class ControlResult:
    """What one kind of control says of one (experiment, prompt).

    Of `planned` trials `n` were measured. `hits`: found (oracle), answered (closed book), false answers (no needle),
    found (sentinel); `rate` = hits / n with its Clopper-Pearson interval; NaN where n is 0. `cut`: answers that the
    output limit ended before they held anything. `p_value`, `before` and `after` are the sentinel's (see
    `nihbench.stats.drift`).
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
        return _SENTENCES["oracle cut" if cut else f"{self.name} {self.verdict}"][lang == "zh"].format(
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

    In a short text some of the ten places may be the same one, which is asked once (`plan.places`).
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
