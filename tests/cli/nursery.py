"""Processes that are ready at once: forked from one that has imported the tool and has done nothing else.

A process of its own is what tests kill, close the terminal of or send signals to; to import what a run needs takes it
most of a second, again and again. Here one process a test worker imports it, and forks one for each command: with a
folder, an environment, streams and signals of its own, and as a child of the test's. Where that can't be (it needs
Linux), and for tests of the start itself (`nih.fresh`), a process is started as ever.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).parents[2] / "src"
CAN_FORK = sys.platform == "linux" and hasattr(socket, "recv_fds")
_MOST_BYTES = 1 << 20
_SIGNALS = ("SIGHUP", "SIGTERM")
_PR_SET_CHILD_SUBREAPER = 36
_RANKS = "TIKTOKEN_CACHE_DIR"


# A shell starts background jobs with Ctrl-C ignored, and what they start inherits it.
_PROGRAM = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from nihbench.cli.app import main; main()"
)


# ---- the test's side ---------------------------------------------------------------------------------------------


def started(
    arguments: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    stdout: int = subprocess.PIPE,
    stderr: int = subprocess.PIPE,
    stdin: int = subprocess.DEVNULL,
    fresh: bool = False,
) -> subprocess.Popen[bytes]:
    """Start a command of `nih` as a process of its own, `fresh` with an interpreter of its own.

    Args:
        arguments: what stands behind `nih`.
        folder: where it is given.
        environment: variables in place of the tests' own, of which keys and addresses are left out.
        stdout: as for `Popen`.
        stderr: as for `Popen`.
        stdin: as for `Popen`.
        fresh: for what depends on how Python itself starts.
    """
    kept = {name: value for name, value in os.environ.items() if not name.endswith(("_API_KEY", "_BASE_URL"))}
    every = kept | {"PYTHONPATH": str(SOURCE), "PYTHONIOENCODING": "utf-8"} | dict(environment)
    streams: dict[str, int] = {"stdin": stdin, "stdout": stdout, "stderr": stderr}
    if CAN_FORK and not fresh and every["PYTHONIOENCODING"] == "utf-8":
        return Forked(arguments, cwd=folder, env=every, **streams)
    program = [sys.executable, "-W", "error", "-c", _PROGRAM, *arguments]
    return subprocess.Popen(program, cwd=folder, env=every, **streams)


class Forked(subprocess.Popen[bytes]):
    """A command of `nih` as `Popen` has processes, forked rather than started."""

    def _execute_child(self, args: Any, *rest: Any) -> None:
        """Have it forked with the streams that `Popen` made ready: the arguments are those of the method overridden."""
        cwd, environment = rest[4], rest[5]
        p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite = rest[9:15]
        ignored = [name for name in _SIGNALS if signal.getsignal(getattr(signal, name)) == signal.SIG_IGN]
        asked = {"arguments": args, "cwd": str(cwd), "environment": dict(environment), "ignored": ignored}
        try:
            ranks = environment.get(_RANKS, "")
            self.pid = _forked(json.dumps(asked).encode(), [p2cread, c2pwrite, errwrite], ranks)
            self._child_created = True
        finally:
            self._close_pipe_fds(p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite)  # type: ignore[attr-defined]


def _forked(asked: bytes, streams: list[int], ranks: str) -> int:
    """Return the number of a new process, which is a child of this one."""
    control = _nursery(ranks)
    libc = ctypes.CDLL(None, use_errno=True)
    # Its parent is gone at once, so it is given to the nearest of its forebears that takes in orphans.
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        socket.send_fds(control, [asked], streams)
        return int(control.recv(64))
    finally:
        libc.prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


@cache
def _nursery(ranks: str) -> socket.socket:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
        ours.setsockopt(socket.SOL_SOCKET, option, _MOST_BYTES)
    environment = {name: value for name, value in os.environ.items() if not name.endswith(("_API_KEY", "_BASE_URL"))}
    own = {"PYTHONPATH": str(SOURCE), "PYTHONIOENCODING": "utf-8", "OPENBLAS_NUM_THREADS": "1"}
    own |= {_RANKS: ranks} if ranks else {}
    process = subprocess.Popen(
        [sys.executable, "-W", "error", __file__, str(theirs.fileno())],
        cwd=tempfile.gettempdir(),
        env=environment | own,
        stdin=subprocess.DEVNULL,
        pass_fds=[theirs.fileno()],
    )
    theirs.close()

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


# ---- the side of the one that forks: nothing of the tests is imported here ----------------------------------------


def _serve(control: socket.socket) -> dict[str, Any] | None:
    """Fork for whoever asks, until nobody can any more; return in the new process what it is to do, else None."""
    while True:
        message, streams, _, _ = socket.recv_fds(control, _MOST_BYTES, 3)
        if not message:
            return None
        told, tell = os.pipe()
        between = os.fork()
        if between == 0:
            number = os.fork()
            if number:
                os.write(tell, str(number).encode())
                os._exit(0)
            for each in (told, tell):
                os.close(each)
            for place, stream in enumerate(streams):
                os.dup2(stream, place)
                os.close(stream)
            asked: dict[str, Any] = json.loads(message)
            return asked
        os.waitpid(between, 0)
        control.send(os.read(told, 64))
        for each in (told, tell, *streams):
            os.close(each)


def _become(asked: dict[str, Any]) -> None:
    """Be a process as one that was started so."""
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    for name in _SIGNALS:
        signal.signal(getattr(signal, name), signal.SIG_IGN if name in asked["ignored"] else signal.SIG_DFL)
    # A shell starts background jobs with Ctrl-C ignored, and what they start inherits it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv, sys.path[0] = ["-c", *asked["arguments"]], ""
    sys.stdin = open(0, encoding="utf-8", closefd=False)
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)


def _make_ready() -> None:
    """Import and read what `nih run` needs, its picture too; other commands find the rest themselves."""
    for name in ("cli.commands.measure", "cli.run", "figures.panel", "figures.page"):
        import_module(f"nihbench.{name}")
    from nihbench.catalog.loading import load
    from nihbench.endpoint.tokenizers import load_tokenizer
    from nihbench.errors import NihError
    from nihbench.score.rules import grade

    grade("Nothing of the kind.", load().needles["sf-sandwich"])
    with suppress(NihError):
        load_tokenizer("cl100k_base")


if __name__ == "__main__":
    _make_ready()
    gc.freeze()
    with socket.socket(fileno=int(sys.argv[1])) as control:
        given = _serve(control)
    if given is not None:
        _become(given)
        from nihbench.cli.app import main

        main()
