"""Each value of a run's files replaced by what none should be, and every command that reads them: a program.

`python -m tests.cli.spoiled_values PLAN.json` spoils one value of one file at a time, runs the commands on the folder
in this one process, and prints a JSON line for each command that ended as none may. The plan says which share is tried.
"""

from __future__ import annotations

import functools
import json
import resource
import shutil
import signal
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from nihbench.catalog import loading
from tests.cli.stranger_folders import LIMIT_S, call, commands, late, peak_mb

Place = tuple[str | int, ...]
FILES = (
    *("run.json", "records.jsonl", "spent.jsonl", "verdicts.jsonl", "probes.jsonl", "scores.rules.jsonl"),
    *("batch/batch.json", "batch/planned.jsonl", ".holder.json", "../tree/tree.json", "../known.json"),
)
VALUES = (
    "1e400",
    "-1e400",
    "NaN",
    "1e308",
    "-1",
    "0",
    "1" + "0" * 400,
    "1" + "0" * 17,
    "true",
    '"x"',
    "null",
    "[]",
    "{}",
)
"""As they stand in JSON: numbers beyond any, of another sign, of another kind."""
FINE = (0, 2, 3, 4, 5)


def places_in(value: Any, place: Place = ()) -> Iterator[Place]:
    """Give where the values of a JSON text stand, those that hold others, too."""
    if place:
        yield place
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield from places_in(each, (*place, key))


def spoiled(value: Any, place: Place, text: str) -> str:
    """Return the JSON text of a value with `text` at one place."""
    mark = "\0here"
    plain = json.loads(json.dumps(value))
    inner = plain
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = mark
    return json.dumps(plain).replace(json.dumps(mark), text)


def _cases(base: Path) -> Iterator[tuple[str, Place, str, bytes]]:
    """Give every file with one value spoiled: its name, where, by what, and the file's bytes; of lines the first."""
    for name in FILES:
        if not (base / name).exists():
            continue
        data = (base / name).read_bytes()
        first, rest = (data, b"") if name.endswith(".json") else data.split(b"\n", 1)
        value = json.loads(first)
        for place in places_in(value):
            for text in VALUES:
                yield name, place, text, spoiled(value, place, text).encode() + b"\n" + rest


def _lines(name: str, plan: dict[str, Any]) -> Iterator[list[str]]:
    run = "tree" if "tree" in name else "base"
    for command, lines in commands(run, plan["named"], plan["trial"], "out").items():
        for line in lines:
            yield [*command.split(), *line]
    yield ["run", "--resume", run, "--yes", "--base-url", plan["named"], "--api-key-env", "none", "--no-canary"]


def _tried(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    kept, base = Path("kept"), Path("base")
    for name, place, text, data in _cases(kept / "base"):
        for line in _lines(name, plan):
            if zlib.crc32(f"{name} {place} {text} {line}".encode()) % plan["every"]:
                continue
            for folder in ("base", "tree", "out"):
                shutil.rmtree(folder, ignore_errors=True)
                shutil.copytree(kept / folder, folder)
            shutil.copy(kept / "known.json", "known.json")
            (base / name).resolve().write_bytes(data)
            told = call(line)
            yield told | {"what": f"{name} {'.'.join(map(str, place))} = {text[:20]}", "line": line}


def main() -> None:
    """Try a plan's share, in the working folder."""
    signal.signal(signal.SIGALRM, late)
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    typer.main.get_command = functools.cache(typer.main.get_command)
    loading.load = functools.cache(loading.load)
    plan = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    tried = 0
    for row in _tried(plan):
        tried += 1
        if row["code"] not in FINE or row["seconds"] > LIMIT_S:
            print(json.dumps(row | {"said": row["said"][-300:]}), flush=True)
    print(json.dumps({"tried": tried, "peak_mb": peak_mb()}))


if __name__ == "__main__":
    main()
