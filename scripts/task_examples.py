"""Write the examples of docs/tasks.md as the tool makes them: `python scripts/task_examples.py`; `--check` compares."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

from nihbench.catalog.loading import load_folders, packaged_folder
from nihbench.plan.grid import trial_at
from nihbench.tasks.registry import SINGLE_NEEDLE, known
from nihbench.tasks.task import of_family
from nihbench.text.prompt import render
from nihbench.types import NEEDLE, Insert

PAGE = Path(__file__).resolve().parent.parent / "docs" / "tasks.md"
SHOWN = 4
"""Inserts that are shown at most; of more the needles go first."""
LEFT_OUT = " [...] "


def example(name: str, language: str) -> str:
    """Return the prompt of a task's second row, without its haystack, and what a full answer says."""
    task = of_family(name, language, {})
    row, at = (*task.axis.values, 50.0, 50.0)[1], {"experiment": "", "needle": "", "prompt": "original", "length": 2000}
    planted = task.planted(trial_at(task.axis.name, row, **at), 0)
    haystack = LEFT_OUT.join(["", *(each.text for each in _shown(planted.inserts)), ""]).strip()
    template = load_folders((packaged_folder(),)).prompts["original"]
    (message,) = render(template, haystack, planted.question)
    return "\n".join(["```text", message.content, "```", "", f"A full answer: `{planted.expected}`"])


def _shown(inserts: Sequence[Insert]) -> list[Insert]:
    """Return some of the inserts, in the order in which they stand."""
    first = sorted(inserts, key=lambda each: (each.role != NEEDLE, each.role == "distractor"))[:SHOWN]
    return sorted(first, key=lambda each: each.depth_percent)


def page(text: str) -> str:
    """Return the page with its examples made anew."""
    for name in known():
        if name != SINGLE_NEEDLE:
            begin, end = f"<!-- example {name} -->", "<!-- end of example -->"
            made = "\n\n".join([begin, *(example(name, language) for language in ("en", "zh")), end])
            text, count = re.subn(
                re.escape(begin) + ".*?" + re.escape(end), lambda _, made=made: made, text, count=1, flags=re.DOTALL
            )
            if not count:
                raise SystemExit(f"docs/tasks.md has no place for an example of {name}")
    return text


if __name__ == "__main__":
    now = PAGE.read_text(encoding="utf-8")
    if "--check" in sys.argv:
        raise SystemExit(0 if page(now) == now else 1)
    PAGE.write_text(page(now), encoding="utf-8")
