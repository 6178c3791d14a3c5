"""`nih needle`: what can be hidden, and how it is asked for."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from nihbench.cli.catalogs import load
from nihbench.cli.output import FetchReport, command, plain, show, show_json
from nihbench.errors import UsageError
from nihbench.lang.messages import Message, column, listed, said, t

if TYPE_CHECKING:
    from nihbench.analysis.fairness import Fairness
    from nihbench.types import Corpus

_TEXTS = Optional[list[str]]  # noqa: UP045  typer reads it at run time
_RATE = Optional[float]  # noqa: UP045
_TEXT = Optional[str]  # noqa: UP045  typer reads it at run time
_USUAL_WINDOW = 128_000

_LEVELS = {"problem": t("problem"), "warning": t("warning"), "note": t("note"), "ok": t("ok")}

app = typer.Typer(help="Needles, prompts, experiments and suites.", no_args_is_help=True)


@app.command("list")
@command
def list_needles(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a program.")] = False,
) -> None:
    """List needles, prompts, experiments and suites."""
    catalog = load()
    if as_json:
        show_json({
            "needles": [asdict(needle) for needle in catalog.needles.values()],
            "prompts": [asdict(prompt) for prompt in catalog.prompts.values()],
            "experiments": [asdict(experiment) for experiment in catalog.experiments.values()],
            "suites": [asdict(suite) for suite in catalog.suites.values()],
        })  # fmt: skip
        return
    lines = [said(t("needles"))]
    lines += [f"  {n.name:<18} {n.language}  {n.statements[0]}" for n in catalog.needles.values()]
    lines += ["", said(t("prompts"))]
    lines += [f"  {p.name:<18} {' + '.join(m.role for m in p.messages)}" for p in catalog.prompts.values()]
    lines += ["", said(t("experiments (nih run --experiment NAME, or NAME/PROMPT)"))]
    for e in catalog.experiments.values():
        made_of = t(
            "needle {needle}, corpus {corpus}, prompts {prompts}",
            needle=e.needle,
            corpus=e.corpus or t("(give --corpus)"),
            prompts=", ".join(e.prompts),
        )
        lines.append(f"  {e.name:<18} {said(made_of)}")
    lines += ["", said(t("suites"))]
    lines += [f"  {s.name:<18} {', '.join('/'.join(item) for item in s.items)}" for s in catalog.suites.values()]
    show("\n".join(lines))


@app.command("show")
@command
def show_needle(
    name: Annotated[str, typer.Argument(help="The needle's name.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a program.")] = False,
) -> None:
    """Show one needle: its sentence, questions, answer and key facts."""
    needle = load().needle(name)
    if as_json:
        show_json(asdict(needle))
        return
    rows: list[tuple[str, str]] = [(t("hidden"), text) for text in needle.statements]
    rows.append((t("question"), needle.question))
    rows += [(t("question"), f"[{prompt}] {text}") for prompt, text in needle.questions.items()]
    rows.append((t("answer"), needle.answer))
    if needle.subject:
        rows.append((t("subject"), " | ".join((needle.subject.text, *needle.subject.aliases))))
    for fact in needle.facts:
        marks = [
            t("weight {weight:g}", weight=fact.weight),
            *([t("identifying")] if fact.identifying else []),
            *([t("guessable")] if fact.guessable else []),
        ]
        rows.append((t("fact"), f"{fact.name} ({listed(marks)}): {fact.text}"))
        rows += [("", said(t("  or {alias}", alias=alias))) for alias in fact.aliases]
    if needle.note:
        rows.append((t("note"), needle.note))
    show("\n".join([f"{needle.name} ({needle.language})", *(f"  {column(name, 9)} {text}" for name, text in rows)]))


@app.command("check")
@command
def check(
    name: Annotated[str, typer.Argument(help="The needle's name.")],
    corpus: Annotated[_TEXT, typer.Option("--corpus", help="A corpus, a path, or zh=NAME for one language.")] = None,
    lengths: Annotated[
        _TEXT, typer.Option("--lengths", help="The lengths that are wanted, as for nih run (default: 1k:128k:15).")
    ] = None,
    model: Annotated[_TEXTS, typer.Option("--model", "-m", help="Ask this model, too; may be given again.")] = None,
    base_url: Annotated[_TEXTS, typer.Option("--base-url", help="The model's server, as for nih run.")] = None,
    api_key_env: Annotated[_TEXT, typer.Option("--api-key-env", help="The variable that holds the key.")] = None,
    prompt: Annotated[_TEXT, typer.Option("--prompt", help="Only these prompt variants, by commas.")] = None,
    max_cost: Annotated[_RATE, typer.Option("--max-cost", help="Spend so many USD at most.")] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Agree to what asking can cost.")] = False,
    limit: Annotated[int, typer.Option("--limit", help="Show so many sentences of each kind; 0 shows all.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a program, every sentence in it.")] = False,
) -> None:
    """Check whether a needle is fair in its corpus: copies, rivals, the question's wording, language, length."""
    from nihbench.cli.fairness import as_lines, as_rows, checked_by_models
    from nihbench.cli.spelling import spelt_lengths

    lengths = spelt_lengths(lengths)
    text, found = _checked(name, corpus, lengths)
    given = {
        "model": model, "base_url": base_url, "api_key_env": api_key_env, "prompt": prompt, "corpus": corpus,
        "lengths": lengths, "max_cost": max_cost,
    }  # fmt: skip
    told = checked_by_models(name, given, yes=yes) if model else {}
    if as_json:
        show_json({"needle": name, "corpus": text.name} | asdict(found) | {"controls": as_rows(told)})
        return
    show(
        "\n".join(
            [
                _check_text(t("{needle} in {corpus}", needle=name, corpus=text.name), found, text.text, limit),
                *as_lines(told),
            ]
        )
    )


def _checked(name: str, corpus: str | None, lengths: str | None) -> tuple[Corpus, Fairness]:
    """Check a needle against the corpus that is asked for, or that an experiment hides it in; return both."""
    from nihbench.analysis.fairness import check_needle
    from nihbench.corpora.stats import stats
    from nihbench.endpoint.tokenizers import load_tokenizer
    from nihbench.plan.grid import parse_lengths
    from nihbench.run.texts import corpus_choice, load_corpus

    catalog, report = load(), FetchReport()
    needle = catalog.needle(name)
    usual = next((e.corpus for e in catalog.experiments.values() if e.needle == name and e.corpus), None)
    chosen = corpus_choice(corpus, needle.language) or usual
    if not chosen:
        raise UsageError(
            t("no corpus belongs to the needle {name!r}: give one by --corpus (nih corpus list)", name=name)
        )
    text = load_corpus(catalog, chosen, Path.cwd(), report)
    tokenizer = load_tokenizer("cl100k_base", report=report)
    tokens = stats(text, [tokenizer]).tokens[0].tokens
    longest = max(parse_lengths(lengths or "1k:128k:15", lowest=1_000, highest=_USUAL_WINDOW))
    return text, check_needle(needle, text, tokens=tokens, unit=tokenizer.name, longest=longest)


def _check_text(title: Message, found: Fairness, text: str, limit: int) -> str:
    lines = [plain(said(title))]
    lines += [f"  {column(_LEVELS[each.level], 8)} {plain(said(each.text))}" for each in found.findings]
    kinds = {
        t("Sentences that could mislead, the likeliest first (weight, line of the corpus)"): [
            (f"{rival.weight:.2f}", rival.start, rival.text) for rival in found.rivals
        ],
        t("Sentences that hold the needle or a key fact (which, line of the corpus)"): [
            (copy.of, copy.start, copy.text) for copy in found.copies
        ],
    }
    for heading, rows in kinds.items():
        if rows:
            lines += ["", said(heading)]
        for mark, start, sentence in rows[: limit or None]:
            number, shown = text.count("\n", 0, start) + 1, _short(plain(sentence))
            place = t("{mark} line {number}: {sentence}", mark=mark, number=number, sentence=shown)
            lines.append(f"  {said(place)}")
        if limit and len(rows) > limit:
            lines.append("  " + said(t("and {count:,} more: --limit 0 shows all", count=len(rows) - limit)))
    return "\n".join(lines)


def _short(sentence: str) -> str:
    return sentence if len(sentence) <= 400 else sentence[:400] + "..."
