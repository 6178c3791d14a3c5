"""`nih compare`: which of two prompts, or of two models, finds more, whether that is luck, and by how much."""

from __future__ import annotations

from pathlib import Path

from nihbench.app.comparing import check_comparison, comparison_of
from nihbench.app.plain import plain
from nihbench.app.results import results_in
from nihbench.cli.hearing import terminal
from nihbench.cli.output import note, show_json, tell
from nihbench.lang.messages import t


def compare(
    runs: list[Path], by: str | None, prompt: str, wanted: float, unpaired: bool, scorer: str | None, as_json: bool
) -> None:
    """Compare prompts or models over identical haystacks: exact paired tests and a verdict in plain words."""
    check_comparison(by, wanted)
    results = results_in(runs, scorer=scorer)
    made = comparison_of(results, terminal(), by=by, prompt=prompt, wanted=wanted, unpaired=unpaired)
    if as_json:
        show_json(made.as_json())
        return
    for command in made.listings:
        note(t("cli.found_before_missed_now", command=command))
    tell("\n\n".join(map(plain, made.paragraphs)))
