"""One run, one unit of lengths, whoever tells it: the server that counts them is the oracle."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest

from nihbench.lang.messages import Note, said
from tests.wording import says

OWN = {lang: said(Note("unit_model"), lang) for lang in ("en", "zh")}
NAMED = {lang: said(Note("unit_tokenizer", name="cl100k_base"), lang) for lang in ("en", "zh")}


@pytest.fixture
def grid(chat: Any, own_texts: dict[str, Path]) -> list[object]:
    """The options of a run against a model that counts a quarter more tokens than any tokenizer at hand."""
    plain = chat.count
    chat.count = lambda text: round(1.25 * plain(text))
    return [
        *("--model", "x", "--base-url", chat.base_url, "--window", 8000, "--corpus", own_texts["en"]),
        *("--prompt", "original,explicit", "--lengths", "400,800,1600", "--depths", "0,50,100", "--no-controls"),
    ]


def one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def drawn(path: Path) -> str:
    """Return what stands in an SVG: matplotlib notes each text beside its outlines."""
    return one_line(" ".join(re.findall(r"<!--\s*(.*?)\s*-->", path.read_text(encoding="utf-8"))))


@pytest.mark.parametrize("fitted", [True, False])
def test_every_face_names_the_unit_that_the_server_counts_in(nih: Any, grid: list[object], fitted: bool) -> None:
    options = grid if fitted else [*grid, "--no-calibrate"]
    for lang in ("en", "zh"):
        right, wrong = (OWN, NAMED) if fitted else (NAMED, OWN)
        plan = nih("plan", *options, "--lang", lang).out
        assert right[lang] in plan and wrong[lang] not in plan
        ended = nih("run", *options, "--out", lang, "--lang", lang)
        assert ended.code == 0, ended.err
        lines = (nih.folder / lang / "records.jsonl").read_text(encoding="utf-8").splitlines()
        counts = [(r["trial"]["length"], r["completion"]["usage"]["prompt_tokens"]) for r in map(json.loads, lines)]
        assert all(abs(server / nominal - 1) <= 0.01 for nominal, server in counts) is fitted
        assert nih("plot", lang, "--out", f"{lang}.svg", "--lang", lang).code == 0
        said = {
            "terminal": ended.out,
            "diagnose": nih("diagnose", lang, "--lang", lang).out,
            "compare": nih("compare", lang, "--lang", lang).out,
            "axis and caption": drawn(nih.folder / f"{lang}.svg"),
        }
        for who, text in said.items():
            found = one_line(text).replace(" ", "") if lang == "zh" else one_line(text)
            named, other = ((each[lang].replace(" ", "") if lang == "zh" else each[lang]) for each in (right, wrong))
            assert named in found and other not in found, who


@pytest.mark.parametrize("fitted", [True, False])
def test_every_file_names_it(nih: Any, grid: list[object], fitted: bool) -> None:
    from nihbench import load_run

    options = grid if fitted else [*grid, "--no-calibrate"]
    unit = "model" if fitted else "cl100k_base"
    plan = json.loads(nih("plan", *options, "--json").out)
    assert (plan["length_unit"], plan["tokenizer"]) == (unit, "cl100k_base")
    assert nih("run", *options, "--out", "run").code == 0
    assert nih("export", "run", "--out", "t.csv").code == 0
    with (nih.folder / "t.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {(row["length_unit"], row["tokenizer"]) for row in rows} == {(unit, "cl100k_base")}
    table = load_run(nih.folder / "run").frame()
    assert set(table["length_unit"]) == {unit}
    # The server counts what `length_unit` says, and `tokenizer` what `total_tokens` says.
    assert all((abs(table["prompt_tokens"] / table["length"] - 1) <= 0.01) == fitted)
    assert all(table["total_tokens"] < table["prompt_tokens"])
    assert {each["length_unit"] for each in json.loads(nih("diagnose", "run", "--json").out)} == {unit}
    compared = json.loads(nih("compare", "run", "--json").out)["comparisons"]
    assert {each["length_unit"] for each in compared} == {unit}
    assert nih("report", "run", "--out", "r.html").code == 0
    page = (nih.folder / "r.html").read_text(encoding="utf-8")
    assert f'"length_unit":{"null" if fitted else json.dumps(unit)},' in page
    assert json.dumps((OWN if fitted else NAMED)["zh"], ensure_ascii=False) in page


def test_places_of_misses_are_in_the_unit_of_the_lengths(nih: Any, chat: Any, grid: list[object]) -> None:
    """A model that keeps 600 of its own tokens in front: question and template, taken for text, are 6% of these."""
    count = chat.count

    def keeps_the_head(text: str) -> str:
        at = text.find("The best thing to do in San Francisco")
        return "Eat a sandwich and sit in Dolores Park on a sunny day." if count(text[:at]) <= 600 else "No idea."

    chat.say = keeps_the_head
    ended = nih("run", *grid, "--prompt", "original", "--depths", "20", "--lengths", "600:1600:6", "--out", "run")
    assert ended.code == 0, ended.err
    (found,) = json.loads(nih("diagnose", "run", "--json").out)
    (pattern,) = found["patterns"]
    (cut,) = pattern["cuts"]
    assert pattern["kind"] == "head_kept"
    # Told in cl100k_base tokens it would be 480.
    assert (cut["value"] + cut["next_value"]) / 2 == pytest.approx(600, rel=0.08)


def test_a_run_draws_in_the_language_that_it_speaks(nih: Any, grid: list[object], monkeypatch: Any) -> None:
    """What `nih run`, a tree's panel and `nih plot` hand to the file that is written."""
    from matplotlib.figure import Figure

    seen: dict[str, set[str]] = {}

    def written(figure: Figure, path: Any, *more: Any, **options: Any) -> None:
        texts = {text.get_text() for text in figure.findobj(lambda each: hasattr(each, "get_text"))}
        seen[Path(getattr(path, "name", str(path))).name] = texts
        save(figure, path, *more, **options)

    save = Figure.savefig
    monkeypatch.setattr(Figure, "savefig", written)
    for how in ({"NIH_LANG": "zh"}, {}):
        seen.clear()
        nih.environment.update(how)
        words = [] if how else ["--lang", "zh"]
        folder = "env" if how else "option"
        ended = nih.drawing(*words, "run", *grid, "--model", "y", "--prompt", "original", "--out", folder)
        assert ended.code == 0, ended.err
        nih.environment.pop("NIH_LANG", None)
        assert len(seen) >= 1
        for texts in seen.values():
            together = " ".join(texts)
            assert says(together, "figure.length", "zh") and says(together, "note.depth", "zh")
            assert says(together, "figure.setup", "zh")
            assert not says(together, "figure.length") and not says(together, "note.depth")


def test_words_that_stand_for_a_number_have_no_space_beside_them() -> None:
    from nihbench.figures.captions import tell
    from nihbench.lang.messages import filled

    fields = {"shortest": "300", "high": tell("zh", "under", length="300"), "threshold": "85.0%"}
    told = tell("zh", "effective_below", **fields)
    assert told.count("300") == 2 and not re.search(r"[\u4e00-\u9fff] +[\u4e00-\u9fff]", told)
    assert filled("上限 {a} 以上", a="2.1K") == "上限 2.1K 以上"
    assert filled("上限 {a} 以上", a="很多") == "上限很多以上"
    assert filled("{{}} 有 {n:,} 个", n=1234) == "{} 有 1,234 个"
