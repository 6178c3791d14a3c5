"""A scripted model behind a real socket, and a folder in which nothing of the machine's own settings is seen."""

from __future__ import annotations

from pathlib import Path

import pytest

import nihbench
from tests.cli.conftest import ChatModel, _sketch
from tests.cli.conftest import chat as chat
from tests.cli.conftest import records_of as records_of


@pytest.fixture
def here(tmp_path: Path, own_cache: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder of a program of a user's."""
    monkeypatch.chdir(tmp_path)
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "MOONSHOT_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    own = {"NIH_KEYS_FILE": str(tmp_path / "keys"), "NIH_KNOWN_FILE": str(tmp_path / "known.json")}
    for name, value in {**own_cache, **own}.items():
        monkeypatch.setenv(name, value)
    return tmp_path


@pytest.fixture
def sketched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a run's own picture be of one dot, for drawing it takes a third of a small run."""
    _sketch(monkeypatch)


@pytest.fixture
def small(chat: ChatModel, own_texts: dict[str, Path]) -> nihbench.Keywords:
    """The options of a small English run against the scripted model: 2 lengths by 3 depths."""
    return {
        "model": "x", "base_url": chat.base_url, "corpus": own_texts["en"], "length_unit": "cl100k_base",
        "window": 8000, "preflight": False, "controls": False, "lengths": [300, 600], "depths": [0, 50, 100],
    }  # fmt: skip
