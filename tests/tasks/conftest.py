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
HAYSTACK = '''
from nihbench.tasks.family import Axis, Draw, Family, Insert, Item, Planted, spelt


class Ledger(Family):
    """A text of its own: lines of a ledger, one of which is asked for."""

    name = "ledger"
    version = "1"
    title = spelt(en="a line of a ledger", zh="账本中的一行")
    axis = Axis(name="hops", title=spelt(en="Hops", zh="步数"), values=(1, 2))

    def plant(self, draw: Draw) -> Planted:
        paid = draw.random.randrange(1000, 9999)
        lines = [f"Entry {n}: paid {paid + n * n} for lot {n}." for n in range(draw.trial.length // 8)]
        code = draw.numbers(1, 6)[0]
        return Planted(
            inserts=(Insert(text=f"The closing number is {code}.", depth_percent=30 * draw.point),),
            question="What is the closing number?",
            items=(Item(name="number", text=code),),
            expected=code,
            haystack=" ".join(lines),
        )
'''


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
