"""Write the examples of docs/tasks.md as the tool makes them: `python scripts/task_examples.py`; `--check` compares."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from nihbench.plan.grid import trial_at
from nihbench.tasks.registry import SINGLE_NEEDLE, known
from nihbench.tasks.task import of_family
from nihbench.types import NEEDLE

PAGE = Path(__file__).resolve().parent.parent / "docs" / "tasks.md"
BEGIN, END = "<!-- examples -->\n", "<!-- end of examples -->"


def example(name: str) -> str:
    """Return what a task plants and asks in its first row, with what a full answer says."""
    task = of_family(name, "en", {})
    row, known = (*task.axis.values, 0.0)[0], {"experiment": "", "needle": "", "prompt": "original", "length": 2000}
    planted = task.planted(trial_at(task.axis.name, row, **known), 0)
    inserts = [each for each in planted.inserts if each.role != "distractor"] or planted.inserts
    needles = sorted(inserts, key=lambda each: each.role == NEEDLE)[-3:]
    planted_lines = [f"{each.role} at {each.depth_percent:.0f}%: {each.text}" for each in needles]
    return "\n".join(["```text", *planted_lines, f"question: {planted.question}", f"answer: {planted.expected}", "```"])


def page(text: str) -> str:
    """Return the page with its examples made anew."""
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    made = "".join(f"`{name}`:\n\n{example(name)}\n\n" for name in known() if name != SINGLE_NEEDLE)
    return f"{head}{BEGIN}\n{made}{END}{tail}"


if __name__ == "__main__":
    now = PAGE.read_text(encoding="utf-8")
    if "--check" in sys.argv:
        raise SystemExit(0 if re.sub(r"\s+", " ", page(now)) == re.sub(r"\s+", " ", now) else 1)
    PAGE.write_text(page(now), encoding="utf-8")
