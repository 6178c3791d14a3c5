"""Every path that can't be: one sentence and exit code 2 in every command; and printed commands that can be pasted."""

from __future__ import annotations

import os
import re
import resource
import shlex
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from nihbench.lang.messages import t, typed

LONG = "d" * 260
COMMANDS = [
    "cases {}",
    "plot {}",
    "report {}",
    "compare {} {}",
    "export {} --out x.csv",
    "diagnose {}",
    "agree {}",
    "score {}",
    "grade {}",
    "merge {} other --out x",
    "rebuild {} abc",
    "watch {} --once",
    "run --resume {}",
    "import kamradt {}",
    "batch status {}",
    "batch fetch {}",
    "batch submit {}",
    "corpus stats {}",
    "corpus fetch three-kingdoms-zh --from {}",
    "plot run --out {}/x.svg",
    "export run --out {}/x.csv",
    "report run --out {}/x.html",
    "run --model m --base-url http://127.0.0.1:9/v1 --window 8000 --out {}",
    "run --model m --base-url http://127.0.0.1:9/v1 --window 8000 --out x --corpus {}",
    "run --model m --base-url http://127.0.0.1:9/v1 --window 8000 --out x --ca-file {}",
    "prompt --model moonshot-v1-8k --corpus {}",
    "prompt --model moonshot-v1-8k --length-unit hf:{}",
    "prompt --model moonshot-v1-8k --length-unit {}.json",
    "serve --model {}.gguf",
]


def faults(folder: Path) -> dict[str, str]:
    (folder / "file").write_text("text", encoding="utf-8")
    (folder / "loop").symlink_to("loop")
    return {
        "too long": LONG,
        "too long below": f"a/{LONG}/b",
        "very long": "d/" * 3000 + "d",
        "through a file": "file/below",
        "a loop": "loop",
        "below a loop": "loop/below",
        "nothing": "nowhere/at/all",
    }


@pytest.mark.parametrize("command", COMMANDS)
def test_a_path_that_can_not_be_is_one_sentence(nih: Any, chat: Any, small: list[object], command: str) -> None:
    if " run " in f" {command} " and "run --" not in command:
        assert nih("run", *small, "--out", "run").code == 0
    for fault, path in faults(nih.folder).items():
        if fault == "nothing" and ("--out" in command or command.startswith("run --resume")):
            continue  # a folder that is made
        ended = nih(*command.format(path, path).split())
        assert ended.code == 2, (fault, ended.code, ended.err[-300:])
        said = [line for line in ended.err.splitlines() if line.startswith("nih: ")]
        assert len(said) == 1 and len(said[0]) < 7_000, (fault, ended.err[-300:])
        assert "Traceback" not in ended.err + ended.out


def test_a_nul_in_an_argument_and_a_folder_for_a_file(nih: Any) -> None:
    assert t("cli.argument_holds_character_nul") in nih("plot", "a\0b").error()
    (nih.folder / "folder").mkdir()
    for command in ("grade folder", "import kamradt folder", "plot folder"):
        assert nih(*command.split()).code == 2


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read and write everything")
def test_a_path_without_permission(nih: Any) -> None:
    (nih.folder / "shut").mkdir(mode=0)
    for command in ("plot", "cases", "report", "diagnose", "rebuild", "grade"):
        ended = nih(command, "shut/below", *(["x"] if command == "rebuild" else []))
        assert ended.code == 2 and len(ended.err.strip().splitlines()) == 1, ended.err


@pytest.mark.parametrize("place", ["o/my run", "it's", "$HOME run", "a;b", "-dash", "(x)", "中文 夹"])
def test_printed_commands_can_be_pasted(nih: Any, chat: Any, small: list[object], place: str) -> None:
    chat.fail = {3: (401, {"error": {"message": "no"}})}
    stopped = nih("run", *small, "--concurrency", 1, f"--out={place}")
    assert stopped.code == 4
    pasted = shlex.split(re.search(r"nih (run --resume .*)", stopped.err)[1])
    assert nih(*pasted).code == 0
    taken = nih("run", *small, f"--out={place}")
    pasted = shlex.split(re.search(rf"(--resume {re.escape(typed(place))})[ ,;]", taken.err)[1])
    done = nih("run", *pasted)
    assert done.code == 0
    drawn = shlex.split(re.search(r"nih (plot .* --out heatmap\.svg)", done.err)[1])
    assert nih(*drawn).code == 0


ODD = (
    *("import kamradt {}.jsonl", "batch import run {}", "grade {}", "serve --model {}.gguf"),
    *("corpus stats {}", "corpus fetch three-kingdoms-zh --from {}", "prompt --model moonshot-v1-8k --corpus {}"),
    *("prompt --model moonshot-v1-8k --length-unit hf:{}", "prompt --model moonshot-v1-8k --length-unit {}.json"),
    "run --model m --base-url http://127.0.0.1:9/v1 --window 8000 --out x --ca-file {}",
    "run --model m --base-url https://127.0.0.1:9/v1 --window 8000 --out x --ca-file {}",
    *("import kamradt folder", "corpus fetch three-kingdoms-zh --from folder"),
)
"""Commands that read a file that they are given, or those of a folder."""
PLACES = ("needles.yaml", "models.yaml", "corpora/x.yaml", "keys", "known.json")
"""Files that every command reads, or most."""


@pytest.mark.skipif(os.name != "posix", reason="pipes and devices as POSIX has them")
def test_no_pipe_or_device_is_waited_for_and_none_is_read(nih: Any, chat: Any, small: list[object]) -> None:
    """A pipe has no end, nor has a device, and a link in a folder leads out of it."""

    def within(seconds: int, command: str) -> Any:
        with _bounded(seconds):
            return nih(*command.split())

    assert nih("batch", "export", *small, "--out", "run").code == 0
    (nih.folder / "text.txt").write_text("One sentence. " * 400, encoding="utf-8")
    (nih.folder / "mine.json").write_text('[{"token_limit": 9, "depth_percent": 0, "score": 7}]', encoding="utf-8")
    for kind in ("pipe", "device"):
        for end in ("", ".json", ".jsonl", ".gguf"):
            odd = nih.folder / f"{kind}{end}"
            os.mkfifo(odd) if kind == "pipe" else odd.symlink_to("/dev/zero")
        path = nih.folder / kind
        folder = nih.folder / "folder"
        folder.mkdir()
        for name in ("a.json", "b.jsonl", "three-kingdoms-zh.txt"):
            (folder / name).symlink_to(path)
        for command in ODD:
            ended = within(10, command.format(path))
            assert ended.code == 2 and "Traceback" not in ended.err, (kind, command, ended.err[-300:])
        shutil.rmtree(folder)
    (nih.folder / "folder").mkdir()
    (nih.folder / "folder" / "a.json").symlink_to(nih.folder / "mine.json")
    assert within(10, "import kamradt folder --model m --out y").code == 2
    (nih.folder / "link.json").symlink_to(nih.folder / "mine.json")  # the user's own word leads through links
    assert within(10, "import kamradt link.json --model m --out y").code == 0
    for kind in ("pipe", "device"):
        path = nih.folder / kind
        for name in PLACES:
            place = nih.folder / name
            place.parent.mkdir(exist_ok=True)
            place.unlink(missing_ok=True)
            place.symlink_to(path)
            ended = within(10, "doctor --model m --base-url http://127.0.0.1:9/v1 --api-key-env K")
            assert ended.code == 2 and "Traceback" not in ended.err, (kind, name, ended.err[-300:])
            place.unlink()


class _LateError(BaseException):
    pass


@contextmanager
def _bounded(seconds: int) -> Iterator[None]:
    """Fail what does not end in time, before it has filled the memory."""

    def late(number: int, frame: object) -> None:
        raise _LateError

    before, limits = signal.signal(signal.SIGALRM, late), resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (6 << 30, limits[1]))
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
        resource.setrlimit(resource.RLIMIT_AS, limits)
