"""Finds English that was left in Chinese output: three words in a row that are not names, quotations or data."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import astuple, is_dataclass
from functools import cache
from typing import Any, get_args

from nihbench.analysis.cases import ORDER
from nihbench.catalog.loading import load
from nihbench.plan.order import ORDERS
from nihbench.types import FailureKind
from tests.cli.conftest import ANSWERS

MOST = 2
"""So many English words in a row may stand in a line: a name has seldom more. Commas part names from names."""
_RUN = re.compile(r"[A-Za-z][A-Za-z']*(?: [A-Za-z][A-Za-z']*)+")
_CODE = re.compile(r"`[^`]*`|\bnih [a-z]+(?: [a-z]+)?(?= |$)|pip install [^\s，。；）]+|\S*[/\\_=<>-]\S*")
_BOXES = re.compile("[\u2500-\u257f]+")
# What is not ours to translate, or is the same in both languages.
_ALLOWED = (
    # The licence terms and headings of corpora are data (`corpora/*.yaml`), as are the words that stand in a needle.
    # Signatures of formats and methods are names: "CSV, Parquet, JSON", "Clopper-Pearson".
    "CSV", "Parquet", "JSON", "Markdown", "YAML", "PNG", "SVG", "PDF", "APNG", "GIF", "HTML", "UTF", "BMP",
    "OpenAI", "Kamradt", "Ollama", "Moonshot", "RULER", "kappa", "MODEL", "NAME", "VALUE", "IN", "OUT", "CACHED", "USD",
    "PROMPT", "RUN", "FILE", "DIR", "TEXT", "INTEGER", "FLOAT", "PATH", "FLOAT", "K", "token", "nih", "id", "MB",
    "Ctrl", "C", "PEM", "p", "x", "s", "min", "h", "vs", "n",
)  # fmt: skip


@cache
def names() -> frozenset[str]:
    """Return the words that are names: of the catalog, of kinds and orders, of formats."""
    catalog = load()
    kinds = (catalog.needles, catalog.prompts, catalog.experiments, catalog.suites, catalog.models, catalog.corpora)
    words = {word for kind in kinds for name in kind for word in re.split("[^A-Za-z]+", name)}
    roles = ("system", "user", "assistant")
    return frozenset(words | {*_ALLOWED, *ORDER, *get_args(FailureKind), *ORDERS, *roles})


@cache
def quoted() -> tuple[str, ...]:
    """Return the texts that commands quote: of needles, prompts and corpora, and the scripted model's answers."""
    catalog = load()
    values = [*catalog.needles.values(), *catalog.prompts.values(), *catalog.corpora.values()]
    return tuple(sorted({*_texts(values), *(part for answer in ANSWERS for part in (answer, *answer.split("\n")))},
                        key=len, reverse=True))  # fmt: skip


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        if " " in value:
            yield value
    elif is_dataclass(value) and not isinstance(value, type):
        yield from _texts(astuple(value))
    elif isinstance(value, dict):
        yield from _texts([*value.values()])
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)


def english(text: str, data: Iterable[str] = ()) -> list[str]:
    """Return the runs of English words in a command's output that are neither names nor quotations.

    `data` are further texts that it quotes. Lines that were broken are joined where they are only looked at together.
    """
    plain = " ".join(_BOXES.sub(" ", text).split())
    for quotation in (*data, *quoted()):
        if words := " ".join(quotation.split()):
            plain = plain.replace(words, "\u00a7")
    plain = _CODE.sub("\u00a7", plain)
    found = []
    for run in _RUN.findall(plain):
        row: list[str] = []
        for word in [*run.split(), ""]:
            if word and word.strip("'") not in names():
                row.append(word)
                continue
            if len(row) > MOST:
                found.append(" ".join(row))
            row = []
    return found
