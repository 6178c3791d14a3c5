"""Lines of a terminal: what a reader would call one word is whole on one line, and nothing is lost."""

from __future__ import annotations

import os
import pty
import re
import select
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from nihbench.cli.output import cells, wrapped
from tests.cli.nursery import started

MIXED = (
    "有效长度：至少 4,096 token（95% 区间下限 2.1K），直到测过的最长长度，找到率都不低于 85.6%。"
    "在 smollm2-135m-instruct 上，“explicit” 比 “original” 更常找到针：95.3% 对 88.1%（精确配对检验，p = 0.013）。"
) * 2


@settings(max_examples=60)
@given(
    st.text("ab1,.9 中文字（）“”，。%`nih -", max_size=200).map(str.strip),
    st.integers(20, 90),
    st.integers(0, 12),
)
def test_nothing_is_lost_and_no_line_is_too_long(text: str, width: int, hanging: int) -> None:
    lines = wrapped(text, width, hanging=hanging).split("\n")
    assert "".join("".join(lines).split()) == "".join(text.split())
    for line in lines:
        # A piece that has no place on any line stands alone on one; what stands in backquotes is one, blanks and all.
        alone = re.sub("`[^`]*`", "code", line)
        assert cell_len(line) <= width or not re.search(r"[^ ] +[^ ]", alone) or "nih" in line


@pytest.mark.parametrize("width", range(20, 100))
def test_chinese_lines_tear_no_number_and_no_name(width: int) -> None:
    lines = wrapped(MIXED, width).split("\n")
    words = set(re.findall(r"[A-Za-z0-9][A-Za-z0-9.,%-]*(?<![,.])", MIXED))
    assert "smollm2-135m-instruct" in words and "85.6%" in words
    assert all(any(word in line for line in lines) for word in words if len(word) <= width)
    found = [word for line in lines for word in re.findall(r"[A-Za-z0-9][A-Za-z0-9.,%-]*(?<![,.])", line)]
    assert set(found) == words
    assert not any(line[0] in "，。；：）”%" or line[-1] in "（“" for line in lines)


@given(st.text("ab 中，", max_size=50))
def test_cells_are_those_of_a_terminal(text: str) -> None:
    assert cells(text) == cell_len(text)


def test_a_command_is_one_piece() -> None:
    text = "draw it again: nih plot results/20261122-101500-some-model-sf-sandwich --out heatmap.svg"
    assert wrapped(text, 60).split("\n") == ["draw it again:", text.removeprefix("draw it again: ")]
    text = "再画一次：nih plot results/20261122-101500-some-model-sf-sandwich --out heatmap.svg"
    assert wrapped(text, 60).split("\n")[1].startswith("nih plot results/")


def on_a_terminal(folder: Path, environment: dict[str, str], *arguments: str) -> str:
    """Run `nih` where stdout and stderr are a terminal of 80 columns; return what it wrote."""
    leader, follower = pty.openpty()
    process = started(arguments, folder, environment | {"COLUMNS": "80", "TERM": "xterm"}, follower, follower)
    os.close(follower)
    written = b""
    while select.select([leader], [], [], 600)[0]:
        try:
            part = os.read(leader, 65536)
        except OSError:
            break
        if not part:
            break
        written += part
    os.close(leader)
    assert process.wait(600) == 0
    return written.decode().replace("\r\n", "\n")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_notes_and_verdicts_fit_eighty_columns(nih: Any, small: list[object], lang: str) -> None:
    assert nih("run", *small, "--prompt", "original,explicit", "--out", "run").code == 0
    piped = nih("compare", "run", "--lang", lang).out
    assert max(map(cell_len, piped.splitlines())) > 200  # a program reads a verdict as one line
    shown = on_a_terminal(nih.folder, nih.environment, "compare", "run", "--lang", lang)
    assert max(map(cell_len, shown.splitlines())) <= 80
    assert "".join(shown.split()) == "".join(piped.split())
    words = re.findall(r"[A-Za-z0-9][A-Za-z0-9.%-]*", piped)
    assert re.findall(r"[A-Za-z0-9][A-Za-z0-9.%-]*", shown) == words
    plan = on_a_terminal(nih.folder, nih.environment, "plan", *map(str, small), "--lang", lang)
    assert max(map(cell_len, plan.splitlines())) <= 80
