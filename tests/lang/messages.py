"""Finds what the tool says in its source: the keys given to `t`, and sentences that bypass it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from nihbench.lang.messages import languages

SOURCE = Path(__file__).parents[2] / "src" / "nihbench"
_ERROR = re.compile(r"(Usage|Catalog|Fetch|Endpoint|LocalModel|Stopped|DamagedData|InterruptedRun|TerminatedRun)Error")
_PRINTING = ("note", "confirm")


def files() -> Iterator[Path]:
    catalogs = {SOURCE / "lang" / f"{lang}.py" for lang in languages()}
    return (path for path in sorted(SOURCE.rglob("*.py")) if path not in catalogs)


@cache
def _read(path: Path) -> tuple[list[tuple[str, ast.Call]], set[str]]:
    """Return the calls of a file that may say something, each with its name, and all its texts; read once."""
    calls, texts = [], set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            function = node.func
            name = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
            if name in ("t", "Note", *_PRINTING) or _ERROR.fullmatch(name):
                calls.append((name, node))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            texts.add(node.value)
    return calls, texts


def _calls(path: Path) -> list[tuple[str, ast.Call]]:
    return _read(path)[0]


def messages() -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Give where each sentence is said, its key, and the names of its fields."""
    for path in files():
        for name, call in _calls(path):
            if name == "t" and call.args:
                where = f"{path.relative_to(SOURCE)}:{call.lineno}"
                fields = tuple(word.arg or "**" for word in call.keywords)
                yield from ((where, key, fields) for key in _keys(call.args[0]))


def notes() -> Iterator[tuple[str, str, set[str]]]:
    """Give where each note is made, its code, and the names of its fields."""
    for path in files():
        for name, call in _calls(path):
            if name == "Note" and call.args:
                where = f"{path.relative_to(SOURCE)}:{call.lineno}"
                yield from ((where, code, {word.arg or "**" for word in call.keywords}) for code in _keys(call.args[0]))


def _keys(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.IfExp):
        yield from _keys(node.body)
        yield from _keys(node.orelse)
    elif isinstance(node, ast.Constant):
        yield node.value


def strings() -> set[str]:
    """Return every text that stands in the source: a key that is not among them is said nowhere."""
    return {text for path in [*files(), SOURCE / "lang" / "messages.py"] for text in _read(path)[1]}


def bypassing() -> dict[str, int]:
    """Count the sentences of errors and notes, by file, that are plain text: no language but English has them."""
    found: dict[str, int] = {}
    for path in files():
        for name, call in _calls(path):
            if (_ERROR.fullmatch(name) or name in _PRINTING) and call.args and _is_text(call.args[0]):
                key = path.relative_to(SOURCE).as_posix()
                found[key] = found.get(key, 0) + 1
    return found


def _is_text(node: ast.expr) -> bool:
    if isinstance(node, ast.JoinedStr):
        return True
    if isinstance(node, ast.BinOp):
        return _is_text(node.left) or _is_text(node.right)
    if isinstance(node, ast.IfExp):
        return _is_text(node.body) or _is_text(node.orelse)
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value
