"""The passport in words: sweeps put together to passports, what a row is called, how far it reaches, the sentence.

The sentence is made of what was measured alone: each clause names the task as it was sampled, how far it reaches with
its interval, and what is too little measured is said to be unknown. The table in a terminal is here, too; the figure is
`figures.passport`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import isnan

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from nihbench.analysis.passport import Passport, Rung, joined, rungs_of
from nihbench.figures.captions import half_up, length_labels
from nihbench.figures.style import colour_of
from nihbench.figures.sweeps import Sweep
from nihbench.lang.messages import Lang, said, t
from nihbench.stats.effective import EffectiveLength
from nihbench.stats.headline import Estimate

ByRule = Callable[[Sweep, float | None], Mapping[int, float]]
"""Returns the mean of another rule of scoring by length, at a point of a sweep's axis."""


def place_of(sweep: Sweep) -> tuple[object, ...]:
    """Return what a sweep is beside its model: two of one model that have this in common are two runs of it."""
    task = sweep.task
    return (task.name, task.language, tuple(sorted(task.options.items())), sweep.grid.prompt, sweep.grid.lengths,
            sweep.grid.depths, task.needle.name if task.is_single else "")  # fmt: skip


def passports_of(sweeps: Iterable[Sweep], by_rule: ByRule | None = None) -> tuple[Passport, ...]:
    """Return a passport for each model, in the order of the sweeps; these are told apart already (`sweeps.named`)."""
    rungs: dict[str, list[Rung]] = {}
    for sweep in sweeps:
        if sweep.statistics is None:
            continue
        rungs.setdefault(sweep.setting.model, []).extend(_rungs(sweep, by_rule))
    return tuple(Passport(model=model, rungs=joined(each, _same)) for model, each in rungs.items())


def _same(rung: Rung) -> tuple[object, ...]:
    """Return what runs of one task at several lengths have in common."""
    task = rung.task
    return (task.name, task.version, task.language, tuple(sorted(task.options.items())), rung.point, rung.prompt,
            rung.corpus, rung.made.depths, task.needle.name if task.is_single else "")  # fmt: skip


def _rungs(sweep: Sweep, by_rule: ByRule | None) -> Sequence[Rung]:
    assert sweep.statistics is not None
    return rungs_of(
        sweep.statistics,
        sweep.task,
        experiment=sweep.grid.experiment,
        prompt=sweep.grid.prompt,
        corpus=sweep.setting.corpus,
        withheld=sweep.withheld is not None,
        by_rule=None if by_rule is None else lambda point: by_rule(sweep, point),
    )


# ---- words -----------------------------------------------------------------------------------------------------------


def say(lang: Lang, key: str, **fields: object) -> str:
    """Return a sentence or label of the passport named `key` in a language, with its fields filled in."""
    return said(t(f"passport.{key}", **fields), lang)


def does(rung: Rung, lang: Lang) -> str:
    """Return what a row's task is, as it stands behind "can": "follow chains of 4 hops"."""
    return said(rung.task.does(rung.made.depths[0] if rung.point is None else rung.point), lang)


def labels(passport: Passport, lang: Lang) -> dict[Rung, str]:
    """Return what the rows are called; rows of one name have their experiments behind them."""
    names = {rung: does(rung, lang) for rung in passport.rungs}
    count = Counter(names.values())
    told = {r: say(lang, "of", does=n, name=_which(r)) if count[n] > 1 else n for r, n in names.items()}
    again = Counter(told.values())
    seen = Counter[str]()
    for rung, name in told.items():
        seen[name] += 1
        told[rung] = f"{name} ({seen[name]})" if again[name] > 1 else name
    return told


def _which(rung: Rung) -> str:
    """Return what tells rows of one task apart: the experiment, where it is no more than the task its options."""
    options = ", ".join(f"{name}={value}" for name, value in rung.task.options.items())
    named = rung.experiment if rung.experiment != rung.task.name else options or rung.experiment
    return f"{named}, {rung.prompt}" if rung.prompt != "original" else named


def headed(text: str) -> str:
    """Return a text with its first letter as at the beginning of a sentence."""
    return text[:1].upper() + text[1:]


def tokens(length: int) -> str:
    """Write a length."""
    return length_labels([length])[0]


def percent(cell: Estimate) -> str:
    """Write the share found."""
    return "" if isnan(cell.value) else f"{half_up(cell.value * 100)}%"


def counted(cell: Estimate) -> str:
    """Write how little it was sampled: the trials measured, of those planned where some are missing."""
    return str(cell.measured) if cell.measured == cell.planned else f"{cell.measured}/{cell.planned}"


def reach(rung: Rung, lang: Lang) -> str:
    """Return the effective length as it stands in a column."""
    found, verdict = rung.effective, rung.verdict
    if verdict in ("withheld", "unknown"):
        return say(lang, verdict)
    if verdict == "fails" or found.length is None:
        return say(lang, "under", length=tokens(found.shortest))
    return say(lang, "at_least" if verdict == "reaches" else "up_to", length=tokens(found.length))


def interval(rung: Rung, lang: Lang) -> str:
    """Return the interval of the effective length with its level; "" where nothing is told."""
    found = rung.effective
    if rung.verdict in ("withheld", "unknown"):
        return ""
    return say(lang, "level", level=f"{found.level:.0%}", interval=_interval(found, lang))


def _interval(found: EffectiveLength, lang: Lang) -> str:
    low = tokens(found.low) if found.low else None
    high = tokens(found.high) if found.high else None
    if low is None:
        low = say(lang, "under", length=tokens(found.shortest))
        return say(lang, "between", low=low, high=high) if high else low
    if found.high_open or high is None:
        return say(lang, "or_more", low=low)
    return low if low == high else say(lang, "between", low=low, high=high)


def sentence(passport: Passport, lang: Lang) -> str:
    """Return what a model can do and up to which length, in one sentence."""
    names = labels(passport, lang)
    clauses = [*_can(passport, names, lang), *_cannot(passport, names, lang)]
    for verdict in ("unknown", "withheld"):
        rungs = [names[rung] for rung in passport.rungs if rung.verdict == verdict]
        if rungs:
            clauses.append(say(lang, f"clause_{verdict}", does=_either(rungs, lang)))
    return headed(say(lang, "joint").join(clauses)) + say(lang, "stop") if clauses else say(lang, "nothing")


def _can(passport: Passport, names: Mapping[Rung, str], lang: Lang) -> list[str]:
    """Return the clauses of what is reached; what reaches alike is said together."""
    tails: dict[str, list[str]] = {}
    for rung in passport.rungs:
        if rung.verdict in ("reaches", "ends"):
            tails.setdefault(_tail(rung, lang), []).append(names[rung])
    parts = [say(lang, "part", does=_both(each, lang), tail=tail) for tail, each in tails.items()]
    return [say(lang, "can", part=part) if not number else part for number, part in enumerate(parts)]


def _tail(rung: Rung, lang: Lang) -> str:
    found = rung.effective
    assert found.length is not None
    fields = {"length": tokens(found.length), "interval": _interval(found, lang), "level": f"{found.level:.0%}"}
    if rung.verdict == "reaches":
        return say(lang, "tail_reaches", **fields)
    if found.ended == "unmeasured" or found.ended_at is None or isnan(found.ended_value):
        return say(lang, "tail_unmeasured", **fields)
    value = f"{half_up(found.ended_value * 100)}%"
    return say(lang, "tail_ends", value=value, ended=tokens(found.ended_at), **fields)


def _cannot(passport: Passport, names: Mapping[Rung, str], lang: Lang) -> list[str]:
    shortest: dict[int, list[str]] = {}
    for rung in passport.rungs:
        if rung.verdict == "fails":
            told = say(lang, "found", does=names[rung], value=percent(rung.cells[0]))
            shortest.setdefault(rung.effective.shortest, []).append(told)
    return [say(lang, "cannot", does=_either(each, lang), length=tokens(at)) for at, each in shortest.items()]


def _both(names: Sequence[str], lang: Lang) -> str:
    return _joined(names, say(lang, "and"), lang)


def _either(names: Sequence[str], lang: Lang) -> str:
    return _joined(names, say(lang, "or"), lang)


def _joined(names: Sequence[str], last: str, lang: Lang) -> str:
    return last.join(filter(None, (say(lang, "comma").join(names[:-1]), names[-1])))


def scope(passport: Passport, sweeps: Sequence[Sweep], lang: Lang) -> str:
    """Return what the sentence rests on: the threshold, how much was sampled, which texts."""
    counts = [cell.measured for rung in passport.rungs for cell in rung.cells]
    mine = [sweep.setting for sweep in sweeps if sweep.setting.model == passport.model]
    corpora = list(dict.fromkeys(setting.corpus for setting in mine))
    least, most = min(counts, default=0), max(counts, default=0)
    times = f"{most}" if least == most else say(lang, "between", low=least, high=most)
    told = say(
        lang, "scope", threshold=f"{passport.threshold:.1%}", times=times, corpora=say(lang, "comma").join(corpora)
    )
    if any(rung.effective.this_haystack for rung in passport.rungs):
        told += say(lang, "these_texts")
    names = labels(passport, lang)
    single = [names[rung] for rung in passport.rungs if rung.task.is_single]
    return told + (say(lang, "this_needle", does=_both(single, lang)) if single else "")


# ---- the table in a terminal -----------------------------------------------------------------------------------------


def terminal_passport(passport: Passport, *, colour: bool, lang: Lang) -> Table:
    """Return a passport as a table: tasks downwards, lengths to the right, then the effective length.

    A cell has the share found and under it how many trials that are; under a length stands its 95% interval.
    """
    table = Table(title=passport.model, title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column(say(lang, "task"), min_width=20)
    for length in length_labels(passport.lengths):
        table.add_column(length, justify="right", no_wrap=True)
    table.add_column(say(lang, "effective"), no_wrap=True)
    names = labels(passport, lang)
    for rung in passport.rungs:
        cells = dict(zip(rung.lengths, rung.cells, strict=True))
        row = [_cell(cells.get(length), colour=colour) for length in passport.lengths]
        between = interval(rung, lang)
        told = f"{reach(rung, lang)}\n{between}" if between else reach(rung, lang)
        table.add_row(headed(names[rung]), *row, told)
    return table


def _cell(cell: Estimate | None, *, colour: bool) -> Text:
    if cell is None:
        return Text("")
    style = f"black on {colour_of(cell.value)}" if colour and cell.measured else ""
    return Text(f"{percent(cell) or '-'}\n({counted(cell)})", style=style)


def terminal_rule(passport: Passport, *, lang: Lang) -> Table | None:
    """Return what another rule of scoring gives, by task and length, with the average; None where none is told."""
    if not passport.averages:
        return None
    table = Table(title=say(lang, "by_rule"), title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column(say(lang, "task"), min_width=20)
    for length in length_labels(passport.lengths):
        table.add_column(length, justify="right", no_wrap=True)
    names = labels(passport, lang)
    for rung in passport.rungs:
        told = rung.by_rule or {}
        shares = [f"{told[length] * 100:.1f}" if length in told else "" for length in passport.lengths]
        table.add_row(headed(names[rung]), *shares)
    means = passport.averages
    table.add_section()
    table.add_row(say(lang, "average"), *(f"{means[n] * 100:.1f}" if n in means else "" for n in passport.lengths))
    return table


def rule_sentence(passport: Passport, lang: Lang) -> str:
    """Return up to which length the average of the other rule is over its threshold; "" where none is told."""
    if not passport.averages:
        return ""
    threshold = f"{passport.threshold * 100:.1f}"
    if passport.by_rule is None:
        return say(lang, "rule_none", threshold=threshold, length=tokens(min(passport.averages)))
    return say(lang, "rule_reach", threshold=threshold, length=tokens(passport.by_rule))
