"""The article's suite and the needle's controls on the real embedded model: what a first user sees, end to end."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nihbench.lang.messages import t
from nihbench.local.server import LocalServer
from nihbench.run.tree import find_runs
from nihbench.types import Corpus
from tests.wording import says

pytestmark = pytest.mark.real

NEEDLES = """\
needles:
  clear:
    language: en
    text: "The spare key of the boathouse hangs behind the third oar."
    question: "Where does the spare key of the boathouse hang? Answer from the document only."
    answer: "Behind the third oar."
    facts: [{name: place, text: "third oar", identifying: true}]
  ambiguous:
    language: en
    text: "Mr Brown of the rowing club prefers to look behind the third oar."
    question: "Where does the spare key of the boathouse hang? Answer from the document only."
    answer: "Behind the third oar."
    facts: [{name: place, text: "third oar", identifying: true}]
"""


def controls_of(run: Path) -> Counter[str | None]:
    lines = (run / "records.jsonl").read_text(encoding="utf-8").splitlines()
    return Counter(json.loads(line)["trial"]["control"] for line in lines)


@pytest.fixture
def asked(local_server: LocalServer, own_texts: dict[str, Path]) -> list[object]:
    """One cell in front of the embedded model, with the controls that come before it."""
    return [
        *("--model", local_server.alias, "--base-url", local_server.base_url, "--no-preflight"),
        *("--quick", "--strict-controls", "--max-output", 24, "--corpus", own_texts["en"]),
        *("--lengths", "300,301", "--depths", "50:50:1"),
    ]


def test_an_ambiguous_needle_fails_the_oracle_and_its_clear_twin_passes(nih: Any, asked: list[object]) -> None:
    (nih.folder / "needles.yaml").write_text(NEEDLES, encoding="utf-8")
    clear = nih("run", "--experiment", "clear", *asked, "--out", "clear")
    assert clear.code == 0, clear.err
    assert says(" ".join(clear.out.split()), "control_told.oracle_passed", where="clear/original", hits="10", n="10")
    stopped = nih("run", "--experiment", "ambiguous", *asked, "--out", "ambiguous")
    assert stopped.code == 4, stopped.err
    # As with the article's coffee, nothing in the sentence says that it answers this question.
    told = [
        hits
        for hits in range(11)
        if says(stopped.err, "control_told.oracle_failed", where="ambiguous/original", hits=hits, n=10)
    ]
    assert told and told[0] < 9, stopped.err
    # The grid was not paid for.
    assert controls_of(nih.folder / "ambiguous") == {"oracle": 10, "closed_book": 3}
    said = nih("run", "--resume", "ambiguous", "--lang", "zh")
    assert said.code == 0 and says(said.out, "control_told.oracle_failed", "zh", where="ambiguous/original")
    assert nih("plot", "ambiguous", "--out", "ambiguous.svg").code == 0
    assert "oracle" in (nih.folder / "ambiguous.svg").read_text(encoding="utf-8").lower()


def test_the_suite_makes_one_panel_of_four_experiments(
    nih: Any, embedded_model: Path, fetched_corpus: Callable[[str], Corpus], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("xllamacpp", reason="the extra `local` (xllamacpp) is not installed")
    for name in ("paul-graham-en", "three-kingdoms-zh"):
        fetched_corpus(name)
    nih.environment.pop("NIH_CACHE_DIR")  # the embedded model and both corpora are in the user's own cache
    ended = nih.drawing(
        *("run", "--suite", "moonshot-2023", "--model", "smollm2-135m", "--corpus", "zh=three-kingdoms-zh"),
        *("--lengths", "300t", "--depths", "0,100", "--max-output", 8, "--no-controls", "--out", "suite"),
    )
    assert ended.code == 0, ended.err
    runs = find_runs(nih.folder / "suite")
    assert [run.name for run in runs] == ["sf-sandwich", "beijing-coffee", "moonshot-address"]
    assert [controls_of(run) for run in runs] == [{None: 4}, {None: 2}, {None: 2}]
    content = [json.loads((run / "run.json").read_text(encoding="utf-8")) for run in runs]
    assert [each["corpus"]["name"] for each in content] == ["paul-graham-en", *["three-kingdoms-zh"] * 2]
    assert (nih.folder / "suite" / "panel.png").stat().st_size > 10_000
    planned = nih("plan", "--model", "smollm2-135m", "--lengths", "300,400", "--depths", "0,100")
    assert t("cli.nothing_model_runs_machine") in planned.out, planned.err
