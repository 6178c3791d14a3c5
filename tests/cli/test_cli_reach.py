"""Which server a model is asked at, which key goes there, and what a user is told of it."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from nihbench.app.events import Caller, Event
from nihbench.app.options import find_preset
from nihbench.app.wiring import reach
from nihbench.catalog.loading import load
from nihbench.errors import UsageError
from nihbench.run.options import RunOptions
from nihbench.types import ModelPreset


@pytest.mark.parametrize(("model", "name"), [("smollm2-135m", "smollm2-135m"), ("no/such/Tiny.gguf", "Tiny")])
def test_an_embedded_model_with_a_base_url_is_asked_there(
    nih: Any, chat: Any, small: list[object], monkeypatch: pytest.MonkeyPatch, model: str, name: str
) -> None:
    def refuse(*args: object, **more: object) -> None:
        raise AssertionError("a second server is started")

    monkeypatch.setattr("nihbench.app.wiring.LocalServer", refuse)
    ended = nih("run", "--model", model, *small[2:], "--out", "run")
    assert ended.code == 0, ended.err
    sent = load().models[name].model if name in load().models else name
    assert {json.loads(request.body)["model"] for request in chat.asked} == {sent}
    stored = json.loads((nih.folder / "run" / "run.json").read_text(encoding="utf-8"))["model"]
    assert (stored["base_url"], stored["sha256"]) == (chat.base_url, None)


def test_the_windows_of_a_preset_are_kept_behind_a_base_url() -> None:
    catalog = load()
    found = find_preset(RunOptions(model="smollm2-135m", base_url="http://127.0.0.1:9/v1"), catalog)
    assert found.local is None
    assert found.window == catalog.models["smollm2-135m"].window is not None


@pytest.mark.parametrize(
    ("url", "named", "environment", "sent"),
    [
        ("https://api.openai.com/v1", None, None, "usual"),
        ("https://API.OpenAI.com:443/v1/", None, None, "usual"),
        ("https://models.example/v1/", None, "https://models.example/v1", "usual"),
        ("https://models.example/v1", None, "https://models.example/other", "asks"),
        # Servers nearby seldom want a key, and get none that was not named for them.
        ("http://127.0.0.1:8080/v1", None, None, None),
        ("http://user:pw@10.0.0.7:8000/v1", None, None, None),
        ("http://[::1]:8080/v1", None, None, None),
        ("https://models.example/v1", "OTHER_KEY", None, "other"),
        ("https://models.example/v1", "none", None, None),
        ("https://models.example:8443/v1", None, "https://models.example/v1", "asks"),
        ("https://models.example/v1", None, None, "asks"),
        ("https://api.openai.com:8443/v1", None, None, "asks"),
        ("http://api.openai.com/v1", None, None, "asks"),
        ("https://api.openai.com./v1", None, None, "asks"),
        ("https://api.openai.com.example/v1", None, None, "asks"),
        ("https://api.openai.com@models.example/v1", None, None, "asks"),
        ("https://models.example\\@api.openai.com.example/v1", None, None, "asks"),
        ("https://api%2eopenai%2ecom/v1", None, None, "asks"),
    ],
)
def test_a_key_goes_to_its_own_host_or_where_the_two_are_named_together(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    url: str,
    named: str | None,
    environment: str | None,
    sent: str | None,
) -> None:
    opened = {}

    class Opened:
        def __init__(self, preset: ModelPreset, **more: Any) -> None:
            opened.update(more)

        def __enter__(self) -> Any:
            return SimpleNamespace(strange_marks=tuple)

        def __exit__(self, *error: object) -> None: ...

    monkeypatch.setattr("nihbench.app.wiring.open_model", Opened)
    monkeypatch.setenv("OPENAI_API_KEY", "usual")
    monkeypatch.setenv("OTHER_KEY", "other")
    monkeypatch.setenv("OPENAI_BASE_URL", environment or "")
    options = RunOptions(model="x", base_url=url, api_key_env=named)
    told: list[Event] = []
    caller = Caller(emit=told.append)
    if sent == "asks":
        with pytest.raises(UsageError, match="--api-key-env"), reach(options, caller, sending=True):
            pass
        assert opened == {}
        monkeypatch.delenv("OPENAI_API_KEY")
    with reach(options, caller, sending=True):
        pass
    assert opened["key"] == (None if sent == "asks" else sent)
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "")
    assert "usual" not in (words := repr(told) + "".join(map(str, told))) and "pw" not in words
