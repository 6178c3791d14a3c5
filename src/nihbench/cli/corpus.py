"""`nih corpus`: the texts that haystacks are made of."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from nihbench.app.catalogs import load
from nihbench.cli.hearing import terminal
from nihbench.cli.output import note, show, show_json
from nihbench.corpora.store import alternatives_to, fetch, haystack_folder, is_intact, stats, stored_path
from nihbench.endpoint.tokenizers import load_tokenizer
from nihbench.lang.messages import column, t
from nihbench.run.texts import load_corpus


def list_corpora(as_json: bool) -> None:
    """List the corpora, and which are on this machine."""
    folder = haystack_folder(Path.cwd())
    rows = []
    for manifest in load(terminal()).corpora.values():
        path = stored_path(manifest, folder=folder)
        rows.append({
            "name": manifest.name,
            "language": manifest.language,
            "title": manifest.title,
            "approximate_tokens": manifest.approximate_tokens,
            "licence": manifest.licence,
            "caveat": manifest.caveat,
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
    catalog = load(terminal())
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
    catalog = load(terminal())
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
