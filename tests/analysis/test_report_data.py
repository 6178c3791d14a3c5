"""The report's data: positions, caps, the text around a needle, and that JSON can hold all of it."""

from __future__ import annotations

import json
from dataclasses import asdict
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nihbench.analysis.report import (
    AROUND,
    BEGINS,
    ENDS,
    LEAST,
    Measured,
    Pool,
    Surroundings,
    most_of_each,
    report_data,
    statistics_of,
    utf16,
)
from nihbench.analysis.statistics import statistics
from nihbench.analysis.table import columns
from nihbench.figures.report import report_page
from nihbench.lang.messages import Note, language, said
from nihbench.run.scores import grades_of
from nihbench.run.store import RunFolder, open_run
from nihbench.types import Failure, Needle, Placement, Record, Trial
from scripts.synthetic_runs import write_run
from tests.composing import compose_text
from tests.manifests import small

REFERENCE = Path(__file__).resolve().parents[2] / "results" / "reference-smollm2-135m"


@given(st.text(), st.data())
def test_places_in_utf16_cut_what_places_in_characters_cut(text: str, data: st.DataObject) -> None:
    first = data.draw(st.integers(0, len(text)))
    last = data.draw(st.integers(first, len(text)))
    low, high = utf16(text, [first, last])
    units = text.encode("utf-16-le", "surrogatepass")
    assert units[2 * low : 2 * high].decode("utf-16-le", "surrogatepass") == text[first:last]


@given(st.lists(st.integers(0, 1000), min_size=1), st.integers(0, 5000))
def test_the_limit_is_the_largest_that_fits(sizes: list[int], total: int) -> None:
    limit = most_of_each(sizes, total)
    assert sum(min(size, limit) for size in sizes) <= total
    assert limit == max(sizes) or sum(min(size, limit + 1) for size in sizes) > total


def test_only_a_models_texts_are_cut_and_each_is_kept_once() -> None:
    pool = Pool()
    needle = pool.add("n" * 900_000)
    answers = [pool.add(char * 500_000, may_cut=True) for char in "abc"]
    assert pool.add("a" * 500_000, may_cut=True) == answers[0]
    texts, cut = pool.texts()
    assert len(texts) == 4 and len(texts[needle]) == 900_000
    assert {len(texts[answer]) for answer in answers} == {200_000} and set(cut.values()) == {500_000}
    many = Pool()
    for number in range(5000):
        many.add(f"{number:05}" * 200, may_cut=True)
    assert {len(text) for text in many.texts()[0]} == {LEAST}


def test_the_tools_own_sentences_are_kept_in_chinese_beside_their_english() -> None:
    pool = Pool()
    notes = (
        Note("some_facts", right=1, all=3),
        Note("no_connection", host="127.0.0.1:1", reason="Connection refused"),
        Note("lengths_fitted", name="o200k", requests=4, ratio=1.02),
    )
    others = "what a server says of itself", Note("too_slow", host="x" * 900_000, error="y")
    numbers = [pool.sentence(words, may_cut=True) for words in (*notes, *others)]
    assert pool.sentence(str(notes[0])) == numbers[0] and pool.sentence("") is None
    assert pool.add("abstains: so says a model", may_cut=True) not in numbers
    chinese = pool.said()["zh"]
    assert chinese == {str(number): said(note, "zh") for number, note in zip(numbers, notes, strict=False)}
    assert len(chinese) == len(notes) and all(said(note, "en") != said(note, "zh") for note in notes)
    assert language() == "en", "the process's own language is no matter here"


@given(st.data())
def test_the_text_around_a_needle_is_what_was_sent(data: st.DataObject) -> None:
    text = data.draw(st.text("ab\n 沙", min_size=1, max_size=400))
    origin, copies = data.draw(st.integers(0, len(text) - 1)), data.draw(st.integers(1, 4))
    source = compose_text(text, origin, copies)
    start, at, end = sorted(data.draw(st.integers(0, len(source))) for _ in range(3))
    place = Placement(
        source_start=origin, source_copies=copies, start=start, at=at, end=end, before="<", after=">", tail="$",
        achieved_depth_percent=0.0, needle_token=0, haystack_tokens=1, needle_tokens=1, total_tokens=1,
        sentence_tokens=1, prompt_sha256="",
    )  # fmt: skip
    sent = source[start:at] + "<NEEDLE>" + source[at:end] + "$"
    pool = Pool()
    needle = Needle(name="n", language="en", statements=("NEEDLE",), question="?")
    run = RunFolder(path=Path(), manifest=small(needle=asdict(needle)))
    around, told = Surroundings(run, text), record(place)
    before, after, edges = around.of(told, around.planted(told), pool)
    assert before is not None and after is not None
    texts, _ = pool.texts()
    assert texts[before] + "NEEDLE" + texts[after] in sent
    assert bool(edges & BEGINS) == (at - start <= AROUND) == sent.startswith(texts[before] + "NEEDLE")
    assert bool(edges & ENDS) == (end - at <= AROUND) == sent.endswith("NEEDLE" + texts[after])


def record(place: Placement) -> Record:
    trial = Trial(experiment="e", needle="n", prompt="p", length=1, depth_percent=0.0)
    outcome = Failure(kind="timeout", message="", status=None, latency_s=0.0, attempts=1)
    return Record(id="0", trial=trial, placement=place, outcome=outcome, fresh={}, expected="", started_at="")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("runs")
    small: dict[str, Any] = {"lengths": (1000, 64_000, 128_000), "depths": (0.0, 50.0, 100.0), "repeats": 3}
    run = open_run(write_run(REFERENCE, folder, "synthetic-one", strength=2.0, failing=True, **small))
    records = run.records()
    measured = Measured(
        folder=run, place="a b", records=records, grades=grades_of(run, records), scorer="rules", text=None,
        cost=lambda outcome: None,
    )  # fmt: skip
    return report_data([measured], title="<title>")


def test_the_maps_numbers_follow_from_the_trials_that_stand_beside_them(data: dict[str, Any]) -> None:
    (panel,) = data["panels"]
    trials, grid = panel["trials"], panel["grid"]
    for i, depth in enumerate(grid["depths"]):
        for j, length in enumerate(grid["lengths"]):
            cell = [
                k for k, at in enumerate(zip(trials["depth"], trials["length"], strict=True)) if at == (depth, length)
            ]
            values = [trials["value"][k] for k in cell if trials["value"][k] is not None]
            assert grid["measured"][i][j] == len(values) and grid["owed"][i][j] == 3 - len(cell)
            assert grid["value"][i][j] == (pytest.approx(sum(values) / len(values)) if values else None)
            assert sum(counts[i][j] for counts in grid["failures"].values()) == len(cell) - len(values)
    assert data["runs"][0]["rebuild"] == "nih rebuild 'a b'"


def test_the_reports_statistics_are_those_of_figures_and_diagnose(data: dict[str, Any], tmp_path: Path) -> None:
    """Under 95% measured there is no pattern; a length of 1,024 tokens belongs to the base here as well as there."""
    found = data["panels"][0]["statistics"]
    assert data["panels"][0]["summary"]["measured"] < 0.95 * data["panels"][0]["summary"]["planned"]
    assert found["diagnosis"] == {"finding": "unmeasured"} and found["effective"]["status"] == "unmeasured"
    grid: dict[str, Any] = {"lengths": (1024, 64_000, 128_000), "depths": (0.0, 50.0, 100.0), "repeats": 10}
    run = open_run(write_run(REFERENCE, tmp_path, "synthetic-base", strength=3.0, **grid))
    records = run.records()
    table = columns(tuple(records.values()), grades_of(run, records))
    pair: dict[str, Any] = {"experiment": "sf-sandwich", "prompt": "original", "planned": run.manifest.planned}
    told, made = statistics_of(table, **pair), statistics(table, **pair)
    assert made.base is not None and told["effective"]["status"] == made.effective.status != "no_base"
    assert told["effective"]["length"] == made.effective.length and told["effective"]["shortest"] == 64_000
    assert told["diagnosis"]["finding"] == made.diagnosis.finding


@pytest.mark.slow
def test_the_page_holds_the_data_and_no_markup_but_its_own(data: dict[str, Any]) -> None:
    hostile = data | {
        "title": "</script><!--\u2028\ud800",
        "texts": ["</script><script>", "\u2029\u202e&amp;", *data["texts"]],
    }
    page = report_page(hostile, lang="zh")
    blocks = Blocks()
    blocks.feed(page.decode("utf-8"))
    assert [kind for kind, _ in blocks.scripts] == ["application/json", "application/json", None]
    assert json.loads(blocks.scripts[1][1]) == json.loads(json.dumps(hostile))


class Blocks(HTMLParser):
    """Collects the script elements: their type and content."""

    def __init__(self) -> None:
        super().__init__()
        self.scripts: list[tuple[str | None, str]] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag == "script"
        if self._inside:
            self.scripts.append((dict(attrs).get("type"), ""))

    def handle_endtag(self, tag: str) -> None:
        self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            kind, text = self.scripts[-1]
            self.scripts[-1] = (kind, text + data)
