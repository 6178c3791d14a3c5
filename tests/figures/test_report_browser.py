"""The report in a real headless Chromium, opened from disk: what people do with it, what hostile text can't do."""

from __future__ import annotations

import base64
import dataclasses
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nihbench.cli.app import main
from nihbench.lang.messages import words
from nihbench.run.records import record_line
from nihbench.run.scores import score_run
from nihbench.run.store import RECORDS, open_run
from nihbench.types import Completion
from scripts.browser import Browser, browser_missing
from scripts.synthetic_runs import write_run
from tests.wording import says, wording

if browser_missing():
    pytest.skip(browser_missing(), allow_module_level=True)
pytest.importorskip("selenium", reason="selenium is not installed")
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "results" / "reference-smollm2-135m"
GOOD = "\U0001f35e Eat a sandwich and sit in Dolores Park on a sunny day."
HOSTILE = (
    "</script><script>window.pwned=1</script><!--",
    '<img src=x onerror="window.pwned=1"><svg onload="window.pwned=1"><script>window.pwned=1</script></svg>',
    '[click](javascript:window.pwned=1) <a href="javascript:window.pwned=1">x</a> <iframe srcdoc="<b>"></iframe>',
    "\u202eevil\u202c \u2066isolated \u200fright \u0007bell \u2028line\u2029paragraph",
    "${window.pwned=1} {{constructor.constructor('window.pwned=1')()}} $data `${1}` <%= 1 %>",
    "half \ud83d of a character, and \udc00 the other",
    "\u0e49" * 300 + "<style>*{display:none}</style><link rel=stylesheet href=http://127.0.0.1:9/x.css>",
)
LONG = "W" * 1_000_000


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report on two prompts of one run, and on another run of hostile answers."""
    folder = tmp_path_factory.mktemp("runs")
    small: dict[str, Any] = {"lengths": (1000, 4000, 16_000), "depths": (0.0, 50.0, 100.0)}
    write_run(REFERENCE, folder, "synthetic-a", strength=2.0, prompts=("original", "explicit"), **small)
    write_run(REFERENCE, folder, "synthetic-b", strength=2.0, prompts=("original",), **small)
    said(folder / "synthetic-a", [GOOD])
    with_controls(folder / "synthetic-a", "explicit")
    said(folder / "synthetic-b", [*HOSTILE, LONG, GOOD])
    out = folder / "out" / "report.html"
    with pytest.raises(SystemExit) as ended:
        main(
            [
                "report",
                str(folder / "synthetic-a"),
                str(folder / "synthetic-b"),
                "--out",
                str(out),
                "--title",
                HOSTILE[0],
            ]
        )
    assert ended.value.code == 0
    return out


def with_controls(run: Path, prompt: str) -> None:
    """Add controls to a run: the needle is found in short texts, but answered without any text as well."""
    like = next(record for record in open_run(run).records().values() if record.trial.prompt == prompt)
    planned = [("oracle", number) for number in range(10)] + [("closed_book", number) for number in range(3)]
    trials = [
        dataclasses.replace(like.trial, control=name, length=500 if name == "oracle" else 40, repeat=number)
        for name, number in planned
    ]
    manifest = json.loads((run / "run.json").read_text(encoding="utf-8"))
    (run / "run.json").write_text(json.dumps(manifest | {"controls": [dataclasses.asdict(t) for t in trials]}))
    with (run / RECORDS).open("ab") as file:
        for number, trial in enumerate(trials):
            place = like.placement if trial.control == "oracle" else None
            file.write(record_line(dataclasses.replace(like, id=f"c{number:015}", trial=trial, placement=place)))
    folder = open_run(run)
    score_run(folder, folder.records())


def said(run: Path, answers: list[str]) -> None:
    """Put answers in the place of a run's own, in turn: along each row of the map, from the top."""
    read = open_run(run).records().values()
    records = sorted(read, key=lambda record: (record.trial.depth_percent, record.trial.length))
    lines = []
    for index, record in enumerate(records):
        assert isinstance(record.outcome, Completion)
        outcome = dataclasses.replace(record.outcome, text=answers[index % len(answers)])
        lines.append(record_line(dataclasses.replace(record, outcome=outcome)))
    (run / RECORDS).write_bytes(b"".join(lines))
    folder = open_run(run)
    score_run(folder, folder.records())


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture
def page(chromium: Browser, report: Path) -> Iterator[Browser]:
    """The report, freshly opened; after each test: no error, no request but the file itself, nothing of a model ran."""
    chromium.size(1280, 900)
    chromium.driver.get_log("performance")
    chromium.open(report)
    yield chromium
    assert [line for line in chromium.driver.get_log("browser") if line["level"] in {"SEVERE", "WARNING"}] == []
    events = [json.loads(line["message"])["message"] for line in chromium.driver.get_log("performance")]
    asked = {e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"}
    assert asked == {report.resolve().as_uri()}, "the log must show the file, and nothing else"
    assert chromium.run("return window.pwned === undefined")
    assert chromium.run("return document.querySelectorAll('iframe, img, link, script:not([type])').length") == 1


def text(page: Browser, selector: str) -> str:
    return str(page.run("return document.querySelector(arguments[0]).innerText", selector))


def press(page: Browser, key: str) -> None:
    for kind in ("keyDown", "keyUp"):
        page.tell("Input.dispatchKeyEvent", type=kind, key=key, code=key)


def choose(page: Browser, name: str, value: str) -> None:
    page.run(
        """const box = document.querySelector(`.filters [name="${arguments[0]}"]`);
        box.value = arguments[1]; box.dispatchEvent(new Event("change"));""",
        name,
        value,
    )


def test_hovering_shows_numbers_and_lights_the_same_cell_everywhere(page: Browser) -> None:
    page.hover(0, 1, 2)
    shown = text(page, ".tip")
    assert says(shown, "page.cell", length="16K", depth="50%") and says(shown, "page.cell_value", value="100%")
    assert says(shown, "page.cell_found", some=1, all=1)
    assert page.run("return document.querySelectorAll('#maps .linked:not([hidden])').length") == 3
    assert page.run("return document.querySelectorAll('#maps .linked.cursor:not([hidden])').length") == 1


def test_a_click_opens_question_answer_evidence_and_the_command(page: Browser) -> None:
    page.click(0, 1, 1)
    opened = text(page, ".drawer")
    assert (
        says(opened, "page.cell", length="4K", depth="50%")
        and GOOD in opened
        and "fun thing to do in San Francisco" in opened
    )
    # The emoji before it is one character to Python and two to the page: marks must still fit.
    marks = page.run("return [...document.querySelectorAll('.drawer .said mark')].map((each) => each.textContent)")
    assert marks and set(marks) <= {"sandwich", "Dolores Park", "sunny", "sunny day", "Park", "sun"}, marks
    identity = json.loads(page.run("return document.getElementById('data').textContent"))["panels"][0]["trials"]["id"]
    command = text(page, ".drawer code")
    assert command.startswith("nih rebuild ") and command.split()[-1] in identity
    press(page, "Escape")
    assert page.run("return document.querySelector('.drawer').hidden")


def test_the_keyboard_walks_a_map_and_reads_a_cell(page: Browser) -> None:
    page.run("document.querySelector('#maps svg.map').focus()")
    for key in ("ArrowRight", "ArrowRight", "ArrowDown"):
        press(page, key)
    assert says(text(page, ".heard"), "page.cell", depth="50%")
    press(page, "Enter")
    assert says(text(page, "#cell-title"), "page.cell")
    assert page.run("return document.activeElement.className") == "close"
    press(page, "Escape")
    assert page.run("return document.activeElement.matches('svg.map')"), "the focus is back where it came from"


def tally(page: Browser, some: int) -> bool:
    return re.fullmatch(wording("page.shown", some=some, all=27), text(page, ".tally")) is not None


def test_filters_dim_the_cells_and_choose_the_trials(page: Browser) -> None:
    assert tally(page, 27)
    choose(page, "prompt", "explicit")
    assert tally(page, 9)
    assert page.run("return document.querySelectorAll('#maps svg.map').length") == 1
    choose(page, "prompt", "")
    choose(page, "from", "16000")
    assert tally(page, 9)
    assert page.run("return document.querySelectorAll('#maps .cell.dim').length") == 18
    choose(page, "from", "")
    choose(page, "outcome", "correct")
    fitting = page.run("return document.querySelectorAll('#trials .window .row').length")
    assert tally(page, fitting) and 18 < fitting < 27


def test_the_list_of_trials_tells_of_which_map_each_is(page: Browser) -> None:
    said = (
        "return [...new Set([...document.querySelectorAll('#trials .window .c-map')].map((each) => each.textContent))]"
    )
    assert page.run(said)[:2] == ["synthetic-a: original", "synthetic-a: explicit"]
    choose(page, "prompt", "explicit")
    assert page.run(said) == [], "of one map alone it goes without saying"
    choose(page, "prompt", "")


def test_the_language_switches_and_every_word_with_it(page: Browser, report: Path) -> None:
    page.run("document.getElementById('language').click()")
    whole = text(page, "body")
    for key in ("page.maps", "note.depth", "page.mean_band", "page.definitions", "page.trials"):
        assert words("zh")[key] in whole, key
    assert page.run("return document.documentElement.lang") == "zh-Hans"
    for key in ("page.maps", "page.cases", "page.reset", "page.statistics", "page.mean_band"):
        assert not re.search(rf"\b{re.escape(words('en')[key])}\b", whole), key
    page.click(0, 1, 1)
    assert says(text(page, ".drawer"), "note.every_fact", "zh") and not says(text(page, ".drawer"), "note.every_fact")
    page.run("document.getElementById('language').click()")
    assert says(text(page, "body"), "page.cases") and says(text(page, ".drawer"), "note.every_fact")


def test_controls_are_told_and_a_needle_known_by_heart_withholds_the_headline(page: Browser) -> None:
    told = text(page, "#controls")
    assert says(told, "control_told.oracle_passed", hits=10, n=10)
    assert says(told, "control_told.closed_book_failed", hits=3, n=3)
    heads = page.run("return [...document.querySelectorAll('#maps .headline')].map((each) => each.innerText)")
    assert says(heads[0], "page.found") and says(heads[1], "control_told.closed_book_failed")
    assert not says(heads[1], "page.strict")
    page.run("document.querySelector('#controls .place').click()")
    assert says(text(page, "#cell-title"), "page.control") and GOOD in text(page, ".drawer")


def test_it_prints(page: Browser) -> None:
    page.click(0, 0, 0)
    pdf = base64.b64decode(page.tell("Page.printToPDF", printBackground=True)["data"])
    assert pdf.startswith(b"%PDF-") and pdf.count(b"/Type /Page\n") + pdf.count(b"/Type /Page ") >= 2


def test_what_is_synthetic_is_named_where_not_all_is(page: Browser, report: Path, tmp_path: Path) -> None:
    assert says(text(page, ".top"), "page.synthetic")
    mixed = tmp_path / "mixed.html"
    with pytest.raises(SystemExit):
        main(["report", str(report.parent.parent / "synthetic-a"), str(REFERENCE), "--out", str(mixed)])
    page.open(mixed)
    assert says(text(page, ".top"), "page.synthetic_some", names="synthetic-a")
    page.open(report)
    page.driver.get_log("performance")
    page.open(report)


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_wider_than_the_page(page: Browser, width: int) -> None:
    page.size(width, 844, phone=width < 500)
    page.open(Path(page.run("return decodeURI(location.pathname)")))
    assert page.run("return document.documentElement.scrollWidth") <= width
    wide = """return [...document.querySelectorAll('main *')].filter(
      (each) => !each.closest('.scroll, .window, nav, svg')
      && each.getBoundingClientRect().right > innerWidth + 1).map((each) => each.className)"""
    assert page.run(wide) == []


@pytest.mark.parametrize("index", range(len(HOSTILE)))
def test_hostile_answers_are_shown_as_text_and_do_nothing(page: Browser, index: int) -> None:
    page.click(2, index // 3, index % 3)
    raw = page.run("return document.querySelector('.drawer .said').textContent")
    shown = HOSTILE[index]
    for char in (c for c in shown if c in "\u202e\u202c\u2066\u200f\u0007\u2028\u2029" or "\ud800" <= c <= "\udfff"):
        shown = shown.replace(char, f"U+{ord(char):04X}")
    assert raw == shown


def test_a_megabyte_is_cut_in_the_file_and_folded_on_the_page(page: Browser, report: Path) -> None:
    assert report.stat().st_size < 2_000_000
    page.click(2, 2, 1)
    assert len(page.run("return document.querySelector('.drawer .said').textContent")) == 1200
    assert says(text(page, ".drawer"), "page.cut", count="1,000,000")
    page.run("document.querySelector('.drawer .said-box button.link').click()")
    assert len(page.run("return document.querySelector('.drawer .said').textContent")) > 500_000


def test_the_policy_stops_what_the_page_does_not_do_itself(page: Browser) -> None:
    """The page never makes markup of text; were it to, the browser would refuse. This asks the browser."""
    refused = """const box = document.createElement('div');
      try { box.innerHTML = '<img src=x onerror="window.pwned=1">'; } catch (error) { return error.name; }"""
    assert page.run(refused) == "TypeError"
    page.run(
        "const made = document.createElement('style'); made.textContent = 'body{display:none}';"
        "document.head.append(made)"
    )
    assert page.run("return getComputedStyle(document.body).display") == "block"
    reached = page.driver.execute_async_script(
        "const done = arguments[0];"
        "fetch('http://127.0.0.1:9/').then(() => done('reached'), (error) => done(error.message))"
    )
    assert reached == "Failed to fetch"
    errors = [line["message"] for line in page.driver.get_log("browser")]
    assert any("Content Security Policy" in line and "connect-src" in line for line in errors)
