"""Make a release: build the wheel and the sdist, check them, install the wheel into a bare environment and use it.

`pip install build twine check-wheel-contents`, then `python scripts/release.py` (`--offline` uses the packages of this
environment). It uploads nothing: the last line says how.

The version stands in `src/nihbench/__init__.py`; CHANGELOG.md must have a chapter of it.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_VERSION = re.compile(r'^__version__ = "([^"]+)"$', re.MULTILINE)
_FINAL = re.compile(r"\d+(\.\d+)*((a|b|rc)\d+)?(\.post\d+)?")


class ReleaseError(Exception):
    """What keeps this from being released."""


def version(root: Path = ROOT) -> str:
    """Return the version, from the one place that has it."""
    found = _VERSION.search((root / "src/nihbench/__init__.py").read_text(encoding="utf-8"))
    if found is None:
        raise ReleaseError("src/nihbench/__init__.py has no line __version__ = ...")
    return found[1]


def check_changelog(text: str, wanted: str) -> None:
    """Raise `ReleaseError` unless the changelog begins with a dated chapter of the version."""
    chapters = re.findall(r"^## (.+)$", text, re.MULTILINE)
    if not chapters or chapters[0].split()[0] != wanted:
        raise ReleaseError(f"CHANGELOG.md begins with {chapters[0] if chapters else 'no chapter'!r}, not with {wanted}")
    if not re.fullmatch(rf"{re.escape(wanted)} \(\d{{4}}-\d{{2}}-\d{{2}}\)", chapters[0]):
        raise ReleaseError(f'CHANGELOG.md says "{chapters[0]}": write the day, "{wanted} (YYYY-MM-DD)"')


def check_version(wanted: str) -> None:
    """Raise `ReleaseError` for a version that no index takes."""
    if _FINAL.fullmatch(wanted) is None:
        raise ReleaseError(f"{wanted!r} is no version to release")


def build(out: Path, *, offline: bool = False) -> tuple[Path, Path]:
    """Build the sdist, and the wheel out of that sdist; return wheel and sdist."""
    _call("build", "--outdir", str(out), *(["--no-isolation"] if offline else []), str(ROOT))
    return _only(out, "*.whl"), _only(out, "*.tar.gz")


def check_files(wheel: Path, sdist: Path) -> None:
    """Raise `ReleaseError` where the files are not this tree's: their version, licence, catalog, schemas or page."""
    wanted = version()
    with zipfile.ZipFile(wheel) as box:
        names = set(box.namelist())
        metadata = box.read(_one(names, r".*\.dist-info/METADATA")).decode()
        _one(names, r".*\.dist-info/licenses/LICENSE")
        for path in data_files():
            name = f"nihbench/data/{path.as_posix()}"
            if name not in names or box.read(name) != (ROOT / path).read_bytes():
                raise ReleaseError(f"{wheel.name} has not this tree's {path}")
    if f"\nVersion: {wanted}\n" not in metadata:
        raise ReleaseError(f"{wheel.name} is not version {wanted}")
    page = metadata.partition("\n\n")[2]
    if "](docs/" in page or "](results/" in page or len(page) < 1000:
        raise ReleaseError("the package's page links to files of the repository")
    with tarfile.open(sdist) as box:
        _one({name.partition("/")[2] for name in box.getnames()}, "LICENSE")


def data_files() -> list[Path]:
    """Return the files that the product reads beside its code, as they lie in the tree."""
    found = [ROOT / "needles.yaml", ROOT / "models.yaml", *(ROOT / "corpora").glob("*"), *(ROOT / "schemas").glob("*")]
    return sorted(path.relative_to(ROOT) for path in found)


def try_out(wheel: Path, *, offline: bool = False) -> None:
    """Install the wheel into a bare environment and use its commands there, in an empty folder."""
    with tempfile.TemporaryDirectory(prefix="nihbench-release-") as folder:
        place, empty = Path(folder) / "venv", Path(folder) / "empty"
        empty.mkdir()
        venv.create(place, with_pip=not offline, system_site_packages=offline)
        scripts = place / ("Scripts" if os.name == "nt" else "bin")
        # Offline the packages of this environment serve, and this one's pip installs.
        pip = (
            [sys.executable, "-m", "pip", "--python", str(place)] if offline else [str(scripts / "python"), "-m", "pip"]
        )
        _run([*pip, "install", "--quiet", *(["--no-deps"] if offline else []), str(wheel)], empty)
        if offline:
            (site,) = place.glob("Lib/site-packages" if os.name == "nt" else "lib/python*/site-packages")
            others = [each for each in sys.path if each.endswith("site-packages")]
            (site / "others.pth").write_text("\n".join(others) + "\n", encoding="utf-8")
        for command in (["--version"], ["needle", "list"], ["corpus", "list", "--json"], ["schema", "needles"]):
            for program in ([str(scripts / "nih")], [str(scripts / "python"), "-m", "nihbench"]):
                said = _run([*program, *command], empty)
                if command == ["--version"] and said.strip() != f"nih {version()}":
                    raise ReleaseError(f"the installed command says {said.strip()!r}")


def _one(names: set[str], pattern: str) -> str:
    found = [name for name in names if re.fullmatch(pattern, name)]
    if len(found) != 1:
        raise ReleaseError(f"{len(found)} files are {pattern}, not one")
    return found[0]


def _only(folder: Path, pattern: str) -> Path:
    (found,) = folder.glob(pattern)
    return found


def _call(module: str, *arguments: str) -> None:
    _run([sys.executable, "-m", module, *arguments], ROOT)


def _run(command: list[str], folder: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "NIH_"))}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, encoding="utf-8", check=False)
    if done.returncode:
        raise ReleaseError(f"{' '.join(command[-4:])} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def main(arguments: list[str]) -> int:
    """Build and check; return the exit code."""
    parser = argparse.ArgumentParser(description="Build and check a release; nothing is uploaded.")
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="where the files go (default: dist)")
    parser.add_argument("--offline", action="store_true", help="use this environment's packages; nothing is downloaded")
    parser.add_argument("--undated", action="store_true", help="do not ask for the changelog's day: a trial")
    options = parser.parse_args(arguments)
    try:
        check_version(version())
        if not options.undated:
            check_changelog((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), version())
        if options.out.exists() and any(options.out.iterdir()):
            raise ReleaseError(f"{options.out} holds files already: remove them")
        _run([sys.executable, "scripts/schemas.py", "--check"], ROOT)
        wheel, sdist = build(options.out, offline=options.offline)
        check_files(wheel, sdist)
        _call("twine", "check", "--strict", str(wheel), str(sdist))
        _call("check_wheel_contents", str(wheel))
        try_out(wheel, offline=options.offline)
    except ReleaseError as error:
        print(f"release: {error}", file=sys.stderr)
        return 1
    print(f"{wheel}\n{sdist}\nboth are sound; python -m twine upload {options.out}/* publishes them")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
