"""Files are written whole or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nihbench.errors import FetchError
from nihbench.fetch.files import atomic_file, cache_dir, write_atomic
from tests.wording import wording


def test_the_environment_names_the_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NIH_CACHE_DIR", str(tmp_path / "c"))
    assert cache_dir() == tmp_path / "c"
    monkeypatch.delenv("NIH_CACHE_DIR")
    assert cache_dir().name == "nihbench" or "nihbench" in cache_dir().parts


def test_a_written_file_has_its_content_and_no_companions(tmp_path: Path) -> None:
    target = tmp_path / "a" / "b.txt"
    write_atomic(target, b"one")
    write_atomic(target, b"two")
    assert target.read_bytes() == b"two"
    assert list(target.parent.iterdir()) == [target]


def test_an_error_in_the_middle_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "b.txt"
    write_atomic(target, b"old")
    with pytest.raises(RuntimeError), atomic_file(target) as file:
        file.write(b"half")
        raise RuntimeError
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_killed_process_leaves_no_half_file(tmp_path: Path) -> None:
    target = tmp_path / "b.bin"
    script = (
        "import os, sys, pathlib\n"
        "from nihbench.fetch.files import atomic_file\n"
        "with atomic_file(pathlib.Path(sys.argv[1])) as file:\n"
        "    file.write(b'x' * 1_000_000); file.flush(); os._exit(9)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(target)], check=False)
    assert done.returncode == 9
    assert not target.exists()
    (left,) = tmp_path.iterdir()
    write_atomic(target, b"whole")
    assert left.exists(), "it may belong to a process that is still writing"
    old = time.time() - 2 * 24 * 3600
    os.utime(left, (old, old))
    write_atomic(target, b"whole")
    assert list(tmp_path.iterdir()) == [target]


def test_a_folder_that_is_a_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"")
    with pytest.raises(FetchError, match=wording("errors.cant_write")):
        write_atomic(tmp_path / "f" / "g", b"x")
