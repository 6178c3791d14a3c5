"""`nih gate`: pass or fail, the reasons, and the files that CI and a pull request read."""

from __future__ import annotations

from pathlib import Path

import typer

from nihbench.analysis.pairing import Side
from nihbench.app.baseline import load_baseline, save_baseline, without_text
from nihbench.app.comparing import sides_of
from nihbench.app.gating import Asked, gate_of, junit, markdown
from nihbench.app.results import results_in
from nihbench.cli.hearing import terminal
from nihbench.cli.output import note, show_json, tell
from nihbench.errors import UsageError
from nihbench.fetch.files import write_atomic
from nihbench.lang.messages import plain, t
from nihbench.plan.grid import parse_length

NOT_PASSED = 1
"""The exit code of a gate that did not pass."""


def gate(
    new: Path,
    against: Path | None,
    save: Path | None,
    max_drop: float,
    min_found: float | None,
    min_length: str | None,
    tasks: str | None,
    undecided: str,
    as_json: bool,
    junit_file: Path | None,
    markdown_file: Path | None,
    scorer: str | None,
) -> None:
    """Judge a new run against an old one, or against bars; exit 1 where it does not pass."""
    if undecided not in ("pass", "fail"):
        raise UsageError(t("gate.choose_undecided", undecided=undecided))
    asked = Asked(
        max_drop=max_drop,
        min_found=min_found,
        min_length=_tokens(min_length),
        tasks=tuple(name.strip() for name in (tasks or "").split(",") if name.strip()),
    )
    results = results_in([new], scorer=scorer)
    if save is not None:
        save_baseline([side for result in results for side in sides_of(result)], save)
        note(t("gate.saved", path=save))
        if against is None and asked.min_found is None and asked.min_length is None:
            return
    old = [] if against is None else _old(against, scorer)
    made = gate_of(results, old, terminal(), asked, old_name=against.name if against else "")
    passed = made.verdict == "pass" or (made.verdict == "undecided" and undecided == "pass")
    if junit_file is not None:
        write_atomic(junit_file, junit(made, undecided_fails=undecided == "fail"))
    if markdown_file is not None:
        write_atomic(markdown_file, markdown(made).encode("utf-8"))
    if as_json:
        show_json(made.as_json() | {"passed": passed})
    else:
        tell("\n".join(map(plain, [made.headline(), *made.reasons()])))
    if not passed:
        raise typer.Exit(NOT_PASSED)


def _old(path: Path, scorer: str | None) -> list[Side]:
    if path.is_file():
        return load_baseline(path)
    return [without_text(side) for result in results_in([path], scorer=scorer) for side in sides_of(result)]


def _tokens(text: str | None) -> int | None:
    """Return a length as it is typed ("64k")."""
    return None if text is None else round(parse_length(text, "--min-length"))
