"""`nih report` on run folders of the real format, in this process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nihbench.cli.app import main
from scripts.synthetic_runs import write_run
from tests.wording import says

REFERENCE = Path(__file__).resolve().parents[2] / "results" / "reference-smollm2-135m"


def report(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["report", *arguments])
    return int(ended.value.code or 0)


def data_of(page: Path) -> dict[str, Any]:
    block = page.read_text(encoding="utf-8").split('id="data">')[1].split("</script>")[0]
    made = json.loads(block)
    assert isinstance(made, dict)
    return made


def test_a_folder_of_runs_is_one_report_and_names_no_place_of_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    small: dict[str, Any] = {"lengths": (1000, 4000), "depths": (0.0, 100.0)}
    (tmp_path / "runs").mkdir()
    for name in ("synthetic-one", "synthetic-two"):
        write_run(REFERENCE, tmp_path / "runs", name, strength=2.0, failing=name == "synthetic-two", **small)
    monkeypatch.chdir(tmp_path)
    out = tmp_path / "r.html"
    assert report("runs", "--out", str(out), "--lang", "zh", "--title", "报告 <b>") == 0
    made = data_of(out)
    assert [run["rebuild"] for run in made["runs"]] == [
        "nih rebuild runs/synthetic-one",
        "nih rebuild runs/synthetic-two",
    ]
    page = out.read_text(encoding="utf-8")
    assert "<title>报告 &lt;b&gt;</title>" in page and '<html lang="zh-Hans">' in page
    assert str(tmp_path) not in page
    assert says(capsys.readouterr().err, "cli.report_mb", "zh")


def test_the_same_run_makes_the_same_bytes(tmp_path: Path) -> None:
    run = write_run(REFERENCE, tmp_path, "synthetic-one", strength=2.0, lengths=(1000, 4000), depths=(0.0, 100.0))
    assert (
        report(str(run), "--out", str(tmp_path / "a.html")) == report(str(run), "--out", str(tmp_path / "b.html")) == 0
    )
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nowhere"], "nowhere"),
        ([str(REFERENCE), "--out", "r.png"], "r.html"),
        ([str(REFERENCE), "--lang", "fr"], "--lang 'fr'"),
        ([str(REFERENCE), "--scorer", "nobody"], "nobody"),
    ],
)
def test_wrong_use_is_one_sentence(
    arguments: list[str],
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert report(*arguments) == 2
    assert told in capsys.readouterr().err and not list(tmp_path.iterdir())


def test_runs_with_nothing_measured_make_a_report(tmp_path: Path) -> None:
    run = write_run(REFERENCE, tmp_path, "synthetic-none", strength=2.0, lengths=(1000,), depths=(50.0,))
    (run / "records.jsonl").write_bytes(b"")
    assert report(str(run), "--out", str(tmp_path / "r.html")) == 0
    (panel,) = data_of(tmp_path / "r.html")["panels"]
    assert panel["grid"]["value"] == [[None]] and panel["grid"]["owed"] == [[1]]
