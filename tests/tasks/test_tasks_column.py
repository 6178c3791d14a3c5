"""One prompt that fills a column: asked once a length, and each row counts its own item."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from nihbench import load_run
from nihbench.analysis.grids import grid

ROWS = "0,25,50,75,100"


def knows_the_deep_half(prompt: str) -> str:
    """A model that reads what stands in the second half of the text, and answers with it in the order asked."""
    said = re.findall(r"The access code of the ([a-z ]+) is (\d{7})\.", prompt)
    half = len(said) // 2
    known = {key: code for key, code in said[half:]}
    asked = re.search(r"codes of these: (.*)\? Answer", prompt)
    assert asked
    return "\n".join(f"{key}: {known.get(key, 'not known')}" for key in asked[1].split(", "))


def test_a_column_is_one_prompt(nih: Any, chat: Any, own_texts: dict[str, Path]) -> None:
    chat.say = knows_the_deep_half
    given = ["--model", "x", "--base-url", chat.base_url, "--length-unit", "cl100k_base", "--window", "8000",
             "--no-preflight", "--corpus", str(own_texts["en"]), "--task", "column", "--lengths", "600,1200",
             "--task-option", f"needle-depth={ROWS}", "--no-controls"]  # fmt: skip
    ended = nih("run", *given, "--out", "one")
    assert ended.code == 0, ended.err
    assert len(chat.asked) == 2
    run = load_run(nih.folder / "one")
    table = run.frame()
    made = grid(table, experiment="column", prompt="original")
    assert made.depths == (0, 25, 50, 75, 100)
    assert made.value.tolist() == [[0, 0], [0, 0], [1, 1], [1, 1], [1, 1]]
    for record in run.records.values():
        assert record.trial.rows == made.depths and record.placement is not None
        assert len(record.placement.inserts) == 5
    told = json.loads(nih("cases", "one", "--json").out)["runs"][0]
    assert told["groups"][0]["kind"] == "partial"
    assert nih("report", "one", "--out", "r.html").code == 0 and nih("plot", "one", "--out", "m.svg").code == 0


def test_conditions_are_paired_and_made_again(nih: Any, chat: Any, own_texts: dict[str, Path]) -> None:
    """The same places and values in every haystack; a shuffled one holds the sentences of the other."""
    given = ["--model", "x", "--base-url", chat.base_url, "--length-unit", "cl100k_base", "--window", "8000",
             "--no-preflight", "--corpus", str(own_texts["en"]), "--task", "values", "--lengths", "900t",
             "--task-option", "values=2", "--distractors", "3", "--no-controls"]  # fmt: skip
    chat.say = lambda prompt: "None."
    told = {}
    for haystack in ("text", "shuffled", "noise", "needles"):
        ended = nih("run", *given, "--haystack", haystack, "--out", haystack)
        assert ended.code == 0, ended.err
        (record,) = load_run(nih.folder / haystack).records.values()
        made = nih("rebuild", haystack, record.id, "--json", "--corpus", str(own_texts["en"]))
        assert made.code == 0, made.err
        assert record.planted is not None and 892 <= record.placement.total_tokens <= 900
        told[haystack] = (record.planted.inserts, record.planted.question)
        text = json.loads(made.out)[0]["content"]
        if haystack == "text":
            plain = set(re.split(r"(?<=[.!?])\s+", text))
        elif haystack == "shuffled":
            shared = plain & set(re.split(r"(?<=[.!?])\s+", text))
            assert len(shared) > 0.6 * len(plain) and text[:80] not in " ".join(plain)
    assert len(set(told.values())) == 1
    wrong = nih("run", *given, "--haystack", "hay", "--out", "hay")
    assert wrong.code == 2 and "needles" in wrong.err
