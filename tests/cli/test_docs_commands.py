"""Every `nih` command in the documentation is one that today's options understand."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
import yaml

from nihbench.catalog.loading import load
from nihbench.cli.app import app
from nihbench.cli.speech import chosen

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


@pytest.mark.parametrize(("page", "line"), all_commands())
def test_a_command_of_the_docs_is_understood(page: str, line: str) -> None:
    _, words = chosen(shlex.split(line, comments=True)[1:], {})
    command = typer.main.get_command(app)
    context = command.make_context("nih", list(words), resilient_parsing=False)
    while hasattr(command, "resolve_command"):
        rest = [*context._protected_args, *context.args]
        name, command, rest = command.resolve_command(context, rest)
        context = command.make_context(name, rest, parent=context)
    models = context.params.get("model") or ()
    offline = context.command_path.endswith("batch export")
    if context.params.get("base_url") or command.name == "kamradt" or offline:  # whose model is anyone's
        return
    for model in [models] if isinstance(models, str) else models:
        # Capitals stand for any name; the page itself defines that of Azure.
        if not (model.lower().endswith(".gguf") or model.isupper() or model == "azure-gpt-4.1"):
            assert model in load().models, f"{page}: {line}"


def test_a_misspelt_option_is_noticed() -> None:
    with pytest.raises(Exception, match="(?i)no such option"):
        test_a_command_of_the_docs_is_understood("x", "nih run --model vllm --lenghts 1k")


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


@pytest.mark.parametrize(("page", "line"), all_commands())
def test_no_command_of_the_docs_asks_a_model_that_is_no_longer_sold(page: str, line: str) -> None:
    """The article's models are named where its own results are meant (`nih import kamradt`)."""
    words = shlex.split(line, comments=True)
    named = [words[at + 1] for at, word in enumerate(words[:-1]) if word in ("--model", "-m")]
    for name in named if "import" not in words else ():
        assert not (name in load().models and load().models[name].retired), f"{page}: {line}"
