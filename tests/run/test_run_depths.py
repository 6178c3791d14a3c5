"""What is said of achieved depths is what the prompts will have: each is built here, and its placement read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nihbench.lang.messages import Note
from nihbench.run.forecast import depth_error
from nihbench.run.setup import Setup

TRANSCRIPT = "paper letter garden window harbor of a signal quiet stone winter market the old river lantern " * 80
HINDI = "पुराने पुस्तकालय की दूसरी मंज़िल पर एक बड़ी घड़ी है जो हर आधी रात को धीरे से बजती है। छात्र वह आवाज़ सुनकर घर चले जाते हैं। " * 60
THAI = "กุญแจห้องสมุดอยู่ในไหสีน้ำเงิน นักเรียนกลับบ้าน ฝนตกหนักมาก " * 150


@pytest.mark.parametrize("repeats", [1, 3])
def test_depth_errors_are_those_of_the_prompts(repeats: int, make_setup: Callable[..., Setup]) -> None:
    setup = make_setup(lengths="250,420,900", depths="9", repeats=repeats)
    placed: list[Any] = [(trial, setup.build(trial)[1]) for trial in setup.grid]
    errors = [abs(place.achieved_depth_percent - depth) for trial, place in placed for depth in trial.rows]
    assert len(errors) == 27 * repeats
    error = depth_error(setup)
    assert error is not None
    # A haystack is some tokens shorter than the plan takes it for.
    assert error.mean == pytest.approx(sum(errors) / len(errors), abs=0.5)
    assert error.largest == pytest.approx(max(errors), abs=2.5)
    said = [note for note in setup.notes if isinstance(note, Note) and note.code == "depths_off"]
    assert bool(said) == (error.largest > 2) == error.is_large


@pytest.mark.parametrize("text", [TRANSCRIPT, HINDI, THAI], ids=["transcript", "Hindi", "Thai"])
def test_depths_do_not_collapse_where_a_text_has_no_full_stops(
    text: str, tmp_path: Path, make_setup: Callable[..., Setup]
) -> None:
    """Five depths are five prompts, and each is nearer to its own depth than to another."""
    path = tmp_path / "own.txt"
    path.write_text(text, encoding="utf-8")
    setup = make_setup(corpus=str(path), lengths="1k", depths="0,25,50,75,100")
    built: list[Any] = [setup.build(trial) for trial in setup.grid]
    achieved = sorted(place.achieved_depth_percent for _, place in built)
    assert len({place.prompt_sha256 for _, place in built}) == 5
    assert achieved == pytest.approx([0, 25, 50, 75, 100], abs=12)
    assert not any("।." in message.content or "।。" in message.content for messages, _ in built for message in messages)
