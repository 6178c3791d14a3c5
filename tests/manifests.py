"""A small run.json for tests that need one and no run."""

from __future__ import annotations

from typing import Any

from nihbench.run.stored import Manifest


def small(**more: Any) -> Manifest:
    """Return what the least run.json says, with `more` in place of what it has."""
    content: dict[str, Any] = {
        "options": {"model": "m"},
        "model": {"name": "m"},
        "nihbench": "0.1.0",
        "created_at": "2026-01-01T00:00:00+00:00",
        "experiment": "sf",
        "needle": {"name": "sf", "language": "en", "statements": ["Eat."], "question": "What?", "answer": "Eat."},
        "prompts": {"original": {"name": "original", "messages": []}},
        "corpus": {"name": "essays", "sha256": "ab" * 32, "copies": 1},
        "length_unit": {"tokenizer": "cl100k_base", "counted_by_model": False},
        "lengths": [1000],
        "depths": [0.0],
        "repeats": 1,
        "identity": {"seed": 0, "placement": 2, "calibration": None},
    }
    changed = {
        key: content[key] | value if isinstance(value, dict) and key in content and key != "identity" else value
        for key, value in more.items()
    }
    return Manifest.of(content | changed)
