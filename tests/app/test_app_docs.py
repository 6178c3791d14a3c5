"""The page and the notebook on Python are programs that run, against the scripted model."""

from __future__ import annotations

import ast
import asyncio
import inspect
import json
import re
from pathlib import Path
from typing import Any

import pytest

import nihbench as nih

DOCS = Path(__file__).parents[2] / "docs"
_TOP_LEVEL_AWAIT = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT


def execute(source: str, names: dict[str, Any], at: str) -> Any:
    """Run a cell as a notebook does, `await` included; return the value of its last expression."""
    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None

    async def run(code: Any) -> Any:
        made = eval(code, names)
        return await made if inspect.isawaitable(made) else made

    async def cell() -> Any:
        await run(compile(tree, at, "exec", _TOP_LEVEL_AWAIT))
        return await run(compile(ast.Expression(last.value), at, "eval", _TOP_LEVEL_AWAIT)) if last else None

    return asyncio.run(cell())


def test_the_notebook_runs(here: Path, small: nih.Keywords, capsys: pytest.CaptureFixture[str]) -> None:
    notebook = json.loads((DOCS / "python.ipynb").read_text(encoding="utf-8"))
    names: dict[str, Any] = {}
    values: list[Any] = []
    for number, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] != "code":
            continue
        assert cell["outputs"] == [] and cell["execution_count"] is None, "its outputs are to be cleared"
        values.append(execute("".join(cell["source"]), names, f"cell {number}"))
        if "parameters" in cell["metadata"].get("tags", ()):
            names["options"] = small
    assert "6/6" in capsys.readouterr().out
    run, grid = values[4], values[5]
    assert run.is_whole and grid.shape == (3, 2) and run._repr_html_().startswith("<img ")
    assert Path("notebook.html").stat().st_size > 10_000 and values[-1].value == 0.7


def test_the_page_runs(here: Path, small: nih.Keywords, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (DOCS / "python.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(blocks) > 5
    names: dict[str, Any] = {}
    for number, block in enumerate(blocks):
        replaced = re.sub(r"^options: .*$", "", block, flags=re.MULTILINE)
        names.setdefault("options", small)
        if "lengths=" in block:
            names["options"] = {key: value for key, value in small.items() if key not in ("lengths", "depths")}
        execute(replaced, names, f"block {number}")
        names["options"] = small
    assert names["run"].is_whole and Path("map.png").exists() and Path("map.html").exists()


def test_every_name_that_the_package_offers_is_told() -> None:
    page = (DOCS / "python.md").read_text(encoding="utf-8")
    untold = {name for name in nih.__all__ if not re.search(rf"\b{name}\b", page)}
    assert untold == {"__version__"}
