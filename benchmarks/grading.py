"""How fast the rules grade, and that their time grows with the length of an answer and not faster.

`python benchmarks/grading.py [ANSWERS.jsonl ...]`: rows {"needle", "answer"}; by default the held-out answers of the
tests. Speed is in answers a second of processor time on one core, the best of several passes after one that warms up.
Growth is the time for a hostile text of 1 MB divided by the time for its first half: 2 is linear, 4 quadratic.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from nihbench.catalog.loading import load
from nihbench.score.rules import grade
from nihbench.types import Needle

ANSWERS = Path(__file__).resolve().parents[1] / "tests" / "data" / "held_out_answers.jsonl"
PASSES = 7
LENGTH = 1_000_000  # characters

HOSTILE = (
    "1 ", "1,2", "1 万", "7482913, ", '{"a":1,', "五八零二七一 ", "没", "没有", "不是", "可能是", "，", " ", "\n", "' ",
    "<think></think>", "- a\n", "does not a a a ", "no a b c ", "either ", "wait, ", "or ", "one two ", "wu ba ling ",
    "sandwich dolores park sunny ", "秋天五道营胡同铁手咖啡馆热美式。", "without never ", "*_", "é", "Ω", "a",
)  # fmt: skip
NEEDLES = ("lisbon-number", "beijing-coffee")


def seconds(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def speed(needles: Mapping[str, Needle], path: Path) -> None:
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    pairs = [(row["answer"], needles[row["needle"]]) for row in rows]

    def once() -> None:
        for answer, needle in pairs:
            grade(answer, needle)

    cold = seconds(once)
    best = min(seconds(once) for _ in range(PASSES))
    length = sum(len(answer) for answer, _ in pairs) / len(pairs)
    print(f"{path.name}: {len(pairs)} answers of {length:.0f} characters: {len(pairs) / best:,.0f} a second", end="")
    print(f" (first pass, with dictionaries: {cold:.2f} s)")


def growth(needles: Mapping[str, Needle]) -> None:
    worst = (0.0, 0.0, "", "")
    slowest = (0.0, 0.0, "", "")
    for name in NEEDLES:
        for piece in HOSTILE:
            text = piece * (LENGTH // len(piece))
            half = max(seconds(lambda: grade(text[: LENGTH // 2], needles[name])), 1e-3)  # noqa: B023
            whole = seconds(lambda: grade(text, needles[name]))  # noqa: B023
            worst = max(worst, (whole / half, whole, name, piece)) if whole > 0.2 else worst
            slowest = max(slowest, (whole, whole / half, name, piece))
    print(f"1 MB of hostile text, {len(HOSTILE)} kinds on {len(NEEDLES)} needles: ", end="")
    print(f"slowest {slowest[0]:.1f} s ({slowest[3]!r}, {slowest[2]}), 1 MB : 0.5 MB = {slowest[1]:.1f}; ", end="")
    print(f"largest ratio {worst[0]:.1f} ({worst[3]!r}, {worst[2]}, {worst[1]:.1f} s)")


if __name__ == "__main__":
    found = load().needles
    for argument in sys.argv[1:] or [str(ANSWERS)]:
        speed(found, Path(argument))
    growth(found)
