"""What a run's ledger says of calls that no record shows, read as anybody can read it."""

from __future__ import annotations

import json
from pathlib import Path


def beside_records(folder: Path) -> list[float]:
    """The US dollars of each such call, in order: the last line of a call counts."""
    calls: dict[str, float] = {}
    for line in (folder / "spent.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        calls[row["call"]] = float(row["usd"])
    records = folder / "records.jsonl"
    for line in records.read_text(encoding="utf-8").splitlines() if records.exists() else ():
        record = json.loads(line)
        outcome = record.get("completion") or record.get("failure")
        for each in (outcome, *outcome["earlier"]):
            calls.pop(each["entry"], None)
    return list(calls.values())
