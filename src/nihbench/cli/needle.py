"""`nih needle`: what can be hidden, and how it is asked for."""

from __future__ import annotations

from typing import Annotated

import typer

from nihbench.cli.output import command, show, show_json

app = typer.Typer(help="Needles, prompts, experiments and suites.", no_args_is_help=True)


@app.command("list")
@command
def list_needles(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a program.")] = False,
) -> None:
    """List needles, prompts, experiments and suites."""
    from dataclasses import asdict

    from nihbench.catalog import load

    catalog = load()
    if as_json:
        show_json({
            "needles": [asdict(needle) for needle in catalog.needles.values()],
            "prompts": [asdict(prompt) for prompt in catalog.prompts.values()],
            "experiments": [asdict(experiment) for experiment in catalog.experiments.values()],
            "suites": [asdict(suite) for suite in catalog.suites.values()],
        })  # fmt: skip
        return
    lines = ["needles"]
    lines += [f"  {n.name:<18} {n.language}  {n.statements[0]}" for n in catalog.needles.values()]
    lines += ["", "prompts"]
    lines += [f"  {p.name:<18} {' + '.join(m.role for m in p.messages)}" for p in catalog.prompts.values()]
    lines += ["", "experiments (nih run --experiment NAME, or NAME/PROMPT)"]
    for e in catalog.experiments.values():
        corpus = e.corpus or "(give --corpus)"
        lines.append(f"  {e.name:<18} needle {e.needle}, corpus {corpus}, prompts {', '.join(e.prompts)}")
    lines += ["", "suites"]
    lines += [f"  {s.name:<18} {', '.join('/'.join(item) for item in s.items)}" for s in catalog.suites.values()]
    show("\n".join(lines))


@app.command("show")
@command
def show_needle(
    name: Annotated[str, typer.Argument(help="The needle's name.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a program.")] = False,
) -> None:
    """Show one needle: its sentence, questions, answer and key facts."""
    from dataclasses import asdict

    from nihbench.catalog import load

    needle = load().needle(name)
    if as_json:
        show_json(asdict(needle))
        return
    lines = [f"{needle.name} ({needle.language})", *(f"  hidden    {text}" for text in needle.statements)]
    lines.append(f"  question  {needle.question}")
    lines += [f"  question  [{prompt}] {text}" for prompt, text in needle.questions.items()]
    lines.append(f"  answer    {needle.answer}")
    if needle.subject:
        lines.append(f"  subject   {' | '.join((needle.subject.text, *needle.subject.aliases))}")
    for fact in needle.facts:
        marks = [mark for mark, on in (("identifying", fact.identifying), ("guessable", fact.guessable)) if on]
        weight = f"weight {fact.weight:g}"
        lines.append(f"  fact      {fact.name} ({', '.join([weight, *marks])}): {fact.text}")
        lines += [f"              or {alias}" for alias in fact.aliases]
    if needle.note:
        lines.append(f"  note      {needle.note}")
    show("\n".join(lines))
