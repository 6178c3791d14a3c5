"""Keys that stand in a file: found, sent, warned about where others can read it, and shown nowhere."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.wording import says

KEY = "sk-in-a-file-0123456789"


@pytest.fixture
def keys(nih: Any) -> Path:
    path = Path(nih.environment["NIH_KEYS_FILE"])
    path.write_text(f"# mine\n\nOTHER=nothing\nexport MY_KEY = '{KEY}'\n", encoding="utf-8")
    path.chmod(0o600)
    return path


def test_a_key_of_the_file_is_sent_and_stands_in_no_file(nih: Any, chat: Any, small: list[object], keys: Path) -> None:
    ended = nih("run", *small, "--api-key-env", "MY_KEY", "--out", "run")
    assert ended.code == 0, ended.err
    assert {asked.headers["Authorization"] for asked in chat.asked} == {f"Bearer {KEY}"}
    assert "chmod" not in ended.err
    for file in (nih.folder / "run").iterdir():
        assert KEY.encode() not in file.read_bytes()
    assert KEY not in ended.err + ended.out


def test_the_environment_goes_first(nih: Any, chat: Any, small: list[object], keys: Path) -> None:
    nih.environment["MY_KEY"] = " sk-of-the-environment\n"
    assert nih("run", *small, "--api-key-env", "MY_KEY", "--out", "run").code == 0
    assert chat.asked[0].headers["Authorization"] == "Bearer sk-of-the-environment"


@pytest.mark.skipif(os.name != "posix", reason="rights of files as POSIX has them")
@pytest.mark.parametrize("mode", [0o604, 0o640, 0o644])
def test_a_file_that_others_can_read_is_warned_about(
    nih: Any, chat: Any, small: list[object], keys: Path, mode: int
) -> None:
    keys.chmod(mode)
    ended = nih.process("run", *small, "--api-key-env", "MY_KEY", "--out", "run")
    assert ended.code == 0, ended.err
    assert ended.err.count(f"chmod 600 {keys}") == 1


def test_a_wrong_line_is_named_without_its_text(nih: Any, chat: Any, small: list[object], keys: Path) -> None:
    keys.write_text(f"A=b\n{KEY}\n", encoding="utf-8")
    error = nih("run", *small, "--api-key-env", "MY_KEY").error()
    assert says(error, "cli.write_name_key_one", path=keys, number=2) and KEY not in error
    keys.unlink()
    keys.mkdir()
    assert says(nih.process("run", *small, "--api-key-env", "MY_KEY").error(), "cli.file_keys_cant_read")
    assert chat.asked == []
