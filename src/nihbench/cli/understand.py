"""`nih compare` and `diagnose`: what runs say beside their figures and their bad cases."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from nihbench.analysis.report import sampled_of
from nihbench.analysis.statistics import Statistics
from nihbench.app.comparing import comparison_of
from nihbench.app.results import result_of, results_in, tell_controls
from nihbench.cli.hearing import terminal
from nihbench.cli.output import note, show_json, tell
from nihbench.figures.captions import joined as joined_text
from nihbench.figures.captions import length_notes
from nihbench.figures.findings import diagnosis_sentence, sampled_sentence
from nihbench.figures.sweeps import Sweep, chosen, named
from nihbench.lang.messages import Lang, language, languages, plain, t
from nihbench.run.store import open_run
from nihbench.run.tree import find_runs

# ---- `nih compare`: which of two prompts or models finds more, whether that is luck, by how much ---------------------


def compare(
    runs: list[Path],
    by: str | None,
    prompt: str,
    rows: str,
    wanted: float,
    unpaired: bool,
    scorer: str | None,
    as_json: bool,
) -> None:
    """Compare prompts or models over identical haystacks: exact paired tests and a verdict in plain words."""
    read = partial(results_in, runs, scorer=scorer)
    made = comparison_of(read, terminal(), by=by, prompt=prompt, rows=rows, wanted=wanted, unpaired=unpaired)
    if as_json:
        show_json(made.as_json())
        return
    for command in made.listings:
        note(t("cli.found_before_missed_now", command=command))
    tell("\n\n".join(map(plain, made.paragraphs)))


# ---- `nih diagnose`: which simple pattern explains a run's misses ----------------------------------------------------


def diagnose(runs: list[Path], prompt: str, scorer: str | None, as_json: bool) -> None:
    """Find the pattern behind the misses: only the end kept, the middle lost, a cliff, random holes, ..."""
    results = [result_of(open_run(path), scorer=scorer) for given in runs for path in find_runs(given)]
    every = named([sweep for result in results for sweep in result.sweeps])
    sweeps = chosen(every, prompt, lambda sweep: sweep.grid.prompt)
    tell_controls([(result.run, result.controls) for result in results], terminal())
    if as_json:
        show_json([_value(sweep) for sweep in sweeps])
        return
    told = [f"{s.name}: {_told(s.statistics, language())}" for s in sweeps if s.statistics]
    tell("\n".join(map(plain, [*told, *length_notes([s.setting for s in sweeps], language())])))


def _told(made: Statistics, lang: Lang) -> str:
    return joined_text(lang, [diagnosis_sentence(made, lang), sampled_sentence(made, lang)])


def _value(sweep: Sweep) -> dict[str, Any]:
    made = sweep.statistics
    assert made is not None  # `result_of` makes them
    found = made.diagnosis
    return {
        "model": sweep.setting.model,
        "experiment": sweep.grid.experiment,
        "prompt": sweep.grid.prompt,
        "length_unit": sweep.setting.length_unit,
        **asdict(found),
        "misses": asdict(found.misses) | {"value": found.misses.value if found.misses.trials else None},
        # With too little measured, or nothing else to tell it from, there is none.
        "finding": found.finding if made.has_verdict else "cant_tell",
        "patterns": [asdict(pattern) for pattern in found.patterns] if made.has_verdict else [],
        "margin": None if found.margin == float("inf") else found.margin,
        "measured": made.headline.found.measured,
        "planned": made.headline.found.planned,
        "sampled": sampled_of(made.sampled),
        "text": {lang: _told(made, lang) for lang in languages()},
    }
