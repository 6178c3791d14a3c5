"""How the command line starts and how it meets other programs: imports, pipes, encodings."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SOURCE = Path(__file__).parents[2] / "src"
HEAVY = "httpx pydantic pandas matplotlib tiktoken yaml tokenizers xllamacpp numpy asyncio".split()
SPY = f"""
try:
    run()
finally:
    import sys
    print("IMPORTED", *[name for name in {HEAVY} if name in sys.modules], file=sys.stderr)
"""
OURS = "from nihbench.cli.app import main as run" + SPY
# What typer itself needs to show the help of a command with options (some versions bring pydantic with them).
BARE = """
import typer
from typing import Optional
run = typer.Typer()
@run.command("a")
def a(b: Optional[str] = typer.Option(None), c: int = 1, d: float = 1.0, e: bool = False): ...
@run.command("b")
def b(): ...
"""


def imported(program: str, *arguments: str) -> tuple[int, set[str], str]:
    ended = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        encoding="utf-8",
        env={"PYTHONPATH": str(SOURCE), "PATH": "", "COLUMNS": "100", "HOME": "/", "PYTHONIOENCODING": "utf-8"},
        timeout=600,
    )
    return ended.returncode, set(ended.stderr.split("IMPORTED")[1].split()), ended.stdout


@pytest.fixture(scope="module")
def unavoidable() -> set[str]:
    code, names, _ = imported(BARE + SPY, "a", "--help")
    assert code == 0 and names <= {"pydantic"}
    return names


@pytest.mark.slow
def test_help_itself_imports_nothing_heavy() -> None:
    code, heavy, shown = imported(OURS, "--help")
    assert (code, heavy) == (0, set())
    assert "Usage: nih [OPTIONS] COMMAND" in shown


@pytest.mark.slow
@pytest.mark.parametrize("command", ["plan", "batch export"])
def test_what_only_plans_loads_no_scorer(command: str, small: list[object], tmp_path: Path) -> None:
    program = OURS.replace("name for name in", "name for name in ['nihbench.score'] +")
    out = ["--out", str(tmp_path / "out")] if command == "batch export" else []
    code, heavy, _ = imported(program, *command.split(), *map(str, small), *out)
    assert code == 0 and "tiktoken" in heavy and "nihbench.score" not in heavy


@pytest.mark.slow
@pytest.mark.parametrize(
    "command", "run plan prompt plot models serve rebuild needle corpus needle-list corpus-fetch corpus-stats".split()
)
def test_a_commands_help_imports_nothing_heavy(unavoidable: set[str], command: str) -> None:
    words = command.split("-")
    code, heavy, shown = imported(OURS, *words, "--help")
    assert code == 0
    assert f"Usage: nih {' '.join(words)}" in shown
    assert heavy - unavoidable == set()


# What a command's work does without until it is called for: nobody waits for it before the first request, or a list.
WITHOUT = {
    "run": "pandas matplotlib rich click nihbench.analysis nihbench.score nihbench.figures nihbench.app.finishing",
    "imports": "pandas matplotlib nihbench.app.session nihbench.app.batching nihbench.run.merging nihbench.run.runner",
    "catalog": "httpx pandas matplotlib rich tiktoken nihbench.analysis nihbench.score nihbench.app.session",
    "examining": "pandas matplotlib rich tiktoken nihbench.analysis nihbench.score nihbench.figures",
}


@pytest.mark.slow
@pytest.mark.parametrize("command", WITHOUT)
def test_what_a_command_starts_without(command: str) -> None:
    # As the command line leaves httpx's own out (`cli.app.main`), which brings rich and click.
    program = "import sys\nsys.modules['httpx._main'] = None\n"
    program += f"import nihbench.cli.{command}\nprint('IMPORTED', *sys.modules, file=sys.stderr)"
    code, loaded, _ = imported(program)
    assert code == 0 and f"nihbench.cli.{command}" in loaded
    assert loaded & set(WITHOUT[command].split()) == set()


@pytest.mark.slow
def test_the_spy_sees_what_is_imported() -> None:
    code, heavy, _ = imported(OURS, "needle", "list")
    assert code == 0
    assert {"pydantic", "yaml"} <= heavy
    assert not {"httpx", "pandas", "matplotlib", "tiktoken"} & heavy


def test_version_and_bare_commands(nih: Any) -> None:
    from nihbench import __version__

    assert nih("--version").out == f"nih {__version__}\n"
    for arguments in ([], ["needle"], ["corpus"]):
        ended = nih(*arguments)
        assert (ended.code, ended.err) == (2, "")
        assert "Usage: nih" in ended.out


def test_json_is_json(nih: Any) -> None:
    for arguments in (["needle", "list"], ["needle", "show", "beijing-coffee"], ["corpus", "list"], ["models"]):
        ended = nih(*arguments, "--json")
        assert (ended.code, ended.err) == (0, "")
        assert json.loads(ended.out)
        assert nih(*arguments).out.strip()
    shown = json.loads(nih("needle", "show", "beijing-coffee", "--json").out)
    assert shown["statements"] == ["在北京最好的事情就是秋天里坐在五道营胡同里的铁手咖啡馆，喝一杯热美式"]


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [["needle", "list"], ["needle", "show", "beijing-coffee"], ["models"]])
def test_a_stdout_that_knows_no_chinese_is_no_reason_to_fail(nih: Any, arguments: list[str]) -> None:
    for encoding in ("ascii", "cp1252") if arguments[-1] == "list" else ("ascii",):
        ended = nih.fresh.process(*arguments, PYTHONIOENCODING=encoding)
        assert (ended.code, ended.err) == (0, "")
    escaped = nih.fresh.process(*arguments, "--json", PYTHONIOENCODING="ascii").out
    assert json.loads(escaped) == json.loads(nih(*arguments, "--json").out)


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [["needle", "list"], ["models", "--json"], ["--help"]])
def test_a_reader_that_goes_away_is_no_error(nih: Any, arguments: list[str]) -> None:
    process = nih.fresh.start(*arguments)
    process.stdout.close()
    process.stdout = None
    _, err = process.communicate(timeout=600)
    assert err == b""
    assert process.returncode in (0, 1)  # typer ends its own help with 1


def test_corpus_stats_count_what_can_be_counted_by_hand(nih: Any) -> None:
    text = "One two three.\n北京的秋天。\n"
    (nih.folder / "mine.txt").write_text(text, encoding="utf-8")
    ended = nih("corpus", "stats", "mine.txt", "--json")
    assert ended.code == 0, ended.err
    (stats,) = json.loads(ended.out)
    assert stats["name"] == "mine.txt"
    assert stats["characters"] == len(text)
    assert 5 in stats.values(), "the 汉字"
    assert "mine.txt" in nih("corpus", "stats", "mine.txt").out


def test_a_servers_models_are_listed(nih: Any, chat: Any) -> None:
    assert json.loads(nih("models", "--base-url", chat.base_url, "--json").out)["models"] == ["x"]
    assert "  x\n" in nih("models", "--base-url", chat.base_url).out
