"""What becomes of a run's trials when its endpoint fails: `python -m benchmarks.faults [WORD...]` prints the table.

Every scenario of tests/faults/scenarios.yaml (those whose name holds a WORD, where one is given) is played to a run of
60 trials, which is resumed against a mended server afterwards. It exits with 1 where a trial is lost, doubled, wrongly
scored or classed, or sent or billed more often than its class allows.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from benchmarks.scripted.certificates import HAS_OPENSSL
from benchmarks.scripted.grid import make_plan
from benchmarks.scripted.scenario import load_book, slug
from benchmarks.scripted.sweep import COLUMNS, Row, play, totals


def line_of(row: Row) -> str:
    """Return a row of the table."""
    numbers = "".join(f"{getattr(row, name):>9}" for name in COLUMNS)
    return f"{row.name:<64}{numbers}" + (f"   WRONG: {row.mistakes[0]}" if row.mistakes else "")


def main(words: list[str]) -> int:
    """Print the table and return the exit code."""
    book = load_book()
    chosen = [s for s in book.scenarios if not words or any(word in s.name for word in words)]
    print(f"{'fault':<64}" + "".join(f"{name:>9}" for name in COLUMNS))
    rows = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        plan = make_plan(folder)
        for scenario in chosen:
            if scenario.server == "tls" and not HAS_OPENSSL:
                print(f"{scenario.name:<64}   not played: the openssl command is missing")
                continue
            began = time.monotonic()
            rows.append(play(plan, scenario, book, folder / slug(scenario.name), folder))
            print(f"{line_of(rows[-1])} {time.monotonic() - began:6.1f} s", flush=True)
    sums = totals(rows)
    print(f"{f'{len(rows)} faults':<64}" + "".join(f"{sums[name]:>9}" for name in COLUMNS))
    print(
        "\nscored, classed and owed: when the run ended first; the others: after it was resumed against a mended server"
    )
    print(
        "foreign: answers of other trials or of nobody; unfit: failures that have a score; crashed: runs that ended in "
        "an error that no command expects"
    )
    wrong = (row.mistakes or row.lost or row.doubled or row.foreign or row.unfit or row.crashed for row in rows)
    return 1 if any(wrong) else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
