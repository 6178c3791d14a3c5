"""`nih needle`: what can be hidden, and how it is asked for."""

from __future__ import annotations

from dataclasses import asdict

from nihbench.app.catalogs import load
from nihbench.cli.hearing import terminal
from nihbench.cli.output import show, show_json
from nihbench.lang.messages import column, listed, said, t


def list_needles(as_json: bool) -> None:
    """List needles, prompts, experiments and suites."""
    catalog = load(terminal())
    if as_json:
        show_json({
            "needles": [asdict(needle) for needle in catalog.needles.values()],
            "prompts": [asdict(prompt) for prompt in catalog.prompts.values()],
            "experiments": [asdict(experiment) for experiment in catalog.experiments.values()],
            "suites": [asdict(suite) for suite in catalog.suites.values()],
        })  # fmt: skip
        return
    lines = [said(t("cli.needles"))]
    lines += [f"  {n.name:<18} {n.language}  {n.statements[0]}" for n in catalog.needles.values()]
    lines += ["", said(t("cli.prompts"))]
    lines += [f"  {p.name:<18} {' + '.join(m.role for m in p.messages)}" for p in catalog.prompts.values()]
    lines += ["", said(t("cli.experiments_nih_run_experiment"))]
    for e in catalog.experiments.values():
        made_of = t(
            "cli.needle_corpus_prompts",
            needle=e.needle or e.task,
            corpus=e.corpus or t("cli.give_corpus"),
            prompts=tuple(e.prompts),
        )
        lines.append(f"  {e.name:<18} {said(made_of)}")
    lines += ["", said(t("cli.suites"))]
    lines += [f"  {s.name:<18} {', '.join('/'.join(item) for item in s.items)}" for s in catalog.suites.values()]
    show("\n".join(lines))


def show_needle(name: str, as_json: bool) -> None:
    """Show one needle: its sentence, questions, answer and key facts."""
    needle = load(terminal()).needle(name)
    if as_json:
        show_json(asdict(needle))
        return
    rows: list[tuple[str, str]] = [(t("cli.hidden"), text) for text in needle.statements]
    rows.append((t("cli.question"), needle.question))
    rows += [(t("cli.question"), f"[{prompt}] {text}") for prompt, text in needle.questions.items()]
    rows.append((t("cli.answer"), needle.answer))
    if needle.subject:
        rows.append((t("cli.subject"), " | ".join((needle.subject.text, *needle.subject.aliases))))
    for fact in needle.facts:
        marks = [
            t("cli.weight", weight=fact.weight),
            *([t("cli.identifying")] if fact.identifying else []),
            *([t("cli.guessable")] if fact.guessable else []),
        ]
        rows.append((t("cli.fact"), f"{fact.name} ({listed(marks)}): {fact.text}"))
        rows += [("", said(t("cli.or", alias=alias))) for alias in fact.aliases]
    if needle.note:
        rows.append((t("cli.note"), needle.note))
    show("\n".join([f"{needle.name} ({needle.language})", *(f"  {column(name, 9)} {text}" for name, text in rows)]))
