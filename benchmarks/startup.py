"""How long `nih --help` takes against a bare Typer application: `python -m benchmarks.startup`.

The bare one is written for the purpose: the same commands and options with the same help, and nothing else in it.
Both are started in turns, each in a process of its own; the medians of wall time and of processor time are compared,
the latter because it does not depend on what else the machine does. `nih plan` of the default sweep is timed beside.
"""

from __future__ import annotations

import argparse
import inspect
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, get_args

import typer

from nihbench.cli.app import Commands
from nihbench.cli.door import named
from nihbench.lang.messages import words

_HEAD = """from pathlib import Path, PosixPath, WindowsPath
from typing import Annotated, Optional
import typer
app = typer.Typer(name="nih", no_args_is_help=True, add_completion=False, rich_markup_mode="rich")
@app.callback()
def root(version: bool = typer.Option(False, "--version", help="Print the version.")) -> None:
    "Needle in a haystack: how well a language model finds one fact in a long document, at every depth and length."
"""


def bare_source() -> str:
    """Return a program with the commands and options of `nih`, and empty bodies."""
    lines = [_HEAD]
    for number, entry in enumerate(Commands.table):
        declared = named(entry.place)
        if not isinstance(declared, typer.Typer):
            lines.append(_command("app", entry.name, declared))
            continue
        lines.append(f"group{number} = typer.Typer(no_args_is_help=True, help={words('en')[f'help.{entry.name}']!r})")
        for info in declared.registered_commands:
            lines.append(_command(f"group{number}", str(info.name), info.callback))
        lines.append(f"app.add_typer(group{number}, name={entry.name!r})")
    return "\n".join([*lines, "app()", ""])


def _command(owner: str, name: str, body: Any) -> str:
    found = inspect.signature(body, eval_str=True).parameters.values()
    parameters = [_parameter(p) for p in found if p.annotation is not typer.Context]
    head = f"@{owner}.command({name!r})\ndef {owner}_{name.replace('-', '_')}("
    return head + "*, " * bool(parameters) + ", ".join(parameters) + f") -> None:\n    {inspect.getdoc(body)!r}"


def _parameter(parameter: inspect.Parameter) -> str:
    kind, info = get_args(parameter.annotation)
    name = kind.__name__ if isinstance(kind, type) and not get_args(kind) else str(kind)
    name = name.replace("typing.", "").replace("pathlib.", "")
    made = "Argument" if type(info).__name__ == "ArgumentInfo" else "Option"
    flags = "".join(f"{flag!r}, " for flag in info.param_decls or ())
    option = f"typer.{made}({flags}help={info.help!r}, rich_help_panel={info.rich_help_panel!r})"
    default = "" if parameter.default is inspect.Parameter.empty else f" = {parameter.default!r}"
    return f"{parameter.name}: Annotated[{name}, {option}]{default}"


def timed(command: list[str], folder: Path) -> tuple[float, float]:
    """Run a command; return its wall and processor seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    subprocess.run(command, cwd=folder, capture_output=True, check=True)
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=15)
    runs = parser.parse_args().runs
    nih = [sys.executable, "-c", "from nihbench.cli.app import main; main()"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "bare.py").write_text(bare_source(), encoding="utf-8")
        commands = {
            "bare Typer --help": [sys.executable, "bare.py", "--help"],
            "nih --help": [*nih, "--help"],
            "nih plan": [*nih, "plan", "--model", "gpt-4-turbo"],
        }
        os.environ["COLUMNS"] = "100"
        taken: dict[str, list[tuple[float, float]]] = {each: [] for each in commands}
        for command in commands.values():
            timed(command, folder)  # compiles what is not compiled yet
        for _ in range(runs):
            for each, command in commands.items():
                taken[each].append(timed(command, folder))
    medians = {each: [statistics.median(column) for column in zip(*rows, strict=True)] for each, rows in taken.items()}
    print(f"{'':<20} {'wall s':>8} {'cpu s':>8}")
    for each, (wall, cpu) in medians.items():
        print(f"{each:<20} {wall:>8.3f} {cpu:>8.3f}")
    ratios = [b / a for a, b in zip(medians["bare Typer --help"], medians["nih --help"], strict=True)]
    print(f"ratio of nih --help: {ratios[0]:.2f} (wall), {ratios[1]:.2f} (cpu)")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
