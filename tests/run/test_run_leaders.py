"""Others wait for a leader only where a prefix cache is known that it could feed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nihbench.catalog.loading import load
from nihbench.endpoint.access import open_model
from nihbench.endpoint.servers import ServerInfo
from nihbench.errors import UsageError
from nihbench.fetch.files import silent
from nihbench.run.options import RunOptions
from nihbench.run.resolve import outline_of
from nihbench.run.setup import Begun, Setup
from nihbench.run.store import manifest
from nihbench.run.stored import Manifest
from nihbench.types import ModelPreset
from tests.wording import wording

KINDS = ["llama.cpp", "vllm", "openai", "moonshot", "deepseek"]


def leads(setup: Setup) -> set[bool]:
    return {bool(setup.turn_of(trial).groups) for trial in setup.grid}


@pytest.mark.parametrize("kind", KINDS)
def test_a_known_cache_has_a_leader(make_setup: Callable[..., Setup], kind: str) -> None:
    setup = make_setup(preset={"cache": kind})
    assert setup.cache.name == kind
    assert leads(setup) == {True}


@pytest.mark.parametrize("preset", [{}, {"cache": "none"}])
def test_without_one_nobody_waits_and_places_stay_the_same(
    make_setup: Callable[..., Setup], preset: dict[str, Any]
) -> None:
    # Parts of a plan are cut by places: they must be the same whether a machine knows the server or not.
    setup, known = make_setup(preset=preset), make_setup(preset={"cache": "vllm"})
    assert leads(setup) == {False}
    assert [setup.turn_of(t).place for t in setup.trials] == [known.turn_of(t).place for t in known.trials]


def test_the_server_says_its_kind_and_a_resumed_run_remembers_it(
    own_texts: dict[str, Path], own_cache: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in own_cache.items():
        monkeypatch.setenv(name, value)
    options = RunOptions(
        model="x",
        length_unit="cl100k_base",
        window=8000,
        corpus=str(own_texts["en"]),
        lengths="300:300:1",
        depths="0,50",
    )

    def prepared(server: ServerInfo | None, begun: Begun | None = None, cache: str | None = None) -> Setup:
        preset = ModelPreset(name="x", model="x", base_url="http://127.0.0.1:9/v1", cache=cache)
        with open_model(preset, key=None, headers={}, ask_server=False) as model:
            model = replace(model, server=server)
            return outline_of(options, load(), model, folder=tmp_path, report=silent, begun=begun).laid_out()

    told = ServerInfo(kind="vllm", models=("x",))
    first = prepared(told)
    assert leads(first) == {True}
    kept = Manifest.of(manifest(first, "2026-01-01T00:00:00+00:00")).begun
    assert kept.cache == "vllm"
    # A run that goes on does not ask the server again.
    assert leads(prepared(None, kept)) == {True}
    assert leads(prepared(None)) == {False}
    assert leads(prepared(ServerInfo(kind="other", models=("x",)))) == {False}
    # What the user wrote into models.yaml wins over what the server seems to be.
    assert leads(prepared(told, cache="none")) == {False}


def test_a_cache_that_is_not_known_is_refused_with_those_that_are(make_setup: Callable[..., Setup]) -> None:
    with pytest.raises(
        UsageError, match=wording("run.models_yaml_no_cache", chosen="'magic'", known="none, llama.cpp")
    ):
        make_setup(preset={"cache": "magic"})
