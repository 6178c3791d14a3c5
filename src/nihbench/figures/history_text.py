"""A series of runs in words and as a table: how each run measured, which change is shown, why runs are not joined."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table

from nihbench.analysis.history import Measurement, Series, made_of, series_of, settings_of
from nihbench.analysis.statistics import Statistics
from nihbench.figures.captions import joined, length_labels
from nihbench.figures.findings import p_text
from nihbench.figures.sweeps import Sweep
from nihbench.lang.messages import Lang, plain, said, t
from nihbench.stats.effective import EffectiveLength
from nihbench.stats.headline import Estimate


def say(lang: Lang, key: str, /, **fields: object) -> str:
    """Return a sentence of the history's own, in a language."""
    return said(t(f"history.{key}", **fields), lang)


def histories_of(sweeps: Sequence[Sweep]) -> tuple[Series, ...]:
    """Return the series that some sweeps make, those of one run among them."""
    return series_of([made for sweep in sweeps if (made := _measurement(sweep)) is not None])


def _measurement(sweep: Sweep) -> Measurement | None:
    content, made = sweep.manifest, sweep.statistics
    if content is None or sweep.rows is None or not isinstance(made, Statistics):
        return None
    stored, served = content.model.name, sweep.origin.served
    return Measurement(
        run=sweep.origin.run,
        at=sweep.origin.began or content.created_at,
        version=served if served != stored else "",
        model=stored,
        experiment=sweep.grid.experiment,
        prompt=sweep.grid.prompt,
        made=made_of(content, sweep.grid.prompt, sweep.setting.scorer),
        settings=settings_of(content),
        summary=sweep.summary,
        statistics=made,
        rows=sweep.rows,
        withheld=sweep.withheld.sentence() if sweep.withheld else "",
    )


# ---- numbers ---------------------------------------------------------------------------------------------------------


def percent(value: float) -> str:
    """Write a share."""
    return f"{value:.1%}"


def between(made: Estimate, lang: Lang) -> str:
    """Write a mean with its interval; a dash where nothing is measured."""
    if not made.measured:
        return say(lang, "none")
    return say(
        lang, "value", value=percent(made.value), low=percent(made.interval.low), high=percent(made.interval.high)
    )


def _tokens(length: int) -> str:
    return length_labels([length])[0]


def reach(made: EffectiveLength, lang: Lang) -> str:
    """Write an effective length with its interval."""
    if made.status not in ("length", "at_least", "below"):
        return say(lang, "none")
    low = _tokens(made.low) if made.low else say(lang, "under", length=_tokens(made.shortest))
    high = say(lang, "open") if made.high_open else _tokens(made.high or made.shortest)
    if made.length is None:
        value = say(lang, "under", length=_tokens(made.shortest))
    else:
        value = (
            say(lang, "at_least", length=_tokens(made.length)) if made.status == "at_least" else _tokens(made.length)
        )
    return say(lang, "value", value=value, low=low, high=high)


# ---- the table -------------------------------------------------------------------------------------------------------


def table_rows(series: Series, lang: Lang) -> list[list[str]]:
    """Return a series as rows of texts, the heads first; a run a row, and what is said of the run before."""
    versions = any(point.version for point in series.points)
    items = any(point.items is not None for point in series.points)
    heads = ["date", "run", *(["version"] if versions else []), "found", "mean", *(["items"] if items else []), "reach"]
    rows = [[say(lang, f"column_{head}") for head in (*heads, "measured", "change")]]
    for number, point in enumerate(series.points):
        cells = [point.day, plain(point.run)]
        cells += [plain(point.version)] if versions else []
        cells += [between(point.found, lang), between(point.mean, lang)]
        cells += [say(lang, "none") if point.items is None else percent(point.items)] if items else []
        cells += [reach(point.effective, lang), f"{point.summary.measured:,}/{point.summary.planned:,}"]
        rows.append([*cells, _mark(series, number, lang)])
    return rows


def terminal_history(series: Series, lang: Lang) -> Table:
    """Return a series as a table, a run a row; a mark stands where a change is shown."""
    table = Table(title=plain(series.name), title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    heads, *rows = table_rows(series, lang)
    for number, head in enumerate(heads):
        table.add_column(head, no_wrap=number == 0)
    for row in rows:
        table.add_row(*row)
    return table


def _mark(series: Series, number: int, lang: Lang) -> str:
    """Return what a row says of the run before: nothing, a shown step, a change, or that it is not tested."""
    if number not in series.tested:
        return say(lang, "not_tested")
    changed = {series.tested[change.after + 1] for change in series.changes.points}
    marks = [say(lang, "mark_change")] if number in changed else []
    step = next((each for each in series.steps if each.after == number), None)
    if step is not None and step.is_shown:
        marks.append(say(lang, "mark_step", difference=f"{100 * step.difference:+.1f}", p=p_text(step.p_value)))
    return joined(lang, marks)


# ---- sentences -------------------------------------------------------------------------------------------------------


def told(series: Series, lang: Lang) -> list[str]:
    """Return what a series says: its changes, steps that are no chance, what was not tested, why it stands apart."""
    sentences = [_verdict(series, lang), *_steps(series, lang)]
    left = len(series.points) - len(series.tested)
    if left:
        sentences.append(say(lang, "left", count=left))
    if series.apart:
        sentences.append(say(lang, "apart", names=tuple(series.apart)))
    if len(series.tested) > 1:
        sentences.append(say(lang, "general" if series.general else "these_texts"))
    return sentences


def _verdict(series: Series, lang: Lang) -> str:
    tested = [series.points[number] for number in series.tested]
    if not tested:
        return say(lang, "nothing", name=series.name)
    if len(tested) == 1:
        return say(lang, "alone", name=series.name, found=between(tested[0].found, lang))
    fields = {"name": series.name, "runs": len(tested), "first": tested[0].day, "last": tested[-1].day}
    changes = series.changes
    if changes.points:
        shown = [
            say(
                lang, "change", run=tested[each.after + 1].run, day=tested[each.after + 1].day,
                before=percent(each.before), behind=percent(each.behind), p=p_text(each.p_value),
            )
            for each in changes.points
        ]  # fmt: skip
        return say(lang, "changed", changes=say(lang, "joint").join(shown), **fields)
    if series.shown_steps:
        return say(lang, "stepped", **fields)
    values = [point.found.value for point in tested]
    range_ = {"low": percent(min(values)), "high": percent(max(values))}
    if changes.p_value is None:
        return say(lang, "steady_pairs", **fields, **range_)
    return say(lang, "steady", p=p_text(changes.p_value), **fields, **range_)


def _steps(series: Series, lang: Lang) -> list[str]:
    sentences = []
    for step in series.shown_steps:
        before, after = series.points[step.before], series.points[step.after]
        sentences.append(
            say(
                lang, "step", run=after.run, before=before.run, lost=step.lost, gained=step.gained, pairs=step.pairs,
                p=p_text(step.p_value),
            )
        )  # fmt: skip
    for step in series.steps:
        if step.settings:
            sentences.append(say(lang, "settings", run=series.points[step.after].run, names=tuple(step.settings)))
    return sentences
