"""The ledger as it is read: a hostile or torn line is none, and of the lines of a call the last counts."""

from __future__ import annotations

import time
from decimal import Decimal
from pathlib import Path

import pytest

from nihbench.errors import DamagedDataError
from nihbench.run.spent import read_ledger
from tests.wording import wording

GOOD = '{"at": "2026-11-30T00:00:00", "for": "run", "call": "c", "usd": "0.5"}\n'


@pytest.mark.parametrize(
    "lines",
    [
        '{"call": "a", "usd": "9.9e999999"}\n{"call": "b", "usd": "9.9e999999"}\n',
        '{"call": "a", "usd": "NaN"}\n{"call": "b", "usd": "Infinity"}\n{"call": "d", "usd": "-3"}\n',
        '{"call": "c", "usd": "7"}\n',
        "[1, 2]\n{}\nnull\n" + "[" * 100_000 + "\n",
    ],
)
def test_what_is_no_line_counts_for_nothing(tmp_path: Path, lines: str) -> None:
    (tmp_path / "spent.jsonl").write_text(lines + GOOD + '{"call": "c", "us', encoding="utf-8")
    assert read_ledger(tmp_path).total() == Decimal("0.5")


@pytest.mark.parametrize("junk", [b"\n", b"{\n", b"[]\n"])
def test_a_file_of_junk_is_damage_and_read_in_no_time(tmp_path: Path, junk: bytes) -> None:
    (tmp_path / "spent.jsonl").write_bytes(junk * 20_000_000)
    begun = time.process_time()
    with pytest.raises(DamagedDataError, match=wording("run.more_than_lines_cant", most=10_000)):
        read_ledger(tmp_path)
    assert time.process_time() - begun < 5
