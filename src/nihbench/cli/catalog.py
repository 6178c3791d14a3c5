"""`nih needle`, `task` and `corpus`: what can be hidden, how it is asked for, and in which texts."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from nihbench.catalog.loading import load_for
from nihbench.cli.hearing import terminal
from nihbench.cli.output import note, show, show_json
from nihbench.corpora.store import alternatives_to, fetch, haystack_folder, is_intact, stats, stored_path
from nihbench.endpoint.tokenizers import load_tokenizer
from nihbench.errors import UsageError
from nihbench.lang.messages import column, languages, listed, said, t
from nihbench.run.texts import load_corpus
from nihbench.tasks.family import Family
from nihbench.tasks.registry import SINGLE_NEEDLE, family, known, package_of

# ---- `nih needle` ----------------------------------------------------------------------------------------------------


def list_needles(as_json: bool) -> None:
    """List needles, prompts, experiments and suites."""
    catalog = load_for(terminal().tell_once)
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
    """Show one needle: its sentence, questions, answer and key facts, and by what type each is compared."""
    from nihbench.score.selfcheck import types_of  # a list of needles grades nothing

    needle = load_for(terminal().tell_once).needle(name)
    types = types_of(needle)
    if as_json:
        show_json(asdict(needle) | {"types": types})
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
        rows.append(("", _type_line(types[fact.name], fact.type or needle.answer_type)))
    if needle.note:
        rows.append((t("cli.note"), needle.note))
    show("\n".join([f"{needle.name} ({needle.language})", *(f"  {column(name, 9)} {text}" for name, text in rows)]))


def _type_line(kind: str, given: str) -> str:
    from nihbench.score.values.told import RULES, TYPES

    name, rule = TYPES[kind], RULES[kind]
    return said(
        t("cli.type_given", type=name, rule=rule) if given == kind else t("cli.type_found", type=name, rule=rule)
    )


# ---- `nih task`: which families of trials there are, those of other packages among them ------------------------------


def list_tasks(as_json: bool) -> None:
    """List the tasks that are installed; one that can't be used says why."""
    found = [(name, _family(name)) for name in known()]
    if as_json:
        show_json({"tasks": [_as_json(name, kind) for name, kind in found]})
        return
    show("\n\n".join("\n".join(_lines(name, kind)) for name, kind in found))


def _family(name: str) -> type[Family] | UsageError:
    try:
        return family(name)
    except UsageError as error:
        return error


def _lines(name: str, kind: type[Family] | UsageError) -> list[str]:
    if isinstance(kind, UsageError):
        return [name, f"  {said(kind)}"]
    axis = kind.axis
    rows = t("cli.task_rows", axis=axis.title, values=tuple(map(axis.label, axis.values)) or "--depths")
    options = {"language": "|".join(kind.languages)} | dict(kind.options) | dict(kind.later)
    return [
        f"{name} {kind.version} ({package_of(name)}): {said(kind.title)}",
        f"  {said(rows)}",
        *(f"  --task-option {each}={value}" for each, value in options.items() if kind.name != SINGLE_NEEDLE),
    ]


def _as_json(name: str, kind: type[Family] | UsageError) -> dict[str, Any]:
    if isinstance(kind, UsageError):
        return {"name": name, "package": package_of(name), "error": str(kind)}
    axis = kind.axis
    return {
        "name": name,
        "version": kind.version,
        "package": package_of(name),
        "title": {lang: said(kind.title, lang) for lang in languages()},
        "axis": {
            "name": axis.name,
            "title": {lang: said(axis.title, lang) for lang in languages()},
            "unit": axis.unit,
            "values": list(axis.values),
        },
        "languages": list(kind.languages),
        "options": dict(kind.options) | dict(kind.later),
    }


# ---- `nih corpus`: the texts that haystacks are made of --------------------------------------------------------------


def list_corpora(as_json: bool) -> None:
    """List the corpora, and which are on this machine."""
    folder = haystack_folder(Path.cwd())
    rows = []
    for manifest in load_for(terminal().tell_once).corpora.values():
        path = stored_path(manifest, folder=folder)
        rows.append({
            "name": manifest.name,
            "language": manifest.language,
            "title": manifest.title,
            "approximate_tokens": manifest.approximate_tokens,
            "licence": manifest.licence,
            "caveat": str(manifest.caveat),
            "path": str(path) if path else None,
            "intact": is_intact(manifest, path) if path else None,
        })  # fmt: skip
    if as_json:
        show_json(rows)
        return
    show("\n".join(_line(row) for row in rows))


def _line(row: dict[str, Any]) -> str:
    about = row["approximate_tokens"]
    tokens = t("cli.about_tokens", tokens=about) if about else t("cli.size_not_known")
    here = {None: t("cli.fetch"), True: t("cli.here"), False: t("cli.damaged")}[row["intact"]]
    return f"{row['name']:<24} {row['language']}  {column(tokens, 22)} {column(here, 9)} {row['title']}"


def fetch_corpus(names: list[str], origin: Path | None) -> None:
    """Fetch corpora, verify and clean them."""
    catalog = load_for(terminal().tell_once)
    manifests = [catalog.corpus(name) for name in names]
    for manifest in manifests:
        others = alternatives_to(manifest, catalog.corpora.values())
        folder = haystack_folder(Path.cwd())
        path = fetch(manifest, folder=folder, origin=origin, report=terminal().fetching, alternatives=others)
        note(t("cli.manifest_name_path", manifest_name=manifest.name, path=path))


def corpus_stats(names: list[str], tokenizer: str, as_json: bool) -> None:
    """Count characters, 汉字, words and tokens."""
    report = terminal().fetching
    tokenizers = [load_tokenizer(name.strip(), report=report) for name in tokenizer.split(",") if name.strip()]
    catalog = load_for(terminal().tell_once)
    counted = [stats(load_corpus(catalog, name, Path.cwd(), report), tokenizers) for name in names]
    if as_json:
        show_json([asdict(each) for each in counted])
        return
    for each in counted:
        show(stats_text(asdict(each)))


_COUNTED = {
    "language": t("cli.language"), "bytes": t("cli.bytes"), "characters": t("cli.characters"), "han": t("cli.han"),
    "words": t("cli.words"), "lines": t("cli.lines"),
}  # fmt: skip


def stats_text(values: dict[str, Any]) -> str:
    """Return a corpus's counts, one a line."""
    lines = []
    for key, value in values.items():
        if key == "tokens":
            names = [t("cli.tokens_2", tokenizer=each["tokenizer"]) for each in value]
            lines += [f"  {column(n, 22)} {each['tokens']:>12,}" for n, each in zip(names, value, strict=True)]
        elif isinstance(value, int):
            lines.append(f"  {column(_COUNTED[key], 22)} {value:>12,}")
        elif key == "name":
            lines.insert(0, str(value))
        else:
            lines.append(f"  {column(_COUNTED[key], 22)} {value}")
    return "\n".join(lines)
