"""`nih diagnose`: which simple pattern explains a run's misses."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from nihbench.app.plain import plain
from nihbench.app.results import Sweep, chosen, named, result_of, tell_controls
from nihbench.cli.hearing import terminal
from nihbench.cli.output import show_json, tell
from nihbench.figures.captions import length_notes
from nihbench.figures.findings import diagnosis_sentence
from nihbench.lang.messages import language, languages
from nihbench.run.store import open_run
from nihbench.run.tree import find_runs


def diagnose(runs: list[Path], prompt: str, scorer: str | None, as_json: bool) -> None:
    """Find the pattern behind the misses: only the end kept, the middle lost, a cliff, random holes, ..."""
    results = [result_of(open_run(path), scorer=scorer) for given in runs for path in find_runs(given)]
    every = named([sweep for result in results for sweep in result.sweeps])
    sweeps = chosen(every, prompt, lambda sweep: sweep.grid.prompt)
    tell_controls([(result.run, result.controls) for result in results], terminal())
    if as_json:
        show_json([_value(sweep) for sweep in sweeps])
        return
    told = [f"{s.name}: {diagnosis_sentence(s.statistics, language())}" for s in sweeps if s.statistics]
    tell("\n".join(map(plain, [*told, *length_notes([s.setting for s in sweeps], language())])))


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
        "text": {lang: diagnosis_sentence(made, lang) for lang in languages()},
    }
