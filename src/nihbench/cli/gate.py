"""`nih gate`: pass or fail, the reasons, and the files that CI and a pull request read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from nihbench.app.baseline import save_baseline
from nihbench.app.comparing import sides_of
from nihbench.app.gating import MAX_DROP, QUICK_MAX_DROP, Asked, Gate, gate_of, junit, markdown, old_sides
from nihbench.app.results import Result, results_in
from nihbench.cli.hearing import given, measuring, terminal
from nihbench.cli.output import note, show_json, tell
from nihbench.errors import UsageError
from nihbench.fetch.files import write_atomic
from nihbench.lang.messages import t
from nihbench.plan.grid import parse_length

NOT_PASSED = 1
"""The exit code of a gate that did not pass."""


def gate(
    context: typer.Context,
    options: dict[str, Any],
    new: Path,
    against: Path | None,
    live: bool,
    save: Path | None,
    max_drop: float | None,
    min_found: float | None,
    min_length: str | None,
    tasks: str | None,
    undecided: str,
    as_json: bool,
    junit_file: Path | None,
    markdown_file: Path | None,
    scorer: str | None,
    yes: bool,
) -> None:
    """Judge a new run against an old one, or against bars; exit 1 where it does not pass."""
    if undecided not in ("pass", "fail", "more"):
        raise UsageError(t("gate.choose_undecided", undecided=undecided))
    quick = bool(options["quick"])
    asked = Asked(
        max_drop=max_drop if max_drop is not None else QUICK_MAX_DROP if quick else MAX_DROP,
        min_found=min_found,
        min_length=_tokens(min_length),
        tasks=tuple(name.strip() for name in (tasks or "").split(",") if name.strip()),
    )
    call = _Call(
        new=new, against=against, asked=asked, options=options, given=given(context, options),
        on=undecided == "more", scorer=scorer, yes=yes,
    )  # fmt: skip
    if save is not None and not (live or quick):
        _save(results_in([new], scorer=scorer), save)
        if against is None and asked.min_found is None and asked.min_length is None:
            return
    made = call.live() if live or quick else call.judged()
    if save is not None and (live or quick):
        _save(results_in([new], scorer=scorer), save)
    passed = made.verdict == "pass" or (made.verdict == "undecided" and undecided == "pass")
    _tell(made, passed, as_json, junit_file, markdown_file, undecided_fails=undecided != "pass")
    if not passed:
        raise typer.Exit(NOT_PASSED)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Call:
    """What a command line asks for."""

    new: Path
    against: Path | None
    asked: Asked
    options: dict[str, Any]
    given: Sequence[str]
    on: bool
    scorer: str | None
    yes: bool

    def live(self) -> Gate:
        """Ask the new run as far as the verdict needs."""
        from nihbench.app.live import live_gate

        if self.against is None:
            raise UsageError(t("gate.live_against"))
        return live_gate(
            self.new, str(self.against), self.options, self.given, measuring(yes=self.yes, results=False), self.asked,
            on=self.on, scorer=self.scorer,
        )  # fmt: skip

    def judged(self) -> Gate:
        """Judge what is there; where that is not all that was planned, and more is wanted, go on asking."""
        if self.given and not self.on:
            raise UsageError(t("gate.only_live", options=tuple("--" + each.replace("_", "-") for each in self.given)))
        results = results_in([self.new], scorer=self.scorer)
        old = [] if self.against is None else old_sides(self.against, self.scorer)
        name = self.against.name if self.against else ""
        made = gate_of(results, old, terminal(), self.asked, old_name=name)
        wanted = self.on and made.verdict == "undecided" and self.against is not None
        return self.live() if wanted and not all(result.is_whole for result in results) else made


def _tell(
    made: Gate,
    passed: bool,
    as_json: bool,
    junit_file: Path | None,
    markdown_file: Path | None,
    *,
    undecided_fails: bool,
) -> None:
    if junit_file is not None:
        write_atomic(junit_file, junit(made, undecided_fails=undecided_fails))
    if markdown_file is not None:
        write_atomic(markdown_file, markdown(made).encode("utf-8"))
    if as_json:
        show_json(made.as_json() | {"passed": passed})
    else:
        tell(str(made))


def _save(results: Sequence[Result], path: Path) -> None:
    manifests = [result.run.manifest for result in results]
    save_baseline([side for result in results for side in sides_of(result)], path, manifests)
    note(t("gate.saved", path=path))


def _tokens(text: str | None) -> int | None:
    """Return a length as it is typed ("64k")."""
    return None if text is None else round(parse_length(text, "--min-length"))
