"""What a wheel carries, and what a user's own folder adds to it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]

FIVE_LINES = """needles:
  spare-key:
    language: en
    text: "The spare key of the boathouse hangs behind the third oar."
    question: "Where does the spare key of the boathouse hang?"
    answer: "Behind the third oar."
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if find_spec("hatchling") is None or find_spec("pip") is None:
        pytest.skip("hatchling or pip is not installed here: pip install hatchling")
    folder = tmp_path_factory.mktemp("wheel")
    command = "wheel --quiet --no-deps --no-build-isolation --disable-pip-version-check --wheel-dir".split()
    subprocess.run([sys.executable, "-m", "pip", *command, str(folder), str(ROOT)], check=True, timeout=600)
    (path,) = folder.glob("nihbench-*.whl")
    return path


def test_the_wheel_carries_the_catalog_and_no_more(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        data = "nihbench/data/"
        for path in [
            ROOT / "needles.yaml",
            ROOT / "models.yaml",
            *(ROOT / "corpora").glob("*"),
            *(ROOT / "schemas").glob("*"),
        ]:
            assert archive.read(data + path.relative_to(ROOT).as_posix()) == path.read_bytes()
        (entry,) = [name for name in names if name.endswith("entry_points.txt")]
        for name in ("nih", "nihbench"):
            assert f"{name} = nihbench.cli.app:main" in archive.read(entry).decode()
        (metadata,) = [archive.read(name).decode() for name in names if name.endswith(".dist-info/METADATA")]
        assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    sources = {path.relative_to(ROOT / "src").as_posix() for path in (ROOT / "src").rglob("*.py")}
    assert sources <= names
    description = metadata.partition("\n\n")[2]
    assert len(description) > 1000 and "](docs/" not in description and "](results/" not in description
    scripts = {f"nihbench/cli/completion/{path.name}" for path in (ROOT / "src/nihbench/cli/completion").iterdir()}
    assert len(scripts & names) == 4
    page = {path.relative_to(ROOT / "src").as_posix() for path in (ROOT / "src").rglob("figures/report_page/*")}
    assert page and page <= names
    rest = {name for name in names - sources - page - scripts if not name.startswith((data, "nihbench-"))}
    assert rest <= {"nihbench/py.typed"}


def nih(wheel: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the wheel's own `nih`, with nothing of the checkout in sight."""
    installed = folder / "installed"
    if not installed.exists():
        zipfile.ZipFile(wheel).extractall(installed)
    code = "import nihbench, sys; assert 'installed' in nihbench.__file__; from nihbench.cli.app import main; main()"
    work = folder / "work"
    work.mkdir(exist_ok=True)
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=work,
        env=os.environ | {"PYTHONPATH": str(installed), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        timeout=600,
    )


def test_an_installed_wheel_finds_its_catalog(wheel: Path, tmp_path: Path) -> None:
    ended = nih(wheel, tmp_path, "needle", "list", "--json")
    assert ended.returncode == 0, ended.stderr
    packaged = yaml.safe_load((ROOT / "needles.yaml").read_text(encoding="utf-8"))
    assert {needle["name"] for needle in json.loads(ended.stdout)["needles"]} == packaged["needles"].keys()
    listed = json.loads(nih(wheel, tmp_path, "corpus", "list", "--json").stdout)
    assert {corpus["name"] for corpus in listed} == {path.stem for path in (ROOT / "corpora").glob("*.yaml")}


def test_five_lines_of_yaml_add_a_needle(wheel: Path, tmp_path: Path, own_texts: dict[str, Path]) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "needles.yaml").write_text(FIVE_LINES, encoding="utf-8")
    shown = nih(wheel, tmp_path, "needle", "show", "spare-key", "--json")
    assert shown.returncode == 0, shown.stderr
    assert json.loads(shown.stdout)["statements"] == ["The spare key of the boathouse hangs behind the third oar."]
    assert "sf-sandwich" in nih(wheel, tmp_path, "needle", "list").stdout
    options = ["--model", "gpt-4-turbo", "--length-unit", "estimate", "--experiment", "spare-key"]
    options += ["--corpus", str(own_texts["en"])]
    prompt = nih(wheel, tmp_path, "prompt", *options, "--length", "400", "--depth", "50")
    assert prompt.returncode == 0, prompt.stderr
    assert prompt.stdout.count("The spare key of the boathouse hangs behind the third oar.") == 1
    assert prompt.stdout.rstrip("\n").endswith("\n\nWhere does the spare key of the boathouse hang?")
