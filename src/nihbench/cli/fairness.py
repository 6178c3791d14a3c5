"""`nih needle check`: whether a needle is fair, in its corpus and, with --model, by its controls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from nihbench.analysis.controls import ControlResult
from nihbench.analysis.fairness import Fairness
from nihbench.app.fairness import checked_by_models, checked_in
from nihbench.app.options import spelt_lengths
from nihbench.cli.hearing import measuring, terminal
from nihbench.cli.output import show, show_json
from nihbench.lang.messages import Message, column, language, plain, said, t


def as_lines(found: Mapping[str, Sequence[ControlResult]]) -> list[str]:
    """Return the verdicts for a reader."""
    lines = []
    for model, results in found.items():
        lines += ["", said(t("cli.asked", model=plain(model)))]
        lines += [f"  {plain(result.sentence(language()))}" for result in results]
    return lines


def as_rows(found: Mapping[str, Sequence[ControlResult]]) -> list[dict[str, Any]]:
    """Return the verdicts for a program."""
    rows = []
    for model, results in found.items():
        for result in results:
            row = asdict(result)
            row["rate"] = result.rate if result.n else None  # JSON has no NaN
            rows.append({"model": model} | row | {"sentence": result.sentence()})
    return rows


_LEVELS = {"problem": t("cli.problem"), "warning": t("cli.warning"), "note": t("cli.note"), "ok": t("cli.ok")}


def check(
    name: str,
    corpus: str | None,
    lengths: str | None,
    model: list[str] | None,
    base_url: list[str] | None,
    api_key_env: str | None,
    prompt: str | None,
    max_cost: float | None,
    yes: bool,
    limit: int,
    as_json: bool,
) -> None:
    """Check whether a needle is fair in its corpus: copies, rivals, the question's wording, language, length."""
    lengths = spelt_lengths(lengths, terminal())
    text, found = checked_in(name, corpus, lengths, terminal())
    given = {
        "model": model, "base_url": base_url, "api_key_env": api_key_env, "prompt": prompt, "corpus": corpus,
        "lengths": lengths, "max_cost": max_cost,
    }  # fmt: skip
    told = checked_by_models(name, given, measuring(yes=yes)) if model else {}
    if as_json:
        show_json({"needle": name, "corpus": text.name} | asdict(found) | {"controls": as_rows(told)})
        return
    show(
        "\n".join(
            [
                _check_text(t("cli.in", needle=name, corpus=text.name), found, text.text, limit),
                *as_lines(told),
            ]
        )
    )


def _check_text(title: Message, found: Fairness, text: str, limit: int) -> str:
    lines = [plain(said(title))]
    lines += [f"  {column(_LEVELS[each.level], 8)} {plain(said(each.text))}" for each in found.findings]
    kinds = {
        t("cli.sentences_could_mislead_likeliest"): [
            (f"{rival.weight:.2f}", rival.start, rival.text) for rival in found.rivals
        ],
        t("cli.sentences_hold_needle_key"): [(copy.of, copy.start, copy.text) for copy in found.copies],
    }
    for heading, rows in kinds.items():
        if rows:
            lines += ["", said(heading)]
        for mark, start, sentence in rows[: limit or None]:
            number, shown = text.count("\n", 0, start) + 1, _short(plain(sentence))
            place = t("cli.line", mark=mark, number=number, sentence=shown)
            lines.append(f"  {said(place)}")
        if limit and len(rows) > limit:
            lines.append("  " + said(t("cli.more_limit_0_shows", count=len(rows) - limit)))
    return "\n".join(lines)


def _short(sentence: str) -> str:
    return sentence if len(sentence) <= 400 else sentence[:400] + "..."
