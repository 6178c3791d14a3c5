"""The live view, read by a terminal emulator: `nih run` and `nih watch` on a pseudo-terminal, resized in the middle."""

from __future__ import annotations

import os
import re
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyte
import pytest

from nihbench.lang.messages import t
from tests.wording import says

SOURCE = Path(__file__).parents[2] / "src"
HOSTILE = "\x1b]0;owned\x07\x1b[2J\x1b[5;5H\x9b31m\u202eEVIL\x1b[?1049l\r\nRide a cable car.\x1bc[red]"

pytestmark = pytest.mark.skipif(not hasattr(os, "openpty"), reason="there are no pseudo-terminals here")


class Terminal:
    """A command on an emulated terminal (its stderr; stdout is piped)."""

    def __init__(self, nih: Any, *arguments: object, size: tuple[int, int] = (80, 24), **environment: str) -> None:
        self.main, child = os.openpty()
        self.screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self.screen)
        self._resize_pty(child, size)
        self.raw = b""
        self._drawing = threading.Lock()  # the emulator is no more than one thread's at a time
        kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "LINES")}
        own = {name: value for name, value in nih.environment.items() if name not in ("NO_COLOR", "COLUMNS")}
        self.process = subprocess.Popen(
            [sys.executable, "-c", "from nihbench.cli.app import main; main()", *map(str, arguments)],
            cwd=nih.folder,
            env=kept | own | {"PYTHONPATH": str(SOURCE), "TERM": "xterm-256color", "PYTHONUTF8": "1"} | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=child,
            start_new_session=True,
        )
        os.close(child)
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        try:
            while part := os.read(self.main, 65536):
                with self._drawing:
                    self.raw += part
                    self._stream.feed(part)
        except OSError:
            pass  # Linux says so when the other end is closed

    @staticmethod
    def _resize_pty(fd: int, size: tuple[int, int]) -> None:
        import fcntl
        import termios

        fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))

    def resize(self, width: int, height: int) -> None:
        with self._drawing:
            self.screen.resize(height, width)
        self._resize_pty(self.main, (width, height))

    def until(self, is_there: Callable[[list[str]], bool], timeout_s: float = 600.0) -> list[str]:
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            lines = self.lines()
            if is_there(lines):
                return lines
            time.sleep(0.05)
        pytest.fail("\n".join(self.lines()))

    def lines(self) -> list[str]:
        with self._drawing:
            return [line.rstrip() for line in self.screen.display]

    def ended(self) -> str:
        out, _ = self.process.communicate(timeout=600)
        self._reader.join(600)
        os.close(self.main)
        return bytes(out).decode()


def written(folder: Path, name: str) -> int:
    """How many lines a file has."""
    return (folder / name).read_bytes().count(b"\n")


def test_a_run_fills_its_heatmap_and_is_watched(nih: Any, chat: Any, small: list[object]) -> None:
    chat.say = lambda text: HOSTILE
    chat.hold_from = 5
    with_price = [*small, "--price", "1,2", "--max-cost", "1", "--concurrency", 2, "--out", "run"]
    run = Terminal(nih, "run", *with_price)

    # A terminal is read while it is written to: what is asked for is waited for all together, however long it takes.
    def is_filling(lines: list[str]) -> bool:
        text = "\n".join(lines)
        return (
            lines[0].startswith("x  sf-sandwich")
            and says(lines[0], "cli.trials_2", done=4, total=6)
            and is_counted(lines)
            and "$0.00" in text
            and says(text, "cli.spent_4", most="1.00")
            and says(text, "cli.most_calls_under_way", limit=2)
            and says(text, "cli.latest_miss_length_depth")
            and "Ride a" in text
            and "300    600" in text
        )

    def is_counted(lines: list[str]) -> bool:
        return says(lines[2], "cli.found_strict", found=0.0, hits=0, measured=4, strict=0.0)

    seen = run.until(is_filling)
    miss = next(line for line in seen if "Ride a" in line)
    assert all("EVIL" not in line or line == miss for line in seen)
    assert run.screen.title != "owned" and b"\x1b]0;" not in run.raw and b"\x1bc" not in run.raw

    run.resize(48, 16)
    run.until(
        lambda lines: (
            max(map(len, lines)) <= 48
            and re.search(r"4\D+6", lines[0])
            and lines[0][-1:].isdigit()
            and "0.0%" in lines[2]
        )
    )

    # Answers are shown before their records are written, which is done in groups; two further calls are in the ledger.
    while (written(nih.folder / "run", "records.jsonl"), written(nih.folder / "run", "spent.jsonl")) != (4, 4 * 2 + 2):
        time.sleep(0.05)
    before = {path: path.read_bytes() for path in (nih.folder / "run").iterdir()}
    watch = Terminal(nih, "watch", "run", size=(120, 40))
    watch.until(
        lambda lines: (
            says(lines[0], "cli.trials_2", done=4, total=6)
            and is_counted(lines)
            and "Ride a cable car" in "\n".join(lines)
        )
    )
    assert {path: path.read_bytes() for path in (nih.folder / "run").iterdir()} == before
    chat.release.set()
    out = run.ended()
    assert run.process.returncode == 0 and says(out, "figure.grid_heading")
    assert says(watch.ended(), "figure.grid_heading") and watch.process.returncode == 0
    for terminal in (run, watch):
        assert terminal.raw.count(b"\x1b[?1049h") == terminal.raw.count(b"\x1b[?1049l") == 1
    assert says("\n".join(run.lines()), "cli.heatmap", picture="run/heatmap.png")


def test_what_ended_is_shown_without_waiting(nih: Any, chat: Any, small: list[object]) -> None:
    assert nih("run", *small, "--out", "runs/one").code == 0
    (nih.folder / "runs" / "one" / "scores.rules.jsonl").unlink()
    (nih.folder / "runs" / "one" / ".holder.json").write_text('{"pid": 999999999, "host": "elsewhere"}')
    import socket

    (nih.folder / "runs" / "one" / ".holder.json").write_text(
        f'{{"pid": 999999999, "host": "{socket.gethostname()}", "since": ""}}'
    )
    ended = nih("watch", "runs")
    assert ended.code == 0 and says(ended.err, "cli.no_process_works_how") and says(ended.out, "figure.grid_heading")
    assert not (nih.folder / "runs" / "one" / "scores.rules.jsonl").exists()
    assert nih("watch", "nowhere").error() == "nih: " + t("run.holds_no_run_no", path="nowhere", manifest="run.json")
