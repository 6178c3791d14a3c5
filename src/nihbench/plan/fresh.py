"""Values drawn anew for every placement, so that an answer can't have been memorised."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace

from nihbench.types import Needle, Trial


def fresh_values(needle: Needle, trial: Trial, seed: int) -> dict[str, str]:
    """Draw the needle's fresh values for a trial: numbers of the given digits, never beginning with 0.

    They depend on seed, needle, length, depth and repeat and on nothing else, so that every prompt and every model is
    asked for the same value at the same place.
    """
    values = {}
    for name, digits in needle.fresh.items():
        key = f"{seed}|{needle.name}|{name}|{trial.length}|{trial.depth_percent:.2f}|{trial.repeat}"
        number = int.from_bytes(hashlib.sha256(key.encode("utf-8")).digest()[:16], "big")
        lowest = 10 ** (digits - 1)
        values[name] = str(lowest + number % (9 * lowest))
    return values


def fill(needle: Needle, values: Mapping[str, str]) -> Needle:
    """Return the needle with its {placeholders} replaced in statements, question, answer and facts.

    A needle without any comes back as it is, so that what is prepared for it serves all its trials.
    """
    if not values and not needle.fresh:
        return needle

    def put(text: str) -> str:
        for name, value in values.items():
            text = text.replace("{" + name + "}", value)
        return text

    return replace(
        needle,
        statements=tuple(put(text) for text in needle.statements),
        question=put(needle.question),
        questions={name: put(text) for name, text in needle.questions.items()},
        answer=put(needle.answer),
        facts=tuple(replace(f, text=put(f.text), aliases=tuple(put(a) for a in f.aliases)) for f in needle.facts),
        fresh={},
    )
