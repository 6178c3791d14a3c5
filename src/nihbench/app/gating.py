"""`nih gate`: has a new run lost more than is allowed against an old one, and does it reach what it has to?

The verdict is `stats.gate`'s: over all experiments that both runs have, and each one's worst region, with one error
rate; bars are for the new run alone.
"""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from nihbench.analysis.pairing import Paired, Side, pair
from nihbench.app.baseline import load_baseline, without_text
from nihbench.app.comparing import sides_of
from nihbench.app.events import Caller
from nihbench.app.results import Result, results_in, tell_controls
from nihbench.errors import UsageError
from nihbench.figures.captions import depth_labels, length_labels, row_labels
from nihbench.figures.findings import change_phrase, p_text, place_phrase
from nihbench.lang.messages import Lang, Message, language, languages, plain, said, t
from nihbench.stats.compare import haystack_spread
from nihbench.stats.detectable import ALPHA
from nihbench.stats.effective import EffectiveLength
from nihbench.stats.gate import (
    PLANNED_POWER,
    Bar,
    Drop,
    Judged,
    Verdict,
    haystacks_needed,
    judged,
    pairs_needed,
    verdict_of,
)
from nihbench.stats.headline import LEAST_MEASURED, Headline
from nihbench.stats.looks import AT_ONCE, Look
from nihbench.stats.regions import Region

MAX_DROP = 0.03
"""Three points may be lost unless it is said otherwise."""

QUICK_MAX_DROP = 0.15
"""So much for the 25 trials of a quick one."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a gate asks for.

    `max_drop`: the largest loss of the found rate that is allowed, 0 to 1. `min_found`: the found rate, and
    `min_length`: the effective length in tokens that every experiment has to reach; None: any. `tasks`: only these
    experiments or tasks; none named: all.
    """

    max_drop: float = MAX_DROP
    min_found: float | None = None
    min_length: int | None = None
    tasks: tuple[str, ...] = ()
    alpha: float = ALPHA

    def __post_init__(self) -> None:
        if not 0 < self.max_drop < 1:
            raise UsageError(t("gate.max_drop_between", value=f"{self.max_drop:g}"))
        if self.min_found is not None and not 0 < self.min_found < 1:
            raise UsageError(t("gate.min_found_between", value=f"{self.min_found:g}"))


@dataclass(frozen=True, kw_only=True, eq=False)
class Part:
    """An experiment that both runs have: what it lost, and what is judged of that."""

    name: str
    paired: Paired
    judged: Judged
    needed: int | None
    """How many repeats would pass it if nothing changed, where that is undecided; None: over 1,000, or not known."""

    @property
    def drop(self) -> Drop | None:
        """What it lost; None where no pair is measured on both sides."""
        return self.judged.drop

    @property
    def worse(self) -> Region | None:
        """Where it got worse most surely."""
        return self.judged.worse

    @property
    def verdict(self) -> Verdict:
        """What is judged of it alone."""
        return verdict_of([self.judged])

    @property
    def better(self) -> Region | None:
        """Where it got better, surely."""
        found = [each for each in self.paired.regions if each.difference > 0 and each.p_value <= ALPHA]
        return found[0] if found else None


@dataclass(frozen=True, kw_only=True, eq=False)
class Reached:
    """A bar of the new run: of its found rate, or of its effective length in tokens."""

    name: str
    kind: Literal["found", "length"]
    least: float
    value: float | None
    low: float | None
    high: float | None
    """None: over the longest that was tested."""
    verdict: Verdict


@dataclass(frozen=True, kw_only=True, eq=False)
class Gate:
    """What a gate found: its verdict and the reasons, part by part and bar by bar."""

    new: str
    old: str
    asked: Asked
    verdict: Verdict
    parts: tuple[Part, ...]
    bars: tuple[Reached, ...]
    missing: tuple[str, ...]
    """Experiments of the old run that the new one has not."""

    def __str__(self) -> str:
        return "\n".join(map(plain, [self.headline(), *self.reasons()]))

    def headline(self, lang: Lang | None = None) -> str:
        """Return the verdict in one sentence."""
        fields = {"new": self.new, "old": self.old, "allowed": _points(self.asked.max_drop)}
        key = f"gate.{self.verdict}" if self.old else f"gate.{self.verdict}_bars"
        return said(t(key, **fields), lang or language())

    def reasons(self, lang: Lang | None = None) -> tuple[str, ...]:
        """Return what the verdict goes by, a line each."""
        told = lang or language()
        lines = [said(t("gate.missing", names=self.missing), told)] if self.missing else []
        for part in self.parts:
            lines += [said(each, told) for each in _part_lines(part, self.asked, told)]
        return (*lines, *(said(_bar_line(bar), told) for bar in self.bars))

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON has it (docs/formats.md)."""
        return {
            "verdict": self.verdict,
            "new": self.new,
            "old": self.old or None,
            "max_drop": self.asked.max_drop,
            "min_found": self.asked.min_found,
            "min_length": self.asked.min_length,
            "alpha": self.asked.alpha,
            "parts": [_part_json(part) for part in self.parts],
            "bars": [_bar_json(bar) for bar in self.bars],
            "missing": list(self.missing),
            "text": {lang: [self.headline(lang), *self.reasons(lang)] for lang in languages()},
        }


def gate_of(
    new: Sequence[Result],
    old: Sequence[Side],
    caller: Caller,
    asked: Asked,
    *,
    old_name: str = "",
    look: Look = AT_ONCE,
    within: Callable[[Side], Side] = lambda side: side,
) -> Gate:
    """Judge a new run, against an old one where there is one.

    Args:
        new: its runs.
        old: the sides of the old run; none: only bars are asked for.
        caller: hears which controls failed.
        asked: what is asked for.
        old_name: what the old run is called.
        look: which look this is, where answers are looked at as they come in.
        within: returns a side with what is looked at of its plan.

    Raises:
        UsageError: nothing is asked for, nothing can be paired, or a task is in neither run.
    """
    if not old and asked.min_found is None and asked.min_length is None:
        raise UsageError(t("gate.nothing_asked"))
    now = _wanted([within(without_text(side)) for result in new for side in sides_of(result)], asked.tasks)
    then = _wanted(old, asked.tasks, known=now) if old else []
    couples = _coupled(then, now)
    made = [pair(one, other) for one, other in couples]
    missing = tuple(dict.fromkeys(_name(side, then) for side in then if side not in [one for one, _ in couples]))
    bars = _bars(new, asked, against=bool(made), look=look)
    parts = _parts(made, asked, bool(bars), look)
    verdict = verdict_of([part.judged for part in parts], [_as_bar(bar) for bar in bars])
    if verdict == "pass" and missing:
        verdict = "undecided"
    tell_controls([(result.run, result.controls) for result in new], caller)
    names = tuple(dict.fromkeys(result.run.manifest.model.name for result in new))
    return Gate(
        new=" + ".join(names), old=old_name, asked=asked, verdict=verdict, parts=parts, bars=bars, missing=missing
    )


def old_sides(path: Path, scorer: str | None = None) -> list[Side]:
    """Return the sides of an old run, of a folder of runs, or of a baseline file.

    Raises:
        UsageError: it is none of them, or can't be read.
    """
    if path.is_file():
        return load_baseline(path)
    return [without_text(side) for result in results_in([path], scorer=scorer) for side in sides_of(result)]


def _wanted(sides: Sequence[Side], tasks: Sequence[str], known: Sequence[Side] = ()) -> list[Side]:
    names = {name for side in (*sides, *known) for name in (side.experiment, side.prompt)}
    for task in tasks:
        if task not in names:
            raise UsageError(t("gate.no_such_task", task=task, names=tuple(sorted(names))))
    return [side for side in sides if not tasks or side.experiment in tasks or side.prompt in tasks]


def _coupled(then: Sequence[Side], now: Sequence[Side]) -> list[tuple[Side, Side]]:
    """Return the old and the new side of everything that both runs have; a single one each are a couple, too."""
    if not then:
        return []
    at = {(side.experiment, side.prompt): side for side in now}
    couples = [(side, at[side.experiment, side.prompt]) for side in then if (side.experiment, side.prompt) in at]
    if not couples and len(then) == len(now) == 1:
        couples = [(then[0], now[0])]
    if not couples:
        one, other = (tuple(f"{side.experiment}/{side.prompt}" for side in sides) for sides in (now, then))
        raise UsageError(t("gate.nothing_in_common", new=one, old=other))
    return couples


def _name(side: Side, sides: Iterable[Side]) -> str:
    """Return what an experiment is called: with its prompt where there are several."""
    several = len({each.prompt for each in sides if each.experiment == side.experiment}) > 1
    return f"{side.experiment}/{side.prompt}" if several else side.experiment


def _parts(made: Sequence[Paired], asked: Asked, bars: bool, look: Look) -> tuple[Part, ...]:
    # Losses and bars share the error with which what is unchanged fails. A region's p-value is corrected for all
    # regions of its grid; a grid of one row and one column is its own.
    found = judged(
        [(each.pairs, each.regions) if each.pairs else None for each in made],
        asked.max_drop,
        alpha=asked.alpha,
        to_fail=asked.alpha / 2 if bars else asked.alpha,
        look=look,
    )
    sides = [each.second for each in made]
    return tuple(
        Part(
            name=_name(each.second, sides),
            paired=each,
            judged=one if each.has_verdict else replace(one, passes=False),
            needed=_needed(each, one.drop, asked, len(made)) if one.drop else None,
        )
        for each, one in zip(made, found, strict=True)
    )


def _needed(paired: Paired, drop: Drop, asked: Asked, tasks: int) -> int | None:
    """Return how many repeats pass what is unchanged, and fail what lost twice what is allowed."""
    assert paired.pairs is not None
    # One more that differs than was seen: none seen in a few is not none.
    share = (drop.discordant * drop.texts + 1) / (drop.texts + 1)
    per_repeat = drop.texts / paired.repeats
    repeats = 1
    for _ in range(20):  # more repeats are more haystacks, which are planned otherwise
        haystacks = max(1, round(repeats * drop.haystacks / paired.repeats))
        pairs = pairs_needed(
            asked.max_drop, share, haystacks=haystacks, losses=2 * tasks, alpha=asked.alpha, power=PLANNED_POWER
        )
        if pairs is not None and pairs <= repeats * per_repeat:
            break
        repeats = repeats + 1 if pairs is None else max(repeats + 1, math.ceil(pairs / per_repeat))
    if drop.general:
        wide = haystacks_needed(haystack_spread(paired.pairs), asked.max_drop, alpha=asked.alpha)
        repeats = 1001 if wide is None else max(repeats, wide)
    return repeats if repeats <= 1000 else None


# ---- bars ------------------------------------------------------------------------------------------------------------


def _bars(new: Sequence[Result], asked: Asked, *, against: bool, look: Look) -> tuple[Reached, ...]:
    wanted = [
        (result, number)
        for result in new
        for number, (experiment, prompt) in enumerate(result.prompts)
        if not asked.tasks or experiment in asked.tasks or prompt in asked.tasks
    ]
    kinds = (asked.min_found is not None) + (asked.min_length is not None)
    every = max(1, len(wanted) * kinds)
    # Of several looks each spends its own share of the error.
    alpha = look.spent_now(asked.alpha / (2 if against else 1) / every)
    passing = look.spent_now(asked.alpha)
    sides = [side for result, _ in wanted for side in sides_of(result)]
    bars = []
    for result, number in wanted:
        experiment, prompt = result.prompts[number]
        name = next(_name(side, sides) for side in sides if (side.experiment, side.prompt) == (experiment, prompt))
        if asked.min_found is not None:
            bars.append(_found_bar(name, result, number, asked, (passing, alpha), look))
        if asked.min_length is not None:
            made = result.statistics[number]
            # Without a base a fixed threshold says how far the model is reliable, as in the report.
            found = made.effective_absolute if made.effective.status == "no_base" else made.effective
            bars.append(_length_bar(name, found, asked.min_length))
    return tuple(bars)


def _found_bar(
    name: str, result: Result, number: int, asked: Asked, alphas: tuple[float, float], look: Look
) -> Reached:
    made, least = result.statistics[number], asked.min_found or 0.0
    # The bound that passes errs with `alpha` for each bar, that which fails with one error for all of them.
    low, high = (Headline(made.trials, 1 - 2 * alpha).found for alpha in alphas)
    whole = low.measured_share >= LEAST_MEASURED and result.withheld(result.summaries[number]) is None
    measured = whole if look == AT_ONCE else look.can_pass
    bar = Bar(least=least, low=low.interval.low, high=high.interval.high)
    return Reached(
        name=name,
        kind="found",
        least=least,
        value=None if math.isnan(low.value) else low.value,
        low=bar.low,
        high=bar.high,
        verdict=bar.verdict if measured else "undecided",
    )


def _length_bar(name: str, found: EffectiveLength, least: int) -> Reached:
    low, high = found.low, found.high
    verdict: Verdict = "undecided"
    if found.status in ("length", "at_least", "below"):
        if low is not None and low >= least:
            verdict = "pass"
        elif not found.high_open and (high is None or high < least):
            verdict = "fail"
    return Reached(
        name=name,
        kind="length",
        least=least,
        value=found.length,
        low=low,
        high=None if found.high_open else high or found.shortest,
        verdict=verdict,
    )


def _as_bar(bar: Reached) -> Bar:
    """Return it as what the verdict is made of: only whether it is reached counts."""
    low, high = {"pass": (1.0, 1.0), "fail": (-1.0, -1.0), "undecided": (-1.0, 1.0)}[bar.verdict]
    return Bar(least=0.5, low=low, high=high)


# ---- the reasons -----------------------------------------------------------------------------------------------------


def _part_lines(part: Part, asked: Asked, lang: Lang) -> list[Message]:
    drop = part.drop
    if drop is None:
        return [t("gate.part_nothing", name=part.name)]
    fields = {
        "name": part.name,
        "first": f"{drop.first:.1%}",
        "second": f"{drop.second:.1%}",
        "pairs": drop.pairs,
        "low": _points(drop.low),
        "high": _points(drop.high),
        "allowed": _points(asked.max_drop),
        "p": p_text(drop.p_worse),
        "where": _where(drop),
    }
    lines = [_part_line(part, fields)]
    change = change_phrase(part.paired, lang) if part.judged.fails or part.judged.region_fails else ""
    if change:
        lines.append(t("gate.change", name=part.name, change=change))
    if part.judged.region_fails and part.worse:
        lines.append(_region_line("gate.region_worse", part, part.worse, lang))
    if part.better and part.judged.region_fails:
        lines.append(_region_line("gate.region_better", part, part.better, lang))
    return lines


def _part_line(part: Part, fields: dict[str, Any]) -> Message:
    if part.judged.fails:
        return t("gate.part_fails", **fields)
    if part.judged.region_fails:
        return t("gate.part_region", **fields)
    if part.verdict == "pass":
        return t("gate.part_passes", **fields)
    if not part.paired.has_verdict:
        return t("gate.part_few", planned=part.paired.planned, share=f"{LEAST_MEASURED:.0%}", **fields)
    if part.needed is None:
        return t("gate.part_undecided_many", **fields)
    return t(
        "gate.part_undecided", repeats=max(part.needed, part.paired.repeats + 1), now=part.paired.repeats, **fields
    )


def _where(drop: Drop) -> Message:
    if drop.general:
        return t("gate.over_haystacks", count=drop.haystacks)
    return t("gate.on_one_haystack") if drop.haystacks == 1 else t("gate.on_haystacks", count=drop.haystacks)


def _region_line(key: str, part: Part, region: Region, lang: Lang) -> Message:
    return t(
        key,
        name=part.name,
        place=place_phrase(part.paired, region, lang),
        first=f"{region.first:.1%}",
        second=f"{region.second:.1%}",
        p=p_text(region.p_value),
    )


def _bar_line(bar: Reached) -> Message:
    if bar.value is None and bar.low is None:
        return t("gate.bar_nothing", name=bar.name)
    if bar.kind == "found":
        low, high, value, least = (f"{number or 0:.1%}" for number in (bar.low, bar.high, bar.value, bar.least))
    else:
        low, value, least = (f"{round(number or 0):,}" for number in (bar.low, bar.value, bar.least))
        high = f"{round(bar.high):,}" if bar.high is not None else t("gate.longest_tested")
    key = f"gate.{bar.kind}_{bar.verdict}"
    return t(key, name=bar.name, low=low, high=high, value=value, least=least)


def _points(share: float) -> str:
    return f"{100 * share + 0.0:.1f}".removesuffix(".0")


def _part_json(part: Part) -> dict[str, Any]:
    drop = part.drop
    told: dict[str, Any] = {"name": part.name, "verdict": part.verdict, "repeats_needed": part.needed}
    told |= {"planned_pairs": part.paired.planned, "repeats": part.paired.repeats}
    if drop:
        told |= {
            "pairs": drop.pairs,
            "texts": drop.texts,
            "haystacks": drop.haystacks,
            "general": drop.general,
            "old": drop.first,
            "new": drop.second,
            "drop": drop.value,
            "drop_low": drop.low,
            "drop_high": drop.high,
            "p_worse": drop.p_worse,
            "p_worse_general": drop.p_general,
        }
    for name, region in (("worse", part.worse), ("better", part.better)):
        told[name] = _region_json(part, region) if region else None
    told["change"] = {lang: change_phrase(part.paired, lang) for lang in languages()}
    return told | {"fails": part.judged.fails, "region_fails": part.judged.region_fails}


def _region_json(part: Part, region: Region) -> dict[str, Any]:
    return {
        "lengths": part.paired.lengths_of(region),
        "rows": part.paired.depths_of(region),
        "old": region.first,
        "new": region.second,
        "pairs": region.pairs,
        "p_value": region.p_value,
    }


def _bar_json(bar: Reached) -> dict[str, Any]:
    names = ("name", "kind", "least", "value", "low", "high", "verdict")
    return {name: getattr(bar, name) for name in names}


# ---- Markdown, which a pull request shows, and JUnit, which CI reads -------------------------------------------------

_SIGNS = {"pass": "✅", "fail": "❌", "undecided": "❔"}
_MARKED = re.compile(r"([\\`*_{}\[\]()<>#+|~!&])")


def markdown(gate: Gate, lang: Lang | None = None) -> str:
    """Return the gate as GitHub and GitLab show Markdown: a table, the reasons, and a small map of what changed."""
    told = lang or language()

    def word(key: str, **fields: Any) -> str:
        return said(t(key, **fields), told)

    lines = [f"### {_SIGNS[gate.verdict]} {_escaped(gate.headline(told))}", ""]
    if gate.parts:
        heads = [word(f"gate.column_{name}") for name in ("part", "old", "new", "lost", "verdict")]
        lines += ["| " + " | ".join(heads) + " |", "|---|---:|---:|---:|---|"]
        lines += [_table_row(part, word) for part in gate.parts]
        lines.append("")
    lines += [f"- {_escaped(reason)}" for reason in gate.reasons(told)]
    for part in gate.parts:
        lines += ["", *_small_map(part, word)]
    return "\n".join(lines) + "\n"


def _table_row(part: Part, word: Callable[..., str]) -> str:
    drop = part.drop
    verdict = f"{_SIGNS[part.verdict]} {word(f'gate.word_{part.verdict}')}"
    if drop is None:
        return f"| {_escaped(part.name)} | | | | {verdict} |"
    lost = word("gate.lost", value=_points(drop.value), low=_points(drop.low), high=_points(drop.high))
    return f"| {_escaped(part.name)} | {drop.first:.1%} | {drop.second:.1%} | {lost} | {verdict} |"


def _small_map(part: Part, word: Callable[..., str]) -> list[str]:
    """Return a map of squares: where more was lost than won, and the other way round."""
    paired, pairs = part.paired, part.paired.pairs
    if pairs is None:
        return []
    change = np.zeros((len(paired.depths), len(paired.lengths)))
    count = np.zeros_like(change)
    np.add.at(change, (pairs.depth, pairs.length), np.sign(pairs.difference))
    np.add.at(count, (pairs.depth, pairs.length), 1)
    signs = np.where(count == 0, "⬛", np.where(change < 0, "🟥", np.where(change > 0, "🟩", "⬜")))
    labels = depth_labels(paired.depths) if paired.axis.name == "depth" else row_labels(paired.axis, paired.depths)
    width = max(map(len, labels))
    rows = [f"{label:>{width}} {''.join(row)}" for label, row in zip(labels, signs.tolist(), strict=True)]
    lengths = length_labels([round(length) for length in paired.lengths])
    legend = word("gate.map_legend", shortest=lengths[0], longest=lengths[-1])
    return [f"{_escaped(part.name)}: {_escaped(legend)}", "", "```text", *map(plain, rows), "```"]


def _escaped(text: str) -> str:
    """Return text that Markdown shows as it is: a model's name is anybody's."""
    return _MARKED.sub(r"\\\1", plain(text))


def junit(gate: Gate, lang: Lang | None = None, *, undecided_fails: bool = True) -> bytes:
    """Return the gate as JUnit's XML: a case for every experiment and every bar.

    Args:
        gate: what was found.
        lang: its language; None: the process's.
        undecided_fails: whether what is undecided is a failure, or skipped.
    """
    told = lang or language()
    cases: list[tuple[str, Verdict, str]] = []
    for part in gate.parts:
        lines = [said(each, told) for each in _part_lines(part, gate.asked, told)]
        cases.append((part.name, part.verdict, " ".join(lines)))
    cases += [(f"{bar.name} {bar.kind}", bar.verdict, said(_bar_line(bar), told)) for bar in gate.bars]
    cases += [(name, "undecided", said(t("gate.missing", names=(name,)), told)) for name in gate.missing]
    failed = [verdict == "fail" or (verdict == "undecided" and undecided_fails) for _, verdict, _ in cases]
    skipped = [verdict == "undecided" and not undecided_fails for _, verdict, _ in cases]
    counts = {"tests": str(len(cases)), "failures": str(sum(failed)), "skipped": str(sum(skipped)), "errors": "0"}
    suites = ET.Element("testsuites", counts)
    suite = ET.SubElement(suites, "testsuite", {"name": "nih gate", **counts})
    for (name, verdict, reason), fails, skips in zip(cases, failed, skipped, strict=True):
        case = ET.SubElement(suite, "testcase", {"classname": "nih.gate", "name": plain(name), "time": "0"})
        if fails or skips:
            ET.SubElement(case, "failure" if fails else "skipped", {"message": plain(reason)}).text = verdict
        else:
            ET.SubElement(case, "system-out").text = plain(reason)
    return bytes(ET.tostring(suites, encoding="utf-8", xml_declaration=True))
