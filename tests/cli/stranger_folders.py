"""Run folders as a hostile stranger would make them, and the commands that take one: a program of its own.

`python -m tests.cli.stranger_folders PLAN.json` makes every folder, runs every command on it in this one process, and
prints a JSON line for each: what it ended with, how long it took, what it changed outside, where a secret showed up.
"""

from __future__ import annotations

import contextlib
import functools
import io
import json
import os
import resource
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from nihbench.catalog import loading

CANARY = "The safe opens with the number 90417."
SECRET = "AKIA-of-the-victim-0123456789"
LIMIT_S = 10
"""Of processor time for a command."""
HANG_S = 120
"""Of the clock, by when a command that waits for a pipe or a lock is said to hang, however busy the machine is."""
FILES = (
    *("records.jsonl", ".committed", "heatmap.png", ".lock", ".holder.json", "spent.jsonl", "verdicts.jsonl"),
    *("probes.jsonl", "scores.rules.jsonl", "batch/batch.json", "batch/planned.jsonl", "run.json"),
)


@dataclass(frozen=True)
class Place:
    """A folder to spoil, the victim's home beside it, and the stranger's server."""

    run: Path
    home: Path
    thief: str

    @property
    def key(self) -> Path:
        return self.home / "id_rsa"

    def edit(self, change: Callable[[dict[str, Any]], object]) -> None:
        content = json.loads((self.run / "run.json").read_text(encoding="utf-8"))
        change(content)
        (self.run / "run.json").write_text(json.dumps(content), encoding="utf-8")

    def option(self, **options: Any) -> None:
        self.edit(lambda content: content["options"].update(options))

    def replace(self, name: str, make: Callable[[Path], object]) -> None:
        path = self.run / name
        path.parent.mkdir(exist_ok=True)
        path.unlink(missing_ok=True)
        make(path)

    def record(self, change: Callable[[dict[str, Any]], object]) -> None:
        lines = (self.run / "records.jsonl").read_text(encoding="utf-8").splitlines()
        first = json.loads(lines[0])
        change(first)
        text = "\n".join([json.dumps(first), *lines[1:]]) + "\n"
        (self.run / "records.jsonl").write_text(text, encoding="utf-8")

    def tree(self, *children: tuple[str, dict[str, Any]]) -> None:
        base = json.loads((self.run / "run.json").read_text(encoding="utf-8"))["options"]
        rows = [{"folder": name, "options": base | options, "withheld": []} for name, options in children]
        for entry in list(self.run.iterdir()):
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        content = {"format": 1, "created_at": "", "suite": None, "models": ["x"], "children": rows}
        (self.run / "tree.json").write_text(json.dumps(content), encoding="utf-8")


def _links(names: tuple[str, ...]) -> Callable[[Place], None]:
    return lambda place: [place.replace(name, lambda path: path.symlink_to(place.key)) for name in names]  # type: ignore[return-value]


def _hard_links(place: Place) -> None:
    for name in FILES[:-1]:
        place.replace(name, lambda path: os.link(place.key, path))


def _pipes(names: tuple[str, ...]) -> Callable[[Place], None]:
    return lambda place: [place.replace(name, os.mkfifo) for name in names]  # type: ignore[return-value]


def _devices(names: tuple[str, ...]) -> Callable[[Place], None]:
    return lambda place: [place.replace(name, lambda path: path.symlink_to("/dev/zero")) for name in names]  # type: ignore[return-value]


def _sparse(name: str, size: int) -> Callable[[Place], None]:
    def make(path: Path) -> None:
        with path.open("wb") as file:
            file.truncate(size)

    return lambda place: place.replace(name, make)


def _folder_elsewhere(place: Place) -> None:
    shutil.rmtree(place.run / "batch", ignore_errors=True)
    (place.run / "batch").symlink_to(place.home / "run" / "batch")


def _a_linked_child(place: Place) -> None:
    place.tree(("one", {}), ("two", {}))
    (place.run / "one").symlink_to(place.home / "run")
    (place.run / "two").symlink_to(place.home)


def _wide(place: Place) -> None:
    text = (place.run / "run.json").read_text(encoding="utf-8").rstrip()
    lists = "[]," * 6_000_000
    (place.run / "run.json").write_text(f'{text[:-1]}, "same_prompt": [{lists}[]]}}', encoding="utf-8")


def _deep(place: Place) -> None:
    place.replace("run.json", lambda path: path.write_text("[" * 400_000, encoding="utf-8"))


def _huge_numbers(place: Place) -> None:
    def change(record: dict[str, Any]) -> None:
        record["completion"]["usage"]["prompt_tokens"] = 10**300
        record["completion"]["latency_s"] = 1e308

    place.record(change)
    (place.run / "spent.jsonl").write_text('{"at": "", "usd": "1e999999"}\n{"usd": "NaN"}\n', encoding="utf-8")
    (place.run / ".committed").write_text("9e99999999\n", encoding="ascii")
    holder = {"pid": 99999999999999, "host": socket.gethostname(), "since": []}
    (place.run / ".holder.json").write_text(json.dumps(holder), encoding="ascii")


def _grid(content: dict[str, Any]) -> None:
    content["repeats"] = 10**9
    content["lengths"] = list(range(1, 101))
    content["depths"] = [n / 10 for n in range(150)]


def _batch(place: Place) -> None:
    place.option(base_url=place.thief, api_key_env="AWS_SECRET_ACCESS_KEY")
    state = json.loads((place.run / "batch" / "batch.json").read_text(encoding="utf-8"))
    state["files"][0] |= {"base_url": place.thief, "batch_id": "../../b", "status": "completed", "output_file_id": "o"}
    (place.run / "batch" / "batch.json").write_text(json.dumps(state), encoding="utf-8")


def _batch_names(place: Place) -> None:
    state = json.loads((place.run / "batch" / "batch.json").read_text(encoding="utf-8"))
    state["files"][0]["name"] = "../../home/id_rsa"
    (place.run / "batch" / "batch.json").write_text(json.dumps(state), encoding="utf-8")


def _texts(**options: str) -> Callable[[Place], None]:
    return lambda place: place.option(**{name: value.format(key=place.key) for name, value in options.items()})


def _import(content: dict[str, Any]) -> None:
    more = [[1, 0.0, 1]]
    content["import"] = {"scorer": "/../../home/id_rsa", "more": more, "form": "", "source": "", "sha256": ""}


HOSTILE: dict[str, Callable[[Place], Any]] = {
    "every file but run.json is a link": _links(FILES[:-1]),
    "run.json is a link": _links(FILES[-1:]),
    "the lock is a link": _links((".lock",)),
    "what was committed is a link": _links((".committed", "heatmap.png", "panel.png")),
    "scores and verdicts are links": _links(("scores.rules.jsonl", "scores.judge-x.jsonl", "verdicts.jsonl")),
    "hard links to a file of the user's": _hard_links,
    "run.json is a pipe": _pipes(("run.json",)),
    "records are a pipe": _pipes(("records.jsonl",)),
    "the small files are pipes": _pipes((".committed", "heatmap.png", ".holder.json", "spent.jsonl")),
    "scores are a pipe": _pipes(("scores.rules.jsonl", ".lock")),
    "run.json is a device": _devices(("run.json",)),
    "records are a device": _devices(("records.jsonl",)),
    "a run.json of 30 GB": _sparse("run.json", 30 << 30),
    "records of 1.5 GB without a line end": _sparse("records.jsonl", 1_500_000_000),
    "scores of 30 GB": _sparse("scores.rules.jsonl", 30 << 30),
    "a grid of fifteen billions": lambda place: place.edit(_grid),
    "a thousand million repeats": lambda place: place.option(repeats=10**9, lengths="1k:9k:100", depths="101"),
    "six million empty lists": _wide,
    "brackets without end": _deep,
    "numbers beyond counting": _huge_numbers,
    "lengths beyond counting": lambda place: place.edit(lambda c: c.update(lengths=[300, 10**17], depths=[0, 1e300])),
    "a text that is repeated for ever": lambda p: p.record(lambda r: r["placement"].update(source_copies=10**9)),
    "another server and a key": lambda p: p.option(base_url=p.thief, api_key_env="AWS_SECRET_ACCESS_KEY"),
    "a further server": lambda place: place.option(more_urls=[place.thief]),
    "batches at another server": _batch,
    "a batch's file elsewhere": _batch_names,
    "the batch's folder is a link": _folder_elsewhere,
    "the victim's file as text": _texts(corpus="{key}"),
    "a share as text": _texts(corpus="//thief/share/a.txt"),
    "a device as text": _texts(corpus="/dev/zero", length_unit="/dev/zero.json"),
    "a tokenizer of the victim's": _texts(length_unit="hf:{key}"),
    "a model file of the victim's": _texts(model="{key}.gguf"),
    "another run of the victim's": lambda p: p.option(like=str(p.home / "run")),
    "children that were not begun": lambda p: p.tree(("one", {"corpus": str(p.key)}), ("two", {"base_url": p.thief})),
    "children that are links": _a_linked_child,
    "an import with a path for its scorer": lambda place: place.edit(_import),
}


def commands(run: str, named: str, trial: str, out: str) -> dict[str, list[list[str]]]:
    """Return the command lines with which every command is given a run's folder, by the command's name.

    Args:
        run: the folder.
        named: a server that the user names for what sends anyway.
        trial: the id of one of its trials.
        out: a folder for what is written.
    """
    model = ["--model", "x", "--base-url", named, "--no-preflight", "--no-controls"]
    return {
        "run": [["--resume", run, "--yes"], ["--like", run, *model, "--yes", "--out", f"{out}/like"]],
        "watch": [[run]],
        "plan": [["--like", run, *model]],
        "prompt": [["--like", run, *model]],
        "score": [[run], [run, "--judge", "x", "--judge-base-url", named, "--max-output", "20"]],
        "plot": [[run, "--out", f"{out}/a.png"]],
        "report": [[run, "--out", f"{out}/a.html"]],
        "cases": [[run, "--json"], [run, "--probe", "--yes"], ["base", "--against", run]],
        "export": [
            [run, "--out", f"{out}/a.csv"],
            [run, "--format", "inspect", "--out", f"{out}/a.eval"],
            [run, "--format", "junit", "--out", f"{out}/a.xml"],
            [run, "--format", "lm-eval", "--out", f"{out}/lm"],
            [run, "--format", "every-eval-ever", "--out", f"{out}/eee"],
            [run, "--format", "hf-eval-results", "--out", f"{out}/a.yaml"],
        ],
        "history": [[run, "base", "--out", f"{out}/history.png"]],
        "compare": [[run, "base"]],
        "diagnose": [[run]],
        "gate": [[run, "--against", "base"], ["base", "--against", run], [run, "--save", f"{out}/baseline.json"]],
        "passport": [[run]],
        "agree": [[run]],
        "merge": [[run, "base", "--out", f"{out}/merged"]],
        "rebuild": [[run, trial]],
        "batch submit": [[run, "--yes"]],
        "batch status": [[run]],
        "batch fetch": [[run]],
        "batch import": [[run, "results.jsonl"]],
    }


_TEXTS = ("a share as text", "a device as text", "a tokenizer of the victim's", "a model file of the victim's")
_SERVERS = ("a further server", "batches at another server", "a batch's file elsewhere", "another run of the victim's")
LIKE_ANOTHER = {
    what: ("plot", "compare", "export", "diagnose", "gate", "passport", "watch", "merge")
    for what in (*_TEXTS, *_SERVERS)
}
"""Folders whose records and scores are sound, and what reads nothing else: tried on others of the same kind."""
NO_RUN = frozenset(
    {"grade", "models", "serve", "doctor", "needle list", "needle show", "needle check", "corpus list", "corpus fetch"}
    | {"corpus stats", "batch export", "import kamradt", "task list", "completion", "schema"}
)
"""Commands that take no run's folder."""


class _LateError(BaseException):
    """A command took too long."""


def late(number: int, frame: object) -> None:
    raise _LateError


def call(arguments: list[str]) -> dict[str, Any]:
    from nihbench.cli.app import main

    out, err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), io.StringIO()
    begun, code = time.process_time(), None
    signal.alarm(HANG_S)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main(arguments)
    except SystemExit as ended:
        code = ended.code
    except _LateError:
        code = "late"
    except BaseException as error:  # a traceback on a user's screen
        code = f"{type(error).__name__}: {error}"[:300]
    finally:
        signal.alarm(0)
    with contextlib.suppress(ValueError, OSError):
        out.flush()
    said = out.buffer.getvalue().decode("utf-8", "replace") + err.getvalue()  # type: ignore[attr-defined]
    return {"code": code, "seconds": time.process_time() - begun, "said": said}


def _state(folder: Path) -> dict[str, Any]:
    """Return all that a write within a folder would change."""
    found = {}
    for path in sorted([folder, *folder.rglob("*")]):
        told = path.lstat()
        content = path.read_bytes() if path.is_file() else b""
        found[str(path)] = (told.st_mode, told.st_mtime_ns if path.is_file() else 0, told.st_size, content)
    return found


def _leaks(*folders: Path) -> list[str]:
    """Name the plain files within folders that hold the victim's words."""
    plain = [
        path
        for folder in folders
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink() and path.lstat().st_nlink == 1 and path.lstat().st_size < 50_000_000
    ]
    return [str(path) for path in plain if CANARY.encode() in path.read_bytes()]


def _tried(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    base, home, run, out = Path("base"), Path("home").resolve(), Path("run"), Path("out")
    before = _state(home)
    for what in plan["folders"]:
        shutil.rmtree(run, ignore_errors=True)
        shutil.copytree(base, run)
        HOSTILE[what](Place(run=run.resolve(), home=home, thief=plan["thief"]))
        for name, lines in commands("run", plan["named"], plan["trial"], "out").items():
            for line in lines if name not in LIKE_ANOTHER.get(what, ()) else ():
                shutil.rmtree(out, ignore_errors=True)
                out.mkdir()
                told = call([*name.split(), *line])
                after = _state(home)
                changed = [path for path in before.keys() | after.keys() if before.get(path) != after.get(path)]
                before = after
                leaks = ["the screen"] if CANARY in told["said"] or SECRET in told["said"] else []
                leaks += _leaks(run, out)
                yield told | {
                    "what": what,
                    "line": [name, *line],
                    "changed": changed,
                    "leaks": leaks,
                }


def peak_mb() -> float:
    """This process's own peak: what getrusage tells holds the process that started it, too."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    return int(status.split("VmHWM:")[1].split()[0]) / 1000


def main() -> None:
    """Make and try every folder of a plan, in the working folder."""
    signal.signal(signal.SIGALRM, late)
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    # Both are the same every time, and most of a command's time.
    typer.main.get_command = functools.cache(typer.main.get_command)
    loading.load = functools.cache(loading.load)
    plan = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    for row in _tried(plan):
        print(json.dumps(row | {"peak_mb": peak_mb()}), flush=True)


if __name__ == "__main__":
    main()
