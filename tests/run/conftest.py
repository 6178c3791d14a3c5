"""Setups of small runs over the user's own texts, made without any server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nihbench.catalog.loading import load
from nihbench.endpoint.access import open_model
from nihbench.fetch.files import silent
from nihbench.run.options import RunOptions
from nihbench.run.resolve import outline_of
from nihbench.run.setup import Setup
from nihbench.types import ModelPreset


@pytest.fixture
def make_setup(
    own_texts: dict[str, Path], own_cache: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Setup]:
    """Return a function from options to a setup: 2 lengths by 3 depths over the English text unless told otherwise."""
    for name, value in own_cache.items():
        monkeypatch.setenv(name, value)

    def make(*, preset: dict[str, Any] | None = None, catalog: Any = None, **options: Any) -> Setup:
        values = {"model": "x", "length_unit": "cl100k_base", "window": 8000, "corpus": str(own_texts["en"])}
        values |= {"lengths": "300,420", "depths": "0,50,100"} | options
        chosen = RunOptions(**values)
        model = ModelPreset(
            name=chosen.model, model=chosen.model, base_url=chosen.base_url or "http://127.0.0.1:9/v1", **(preset or {})
        )
        with open_model(model, key=None, headers=chosen.headers, ask_server=False) as reached:
            return outline_of(chosen, catalog or load(), reached, folder=tmp_path, report=silent).laid_out()

    return make
