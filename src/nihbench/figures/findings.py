"""What was found, in plain words: effective length, a comparison's verdict, the pattern of the misses."""

from __future__ import annotations

from collections.abc import Callable

from nihbench.analysis.pairing import Interaction, Paired, equal_content
from nihbench.analysis.statistics import Statistics
from nihbench.figures.captions import (
    axis_title,
    items_phrase,
    joined,
    length_labels,
    listed,
    pattern_name,
    row_labels,
    rows_phrase,
    tell,
)
from nihbench.figures.sweeps import Sweep
from nihbench.lang.messages import Lang, said, t
from nihbench.stats.compare import Comparison
from nihbench.stats.detectable import ALPHA, LEAST_HAYSTACKS
from nihbench.stats.diagnose import LEAST_MISSES, Cut, Diagnosis, Pattern
from nihbench.stats.effective import EffectiveLength, Reach
from nihbench.stats.headline import LEAST_MEASURED
from nihbench.stats.interval import Share
from nihbench.stats.regions import Region
from nihbench.types import DEPTH, Axis

_NEARLY_AS_GOOD = 6
"""Twice a log-likelihood (Kass and Raftery 1995): under it a second pattern explains the misses nearly as well."""


def effective_sentence(made: Statistics, lang: Lang = "en", *, brief: bool = False) -> str:
    """Return the effective length in sentences; without a base also the one by a fixed threshold.

    `brief` leaves out what is demonstrated, and that there is no base.
    """
    found = made.effective
    told = _effective(made, found, lang, brief)
    if found.status != "no_base":
        return told
    fixed = made.effective_absolute
    prefix = tell(lang, "effective_absolute", threshold=_percent(fixed.threshold))
    return joined(lang, ["" if brief else told, prefix, _effective(made, fixed, lang, brief)])


def title_of(sweep: Sweep, lang: Lang = "en") -> str | None:
    """Return what was found as a title; None of another task than to find, where nothing is known or a control failed.

    "Mostly" is the threshold of the effective length, which the caption names. A rate that rises again beyond the
    length has no such title.
    """
    made = sweep.statistics
    doubtful = sweep.withheld or any(control.failed for control in sweep.controls)
    if made is None or doubtful or not sweep.task.is_single:
        return None
    found = made.effective if made.effective.status != "no_base" else made.effective_absolute
    model = sweep.setting.model
    if found.status == "below":
        return tell(lang, "title_below", model=model, length=_tokens(found.shortest))
    if found.status not in ("length", "at_least") or found.length is None or found.ended == "dip":
        return None
    lost = found.status == "length" and 2 * found.length < max(sweep.grid.lengths)
    return tell(lang, "title_lost" if lost else "title_found", model=model, length=_tokens(found.length))


def _effective(made: Statistics, found: EffectiveLength, lang: Lang, brief: bool) -> str:
    one, shortest = _tokens, _tokens(found.shortest)
    measured, planned = _measured(made, found)
    fields: dict[str, object] = {
        "length": one(found.length) if found.length else "",
        "shortest": shortest,
        "low": one(found.low) if found.low else tell(lang, "under", length=shortest),
        "high": _highest(found, lang),
        "threshold": _percent(found.threshold),
        "base": _percent(made.base.value) if made.base else "",
        "share": f"{LEAST_MEASURED:.0%}",
        "ended": one(found.ended_at) if found.ended_at else "",
        "value": _percent(found.ended_value),
        "measured": measured,
        "planned": planned,
    }
    key = "effective_open" if found.ended == "unmeasured" else f"effective_{found.status}"
    sentences = [tell(lang, key, **fields)]
    if found.ended == "dip":
        sentences.append(tell(lang, "effective_dip", **fields))
    if found.if_missed and found.if_found and found.if_missed != found.if_found:
        ends = {
            name: _reach(found.shortest, end, lang)
            for name, end in (("missed", found.if_missed), ("found", found.if_found))
        }
        sentences.append(tell(lang, "effective_bounds", **ends))
    if not brief and found.status in ("length", "at_least", "below"):
        shown = found.demonstrated_to
        sentences.append(tell(lang, "demonstrated", length=one(shown)) if shown else tell(lang, "not_demonstrated"))
    return joined(lang, sentences)


def _measured(made: Statistics, found: EffectiveLength) -> tuple[int, int]:
    """Return how many trials are measured and planned at the length that ends the range, 0 and 0 where none does."""
    if found.ended_at is None:
        return 0, 0
    row = made.by_length[made.lengths.index(found.ended_at)].found
    return row.measured, row.planned


def _reach(shortest: int, end: Reach, lang: Lang) -> str:
    if end.length is None:
        return tell(lang, "under", length=_tokens(shortest))
    return tell(lang, "or_more", length=_tokens(end.length)) if end.open else _tokens(end.length)


def _highest(found: EffectiveLength, lang: Lang) -> str:
    if found.high is None:
        return tell(lang, "under", length=_tokens(found.shortest))
    return tell(lang, "or_more", length=_tokens(found.high)) if found.high_open else _tokens(found.high)


def sampled_sentence(made: Statistics, lang: Lang = "en", *, brief: bool = False) -> str:
    """Return over what the numbers were sampled, and whose the variance is; "" where that is not known.

    `brief` leaves out the variance.
    """
    found = made.sampled
    if found is None:
        return ""
    shares = None if brief else found.shares
    return joined(lang, [said(found.brief, lang), said(shares, lang) if shares is not None else ""])


def worst_sentence(made: Statistics, lang: Lang = "en") -> str:
    """Return where least is found, "" where all of the grid is alike, too little is measured, or it is too small."""
    worst = made.worst if made.has_verdict else None
    if worst is None:
        return ""
    lengths, rows = _from_to(worst.lengths, _tokens), _rows(made.axis, worst.depths, lang)
    return tell(lang, "worst", lengths=lengths, rows=rows, value=_percent(worst.headline.found_rate))


def comparison_paragraph(paired: Paired, lang: Lang = "en", comparisons: int = 1) -> str:
    """Return the verdict of a comparison as a paragraph in plain words."""
    found = paired.found
    a, b = paired.first.name, paired.second.name
    if found is None:
        return tell(lang, "nothing_measured", a=a, b=b)
    key = {"unmeasured": "few_measured", "differ": "better" if found.difference > 0 else "worse"}
    where = _where(found.haystacks, found.general, lang)
    sentences = [
        tell(
            lang, key.get(paired.verdict, paired.verdict), a=a, b=b, planned=paired.planned, where=where,
            share=f"{LEAST_MEASURED:.0%}", test=_test(found, lang), **_numbers(found, paired.p_value),
        )
    ]  # fmt: skip
    if paired.verdict != "unmeasured":
        if comparisons > 1:
            sentences.append(tell(lang, "corrected", count=comparisons))
        if paired.verdict == "differ" and found.verdict_equivalent:
            sentences.append(tell(lang, "small", margin=_margin(found)))
        sentences.append(_these_haystacks(paired, found, lang))
    if paired.lost or paired.won:
        turned = {"lost": len(paired.lost), "won": len(paired.won), "pairs": found.pairs}
        sentences.append(tell(lang, "turned", a=a, b=b, **turned))
    if paired.verdict != "unmeasured":
        change = change_phrase(paired, lang)
        sentences.append(tell(lang, "change", b=b, change=change) if change else "")
        sentences += [_region(paired, found, region, lang) for region in paired.regions]
        sentences.append(_other_haystacks(found, lang))
        sentences += _design(paired, found, lang)
    sentences += [
        tell(lang, "metric", metric=said(t(f"page.{name}"), lang), **_numbers(made, made.verdict_p_value))
        for name, made in paired.metrics.items()
        if made is not found
    ]
    return joined(lang, [*sentences, *_remarks(paired, lang)])


def _remarks(paired: Paired, lang: Lang) -> list[str]:
    """Return what a reader must know of the pairs themselves, and of a task that is not a needle at depths."""
    told = _of_the_task(paired, lang) + _of_languages(paired, lang)
    if paired.moved:
        told.append(tell(lang, "moved", count=paired.moved))
    if paired.unrecorded:
        told.append(tell(lang, "unrecorded"))
    if paired.left_out:
        told.append(tell(lang, "left_out", count=paired.left_out))
    return told


def _of_languages(paired: Paired, lang: Lang) -> list[str]:
    """Return how two languages were paired, and what they find where their texts say as much."""
    one, other = paired.first.language, paired.second.language
    if one == other:
        return []
    told = [tell(lang, "equal_tokens", a=paired.first.name, b=paired.second.name)]
    if paired.tokens_ratio is None:
        return told
    ratio = f"{paired.tokens_ratio:.2f}"
    told.append(tell(lang, "tokens_ratio", a=paired.first.name, b=paired.second.name, ratio=ratio))
    made = equal_content(paired)
    if made is None:
        return [*told, tell(lang, "no_equal_content")]
    lengths = listed(lang, [f"{length:,.0f}" for length in made.lengths])
    return [
        *told,
        tell(
            lang, "equal_content", a=paired.first.name, b=paired.second.name, lengths=lengths,
            first=_percent(made.first), second=_percent(made.second), d=points(made.second - made.first),
        ),
    ]  # fmt: skip


def _of_the_task(paired: Paired, lang: Lang) -> list[str]:
    """Return the found rates by a task's own axis, and how often each side gave each of its items."""
    told, (one, other) = [], paired.items
    if paired.axis.name != DEPTH.name and paired.by_row:
        rows = [
            tell(lang, "row_against", row=paired.axis.label(row), first=_percent(first), second=_percent(second))
            for row, first, second in paired.by_row
        ]
        told.append(tell(lang, "by_row", axis=axis_title(paired.axis, lang), rows=listed(lang, rows)))
    if one and other:
        told.append(tell(lang, "by_item", a=paired.first.name, b=paired.second.name,
                         first=items_phrase(one, lang), second=items_phrase(other, lang)))  # fmt: skip
    return told


def _where(haystacks: int, general: bool, lang: Lang) -> str:
    """Return how a sentence begins that holds for the haystacks at hand alone; "" where it holds in general."""
    if general:
        return ""
    return tell(lang, "on_haystack") if haystacks < 2 else tell(lang, "on_haystacks", count=haystacks)


def _test(found: Comparison, lang: Lang) -> str:
    if found.needles:
        key = "test_both" if found.general else "test_needles"
        return tell(lang, key, needles=found.needles, count=found.haystacks)
    return tell(lang, "test_haystacks", count=found.haystacks) if found.general else tell(lang, "test_texts")


def _margin(found: Comparison) -> str:
    return f"{found.margin * 100:g}"


def _numbers(found: Comparison, p_value: float) -> dict[str, object]:
    return {
        "first": _percent(found.first),
        "second": _percent(found.second),
        "pairs": found.pairs,
        "d": points(found.difference),
        "low": points(found.verdict_interval.low),
        "high": points(found.verdict_interval.high),
        "p": p_text(p_value),
        "margin": _margin(found),
    }


def _these_haystacks(paired: Paired, found: Comparison, lang: Lang) -> str:
    """Return what is shown of the haystacks at hand and not of others, "" where there is nothing."""
    here = paired.texts_verdict
    if not found.general or paired.verdict != "unclear" or here == "unclear":
        return ""
    p = p_text(paired.texts_p_value)
    return tell(lang, f"{here}_here", count=found.haystacks, p=p, margin=_margin(found))


def _region(paired: Paired, found: Comparison, region: Region, lang: Lang) -> str:
    """Return where the second side got better or worse; regions are always of the haystacks at hand."""
    sure, way = region.p_value <= 0.05, "better" if region.difference > 0 else "worse"
    return tell(
        lang,
        f"region_{way}" if sure else f"region_chance_{way}",
        where=_where(found.haystacks, False, lang),
        b=paired.second.name,
        place=place_phrase(paired, region, lang),
        first=_percent(region.first),
        second=_percent(region.second),
        won=region.gained,
        lost=region.lost,
        p=p_text(region.p_value),
    )


def place_phrase(paired: Paired, region: Region, lang: Lang = "en") -> str:
    """Return where a region lies, as gate, compare and report say it: "at depths 0% to 7% above 40K"."""
    (left, right), (top, bottom) = region.lengths, region.depths
    lengths, rows = paired.lengths, paired.depths
    label = [_tokens(length) for length in lengths]
    where = []
    if (top, bottom) != (0, len(rows) - 1):
        marks = row_labels(paired.axis, rows)
        ends = marks[top] if top == bottom else tell(lang, "place_to", first=marks[top], last=marks[bottom])
        inner = paired.axis.name == DEPTH.name and _MIDDLE[0] <= rows[top] and rows[bottom] <= _MIDDLE[1]
        where.append(tell(lang, "place_middle" if inner else "place_rows", rows=rows_phrase(paired.axis, ends, lang)))
    if left > 0 and right == len(lengths) - 1:
        where.append(tell(lang, "place_above", length=label[left - 1]))
    elif left == 0 and right < len(lengths) - 1:
        where.append(tell(lang, "place_up_to", length=label[right]))
    elif left > 0:
        ends = label[left] if left == right else tell(lang, "place_to", first=label[left], last=label[right])
        where.append(tell(lang, "place_lengths", lengths=ends))
    return (
        tell(lang, "place_both", rows=where[0], lengths=where[1])
        if len(where) == 2
        else where[0]
        if where
        else tell(lang, "place_all")
    )


_MIDDLE = 30.0, 70.0
"""Depths in between are the middle."""


def change_phrase(paired: Paired, lang: Lang = "en") -> str:
    """Return where the second side is surely worse and better: "worse ..., better ..."; "" where nowhere is sure."""
    sure = sorted((each for each in paired.regions if each.p_value <= ALPHA), key=lambda each: each.difference > 0)
    parts = [
        tell(lang, f"change_{'better' if each.difference > 0 else 'worse'}", place=place_phrase(paired, each, lang))
        for each in sure
    ]
    return tell(lang, "change_both", worse=parts[0], better=parts[1]) if len(parts) == 2 else "".join(parts)


def _other_haystacks(found: Comparison, lang: Lang) -> str:
    if found.general:
        return ""
    if found.haystack_interval is None:
        return tell(lang, "one_haystack")
    low, high = points(found.haystack_interval.low), points(found.haystack_interval.high)
    return tell(lang, "haystacks", low=low, high=high, least=LEAST_HAYSTACKS)


def _design(paired: Paired, found: Comparison, lang: Lang) -> list[str]:
    seen = (
        tell(lang, "not_detectable")
        if found.detectable is None
        else tell(lang, "detectable", d=f"{found.detectable * 100:.1f}")
    )
    if paired.verdict == "differ":
        return [seen]
    wanted = f"{paired.wanted * 100:g}"
    key = "needed_many" if paired.needed is None else "needed"
    return [seen, tell(lang, key, wanted=wanted, count=paired.needed, repeats=paired.repeats)]


def interaction_sentence(found: Interaction, lang: Lang = "en") -> str:
    """Return whether two models answer differently to the same change of prompt."""
    return tell(
        lang,
        "interaction" if found.change.p_value <= 0.05 else "no_interaction",
        experiment=found.experiment,
        a=found.prompts[0],
        b=found.prompts[1],
        one=found.models[0],
        other=found.models[1],
        where=_where(found.change.haystacks, found.change.general, lang),
        d=points(found.change.difference),
        low=points(found.change.interval.low),
        high=points(found.change.interval.high),
        p=p_text(found.change.p_value),
        pairs=found.pairs,
    )


def diagnosis_sentence(made: Statistics, lang: Lang = "en") -> str:
    """Return which simple pattern explains the misses, in plain words."""
    all_of, found = made.headline.found, made.diagnosis
    misses = found.misses
    if not misses.trials:
        return tell(lang, "no_trial")
    if not made.has_verdict:
        return tell(
            lang,
            "partly_measured",
            measured=all_of.measured,
            planned=all_of.planned,
            share=f"{LEAST_MEASURED:.0%}",
        )
    told = _diagnosis(found, lang)
    if made.unjudged:
        lengths = listed(lang, [_tokens(length) for length in made.unjudged])
        told = joined(lang, [told, tell(lang, "unjudged", lengths=lengths, share=f"{LEAST_MEASURED:.0%}")])
    return told


def _diagnosis(found: Diagnosis, lang: Lang) -> str:
    misses = found.misses
    if not misses.hits:
        return tell(lang, "no_miss", trials=misses.trials)
    if found.finding == "cant_tell":
        return tell(lang, "few_misses", misses=misses.hits, trials=misses.trials, least=LEAST_MISSES)
    if not found.patterns:
        low, high = _percent(misses.interval.low), _percent(misses.interval.high)
        key = "patchy" if found.patchy and found.finding != "tadpole" else found.finding
        return tell(lang, key, rate=_percent(misses.value), low=low, high=high)
    return joined(lang, _patterns(found, lang))


def _patterns(found: Diagnosis, lang: Lang) -> list[str]:
    misses = found.misses
    told = [tell(lang, "mixture")] if len(found.patterns) > 1 else []
    told += [_pattern(pattern, lang) for pattern in found.patterns]
    if found.inside and found.outside:
        parts = {"inside": _of(found.inside), "outside": _of(found.outside)}
        told.append(tell(lang, "inside", misses=misses.hits, trials=misses.trials, **parts))
    else:
        told.append(tell(lang, "of_all", misses=misses.hits, trials=misses.trials))
    if found.runner_up and found.margin < _NEARLY_AS_GOOD:
        told.append(tell(lang, "runner_up", other=pattern_name(lang, found.runner_up)))
    return told


def _pattern(pattern: Pattern, lang: Lang) -> str:
    start = pattern.from_length
    where = tell(lang, "every_length") if start is None else tell(lang, "from_length", length=_tokens(start))
    fields: dict[str, object] = {"where": where}
    for names, cut in zip((("n", "low", "high"), ("m", "low_m", "high_m")), pattern.cuts, strict=False):
        text: Callable[[float], str] = _share_depth if cut.measure == "depth" else _tokens
        fields |= dict(zip(names, (text(cut_at(cut)), text(cut.low), text(cut.high)), strict=True))
    return tell(lang, pattern.kind, **fields)


def cut_at(cut: Cut) -> float:
    """Return a cut's place: half way between the tested values around it."""
    return (cut.value + cut.next_value) / 2


def points(difference: float) -> str:
    """Write a difference of shares in points, with its sign."""
    return f"{round(difference * 100, 1) + 0.0:+.1f}"


def p_text(p_value: float) -> str:
    """Write a p-value."""
    return "p < 0.001" if p_value < 0.001 else f"p = {p_value:.3f}"


def _of(share: Share) -> str:
    return f"{_percent(share.value)} ({share.hits}/{share.trials})"


def _percent(share: float) -> str:
    return f"{share:.1%}"


def _tokens(length: float) -> str:
    return length_labels([round(length)])[0]


def _rows(axis: Axis, ends: tuple[float, float], lang: Lang) -> str:
    return rows_phrase(axis, _from_to(ends, lambda value: row_labels(axis, [value])[0]), lang)


def _share_depth(share: float) -> str:
    return f"{share:.0%}"


def _from_to(ends: tuple[float, float], text: Callable[[float], str]) -> str:
    first, last = text(ends[0]), text(ends[1])
    return first if first == last else f"{first}-{last}"
