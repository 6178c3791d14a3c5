"""A package of somebody else's, installed for one test: its module and its .dist-info in a folder on the path."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nihbench.tasks import registry
from tests.cli.conftest import chat, nih

__all__ = ["chat", "nih"]

DOCS = Path(__file__).parents[2] / "docs" / "tasks.md"
Install = Callable[..., Path]


def example() -> str:
    """The family that docs/tasks.md shows."""
    (found,) = re.findall(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    return str(found)


def _forget() -> None:
    registry.family.cache_clear()
    registry._offered.cache_clear()
    for name in [name for name in sys.modules if name.startswith("somebodys_")]:
        del sys.modules[name]


@pytest.fixture
def install(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Return a function that installs the text of a module as a family, in place of what it installed before."""
    path = tmp_path_factory.mktemp("site")
    monkeypatch.syspath_prepend(str(path))

    def installed(text: str | None, name: str = "two-codes", attribute: str = "TwoCodes") -> Path:
        _forget()
        info = path / "somebodys_tasks-0.2.dist-info"
        info.mkdir(exist_ok=True)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: somebodys-tasks\nVersion: 0.2\n", encoding="utf-8")
        offer = f"[nihbench.tasks]\n{name} = somebodys_codes:{attribute}\n" if text is not None else ""
        (info / "entry_points.txt").write_text(offer, encoding="utf-8")
        (path / "somebodys_codes.py").write_text(text or "", encoding="utf-8")
        return path

    yield installed
    _forget()
