"""In what a run's lengths are counted: a code for files and programs, and the words for it. Nothing else names units.

A code is `model` (the model's own tokens: by its tokenizer, or fitted to its server's counts), `model:NAME` (the own
tokens of another run's model, whose prompts were sent again by `--like`), `imported` (as another tool counted), or a
tokenizer's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nihbench.lang.messages import Note

MODEL_UNIT, IMPORTED, OF_ANOTHER = "model", "imported", "model:"


def length_unit(content: Mapping[str, Any]) -> str:
    """Return the code of the unit that the lengths of a run have, by run.json's content."""
    unit = content["length_unit"]
    if unit.get("of"):
        return OF_ANOTHER + str(unit["of"])
    fitted = content.get("calibration") is not None
    return MODEL_UNIT if fitted or unit["counted_by_model"] else str(unit["tokenizer"])


def unit_words(unit: str) -> Note:
    """Return the words for a unit of lengths."""
    if unit == MODEL_UNIT:
        return Note("unit_model")
    if unit == IMPORTED:
        return Note("unit_imported")
    if unit.startswith(OF_ANOTHER):
        return Note("unit_of", name=unit.removeprefix(OF_ANOTHER))
    return Note("unit_tokenizer", name=unit)
