"""The lazy door: the table of commands says what the commands declare, and their work takes what they hand on."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from nihbench.cli.app import Commands, app
from nihbench.cli.door import Entry, named, whole
from nihbench.cli.speech import translate

SOURCE = Path(__file__).parents[2] / "src"


def callbacks(entry: Entry) -> Iterator[Any]:
    """The declarations behind a row of the table: one, or those of a group."""
    declared = named(entry.place)
    if not isinstance(declared, typer.Typer):
        yield declared
        return
    for info in declared.registered_commands:
        yield info.callback


def test_the_list_of_commands_says_what_each_says_of_itself() -> None:
    parser: Any = typer.main.get_command(app)
    translate(parser)
    shown = parser.commands
    parser = whole(typer.main.get_command(app))
    translate(parser)
    loaded = parser.commands
    assert [*shown] == [entry.name for entry in Commands.table] == [*loaded] and len(shown) > 20
    for name, command in loaded.items():
        first = " ".join(command.help.split("\n\n")[0].split())
        assert (shown[name].help, command.name) == (first, name)


def test_the_work_of_a_command_takes_what_its_declaration_hands_on() -> None:
    done = [declared for entry in Commands.table for declared in callbacks(entry)]
    assert len(done) >= 30
    for declared in done:
        work = named(declared.work)
        own = inspect.signature(inspect.unwrap(declared), eval_str=True).parameters
        taken = inspect.signature(work).parameters
        named_ones = [name for name, each in taken.items() if each.kind is not each.VAR_KEYWORD]
        if len(named_ones) < len(taken):  # what it hands on whole, as keywords, is the next one's to name
            assert named_ones == [name for name in own if name in named_ones], declared.work
        else:
            assert named_ones == [*own], declared.work


def run(code: str, *arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(SOURCE), "COLUMNS": "100"}
    ended = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, encoding="utf-8", env=environment, timeout=600
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stderr


@pytest.mark.slow
def test_help_and_completion_load_no_command_and_a_commands_help_loads_no_work() -> None:
    code = "\n".join([
        "import sys",
        "from nihbench.cli.app import main",
        "try: main()",
        "finally: print(*[name for name in sys.modules if name.startswith('nihbench')], file=sys.stderr)",
    ])  # fmt: skip
    listed = run(code, "--help").split()
    assert not [name for name in listed if name.startswith("nihbench.cli.commands")] and len(listed) < 20
    plan = run(code, "plan", "--help").split()
    assert {"nihbench.cli.commands.measure"} == {n for n in plan if n.startswith("nihbench.cli.commands.m")}
    assert not {"nihbench.cli.plan", "nihbench.cli.commands.data"} & set(plan) and len(plan) < 25


def test_a_command_is_completed_and_so_are_its_options() -> None:
    from typer.testing import CliRunner

    parser: Any = typer.main.get_command(app)
    context = parser.make_context("nih", [], resilient_parsing=True)
    assert {item.value for item in parser.shell_complete(context, "pl")} == {"plan", "plot"}
    name, command, rest = parser.resolve_command(context, ["batch", "status", "--help"])
    assert (name, rest) == ("batch", ["status", "--help"]) and "status" in command.commands
    assert CliRunner().invoke(app, ["plot", "--help"]).exit_code == 0
