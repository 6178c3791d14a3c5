"""After a run: score it, draw it, show it, say what comes next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nihbench.cli.output import console, note, speaks_unicode

if TYPE_CHECKING:
    from nihbench.analysis import Grid, Summary
    from nihbench.run import RunFolder
    from nihbench.types import Grade, Record

FAILED_TRIALS = 3
"""Exit code of a run that is finished but for failed trials."""
FIGURE = "heatmap.png"


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """A run as it is shown: a grid and a summary for each of its prompts."""

    run: RunFolder
    grids: tuple[Grid, ...]
    summaries: tuple[Summary, ...]
    failures: int
    passing: int
    """Failures that may pass when they are tried again."""
    owed: int
    scorer: str
    unscored: int
    """Answers that the scorer could not judge."""


def result_of(run: RunFolder, *, scorer: str | None = None, again: bool = False, store: bool = True) -> Result:
    """Read a run's records and scores into what is shown.

    Args:
        run: the run's folder.
        scorer: whose scores; None: the rules'.
        again: whether to score again even where stored scores fit (rules only).
        store: whether scores may be written; else the rules score in memory.
    """
    from nihbench.analysis import UNSCORED, frame, grid, summary
    from nihbench.endpoint import HANDLING
    from nihbench.run import planned_trials
    from nihbench.score import SCORER

    records = run.records()
    table = frame(tuple(records.values()), _scores(run, records, scorer, again) if store else _unstored(run, records))
    planned = planned_trials(run.manifest)
    pairs = dict.fromkeys((trial.experiment, trial.prompt) for trial in planned)
    each = [(e, p, sum((t.experiment, t.prompt) == (e, p) for t in planned)) for e, p in pairs]
    return Result(
        run=run,
        grids=tuple(grid(table, experiment=e, prompt=p, planned=planned) for e, p, _ in each),
        summaries=tuple(summary(table, experiment=e, prompt=p, planned=n) for e, p, n in each),
        failures=int(table["failure"].notna().sum()),
        passing=sum(HANDLING[kind].retry_on_resume for kind in table["failure"].dropna() if kind in HANDLING),
        owed=len(planned) - len(table),
        scorer=scorer or SCORER,
        unscored=int((table["failure"] == UNSCORED).sum()),
    )


def _scores(run: RunFolder, records: Mapping[str, Record], scorer: str | None, again: bool) -> Mapping[str, Grade]:
    from nihbench.run import grades_of, score_run
    from nihbench.score import SCORER

    return score_run(run, records) if again else grades_of(run, records, scorer or SCORER)


def _unstored(run: RunFolder, records: Mapping[str, Record]) -> Mapping[str, Grade]:
    from nihbench.run import answers_of

    return {answer.id: answer.by_rules() for answer in answers_of(run, records)}


def draw(result: Result, path: Path) -> None:
    """Write the heatmap of a run; the suffix chooses the format."""
    from nihbench.figures import caption, check_suffix, draw_panel, save
    from nihbench.run import version_of

    check_suffix(path)
    content = result.run.manifest
    unit = length_unit(content)
    text = caption(
        model=content["model"]["name"],
        corpus=content["corpus"]["name"],
        scorer=result.scorer,
        scorer_version=version_of(result.scorer),
        length_unit=unit,
        repeats=content["repeats"],
        summaries=result.summaries,
        note=_caveat(content),
    )
    title = f"{content['model']['name']}: {content['experiment']}"
    if len(result.grids) == 1:
        title += f"/{result.grids[0].prompt}"
    save(draw_panel(result.grids, title=title, caption=text, length_unit=unit), path)


def length_unit(content: Mapping[str, Any]) -> str:
    """Return what lengths are counted with: `model`, or a tokenizer's name."""
    unit = content["length_unit"]
    return "model" if unit["counted_by_model"] else str(unit["tokenizer"])


def _caveat(content: Mapping[str, Any]) -> str:
    copies = content["corpus"]["copies"]
    return f"The corpus stands {copies} times in the longest prompts." if copies > 1 else ""


def show(result: Result) -> None:
    """Show the heatmaps and the headline numbers on stdout."""
    from nihbench.figures import headline, terminal_heatmap

    screen = console()
    colour = screen.is_terminal and not screen.no_color
    for grid, summary in zip(result.grids, result.summaries, strict=True):
        screen.print(terminal_heatmap(grid, width=screen.width, colour=colour, unicode=speaks_unicode()))
        screen.print(headline(summary))


def finish(run: RunFolder) -> int:
    """Score, draw and show a run; return the exit code that its records ask for."""
    from nihbench.run import count_summary

    result = result_of(run, again=True)
    picture = run.path / FIGURE
    draw(result, picture)
    show(result)
    note(f"heatmap: {picture}")
    note(f"records: {run.path / 'records.jsonl'}")
    for sentence in count_summary(run.records()).sentences():
        note(sentence)
    if result.failures or result.owed:
        note(f"{result.failures} trials failed, {result.owed} are owed; they are not scored")
        if result.passing or result.owed:
            note(f"try again what may pass: nih run --resume {run.path}")
        return FAILED_TRIALS
    note(f"draw it again: nih plot {run.path} --out heatmap.svg")
    return 0
