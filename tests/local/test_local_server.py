"""The child process with the real llama.cpp server: starts, is private, stops whatever happens."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

from nihbench.cli.app import main
from nihbench.errors import LocalModelError
from nihbench.local import server as module
from nihbench.local.server import LocalServer
from tests.wording import wording

pytestmark = pytest.mark.slow  # servers that start, wait and end

SOURCE = Path(__file__).parents[2] / "src"

CHILD = """
import os, sys, threading
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

server = HTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
sys.stdin.read()
os._exit(0)
"""


def play(code: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a script of the test's own stand for the child with llama.cpp."""
    path = folder / "played.py"
    path.write_text(code, encoding="utf-8")
    monkeypatch.setattr(module, "_CHILD", path)
    monkeypatch.setattr(module, "find_spec", lambda name: name)


def get(url: str) -> httpx.Response:
    return httpx.get(url, trust_env=False, timeout=10)


def gone(url: str) -> bool:
    for _ in range(100):
        try:
            get(f"{url}/models")
        except httpx.TransportError:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.real
def test_a_server_has_its_window_in_every_slot_and_leaves_nothing_behind(embedded_model: Path, tmp_path: Path) -> None:
    log = tmp_path / "logs" / "server.log"
    with LocalServer(embedded_model, alias="tiny", window=512, slots=2, log=log) as server:
        url = server.base_url
        assert server.alive()
        assert url.startswith("http://127.0.0.1:")
        props = get(f"{url.removesuffix('/v1')}/props").json()
        assert (props["default_generation_settings"]["n_ctx"], props["total_slots"]) == (512, 2)
        assert str(embedded_model.parent) not in get(f"{url}/models").text
        assert "listening" in server.log_tail()
    assert not server.alive()
    assert gone(url)
    assert "listening" in log.read_text(encoding="utf-8")
    with pytest.raises(LocalModelError, match=wording("local.local_model_server_not")):
        _ = server.base_url


def test_a_death_in_mid_run_is_seen_and_a_new_start_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    play(CHILD, tmp_path, monkeypatch)
    with LocalServer(gguf(tmp_path)) as server:
        assert server._process is not None
        server._process.kill()
        server._process.wait()
        assert not server.alive()
        server.start()
        assert server.alive()
        assert get(f"{server.base_url}/models").status_code == 200


def test_two_starts_leave_one_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    play(CHILD, tmp_path, monkeypatch)
    with LocalServer(gguf(tmp_path)) as server:
        first = server.base_url
        server.start()
        assert gone(first)
        assert server.alive()


@pytest.mark.real
@pytest.mark.skipif(os.name != "posix", reason="SIGKILL and SIGINT are POSIX")
def test_the_server_outlives_ctrl_c_but_not_its_parent(embedded_model: Path, tmp_path: Path) -> None:
    code = (
        "import sys, time; sys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path; from nihbench.local.server import LocalServer\n"
        "server = LocalServer(Path(sys.argv[2]), window=512, log=Path(sys.argv[3])); server.start()\n"
        "print(server.base_url, server._process.pid, flush=True); time.sleep(60)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code, str(SOURCE), str(embedded_model), str(tmp_path / "log")],
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    assert parent.stdout is not None
    url, pid = parent.stdout.readline().split()
    os.kill(int(pid), signal.SIGINT)
    time.sleep(0.2)
    assert get(f"{url}/models").status_code == 200
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert gone(url)


@pytest.mark.real
def test_a_server_outlives_the_thread_that_started_it_and_serves_run_after_run(
    embedded_model: Path, tmp_path: Path, own_texts: dict[str, Path]
) -> None:
    """Two runs of one process in one context, as a suite has them; nothing between them may end the server."""
    pytest.importorskip("xllamacpp", reason="the extra `local` (xllamacpp) is not installed")
    with LocalServer(embedded_model, alias="smollm2-135m", window=1024) as server:
        # A child that dies with "its parent" dies with the thread, where the system is asked for that (PDEATHSIG).
        starting = threading.Thread(target=server.start)
        starting.start()
        starting.join()
        first = os.fspath(server.base_url), server._process.pid if server._process else None
        for number in range(2):
            options = [
                "--lengths",
                "250t",
                "--depths",
                "0,100",
                "--max-output",
                "2",
                "--no-controls",
                "--temperature",
                "0",
            ]
            arguments = ["run", "--model", "x", "--base-url", server.base_url, "--corpus", str(own_texts["en"])]
            with pytest.raises(SystemExit) as ended, contextlib.chdir(tmp_path):
                main([*arguments, *options, "--out", f"run{number}"])
            assert ended.value.code == 0
            gc.collect()
            subprocess.run([sys.executable, "-c", "pass"], check=True)  # another child comes and goes
            # More than one read of what the child might say; its standard output is a pipe that nobody empties.
            assert server.alive() and get(f"{server.base_url}/models").status_code == 200
        assert (server.base_url, server._process.pid if server._process else None) == first


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(LocalModelError, match=wording("local.port_cant_used_choose", port=port)):
            LocalServer(gguf(tmp_path), port=port).start()
    with pytest.raises(LocalModelError, match="65535"):
        LocalServer(gguf(tmp_path), port=70_000).start()


@pytest.mark.real
def test_a_file_that_only_begins_like_a_model_ends_in_the_servers_own_words(tmp_path: Path) -> None:
    pytest.importorskip("xllamacpp")
    server = LocalServer(gguf(tmp_path))
    with pytest.raises(LocalModelError, match="failed to load model"):
        server.start()
    assert not server.alive()
    assert server.log_tail() == ""


def test_a_start_that_takes_too_long_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    play("import sys\nsys.stdin.read()\n", tmp_path, monkeypatch)
    server = LocalServer(gguf(tmp_path), start_timeout_s=0.3)
    with pytest.raises(LocalModelError, match=wording("local.not_ready_after")):
        server.start()
    assert not server.alive()


@pytest.mark.skipif(os.name != "posix", reason="a child that ignores being asked needs POSIX signals")
def test_a_child_that_will_not_end_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    play(
        "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint(flush=True)\ntime.sleep(60)\n",
        tmp_path,
        monkeypatch,
    )
    monkeypatch.setattr(module, "_STOP_S", 0.2)
    with pytest.raises(LocalModelError, match=wording("local.stopped_while_starting")):
        LocalServer(gguf(tmp_path)).start()


def test_the_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(LocalModelError, match=r'pip install "nihbench\[local\]"'):
        LocalServer(gguf(tmp_path)).start()


def test_slots_without_a_window_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: name)
    with pytest.raises(LocalModelError, match=wording("local.several_slots_share_one")):
        LocalServer(gguf(tmp_path), slots=2).start()


def gguf(folder: Path) -> Path:
    """A file that begins like a model and is none."""
    path = folder / "broken.gguf"
    path.write_bytes(b"GGUF\x03\x00\x00\x00" + b"\x00" * 64)
    return path
