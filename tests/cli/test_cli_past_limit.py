"""A server that keeps to no output limit: what it said is graded, the run ends, and the user is told, once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.scripted.scenario import Fault, Provider, Scenario
from benchmarks.scripted.server import RIGHT, Server
from nihbench.lang.messages import words
from tests.wording import part

EVENT = {"choices": [{"index": 0, "delta": {"content": RIGHT + " "}}]}


@pytest.fixture
def options(own_texts: dict[str, Path]) -> Iterator[list[object]]:
    """The options of a small run against a server whose every answer has no end."""
    with Server(Provider(), None) as server:
        fault = Fault(sendings=0, do={"events": [EVENT], "endless_s": 0})
        server.play(Scenario(name="endless", faults=(fault,)))
        yield [
            *("--model", "x", "--base-url", server.base_url(), "--length-unit", "cl100k_base", "--window", 8000),
            *(
                "--no-preflight",
                "--no-controls",
                "--corpus",
                own_texts["en"],
                "--lengths",
                "300:300:1",
                "--depths",
                "0,50,100",
            ),
            *("--concurrency", 1, "--price", "0,10"),
        ]


@pytest.mark.parametrize(
    ("lang", "said"), [(lang, part("endpoint.not_keep_output_limit", lang)) for lang in ("en", "zh")]
)
def test_it_is_graded_and_said_once(nih: Any, options: list[object], records_of: Any, lang: str, said: str) -> None:
    nih.environment["NIH_LANG"] = lang
    ended = nih("run", *options, "--out", "run")
    assert ended.code == 0, ended.err
    assert ended.err.count(said) == 1
    answers = [record["completion"] for record in records_of(nih.folder / "run").values()]
    assert len(answers) == 3
    for answer in answers:
        assert answer["finish_reason"] == "length" and answer["text"].startswith(RIGHT)
        # A code in whatever language, as all that stands in records.
        assert answer["changes"] == [{"code": "past_limit"}]
    cases = nih("cases", "run")
    assert cases.code == 0 and RIGHT not in cases.out, "none of them is a bad case"


def test_what_was_written_counts_against_the_cap(nih: Any, options: list[object], records_of: Any) -> None:
    # By its limit each costs 0.003 at most; what the server writes before it is stopped is some 3,000 tokens, 0.03.
    ended = nih("run", *options, "--max-cost", "0.005", "--out", "run")
    assert ended.code == 4, ended.err
    assert len(records_of(nih.folder / "run")) == 1
    ended = nih("run", "--resume", "run", "--max-cost", "1")
    assert ended.code == 0 and len(records_of(nih.folder / "run")) == 3


@pytest.mark.parametrize("stored", [{"code": "past_limit"}, "the server went past the output limit: it was cut off"])
def test_a_reworded_message_changes_no_price_and_no_retry(
    nih: Any, options: list[object], monkeypatch: pytest.MonkeyPatch, stored: object
) -> None:
    """What was written past the limit is paid for, whatever it is called today, and however 0.1.0 wrote that down."""
    assert nih("run", *options, "--max-cost", "0.005", "--out", "run").code == 4
    for language in ("en", "zh"):
        monkeypatch.setitem(words(language), "note.past_limit", "stopped beyond {limit} tokens")
    records = nih.folder / "run" / "records.jsonl"
    (record,) = map(json.loads, records.read_text(encoding="utf-8").splitlines())
    assert record["completion"]["changes"] == [{"code": "past_limit"}] and record["completion"]["attempts"] == 1
    record["completion"]["changes"] = [stored]
    records.write_text(json.dumps(record) + "\n", encoding="utf-8")
    (nih.folder / "run" / "spent.jsonl").unlink()  # the record alone tells what was spent
    ended = nih("run", "--resume", "run", "--max-cost", "0.02")
    assert ended.code == 4, "some 3,000 tokens were written for 0.03, not the limit's 300"
    assert len(records.read_text(encoding="utf-8").splitlines()) == 1
    assert nih("run", *options, "--out", "other").code == 0
    written = (nih.folder / "other" / "records.jsonl").read_text(encoding="utf-8").splitlines()
    assert {json.loads(line)["completion"]["attempts"] for line in written} == {1}
