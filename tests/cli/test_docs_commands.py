"""Every `nih` command in the documentation is one that today's options understand."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import pytest
import typer
import yaml

from nihbench.catalog.loading import load
from nihbench.cli.app import app
from nihbench.cli.speech import chosen
from nihbench.types import ModelPreset

ROOT = Path(__file__).parents[2]
_CODE = re.compile(r"```[^\n]*\n(.*?)```|`([^`\n]+)`", re.DOTALL)
_ASSIGNMENT = re.compile(r"[A-Z_]+=\S*\s+")
_PROVIDERS = (
    "Kimi OpenAI Claude DeepSeek Qwen Gemini OpenRouter Azure vLLM SGLang llama.cpp Ollama".split() + ["LM Studio"]
)  # fmt: skip


def commands(text: str) -> Iterator[str]:
    """Yield the whole commands among a page's code; `nih run` alone is a name, not a command to type."""
    for block, inline in _CODE.findall(text):
        for line in (block or inline).replace("\\\n", " ").splitlines():
            line = _ASSIGNMENT.sub("", line.strip().removeprefix("$ "), count=1)
            if line.startswith("nih ") and (block or " -" in line) and "[" not in line and "--help" not in line:
                yield line


def all_commands() -> list[tuple[str, str]]:
    pages = [*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md", ROOT / "README.zh.md"]
    return [(page.name, line) for page in pages for line in commands(page.read_text(encoding="utf-8"))]


@pytest.fixture(scope="module")
def models() -> Mapping[str, ModelPreset]:
    return load().models


def check(line: str, root: click.Command, models: Mapping[str, ModelPreset]) -> None:
    """Read a line as `nih` would; what it does not understand is raised, a model that it does not know fails."""
    _, words = chosen(shlex.split(line, comments=True)[1:], {})
    command: Any = root
    context: Any = command.make_context("nih", list(words), resilient_parsing=False)
    while hasattr(command, "resolve_command"):
        rest = [*context._protected_args, *context.args]
        name, command, rest = command.resolve_command(context, rest)
        context = command.make_context(name, rest, parent=context)
    named = context.params.get("model") or ()
    offline = context.command_path.endswith("batch export")
    if context.params.get("base_url") or command.name == "kamradt" or offline:  # whose model is anyone's
        return
    for model in [named] if isinstance(named, str) else named:
        # Capitals stand for any name; the page itself defines that of Azure.
        if not (model.lower().endswith(".gguf") or model.isupper() or model == "azure-gpt-4.1"):
            assert model in models, f"no such model: {model}"


def test_every_command_of_the_docs_is_understood(models: Mapping[str, ModelPreset]) -> None:
    root, wrong = typer.main.get_command(app), []
    for page, line in all_commands():
        try:
            check(line, root, models)
        except Exception as error:  # whatever it is, the line is named
            wrong.append(f"{page}: {line}: {error}")
    assert wrong == []


def test_a_misspelt_option_and_an_unknown_model_are_noticed(models: Mapping[str, ModelPreset]) -> None:
    root = typer.main.get_command(app)
    with pytest.raises(Exception, match="(?i)no such option"):
        check("nih run --model vllm --lenghts 1k", root, models)
    with pytest.raises(AssertionError, match="no such model: vlm"):
        check("nih run --model vlm --lengths 1k", root, models)


def test_every_provider_has_its_command() -> None:
    text = (ROOT / "docs" / "providers.md").read_text(encoding="utf-8")
    assert len(all_commands()) >= 20
    for provider in _PROVIDERS:
        rows = [line for line in text.splitlines() if line.startswith((f"| {provider} |", f"**{provider}"))]
        assert rows, provider
    assert "cuts longer prompts\nsilently" in text


def _parts(text: str) -> tuple[list[str], list[str], list[str]]:
    """Return what two languages' pages must have alike: code without its comments, tables' first cells, links."""
    blocks = [block for fence, block in re.findall(r"```([^\n]*)\n(.*?)```", text, re.DOTALL) if fence != "yaml"]
    code = [line.split("  #")[0].rstrip() for block in blocks for line in block.splitlines()]
    names = [name for name in re.findall(r"^\| ([a-z-]+) \|", text, re.MULTILINE) if "-" in name]
    links = [link for link in re.findall(r"\]\((.*?)\)", text) if "README" not in link and not link.endswith(".png")]
    return code, names, links


def test_the_chinese_readme_has_the_commands_and_sections_of_the_english_one() -> None:
    english, chinese = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh.md"))
    assert _parts(english) == _parts(chinese)
    headings = [re.findall(r"^(#+) ", text, re.MULTILINE) for text in (english, chinese)]
    assert headings[0] == headings[1] and len(headings[0]) >= 8
    options = [sorted(set(re.findall(r"--[a-z][a-z-]+", text))) for text in (english, chinese)]
    assert set(options[0]) <= set(options[1])
    for name in re.findall(r"\]\(([^)#]+)\)", chinese):
        assert (ROOT / name).exists(), name
    needle = re.findall(r"```yaml\n(.*?)```", chinese, re.DOTALL)[0]
    assert {"text", "question", "answer"} <= set(yaml.safe_load(needle)["needles"]["soup"])


def test_no_command_of_the_docs_asks_a_model_that_is_no_longer_sold(models: Mapping[str, ModelPreset]) -> None:
    """The article's models are named where its own results are meant (`nih import kamradt`)."""
    assert any(preset.retired for preset in models.values())
    for page, line in all_commands():
        words = shlex.split(line, comments=True)
        named = [words[at + 1] for at, word in enumerate(words[:-1]) if word in ("--model", "-m")]
        for name in named if "import" not in words else ():
            assert not (name in models and models[name].retired), f"{page}: {line}"
