"""Wheels brought by the real pip, from a folder: no network is needed."""

from __future__ import annotations

import hashlib
import os
import zipfile
from pathlib import Path

import pytest

from nihbench.errors import FetchError
from nihbench.fetch.pinned import members_of, wheel_member_to_file, wheel_members
from tests.wording import wording

pytestmark = pytest.mark.slow  # pip, a process each

TEXTS = {
    "box/texts/b.txt": b"second",
    "box/texts/a.txt": b"first",
    "box/texts/deep/c.txt": b"too deep",
    "box/texts/d.md": b"another kind",
    "box/model.gguf": bytes(range(256)) * 10_000,
}


def make_wheel(folder: Path) -> Path:
    info = "nihbox-1.0.dist-info"
    wheel = folder / "nihbox-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as box:
        for name, content in TEXTS.items():
            box.writestr(name, content)
        # A wheel may ask for another Python and for packages: neither matters to one who only takes a file out.
        meta = "Metadata-Version: 2.1\nName: nihbox\nVersion: 1.0\nRequires-Python: <3\nRequires-Dist: nothing-such\n"
        box.writestr(f"{info}/METADATA", meta)
        box.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        box.writestr(f"{info}/RECORD", "")
    return wheel


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return make_wheel(folder)


def sha_of(wheel: Path) -> str:
    return hashlib.sha256(wheel.read_bytes()).hexdigest()


def test_members_come_in_name_order_and_from_one_folder(index: Path) -> None:
    seen: list[tuple[str, int, int | None]] = []
    found = wheel_members(
        "nihbox==1.0", "box/texts/*.txt", wheel_sha256=sha_of(index), report=lambda *state: seen.append(state)
    )
    assert found == [("box/texts/a.txt", b"first"), ("box/texts/b.txt", b"second")]
    size = index.stat().st_size
    assert seen == [("nihbox==1.0", 0, None), ("nihbox==1.0", size, size)]


def test_the_wheel_itself_is_checked(index: Path) -> None:
    right = hashlib.sha256(index.read_bytes()).hexdigest()
    assert wheel_members("nihbox==1.0", "box/texts/d.md", wheel_sha256=right)[0][1] == b"another kind"
    with pytest.raises(FetchError, match=wording("fetch.not_expected_file_sha256", what="nihbox-1.0-py3-none-any.whl")):
        members_of(index, "box/texts/d.md", sha256="0" * 64)


def test_a_big_member_goes_to_a_file(index: Path, tmp_path: Path) -> None:
    target = tmp_path / "models" / "model.gguf"
    content = TEXTS["box/model.gguf"]
    seen: list[tuple[str, int, int | None]] = []
    sha = hashlib.sha256(content).hexdigest()
    wheel_member_to_file(
        "nihbox==1.0",
        "box/model.gguf",
        target,
        wheel_sha256=sha_of(index),
        sha256=sha,
        report=lambda *s: seen.append(s),
    )
    assert target.read_bytes() == content
    assert seen[-1] == ("model.gguf", len(content), len(content))


def test_a_wrong_member_replaces_nothing(index: Path, tmp_path: Path) -> None:
    target = tmp_path / "keep" / "model.gguf"
    target.parent.mkdir()
    target.write_bytes(b"old")
    with pytest.raises(FetchError, match=wording("fetch.not_expected_file_sha256")):
        wheel_member_to_file("nihbox==1.0", "box/model.gguf", target, wheel_sha256=sha_of(index), sha256="0" * 64)
    with pytest.raises(FetchError, match=wording("fetch.wheel_no_file_check_requirement", member="box/none")):
        wheel_member_to_file("nihbox==1.0", "box/none", target, wheel_sha256=sha_of(index), sha256="0" * 64)
    assert [path.read_bytes() for path in target.parent.iterdir()] == [b"old"]


def test_a_pattern_without_match_is_an_error(index: Path) -> None:
    with pytest.raises(FetchError, match=wording("fetch.wheel_no_file_check", pattern="box/*.pdf")):
        wheel_members("nihbox==1.0", "box/*.pdf", wheel_sha256=sha_of(index))


def test_a_wheel_that_pip_does_not_find_is_one_sentence(index: Path) -> None:
    with pytest.raises(FetchError, match="nihbox==2.0 .*No matching distribution.*PIP_INDEX_URL"):
        wheel_members("nihbox==2.0", "*", wheel_sha256="0" * 64)


def test_a_damaged_wheel_is_one_sentence(index: Path, tmp_path: Path) -> None:
    cut = tmp_path / index.name
    cut.write_bytes(index.read_bytes()[:500])
    with pytest.raises(FetchError, match=wording("fetch.could_not_read_wheel")):
        members_of(cut, "box/texts/*.txt", sha256=sha_of(cut))


def test_an_index_out_of_reach_is_said_without_its_password(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", "http://someone:s3cret@127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")  # its warnings tell an index out of reach from a missing wheel
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with pytest.raises(FetchError, match=wording("fetch.package_index_could_not")) as caught:
        wheel_members("nihbox==1.0", "*", wheel_sha256="0" * 64)
    assert "s3cret" not in str(caught.value)


def test_a_password_in_a_requirement_is_masked(index: Path) -> None:
    with pytest.raises(FetchError) as caught:
        wheel_members(
            "nihbox @ http://someone:s3cret@127.0.0.1:9/nihbox-1.0-py3-none-any.whl", "*", wheel_sha256="0" * 64
        )
    assert "s3cret" not in str(caught.value)
