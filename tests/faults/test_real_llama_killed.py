"""The real llama.cpp server, killed in the middle of a real run and started again, also with a smaller context."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.scripted.sweep import doubled, read_last
from nihbench.local.server import LocalServer

pytestmark = pytest.mark.real

SOURCE = Path(__file__).parents[2] / "src"


@pytest.fixture
def port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])


@pytest.fixture
def served(embedded_model: Path, port: int) -> Iterator[LocalServer]:
    pytest.importorskip("xllamacpp", reason="the extra `local` (xllamacpp) is not installed")
    with LocalServer(embedded_model, alias="smollm2-135m", window=2048, port=port) as server:
        yield server


def start(folder: Path, *options: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", "from nihbench.cli.app import main; main()", "run", *map(str, options)],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(SOURCE), "PYTHONIOENCODING": "utf-8", "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def small_run(folder: Path, server: LocalServer, corpus: Path) -> subprocess.Popen[bytes]:
    grid = ["--lengths", "250,560", "--depths", "0,100", "--max-output", 4, "--order", "grid", "--concurrency", 1]
    grid += ["--no-controls"]
    return start(
        folder,
        "--model",
        "x",
        "--base-url",
        server.base_url,
        "--corpus",
        corpus,
        *grid,
        "--temperature",
        0,
        "--out",
        "run",
    )


def kill(server: LocalServer) -> None:
    assert server._process is not None
    os.kill(server._process.pid, signal.SIGKILL)
    server._process.wait(20)  # until its port is free


def wait_for_record(folder: Path, process: subprocess.Popen[bytes]) -> None:
    began = time.monotonic()
    while not read_last(folder / "run"):
        assert process.poll() is None, process.communicate()[1].decode()
        assert time.monotonic() - began < 600, "no trial was measured"
        time.sleep(0.02)


def kinds(folder: Path) -> Counter[tuple[int, str]]:
    return Counter(
        (record["trial"]["length"], record.get("failure", {}).get("kind", "answer"))
        for record in read_last(folder / "run").values()
    )


def resumed(folder: Path, server: LocalServer) -> int:
    for _ in range(3):
        process = start(folder, "--resume", "run", "--base-url", server.base_url)
        _, said = process.communicate(timeout=600)
        assert process.returncode in (0, 3), said.decode()
        if process.returncode == 0:
            break
    return int(process.returncode)


def test_killed_and_started_again_all_is_measured(
    tmp_path: Path, served: LocalServer, own_texts: dict[str, Path]
) -> None:
    process = small_run(tmp_path, served, own_texts["en"])
    wait_for_record(tmp_path, process)
    kill(served)
    time.sleep(0.3)
    served.start()
    _, said = process.communicate(timeout=600)
    # It survived, or ended cleanly with trials that may be asked again.
    assert process.returncode in (0, 3), said.decode()
    assert b"Traceback" not in said
    assert all(kind in ("answer", "transient") for _, kind in kinds(tmp_path))
    assert sum(kinds(tmp_path).values()) == 4
    if process.returncode:
        assert resumed(tmp_path, served) == 0
    assert kinds(tmp_path) == {(250, "answer"): 2, (560, "answer"): 2}
    assert doubled(tmp_path / "run") == set()


def test_started_again_with_a_tiny_context_the_long_prompts_overflow(
    tmp_path: Path, served: LocalServer, embedded_model: Path, own_texts: dict[str, Path], port: int
) -> None:
    process = small_run(tmp_path, served, own_texts["en"])
    wait_for_record(tmp_path, process)
    kill(served)
    with LocalServer(embedded_model, alias="smollm2-135m", window=512, port=port):
        _, said = process.communicate(timeout=600)
    assert process.returncode == 3, said.decode()
    first = kinds(tmp_path)
    assert first[560, "overflow"] >= 1 and not first[560, "answer"] and not first[250, "overflow"]
    # With its context back, what may pass is asked again; what was too long is final, and is not.
    served.start()
    resumed(tmp_path, served)
    last = kinds(tmp_path)
    assert last[250, "answer"] == 2 and last[560, "overflow"] == first[560, "overflow"]
    assert sum(last.values()) == 4 and doubled(tmp_path / "run") == set()
